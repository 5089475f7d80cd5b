"""Scripts: recognise and build the templates wallets use, and write any script out for people."""

from enum import Enum

from coldsign.primitives.hashes import hash160, sha256

OP_1, OP_16 = 0x51, 0x60
OP_PUSHDATA1, OP_PUSHDATA2, OP_PUSHDATA4 = 0x4C, 0x4D, 0x4E
OP_1NEGATE = 0x4F
OP_RETURN = 0x6A
OP_CHECKSIG = 0xAC
OP_CHECKMULTISIG = 0xAE
OP_CHECKSIGADD = 0xBA

MAX_MULTISIG_KEYS = 20
"""Consensus, MAX_PUBKEYS_PER_MULTISIG."""
_LONG_PUSHES = {
    OP_PUSHDATA1: "OP_PUSHDATA1",
    OP_PUSHDATA2: "OP_PUSHDATA2",
    OP_PUSHDATA4: "OP_PUSHDATA4",
}
P2A_SCRIPT = bytes.fromhex("51024e73")


class ScriptType(Enum):
    """What an output script is, by its bytes alone."""

    P2PKH = "p2pkh"
    P2SH = "p2sh"
    P2WPKH = "p2wpkh"
    P2WSH = "p2wsh"
    P2TR = "p2tr"
    P2PK = "p2pk"
    MULTISIG = "multisig"
    OP_RETURN = "op_return"
    P2A = "p2a"
    WITNESS_UNKNOWN = "witness_unknown"
    UNKNOWN = "unknown"


_WITNESS = {(0, 20): ScriptType.P2WPKH, (0, 32): ScriptType.P2WSH, (1, 32): ScriptType.P2TR}


def witness_program(script: bytes) -> tuple[int, bytes] | None:
    """The version and program where this is a witness program (BIP-141), else None."""
    size = len(script)
    if not 4 <= size <= 42 or script[1] != size - 2:
        return None
    first = script[0]
    if first == 0:
        return 0, script[2:]
    return (first - 0x50, script[2:]) if OP_1 <= first <= OP_16 else None


def classify(script: bytes) -> ScriptType:
    """The template this script follows, to the byte."""
    if (witness := witness_program(script)) is not None:
        return _classify_witness(script, *witness)
    size = len(script)
    if size == 25 and script[:3] == b"\x76\xa9\x14" and script[23:] == b"\x88\xac":
        return ScriptType.P2PKH
    if size == 23 and script[:2] == b"\xa9\x14" and script[22] == 0x87:
        return ScriptType.P2SH
    if script[:1] == b"\x6a":
        return ScriptType.OP_RETURN
    if size in {35, 67} and script[0] == size - 2 and script[-1] == OP_CHECKSIG:
        return ScriptType.P2PK if _looks_like_key(script[1:-1]) else ScriptType.UNKNOWN
    return ScriptType.MULTISIG if parse_multisig(script) else ScriptType.UNKNOWN


def _classify_witness(script: bytes, version: int, program: bytes) -> ScriptType:
    if script == P2A_SCRIPT:
        return ScriptType.P2A
    unknown = ScriptType.WITNESS_UNKNOWN if version else ScriptType.UNKNOWN
    return _WITNESS.get((version, len(program)), unknown)


def _looks_like_key(key: bytes) -> bool:
    return (len(key) == 33 and key[0] in {2, 3}) or (len(key) == 65 and key[0] == 4)


def push(data: bytes) -> bytes:
    """The shortest script that pushes these bytes."""
    size = len(data)
    if size == 1 and 1 <= data[0] <= 16:
        return bytes((OP_1 - 1 + data[0],))
    if data == b"\x81":
        return bytes((OP_1NEGATE,))
    if size < OP_PUSHDATA1:
        return bytes((size,)) + data
    if size <= 0xFF:
        return bytes((OP_PUSHDATA1, size)) + data
    if size <= 0xFFFF:
        return bytes((OP_PUSHDATA2,)) + size.to_bytes(2, "little") + data
    return bytes((OP_PUSHDATA4,)) + size.to_bytes(4, "little") + data


def number(value: int) -> bytes:
    """The shortest script that pushes this number."""
    magnitude = abs(value)
    data = bytearray(magnitude.to_bytes((magnitude.bit_length() + 7) // 8, "little"))
    if data and data[-1] & 0x80:
        data.append(0)
    if value < 0:
        data[-1] |= 0x80
    return push(bytes(data))


def p2pkh(key_hash: bytes) -> bytes:
    """Pay to the hash160 of a public key."""
    return b"\x76\xa9\x14" + key_hash + b"\x88\xac"


def p2sh(script: bytes) -> bytes:
    """Pay to the hash160 of this redeem script (BIP-16)."""
    return b"\xa9\x14" + hash160(script) + b"\x87"


def p2wpkh(key_hash: bytes) -> bytes:
    """Pay to the hash160 of a compressed public key (BIP-141)."""
    return b"\x00\x14" + key_hash


def p2wsh(script: bytes) -> bytes:
    """Pay to the SHA-256 of this witness script (BIP-141)."""
    return b"\x00\x20" + sha256(script)


def p2tr(output_key: bytes) -> bytes:
    """Pay to a 32-byte taproot output key (BIP-341)."""
    return b"\x51\x20" + output_key


def multisig(needed: int, keys: tuple[bytes, ...]) -> bytes:
    """The script that wants ``needed`` signatures of these keys, in this order."""
    pushes = b"".join([bytes((len(key),)) + key for key in keys])
    return number(needed) + pushes + number(len(keys)) + bytes((OP_CHECKMULTISIG,))


def _multisig_number(script: bytes, at: int) -> tuple[int, int]:
    """The number 1 to 20 pushed at an offset and where it ends; 0 where there is none."""
    first = script[at]
    if OP_1 <= first <= OP_16:
        return first - OP_1 + 1, at + 1
    if first == 1 and at + 1 < len(script) and 16 < script[at + 1] <= MAX_MULTISIG_KEYS:
        return script[at + 1], at + 2
    return 0, at


def parse_multisig(script: bytes) -> tuple[int, tuple[bytes, ...]] | None:
    """The threshold and keys of a multisig script; None unless ``multisig`` would write it."""
    if len(script) < 3 or script[-1] != OP_CHECKMULTISIG:
        return None
    needed, at = _multisig_number(script, 0)
    keys: list[bytes] = []
    while at < len(script) and script[at] in {33, 65}:
        stop = at + 1 + script[at]
        keys.append(script[at + 1 : stop])
        at = stop
    if not 1 <= needed <= len(keys) <= MAX_MULTISIG_KEYS:
        return None
    if multisig(needed, tuple(keys)) != script or not all(map(_looks_like_key, keys)):
        return None
    return needed, tuple(keys)


def _pushed(opcode: int, data: bytes) -> str:
    if push(data)[0] == opcode:
        return data.hex()
    name = _LONG_PUSHES.get(opcode, f"OP_PUSHBYTES_{opcode}")
    return f"{name} {data.hex()}".rstrip()


def disassemble(script: bytes) -> str:
    """The script as words: opcode names, pushes as hex; a push that is not the shortest says so.

    Any bytes give a text; a script that ends inside a push gives ``[cut short]`` at its end.
    """
    from bitcoin.core.script import OPCODE_NAMES, CScript, CScriptInvalidError

    words: list[str] = []
    try:
        for opcode, data, _ in CScript(script).raw_iter():
            if data is not None and opcode:
                words.append(_pushed(opcode, data))
            elif opcode == OP_CHECKSIGADD:  # BIP-342, younger than the library
                words.append("OP_CHECKSIGADD")
            else:
                known = OPCODE_NAMES.get(opcode) if opcode < OP_CHECKSIGADD else None
                words.append(known or f"OP_UNKNOWN_{opcode:02x}")
    except CScriptInvalidError:
        words.append("[cut short]")
    return " ".join(words)
