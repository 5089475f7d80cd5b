"""The last look before anything leaves: every new signature holds, and nothing else is new.

Nothing of the signing code is trusted here. The coins are read from the PSBT again, the digests are
computed by another way, and each signature must be the right key's, in the strictest encoding.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from coldsign.errors import MalformedError, SelfCheckError
from coldsign.primitives.cursor import var_bytes
from coldsign.primitives.hashes import hash160, tagged_hash
from coldsign.primitives.script import ScriptType, classify, p2pkh, p2sh, p2wsh
from coldsign.primitives.secp import der_decode, is_low_s
from coldsign.primitives.tx import TxOut
from coldsign.psbt.edit import differences
from coldsign.psbt.fields import In
from coldsign.psbt.model import Psbt
from coldsign.psbt.raw import Key, Pair
from coldsign.signer.claim import Claim, holds
from coldsign.signer.recompute import Recomputed, unsigned_bytes
from coldsign.wallet.derive import Derived, Taproot

if TYPE_CHECKING:
    from coldsign.controls.clearance import Clearance

_INVALID = "the signature does not verify"


class SignedInput(NamedTuple):
    """One input with the signatures that were added to it.

    Attributes:
        input_index: The input.
        coin: What it spends, read from the PSBT again.
        derived: What the wallet derives there.
        sighash: The sighash type the input asks for, if it does.
        added: The new pairs.
    """

    input_index: int
    coin: TxOut
    derived: Derived
    sighash: int | None
    added: tuple[Pair, ...]


class Against(NamedTuple):
    """What a signature is held against.

    Attributes:
        digests: The digests, recomputed.
        held: Claims that are known to hold.
    """

    digests: Recomputed
    held: frozenset[Claim] = frozenset()

    def holds(self, claim: Claim) -> bool:
        """Whether a signature is the key's for the digest."""
        return claim in self.held or holds(claim)


def verify(
    before: Psbt, after: Psbt, clearance: "Clearance", *, held: frozenset[Claim] = frozenset()
) -> None:
    """Accept what ``sign`` made, or say what is wrong with it.

    Args:
        before: The PSBT that was cleared.
        after: The same with signatures.
        clearance: What was allowed.
        held: Claims that were found to hold while other signatures were made; a signature that
            claims anything else, by what is computed here, is verified now.

    Raises:
        SelfCheckError: A signature is invalid, malleable, of a wrong key or for an input that was
            not cleared; or anything else is not as it was.
    """
    if before.digest != clearance.psbt_digest:
        raise _fault("the psbt is not the one that was cleared")
    for difference in differences(before, after):
        raise _fault(difference)
    coins = [_coin(after, index) for index in range(len(after.inputs))]
    raw = unsigned_bytes(after)
    if raw != clearance.report.facts.tx.serialize():
        raise _fault("the transaction is not the one that was reviewed")
    against = Against(Recomputed(raw, coins), held)
    signers = {
        verify_signature(signed, key, value, against)
        for signed in _signed_inputs(before, after, coins, clearance)
        for key, value in signed.added
    }
    _demand_signers(signers, clearance)


def _fault(problem: str) -> SelfCheckError:
    return SelfCheckError(
        f"self-check: {problem}",
        hint="nothing was given out; do not use this machine to sign",
    )


def _coin(psbt: Psbt, index: int) -> TxOut:
    """What an input spends, from the previous transaction if it is there."""
    given, vout = psbt.inputs[index], psbt.tx.inputs[index].outpoint.vout
    if given.non_witness_utxo is not None and vout < len(given.non_witness_utxo.outputs):
        return given.non_witness_utxo.outputs[vout]
    return given.witness_utxo or TxOut(0, b"")


def _signed_inputs(
    before: Psbt, after: Psbt, coins: list[TxOut], clearance: "Clearance"
) -> Iterable[SignedInput]:
    facts, cleared = clearance.report.facts, frozenset(clearance.inputs)
    for index, (old, new) in enumerate(zip(before.inputs, after.inputs, strict=True)):
        added = new.map.pairs[len(old.map.pairs) :]
        if not added:
            continue
        derived, coin = facts.inputs[index].derived, coins[index]
        if index not in cleared or derived is None:
            raise _fault(f"input {index} was signed without clearance")
        if (coin.script, coin.sats) != (derived.script_pubkey, facts.inputs[index].amount):
            raise _fault(f"input {index}: the coin is not the one that was reviewed")
        yield SignedInput(index, coin, derived, old.sighash_type, added)


def _demand_signers(signers: set[int], clearance: "Clearance") -> None:
    """One cosigner signed, and if some keys are registered as ours, one of those."""
    facts = clearance.report.facts
    keys = facts.wallet.descriptor.keys
    if not signers:
        raise _fault("no signature was added")
    if len({keys[position].public for position in signers}) != 1:
        raise _fault("more than one cosigner's key signed")
    allowed = facts.our_keys, facts.wallet.our_keys
    if any(positions and not signers <= set(positions) for positions in allowed):
        raise _fault("another key signed than the registered one")


def verify_signature(signed: SignedInput, key: Key, value: bytes, against: Against) -> int:
    """Check one new signature, and say which key of the descriptor made it.

    Raises:
        SelfCheckError: It does not hold.
    """
    tree, where = signed.derived.taproot, f"input {signed.input_index}"
    if key.type == In.PARTIAL_SIG and tree is None:
        digest = _ecdsa_digest(signed, key.data, against.digests)
        fault = _ecdsa_fault(key.data, value, digest, against)
        signer = key.data
    elif key.type == In.TAP_KEY_SIG and tree is not None:
        fault = _schnorr_fault(signed, signed.coin.script[2:], value, (against, None))
        signer = tree.internal_key
    elif key.type == In.TAP_SCRIPT_SIG and tree is not None:
        signer, leaf_hash = key.data[:32], key.data[32:]
        _demand_leaf(signed, tree, signer, leaf_hash)
        fault = _schnorr_fault(signed, signer, value, (against, leaf_hash))
    else:
        raise _fault(f"{where}: a signature of the wrong kind")
    if fault:
        raise _fault(f"{where}: {fault}")
    if signer not in signed.derived.keys:
        raise _fault(f"{where}: a signature of a key that is not in the wallet")
    return signed.derived.keys.index(signer)


def _ecdsa_digest(signed: SignedInput, public: bytes, digests: Recomputed) -> bytes:
    """The digest of what the coin's own script commits to, which must hold the signing key."""
    index, script, derived = signed.input_index, signed.coin.script, signed.derived
    if derived.redeem_script is not None:
        if p2sh(derived.redeem_script) != script:
            raise _fault(f"input {index}: the redeem script is not the coin's")
        script = derived.redeem_script
    kind = classify(script)
    if kind is ScriptType.P2WSH:
        code = derived.witness_script or b""
        if p2wsh(code) != script:
            raise _fault(f"input {index}: the witness script is not the coin's")
    else:
        code = p2pkh(script[2:]) if kind is ScriptType.P2WPKH else script
    if public not in code and hash160(public) not in code:
        raise _fault(f"input {index}: the signing key is not in the script")
    segwit = kind in {ScriptType.P2WSH, ScriptType.P2WPKH}
    return digests.segwit_v0(index, code) if segwit else digests.legacy(index, code)


def _ecdsa_fault(public: bytes, value: bytes, digest: bytes, against: Against) -> str:
    """What is wrong with an ECDSA signature and its sighash byte; nothing if nothing is."""
    try:
        compact = der_decode(value[:-1])
    except MalformedError as problem:
        return problem.message
    if value[-1:] != b"\1":
        return "the signature is not SIGHASH_ALL"
    if compact[0] >= 0x80 or not is_low_s(compact):
        return "the signature has a high r or s"
    return "" if against.holds((public, digest, compact)) else _INVALID


def _schnorr_fault(
    signed: SignedInput, xonly: bytes, value: bytes, what: tuple[Against, bytes | None]
) -> str:
    """What is wrong with a BIP-340 signature; nothing if nothing is."""
    against, leaf_hash = what
    sighash = signed.sighash or 0
    if value[64:] != (bytes((sighash,)) if sighash else b"") or sighash not in {0, 1}:
        return "the signature has another sighash type than was asked for"
    digest = against.digests.taproot(signed.input_index, sighash, leaf_hash)
    return "" if against.holds((xonly, digest, value[:64])) else _INVALID


def _demand_leaf(signed: SignedInput, tree: Taproot, xonly: bytes, leaf_hash: bytes) -> None:
    """The signed leaf is one of the coin's, its hash is its script's, and the key is in it."""
    for leaf in tree.leaves:
        if leaf.leaf_hash == leaf_hash:
            content = bytes((leaf.version,)) + var_bytes(leaf.script)
            in_leaf = xonly in leaf.script or hash160(xonly) in leaf.script
            if in_leaf and tagged_hash("TapLeaf", content) == leaf_hash:
                return
    raise _fault(f"input {signed.input_index}: a signature for a script that is not the coin's")
