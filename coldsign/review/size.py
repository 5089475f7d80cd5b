"""How large a transaction will be once signed: the worst case, from the wallet's own scripts."""

from collections.abc import Iterable

from coldsign.primitives.cursor import compact_size
from coldsign.primitives.script import ScriptType, classify
from coldsign.wallet.derive import Derived
from coldsign.wallet.words import SpendingPath

ECDSA = 1 + 72
"""Bytes of one pushed ECDSA signature: DER with a low S and any R, and its sighash byte."""
SCHNORR = 1 + 65
"""Bytes of one pushed BIP-340 signature with an explicit sighash byte."""
SEGWIT_MARKER = 2

_FOREIGN = {ScriptType.P2WPKH: 108, ScriptType.P2TR: SCHNORR + 1, ScriptType.P2WSH: 260}
"""Witness bytes guessed for another wallet's coin, from its script alone."""
_FOREIGN_LEGACY = 4 * 108


def _sized(length: int) -> int:
    return len(compact_size(length)) + length


def _pushed(length: int) -> int:
    return length + (1 if length < 0x4C else 2 if length <= 0xFF else 3)


def own_input(derived: Derived, paths: tuple[SpendingPath, ...]) -> tuple[int, int]:
    """The most that signing adds to one of our inputs: scriptSig bytes and witness bytes.

    Args:
        derived: Any of the wallet's places: they are all of one size.
        paths: The ways of spending to consider; the largest counts.
    """
    if derived.taproot is not None:
        return 0, max(_taproot(derived, path) for path in paths)
    needed = max(path.needed for path in paths)
    if derived.witness_script is not None:
        idle = len(derived.keys) - needed
        stack = 2 + ECDSA * needed + idle + _sized(len(derived.witness_script))
        return _nested(derived), stack
    script = derived.redeem_script or derived.script_pubkey
    if classify(script) is ScriptType.P2WPKH:
        return _nested(derived), 1 + ECDSA + 34
    if derived.redeem_script is not None:
        return 1 + ECDSA * needed + _pushed(len(script)), 0
    return ECDSA + 1 + len(derived.keys[0]), 0


def _nested(derived: Derived) -> int:
    return _pushed(len(derived.redeem_script)) if derived.redeem_script is not None else 0


def _taproot(derived: Derived, path: SpendingPath) -> int:
    if path.leaf is None or derived.taproot is None:
        return 1 + SCHNORR
    leaf = derived.taproot.leaves[path.leaf]
    idle = len(leaf.keys) - path.needed
    scripts = _sized(len(leaf.script)) + _sized(len(leaf.control_block))
    return 1 + SCHNORR * path.needed + idle + scripts


def foreign_input(script: bytes) -> int:
    """A guess of the weight that signing adds to another wallet's input."""
    return _FOREIGN.get(classify(script), _FOREIGN_LEGACY)


def final_weight(stripped: int, own: Iterable[tuple[int, int]], foreign: Iterable[int] = ()) -> int:
    """Weight units of the signed transaction.

    Args:
        stripped: Bytes of the unsigned transaction, its scriptSigs empty.
        own: For each of our inputs, scriptSig and witness bytes.
        foreign: For each other input, the weight that signing adds.
    """
    weight = 4 * stripped + sum(foreign)
    bare = witnesses = 0
    for script_sig, witness in own:
        weight += 4 * (_sized(script_sig) - 1) + witness
        witnesses += bool(witness)
        bare += not witness
    return weight + (SEGWIT_MARKER + bare if witnesses else 0)
