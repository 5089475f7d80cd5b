"""Signatures that are already there: each is verified, and whose it is is said."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from coldsign.primitives.digests import Digests, Sighash
from coldsign.primitives.secp import der_decode, is_low_s, verify_ecdsa, verify_schnorr
from coldsign.psbt.edit import schnorr_sighash
from coldsign.psbt.input_map import PsbtInput
from coldsign.review.ownership import positions
from coldsign.wallet.derive import Derived, Taproot


class SignatureFault(Enum):
    """What is wrong with a signature that is already there."""

    SIGHASH = "not SIGHASH_ALL"
    HIGH_S = "high S"
    INVALID = "not a signature of this transaction"


class BadSignature(NamedTuple):
    """A signature that must not be there: its fault, and whose it is said to be.

    Attributes:
        fault: What is wrong with it.
        position: Which key of the descriptor it is filed under.
    """

    fault: SignatureFault
    position: int


class ForeignSignature(NamedTuple):
    """A signature by a key that is not in the script."""

    key: bytes


@dataclass(frozen=True, slots=True)
class Presigned:
    """The signatures on one input.

    Attributes:
        valid: The positions in the descriptor of the keys that have validly signed, ascending.
        bad: The signatures of the wallet's keys that are not valid.
        foreign: The signatures of other keys.
    """

    valid: tuple[int, ...] = ()
    bad: tuple[BadSignature, ...] = ()
    foreign: tuple[ForeignSignature, ...] = ()


@dataclass(frozen=True, slots=True)
class Spent:
    """One coin of ours that is spent: what its signatures are on, and must sign."""

    index: int
    given: PsbtInput
    derived: Derived
    sats: int


UNSIGNED = Presigned()
Outcome = int | BadSignature | ForeignSignature


def has_signatures(given: PsbtInput) -> bool:
    """Whether an input carries any signature that is not final."""
    return bool(given.partial_sigs or given.tap_key_sig or given.tap_script_sigs)


def verify_presigned(spent: Spent, digests: Digests) -> Presigned:
    """Verify every signature on one input of ours."""
    outcomes = [*_ecdsa(spent, digests), *_taproot(spent, digests)]
    valid = {outcome for outcome in outcomes if isinstance(outcome, int)}
    bad = tuple(outcome for outcome in outcomes if isinstance(outcome, BadSignature))
    foreign = tuple(outcome for outcome in outcomes if isinstance(outcome, ForeignSignature))
    return Presigned(tuple(sorted(valid)), bad, foreign)


def _ecdsa(spent: Spent, digests: Digests) -> Iterable[Outcome]:
    if not spent.given.partial_sigs:
        return
    known = positions(spent.derived)
    digest = _ecdsa_digest(spent, digests)
    for key, signature in spent.given.partial_sigs.items():
        at = known.get(key)
        if at is None or spent.derived.taproot is not None:
            yield ForeignSignature(key)
            continue
        fault = _ecdsa_fault(key, signature, digest)
        yield at[0] if fault is None else BadSignature(fault, at[0])


def _ecdsa_fault(key: bytes, signature: bytes, digest: bytes) -> SignatureFault | None:
    """What is wrong with a signature that the codec already knows to be strict DER."""
    if signature[-1] != Sighash.ALL:
        return SignatureFault.SIGHASH
    compact = der_decode(signature[:-1])
    if not is_low_s(compact):
        return SignatureFault.HIGH_S
    return None if verify_ecdsa(key, digest, compact) else SignatureFault.INVALID


def _ecdsa_digest(spent: Spent, digests: Digests) -> bytes:
    """The SIGHASH_ALL digest of a legacy or segwit version 0 input, from the derived scripts."""
    is_segwit, code = spent.derived.script_code
    if is_segwit:
        return digests.segwit_v0(spent.index, code, spent.sats, Sighash.ALL)
    return digests.legacy(spent.index, code, Sighash.ALL)


def _taproot(spent: Spent, digests: Digests) -> Iterable[Outcome]:
    given, tree = spent.given, spent.derived.taproot
    if given.tap_key_sig is None and not given.tap_script_sigs:
        return
    if tree is None:
        yield ForeignSignature(b"")
        return
    known = positions(spent.derived)
    if given.tap_key_sig is not None:
        at = known[tree.internal_key][0]
        fault = _schnorr_fault(spent, digests, (tree.output_key, None), given.tap_key_sig)
        yield at if fault is None else BadSignature(fault, at)
    for (key, leaf_hash), signature in given.tap_script_sigs.items():
        position = _leaf_position(known.get(key, ()), tree, leaf_hash)
        if position is None:
            yield ForeignSignature(key)
            continue
        fault = _schnorr_fault(spent, digests, (key, leaf_hash), signature)
        yield position if fault is None else BadSignature(fault, position)


def _leaf_position(at: tuple[int, ...], tree: Taproot, leaf_hash: bytes) -> int | None:
    """Which key of the descriptor this is in that leaf; None if it does not stand there."""
    for leaf in tree.leaves:
        if leaf.leaf_hash == leaf_hash:
            return next((position for position in at if position in leaf.keys), None)
    return None


def _schnorr_fault(
    spent: Spent, digests: Digests, what: tuple[bytes, bytes | None], signature: bytes
) -> SignatureFault | None:
    key, leaf_hash = what
    sighash = schnorr_sighash(signature)
    if len(signature) == 65 and sighash != Sighash.ALL:
        return SignatureFault.SIGHASH
    digest = digests.taproot(spent.index, sighash, leaf_hash)
    return None if verify_schnorr(key, digest, signature[:64]) else SignatureFault.INVALID
