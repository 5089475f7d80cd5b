"""The least that a mutator must know of PSBTs and transactions to take them apart and put them together again."""

import struct
from hashlib import sha256
from typing import NamedTuple

MAGIC = b"psbt\xff"
UNSIGNED, PREVIOUS, WITNESS, TXID = b"\x00", b"\x00", b"\x01", b"\x0e"
Raw = tuple[bytes, bytes]
Maps = list[list[Raw]]


class Coin(NamedTuple):
    """An input."""

    txid: bytes
    vout: int
    script_sig: bytes
    sequence: int


class Out(NamedTuple):
    """An output."""

    sats: int
    script: bytes


class Tx(NamedTuple):
    """A transaction without its witnesses."""

    version: int
    inputs: list[Coin]
    outputs: list[Out]
    locktime: int

    def txid(self) -> bytes:
        """In the order of the wire."""
        return sha256(sha256(write_tx(self)).digest()).digest()


def size(number: int) -> bytes:
    """A CompactSize."""
    if number < 0xFD:
        return bytes((number,))
    return (
        b"\xfd" + struct.pack("<H", number)
        if number < 1 << 16
        else b"\xfe" + struct.pack("<I", number)
    )


def var(data: bytes) -> bytes:
    """Bytes behind their length."""
    return size(len(data)) + data


def _size(data: bytes, at: int) -> tuple[int, int]:
    first = data[at]
    if first < 0xFD:
        return first, at + 1
    width = 2 << (first - 0xFD)
    if at + 1 + width > len(data):
        raise IndexError
    return int.from_bytes(data[at + 1 : at + 1 + width], "little"), at + 1 + width


def _var(data: bytes, at: int) -> tuple[bytes, int]:
    length, at = _size(data, at)
    if at + length > len(data):
        raise IndexError
    return data[at : at + length], at + length


def split(data: bytes) -> Maps | None:
    """The maps of anything in the form of a PSBT as raw keys and values, whatever they say."""
    if not data.startswith(MAGIC):
        return None
    at, maps = len(MAGIC), []
    try:
        while at < len(data):
            pairs = []
            while True:
                key, at = _var(data, at)
                if not key:
                    break
                value, at = _var(data, at)
                pairs.append((key, value))
            maps.append(pairs)
    except IndexError:
        return None
    return maps or None


def join(maps: Maps) -> bytes:
    """The bytes of these maps."""
    body = [b"".join([var(k) + var(v) for k, v in pairs]) + b"\0" for pairs in maps]
    return MAGIC + b"".join(body)


def read_tx(data: bytes) -> Tx | None:
    """Anything in the form of a transaction; witnesses are left away."""
    try:
        return _read_tx(data, 6 if data[4:6] == b"\0\1" else 4)
    except (IndexError, struct.error):
        return None


def _read_tx(data: bytes, at: int) -> Tx:
    inputs, outputs = [], []
    count, at = _size(data, at)
    for _ in range(count):
        txid, vout = struct.unpack_from("<32sI", data, at)
        script, at = _var(data, at + 36)
        inputs.append(Coin(txid, vout, script, *struct.unpack_from("<I", data, at)))
        at += 4
    count, at = _size(data, at)
    for _ in range(count):
        sats = struct.unpack_from("<q", data, at)[0]
        script, at = _var(data, at + 8)
        outputs.append(Out(sats, script))
    return Tx(
        struct.unpack_from("<i", data)[0],
        inputs,
        outputs,
        *struct.unpack_from("<I", data, len(data) - 4),
    )


def write_out(out: Out) -> bytes:
    """An output's bytes."""
    return struct.pack("<q", out.sats) + var(out.script)


def write_tx(tx: Tx) -> bytes:
    """The bytes, in the form without witnesses."""
    parts = [struct.pack("<i", tx.version), size(len(tx.inputs))]
    for coin in tx.inputs:
        parts += [
            coin.txid,
            struct.pack("<I", coin.vout),
            var(coin.script_sig),
            struct.pack("<I", coin.sequence),
        ]
    parts += [size(len(tx.outputs)), *map(write_out, tx.outputs), struct.pack("<I", tx.locktime)]
    return b"".join(parts)
