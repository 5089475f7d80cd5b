"""What each input spends: amounts and scripts, proven from previous transactions or not at all."""

from enum import Enum
from typing import NamedTuple

from coldsign.primitives.script import ScriptType, classify
from coldsign.primitives.tx import Transaction, TxIn, TxOut
from coldsign.psbt.input_map import PsbtInput

LEGACY_KINDS = frozenset({"pkh", "sh-multi"})
"""The kinds of wallets whose signatures commit to no amount at all."""
_LEGACY = frozenset({ScriptType.P2PKH, ScriptType.P2PK, ScriptType.MULTISIG})


class Proof(Enum):
    """Why an amount is believed."""

    PREVIOUS = "its previous transaction"
    TAPROOT = "the taproot signature commits to it"
    CLAIMED = "nothing: it is only claimed"
    ABSENT = "nothing: it is not even claimed"


class AmountFault(Enum):
    """What is wrong with the data about a spent coin."""

    WRONG_TRANSACTION = "wrong transaction"
    NO_SUCH_OUTPUT = "no such output"
    AMOUNT_DIFFERS = "amount differs"
    SCRIPT_DIFFERS = "script differs"
    LEGACY_WITNESS_UTXO = "witness utxo of a legacy coin"


class Prevout(NamedTuple):
    """The coin an input spends.

    Attributes:
        out: Its amount and script as far as they are known, proven or claimed; None if neither.
        proof: Why they are believed.
        faults: What is wrong with the data given about it.
        claimed: The amount and script of PSBT_IN_WITNESS_UTXO, where it is given.
    """

    out: TxOut | None
    proof: Proof
    faults: tuple[AmountFault, ...]
    claimed: TxOut | None

    @property
    def proven(self) -> bool:
        """Whether the amount may be relied on."""
        return self.proof is Proof.PREVIOUS or self.proof is Proof.TAPROOT


def _from_previous(
    given: PsbtInput, previous: Transaction, txin: TxIn
) -> tuple[TxOut | None, list[AmountFault]]:
    """The output the previous transaction proves, or why it proves none."""
    if given.non_witness_utxo_txid != txin.outpoint.txid:
        return None, [AmountFault.WRONG_TRANSACTION]
    if txin.outpoint.vout >= len(previous.outputs):
        return None, [AmountFault.NO_SUCH_OUTPUT]
    return previous.outputs[txin.outpoint.vout], []


def _differences(proven: TxOut, claimed: TxOut) -> list[AmountFault]:
    faults: list[AmountFault] = []
    if proven.sats != claimed.sats:
        faults.append(AmountFault.AMOUNT_DIFFERS)
    if proven.script != claimed.script:
        faults.append(AmountFault.SCRIPT_DIFFERS)
    return faults


def _is_legacy(script: bytes, *, wallet_is_legacy: bool) -> bool:
    """Whether a coin's signature digest commits to no amount and must come with its transaction.

    A P2SH coin may be either; there the wallet decides, since its own coins are all of one kind.
    """
    kind = classify(script)
    return kind in _LEGACY or (kind is ScriptType.P2SH and wallet_is_legacy)


def prove(given: PsbtInput, txin: TxIn, *, taproot_wallet: bool, wallet_is_legacy: bool) -> Prevout:
    """Establish what an input spends.

    A previous transaction proves an amount if its recomputed txid is the outpoint's. Without one,
    only a taproot coin in a taproot wallet's transaction is proven: every signature we make there
    commits to all amounts and scripts (BIP-341), so a false one makes the signature worthless.

    Args:
        given: The PSBT's input map.
        txin: The transaction's input.
        taproot_wallet: Whether all our signatures are taproot signatures.
        wallet_is_legacy: Whether the wallet's own coins are legacy P2PKH or P2SH.
    """
    claimed = given.witness_utxo
    faults: list[AmountFault] = []
    proven: TxOut | None = None
    if given.non_witness_utxo is not None:
        proven, faults = _from_previous(given, given.non_witness_utxo, txin)
    if proven is not None and claimed is not None:
        faults += _differences(proven, claimed)
    known = proven if proven is not None else claimed
    if (
        claimed is not None
        and known is not None
        and _is_legacy(known.script, wallet_is_legacy=wallet_is_legacy)
    ):
        faults.append(AmountFault.LEGACY_WITNESS_UTXO)
    proof = _proof(proven, claimed, taproot_wallet=taproot_wallet)
    return Prevout(known, proof, tuple(faults), claimed)


def _proof(proven: TxOut | None, claimed: TxOut | None, *, taproot_wallet: bool) -> Proof:
    if proven is not None:
        return Proof.PREVIOUS
    if claimed is None:
        return Proof.ABSENT
    if taproot_wallet and classify(claimed.script) is ScriptType.P2TR:
        return Proof.TAPROOT
    return Proof.CLAIMED
