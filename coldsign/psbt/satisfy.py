"""What satisfies a script: its signatures in the order it wants them (BIP-16, 141, 341, 342)."""

from typing import NamedTuple

from coldsign.errors import RefusedError
from coldsign.primitives.cursor import var_bytes
from coldsign.primitives.hashes import hash160, tagged_hash
from coldsign.primitives.script import (
    OP_CHECKSIG,
    OP_CHECKSIGADD,
    ScriptType,
    classify,
    disassemble,
    number,
    p2sh,
    p2tr,
    p2wsh,
    parse_multisig,
    push,
)
from coldsign.primitives.secp import taproot_output
from coldsign.primitives.text import printable
from coldsign.primitives.tx import Witness
from coldsign.psbt.input_map import PsbtInput
from coldsign.psbt.taproot import LEAF_VERSION_MASK

TAPSCRIPT = 0xC0
"""The one leaf version with known rules (BIP-342)."""

LET_OTHERS = (
    "name the registered wallet it belongs to, or let a Bitcoin Core node do it: finalizepsbt"
)

NOT_COMPLETE = "not-complete"
"""The code of an input that lacks signatures: a script waits for more replies."""

OP_NUMEQUAL = 0x9C


class Completion(NamedTuple):
    """What completes an input.

    Attributes:
        script_sig: The scriptSig.
        witness: The witness stack; empty where there is none.
    """

    script_sig: bytes
    witness: Witness


def satisfy(script: bytes, found: PsbtInput) -> Completion:
    """Complete an input that spends this output script.

    Raises:
        RefusedError: A script or a signature is missing, or the script is of no kind we finish.
    """
    kind = classify(script)
    if kind is ScriptType.P2SH:
        return _p2sh(script, found)
    if kind is ScriptType.P2WPKH:
        return Completion(b"", _key_hash(script[2:], found))
    if kind is ScriptType.P2WSH:
        return Completion(b"", _p2wsh(script, found))
    if kind is ScriptType.P2TR:
        return Completion(b"", _p2tr(script, found))
    return Completion(b"".join(map(push, _bare(script, found))), ())


def _p2sh(script: bytes, found: PsbtInput) -> Completion:
    redeem = found.redeem_script
    if redeem is None or p2sh(redeem) != script:
        raise RefusedError("the redeem script is missing, or not the one the coin is locked to")
    kind = classify(redeem)
    if kind is ScriptType.P2WPKH:
        return Completion(push(redeem), _key_hash(redeem[2:], found))
    if kind is ScriptType.P2WSH:
        return Completion(push(redeem), _p2wsh(redeem, found))
    return Completion(b"".join(map(push, (*_bare(redeem, found), redeem))), ())


def _p2wsh(script: bytes, found: PsbtInput) -> Witness:
    inner = found.witness_script
    if inner is None or p2wsh(inner) != script:
        raise RefusedError("the witness script is missing, or not the one the coin is locked to")
    return (*_bare(inner, found), inner)


def _bare(script: bytes, found: PsbtInput) -> Witness:
    """The stack items a script of public keys wants."""
    kind = classify(script)
    if kind is ScriptType.P2PKH:
        return _key_hash(script[3:23], found)
    if kind is ScriptType.P2PK:
        return (_signature(script[1:-1], found),)
    multi = parse_multisig(script)
    if multi is None:
        raise RefusedError(f"no way to finish the script {_words(script)}", hint=LET_OTHERS)
    needed, keys = multi
    signatures = [found.partial_sigs[key] for key in keys if key in found.partial_sigs]
    if len(signatures) < needed:
        raise _lacking(f"{needed} signatures needed, {len(signatures)} present")
    return (
        b"",
        *signatures[:needed],
    )  # the empty item is OP_CHECKMULTISIG's, which pops one too many


def _lacking(message: str) -> RefusedError:
    return RefusedError(message, code=NOT_COMPLETE)


def _words(script: bytes) -> str:
    return printable(disassemble(script), 200)


def _key_hash(key_hash: bytes, found: PsbtInput) -> Witness:
    """Signature and key for the hash of the key."""
    for key, signature in found.partial_sigs.items():
        if hash160(key) == key_hash:
            return (signature, key)
    raise _lacking("the signature is missing")


def _signature(key: bytes, found: PsbtInput) -> bytes:
    if key not in found.partial_sigs:
        raise _lacking("the signature is missing")
    return found.partial_sigs[key]


def _p2tr(output: bytes, found: PsbtInput) -> Witness:
    """The key path where it is signed, else the leaf of this output with the smallest witness."""
    if found.tap_key_sig is not None:
        return (found.tap_key_sig,)
    stacks: list[Witness] = []
    for block, (script, version) in found.tap_leaf_scripts.items():
        stack = _leaf(script, version, found)
        if stack is not None and _commits(output, block, script):
            stacks.append((*stack, script, block))
    if not stacks:
        raise _unfinished(output, found)
    return min(stacks, key=lambda stack: (sum(map(len, stack)), stack))


def _unfinished(output: bytes, found: PsbtInput) -> RefusedError:
    """Why no taproot path is complete: signatures are to come, or no leaf of the coin is of a kind we finish."""
    waiting = any(
        version == TAPSCRIPT and parse_multi_a(script) and _commits(output, block, script)
        for block, (script, version) in found.tap_leaf_scripts.items()
    )
    if waiting or not found.tap_leaf_scripts:
        return _lacking("no signature of the key path, and no leaf has all of its signatures")
    leaves = list(found.tap_leaf_scripts.values())[:3]  # one line must do
    scripts = "; ".join(_words(script) for script, _ in leaves)
    return RefusedError(
        f"no signature of the key path, and no leaf to finish: {scripts}", hint=LET_OTHERS
    )


def _leaf(script: bytes, version: int, found: PsbtInput) -> Witness | None:
    """The stack items of a ``pk`` or ``multi_a`` leaf; None if it cannot be finished."""
    parsed = parse_multi_a(script)
    if version != TAPSCRIPT or parsed is None:
        return None
    needed, keys = parsed
    leaf_hash = _leaf_hash(version, script)
    left = needed
    items: list[bytes] = []
    for key in keys:
        signature = found.tap_script_sigs.get((key, leaf_hash), b"") if left else b""
        left -= bool(signature)
        items.append(signature)
    return None if left else tuple(reversed(items))


def _leaf_hash(version: int, script: bytes) -> bytes:
    return tagged_hash("TapLeaf", bytes((version,)) + var_bytes(script))


def _commits(output: bytes, block: bytes, script: bytes) -> bool:
    """Whether an output is locked to the leaf that a control block leads to (BIP-341)."""
    node = _leaf_hash(block[0] & LEAF_VERSION_MASK, script)
    for at in range(33, len(block), 32):
        node = tagged_hash("TapBranch", b"".join(sorted((node, block[at : at + 32]))))
    key, parity = taproot_output(block[1:33], node)
    return output == p2tr(key) and parity == block[0] & 1


def parse_multi_a(script: bytes) -> tuple[int, tuple[bytes, ...]] | None:
    """The threshold and x-only keys of a ``multi_a`` or ``pk`` leaf; None for any other script."""
    keys: list[bytes] = []
    at = 0
    while script[at : at + 1] == b"\x20":
        wanted = OP_CHECKSIGADD if keys else OP_CHECKSIG
        if script[at + 33 : at + 34] != bytes((wanted,)):
            return None
        keys.append(script[at + 1 : at + 33])
        at += 34
    if len(keys) == 1 and at == len(script):
        return 1, tuple(keys)
    for needed in range(1, len(keys) + 1):
        if script[at:] == number(needed) + bytes((OP_NUMEQUAL,)):
            return needed, tuple(keys)
    return None
