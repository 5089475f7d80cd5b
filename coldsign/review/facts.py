"""From a PSBT, which claims, to facts, which are proven: amounts, ownership, signatures, totals.

Nothing is judged here. What is wrong with the data is kept beside it, and the checks speak of it.
"""

from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property

from coldsign.primitives.address import to_address
from coldsign.primitives.cores import ALONE, Cores
from coldsign.primitives.digests import Digests
from coldsign.primitives.network import Network
from coldsign.primitives.script import ScriptType, classify
from coldsign.primitives.tx import Transaction, TxOut
from coldsign.psbt.model import Psbt
from coldsign.psbt.output_map import PsbtOutput
from coldsign.review import size
from coldsign.review.context import PastTransaction
from coldsign.review.items import InputFacts, OutputFacts, OutputKind, Totals
from coldsign.review.matching import NO_MANIFEST, Matching
from coldsign.review.ownership import Owner, Ownership, own_input, own_output
from coldsign.review.presigned import UNSIGNED, Spent, has_signatures, verify_presigned
from coldsign.review.prevouts import LEGACY_KINDS, prove
from coldsign.review.timing import path_is_open
from coldsign.wallet.wallet import CHANGE, Wallet
from coldsign.wallet.words import SpendingPath


@dataclass(frozen=True)
class Facts:
    """Everything proven about one PSBT for one wallet.

    Attributes:
        psbt: The PSBT as parsed.
        wallet: The registered wallet.
        our_keys: Positions in the descriptor of the keys this machine would sign with.
        inputs: In order.
        outputs: In order.
        totals: The sums.
        paths: The wallet's ways of spending that this transaction's locks leave open.
        weight: Weight units of the signed transaction, at worst.
        matching: Which output pays which row of the manifest, where one is used.
        conflicts: The transactions signed before that spend a coin of this one, itself included.
    """

    psbt: Psbt
    wallet: Wallet
    our_keys: tuple[int, ...]
    inputs: tuple[InputFacts, ...]
    outputs: tuple[OutputFacts, ...]
    totals: Totals
    paths: tuple[SpendingPath, ...]
    weight: int
    matching: Matching = NO_MANIFEST
    conflicts: tuple[PastTransaction, ...] = ()

    @property
    def tx(self) -> Transaction:
        """The unsigned transaction."""
        return self.psbt.tx

    @property
    def network(self) -> Network:
        """The wallet's network."""
        return self.wallet.network

    @property
    def fee(self) -> int | None:
        """Sats for miners."""
        return self.totals.fee

    @property
    def vsize(self) -> int:
        """Virtual bytes of the signed transaction, at worst."""
        return (self.weight + 3) // 4

    @property
    def fee_rate(self) -> float | None:
        """Sats per virtual byte."""
        return None if self.fee is None else self.fee / self.vsize

    @property
    def need(self) -> int:
        """Signatures each input needs, by the easiest path that is open."""
        return min(path.needed for path in self.paths)

    @cached_property
    def own_inputs(self) -> tuple[InputFacts, ...]:
        """The inputs that spend our coins."""
        return tuple([known for known in self.inputs if known.ours])

    @property
    def items(self) -> tuple[InputFacts | OutputFacts, ...]:
        """All inputs, then all outputs."""
        return (*self.inputs, *self.outputs)

    @cached_property
    def paid_outputs(self) -> tuple[OutputFacts, ...]:
        """The outputs that pay others."""
        return tuple(
            [out for out in self.outputs if not out.ours and out.form is not ScriptType.OP_RETURN]
        )

    @cached_property
    def rivals(self) -> frozenset[bytes]:
        """The txids that cannot confirm beside this transaction: its own, and those that share a coin."""
        return frozenset([self.tx.txid(), *[past.txid for past in self.conflicts]])

    def signer_name(self, position: int) -> str:
        """The master fingerprint of a key of the descriptor: how cosigners are told apart."""
        return self.wallet.descriptor.keys[position].fingerprint.hex()

    @cached_property
    def txid(self) -> str:
        """The unsigned transaction's id, as people write it."""
        return self.tx.txid_hex()


def gather(
    psbt: Psbt, wallet: Wallet, *, our_keys: tuple[int, ...] = (), cores: Cores = ALONE
) -> Facts:
    """Prove what can be proven about a PSBT.

    Args:
        psbt: The claims.
        wallet: The registered wallet it is said to spend from.
        our_keys: Positions in the descriptor of the keys this machine would sign with; the
            wallet's registered ones if none are given.
        cores: What may work on it, where there is much to derive and verify.

    Raises:
        MalformedError: A public key in the PSBT is not on the curve.
        UnfitError: A helping process failed.
    """
    with closing(Owner(wallet)) as owner:
        owner.derive_ahead((*psbt.inputs, *psbt.outputs), cores)
        inputs = _inputs(psbt, owner)
        outputs = _outputs(psbt, owner)
        psbt.prove_points(owner.derived_keys())
    paths = _open_paths(psbt.tx, wallet, inputs)
    return Facts(
        psbt=psbt,
        wallet=wallet,
        our_keys=our_keys or wallet.our_keys,
        inputs=_with_signatures(psbt, inputs),
        outputs=outputs,
        totals=_totals(inputs, outputs),
        paths=paths,
        weight=_weight(psbt.tx, inputs, paths),
    )


def _inputs(psbt: Psbt, owner: Owner) -> tuple[InputFacts, ...]:
    wallet = owner.wallet
    kind = wallet.script_kind
    taproot, legacy = kind == "tr", kind in LEGACY_KINDS
    found: list[InputFacts] = []
    for index, (txin, given) in enumerate(zip(psbt.tx.inputs, psbt.inputs, strict=True)):
        prevout = prove(given, txin, taproot_wallet=taproot, wallet_is_legacy=legacy)
        script = prevout.out.script if prevout.out is not None else b""
        found.append(
            InputFacts(
                index=index,
                outpoint=txin.outpoint,
                sequence=txin.sequence,
                prevout=prevout,
                ownership=own_input(owner, given, script),
                presigned=UNSIGNED,
                given=given,
                network=wallet.network,
            )
        )
    return tuple(found)


def _outputs(psbt: Psbt, owner: Owner) -> tuple[OutputFacts, ...]:
    given = psbt.outputs
    return tuple(
        [_output(owner, index, out, given[index]) for index, out in enumerate(psbt.tx.outputs)]
    )


def _output(owner: Owner, index: int, out: TxOut, given: PsbtOutput) -> OutputFacts:
    wallet = owner.wallet
    ownership = own_output(owner, given, out.script)
    form = classify(out.script)
    address = to_address(out.script, wallet.network)
    return OutputFacts(
        index=index,
        sats=out.sats,
        script=out.script,
        form=form,
        address=address,
        kind=_kind(wallet, ownership, form, has_address=address is not None),
        ownership=ownership,
        given=given,
    )


def _kind(
    wallet: Wallet, ownership: Ownership, form: ScriptType, *, has_address: bool
) -> OutputKind:
    if ownership.place is not None:
        on_change = wallet.branches == 1 or ownership.place.branch == CHANGE
        return OutputKind.CHANGE if on_change else OutputKind.SELF
    if form is ScriptType.OP_RETURN:
        return OutputKind.DATA
    return OutputKind.PAYMENT if has_address else OutputKind.UNKNOWN


def _with_signatures(psbt: Psbt, inputs: tuple[InputFacts, ...]) -> tuple[InputFacts, ...]:
    """Verify the signatures that are there; the digests are only prepared if there are any."""
    if not any(known.ours and has_signatures(known.given) for known in inputs):
        return inputs
    nothing = TxOut(0, b"")
    digests = Digests(psbt.tx, tuple([known.prevout.out or nothing for known in inputs]))
    return tuple([_verified(known, digests) for known in inputs])


def _verified(known: InputFacts, digests: Digests) -> InputFacts:
    derived, amount = known.derived, known.amount
    if derived is None or amount is None or not has_signatures(known.given):
        return known
    presigned = verify_presigned(Spent(known.index, known.given, derived, amount), digests)
    return replace(known, presigned=presigned)


def _totals(inputs: tuple[InputFacts, ...], outputs: tuple[OutputFacts, ...]) -> Totals:
    amounts = [known.amount for known in inputs]
    known_amounts = [amount for amount in amounts if amount is not None]
    return Totals(
        inputs=sum(known_amounts) if len(known_amounts) == len(amounts) else None,
        payments=sum([output.sats for output in outputs if not output.ours]),
        change=sum([output.sats for output in outputs if output.ours]),
        own=sum([known.amount or 0 for known in inputs if known.ours]),
    )


def _open_paths(
    tx: Transaction, wallet: Wallet, inputs: tuple[InputFacts, ...]
) -> tuple[SpendingPath, ...]:
    """The ways of spending that the locks allow on every one of our inputs; all, if none is."""
    sequences = {known.sequence for known in inputs if known.ours}
    paths = wallet.spending_paths()
    return tuple([path for path in paths if path_is_open(path, tx, sequences)]) or paths


def _weight(
    tx: Transaction, inputs: tuple[InputFacts, ...], paths: tuple[SpendingPath, ...]
) -> int:
    derived = next((known.derived for known in inputs if known.derived is not None), None)
    ours = sum([known.ours for known in inputs])
    own = [size.own_input(derived, paths)] * ours if derived is not None else []
    foreign = [size.foreign_input(known.script or b"") for known in inputs if not known.ours]
    return size.final_weight(len(tx.serialize_without_witness()), own, foreign)
