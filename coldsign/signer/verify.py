"""The last look before anything leaves: every new signature holds, and nothing else is new.

Nothing of the signing code is trusted here. The coins are read from the PSBT again, the digests are
computed by another way, and each signature must be the right key's, in the strictest encoding.
"""

from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from coldsign.errors import MalformedError, SelfCheckError
from coldsign.primitives.cores import ALONE, Cores
from coldsign.primitives.cursor import var_bytes
from coldsign.primitives.hashes import hash160, tagged_hash
from coldsign.primitives.script import Kind, classify, p2pkh, p2sh, p2wsh
from coldsign.primitives.secp import der_decode, is_low_s, verify_ecdsa, verify_schnorr
from coldsign.primitives.tx import TxOut
from coldsign.psbt.edit import differences
from coldsign.psbt.fields import In
from coldsign.psbt.model import Psbt
from coldsign.psbt.raw import Key, Pair
from coldsign.signer.recompute import Recomputed, unsigned_bytes
from coldsign.wallet.derive import Derived, Taproot

if TYPE_CHECKING:
    from coldsign.controls.clearance import Clearance

_SELF_CHECK = "self-check: "


class Signed(NamedTuple):
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


def verify(before: Psbt, after: Psbt, clearance: "Clearance", *, cores: Cores = ALONE) -> None:
    """Accept what ``sign`` made, or say what is wrong with it.

    Args:
        before: The PSBT that was cleared.
        after: The same with signatures.
        clearance: What was allowed.
        cores: What may work on it; the key must be locked again, so that no copy holds it.

    Raises:
        SelfCheckError: A signature is invalid, malleable, of a wrong key or for an input that was
            not cleared; or anything else is not as it was.
        UnfitError: A helping process failed.
    """
    if before.digest != clearance.psbt_digest:
        raise _fault("the psbt is not the one that was cleared")
    for difference in differences(before, after):
        raise _fault(difference)
    coins = [_coin(after, index) for index in range(len(after.inputs))]
    raw = unsigned_bytes(after)
    if raw != clearance.report.facts.tx.serialize():
        raise _fault("the transaction is not the one that was reviewed")
    digests = Recomputed(raw, coins)
    signed = tuple(_signed_inputs(before, after, coins, clearance))
    signers: set[int] = set()
    with closing(cores.share(partial(_outcomes, digests), signed)) as outcomes:
        for outcome in outcomes:
            if isinstance(outcome, str):
                raise _fault(outcome)
            signers.update(outcome)
    _check_signers(signers, clearance)


def _outcomes(digests: Recomputed, some: Sequence[Signed]) -> list[tuple[int, ...] | str]:
    """For each input the positions of its new signatures' keys, or what is wrong with one."""
    return [_outcome(digests, signed) for signed in some]


def _outcome(digests: Recomputed, signed: Signed) -> tuple[int, ...] | str:
    try:
        return tuple([verify_signature(signed, key, value, digests) for key, value in signed.added])
    except SelfCheckError as fault:
        return fault.message


def _fault(problem: str) -> SelfCheckError:
    return SelfCheckError(
        f"{_SELF_CHECK}{problem.removeprefix(_SELF_CHECK)}",
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
) -> Iterable[Signed]:
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
        yield Signed(index, coin, derived, old.sighash_type, added)


def _check_signers(signers: set[int], clearance: "Clearance") -> None:
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


def verify_signature(signed: Signed, key: Key, value: bytes, digests: Recomputed) -> int:
    """Check one new signature, and say which key of the descriptor made it.

    Raises:
        SelfCheckError: It does not hold.
    """
    tree, where = signed.derived.taproot, f"input {signed.input_index}"
    if key.type == In.PARTIAL_SIG and tree is None:
        digest = _ecdsa_digest(signed, key.data, digests)
        fault = _ecdsa_fault(key.data, value, digest)
        signer = key.data
    elif key.type == In.TAP_KEY_SIG and tree is not None:
        fault = _schnorr_fault(signed, signed.coin.script[2:], value, (digests, None))
        signer = tree.internal_key
    elif key.type == In.TAP_SCRIPT_SIG and tree is not None:
        signer, leaf_hash = key.data[:32], key.data[32:]
        _check_leaf(signed, tree, signer, leaf_hash)
        fault = _schnorr_fault(signed, signer, value, (digests, leaf_hash))
    else:
        raise _fault(f"{where}: a signature of the wrong kind")
    if fault:
        raise _fault(f"{where}: {fault}")
    if signer not in signed.derived.keys:
        raise _fault(f"{where}: a signature of a key that is not in the wallet")
    return signed.derived.keys.index(signer)


def _ecdsa_digest(signed: Signed, public: bytes, digests: Recomputed) -> bytes:
    """The digest of what the coin's own script commits to, which must hold the signing key."""
    index, script, derived = signed.input_index, signed.coin.script, signed.derived
    if derived.redeem_script is not None:
        if p2sh(derived.redeem_script) != script:
            raise _fault(f"input {index}: the redeem script is not the coin's")
        script = derived.redeem_script
    kind = classify(script)
    if kind is Kind.P2WSH:
        code = derived.witness_script or b""
        if p2wsh(code) != script:
            raise _fault(f"input {index}: the witness script is not the coin's")
    else:
        code = p2pkh(script[2:]) if kind is Kind.P2WPKH else script
    if public not in code and hash160(public) not in code:
        raise _fault(f"input {index}: the signing key is not in the script")
    segwit = kind in {Kind.P2WSH, Kind.P2WPKH}
    return digests.segwit_v0(index, code) if segwit else digests.legacy(index, code)


def _ecdsa_fault(public: bytes, value: bytes, digest: bytes) -> str:
    """What is wrong with an ECDSA signature and its sighash byte; nothing if nothing is."""
    try:
        compact = der_decode(value[:-1])
    except MalformedError as problem:
        return problem.message
    if value[-1:] != b"\1":
        return "the signature is not SIGHASH_ALL"
    if compact[0] >= 0x80 or not is_low_s(compact):
        return "the signature has a high r or s"
    return "" if verify_ecdsa(public, digest, compact) else "the signature does not verify"


def _schnorr_fault(
    signed: Signed, xonly: bytes, value: bytes, what: tuple[Recomputed, bytes | None]
) -> str:
    """What is wrong with a BIP-340 signature; nothing if nothing is."""
    digests, leaf_hash = what
    sighash = signed.sighash or 0
    if value[64:] != (bytes((sighash,)) if sighash else b"") or sighash not in {0, 1}:
        return "the signature has another sighash type than was asked for"
    digest = digests.taproot(signed.input_index, sighash, leaf_hash)
    return "" if verify_schnorr(xonly, digest, value[:64]) else "the signature does not verify"


def _check_leaf(signed: Signed, tree: Taproot, xonly: bytes, leaf_hash: bytes) -> None:
    """The signed leaf is one of the coin's, its hash is its script's, and the key is in it."""
    for leaf in tree.leaves:
        if leaf.leaf_hash == leaf_hash:
            content = bytes((leaf.version,)) + var_bytes(leaf.script)
            in_leaf = xonly in leaf.script or hash160(xonly) in leaf.script
            if in_leaf and tagged_hash("TapLeaf", content) == leaf_hash:
                return
    raise _fault(f"input {signed.input_index}: a signature for a script that is not the coin's")
