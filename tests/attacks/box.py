"""A PSBT taken apart by an attacker: plain lists, no checks, written as version 0 or 2.

This codec is the attacker's own: it writes whatever it holds, right or wrong.
"""

import copy
import pickle
import struct
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256

from tests.review.build import HONEST_COINS, HONEST_PAYMENTS, Coin, Draft, Pay, wallet

Pairs = list[list[bytes]]
WALLETS = ("W-wsh", "W-shwsh", "W-sh", "W-wpkh", "W-trkey", "W-trmulti", "W-mini")
MAGIC = b"psbt\xff"
TAPROOT = frozenset({"W-trkey", "W-trmulti"})


def size(number: int) -> bytes:
    if number < 0xFD:
        return bytes([number])
    if number < 0x1_0000:
        return b"\xfd" + struct.pack("<H", number)
    if number < 0x1_0000_0000:
        return b"\xfe" + struct.pack("<I", number)
    return b"\xff" + struct.pack("<Q", number)


def var(data: bytes) -> bytes:
    return size(len(data)) + data


def read_size(data: bytes, at: int) -> tuple[int, int]:
    first = data[at]
    if first < 0xFD:
        return first, at + 1
    width = 1 << (first - 0xFC)
    return int.from_bytes(data[at + 1 : at + 1 + width], "little"), at + 1 + width


@dataclass
class In:
    txid: bytes
    vout: int
    sequence: int
    script_sig: bytes = b""


@dataclass
class Out:
    sats: int
    script: bytes


@dataclass
class Tx:
    version: int
    ins: list[In]
    outs: list[Out]
    locktime: int

    def serialize(self, *, witness: bool = False) -> bytes:
        parts = [struct.pack("<I", self.version & 0xFFFF_FFFF)]
        parts += [b"\x00\x01"] if witness else []
        parts.append(size(len(self.ins)))
        parts += [
            i.txid + struct.pack("<I", i.vout) + var(i.script_sig) + struct.pack("<I", i.sequence)
            for i in self.ins
        ]
        parts.append(size(len(self.outs)))
        parts += [struct.pack("<Q", o.sats & (2**64 - 1)) + var(o.script) for o in self.outs]
        parts += [b"\x01\x01\x51" * len(self.ins)] if witness else []
        return b"".join([*parts, struct.pack("<I", self.locktime)])

    def txid(self) -> bytes:
        return sha256(sha256(self.serialize()).digest()).digest()

    @classmethod
    def parse(cls, data: bytes) -> "Tx":
        version = struct.unpack_from("<i", data)[0]
        count, at = read_size(data, 4)
        ins, outs = [], []
        for _ in range(count):
            txid, vout = data[at : at + 32], struct.unpack_from("<I", data, at + 32)[0]
            length, at = read_size(data, at + 36)
            script = data[at : at + length]
            ins.append(In(txid, vout, struct.unpack_from("<I", data, at + length)[0], script))
            at += length + 4
        count, at = read_size(data, at)
        for _ in range(count):
            sats = struct.unpack_from("<q", data, at)[0]
            length, at = read_size(data, at + 8)
            outs.append(Out(sats, data[at : at + length]))
            at += length
        return cls(version, ins, outs, struct.unpack_from("<I", data, at)[0])


def written(maps: list[Pairs]) -> bytes:
    body = [b"".join(var(key) + var(value) for key, value in pairs) + b"\x00" for pairs in maps]
    return MAGIC + b"".join(body)


def split(data: bytes) -> list[Pairs]:
    """The maps of a well-formed PSBT."""
    maps: list[Pairs] = []
    at = len(MAGIC)
    while at < len(data):
        pairs: Pairs = []
        while True:
            length, at = read_size(data, at)
            if not length:
                break
            key = data[at : at + length]
            length, at = read_size(data, at + length)
            pairs.append([key, data[at : at + length]])
            at += length
        maps.append(pairs)
    return maps


@dataclass
class Box:
    """A PSBT's transaction apart from its maps; version 2 gets its own fields when written."""

    wallet: str
    tx: Tx
    glob: Pairs
    ins: list[Pairs]
    outs: list[Pairs]
    version: int = 0
    extra_maps: list[Pairs] = field(default_factory=list)
    counts: tuple[bytes, bytes] | None = None
    unsigned: bytes | None = None
    coins: tuple[tuple[int, int], ...] = ()

    def raw(self) -> bytes:
        return written(self.maps())

    def maps(self) -> list[Pairs]:
        tx = self.tx
        if not self.version:
            unsigned = self.unsigned if self.unsigned is not None else tx.serialize()
            return [
                [[b"\x00", unsigned], *self.glob],
                *self.ins,
                *self.outs,
                *self.extra_maps,
            ]
        counts = self.counts or (size(len(self.ins)), size(len(self.outs)))
        glob = [
            [b"\x02", struct.pack("<I", tx.version & 0xFFFF_FFFF)],
            [b"\x03", struct.pack("<I", tx.locktime)],
            [b"\x04", counts[0]],
            [b"\x05", counts[1]],
            [b"\xfb", struct.pack("<I", 2)],
        ]
        mine = {pair[0] for pair in self.glob}
        glob = [pair for pair in glob if pair[0] not in mine]
        ins = [
            [
                *pairs,
                *_absent(
                    pairs,
                    [
                        [b"\x0e", given.txid],
                        [b"\x0f", struct.pack("<I", given.vout)],
                        [b"\x10", struct.pack("<I", given.sequence)],
                    ],
                ),
            ]
            for pairs, given in zip(self.ins, tx.ins, strict=True)
        ]
        outs = [
            [
                *pairs,
                *_absent(
                    pairs,
                    [
                        [b"\x03", struct.pack("<Q", given.sats & (2**64 - 1))],
                        [b"\x04", given.script],
                    ],
                ),
            ]
            for pairs, given in zip(self.outs, tx.outs, strict=True)
        ]
        return [[*glob, *self.glob], *ins, *outs, *self.extra_maps]

    def copy(self) -> "Box":
        return pickle.loads(pickle.dumps(self))  # plain data; faster than copy.deepcopy

    # --- what an attacker does -------------------------------------------------------------------

    def get(self, number: int, key: bytes) -> bytes:
        return next(value for found, value in self.ins[number] if found == key)

    def drop(self, pairs: Pairs, *types: int) -> None:
        pairs[:] = [pair for pair in pairs if pair[0][0] not in types]

    def parent(self, number: int) -> Tx:
        return Tx.parse(self.get(number, b"\x00"))

    def set_parent(self, number: int, parent: Tx) -> None:
        """Put another previous transaction in, and spend it."""
        for pair in self.ins[number]:
            if pair[0] == b"\x00":
                pair[1] = parent.serialize()
        self.tx.ins[number].txid = parent.txid()

    def coin(self, number: int, *, sats: int | None = None, script: bytes | None = None) -> None:
        """Change a coin consistently: previous transaction, outpoint and witness UTXO."""
        parent = self.parent(number)
        out = parent.outs[self.tx.ins[number].vout]
        out.sats = out.sats if sats is None else sats
        out.script = out.script if script is None else script
        self.set_parent(number, parent)
        for pair in self.ins[number]:
            if pair[0] == b"\x01":
                pair[1] = struct.pack("<Q", out.sats) + var(out.script)

    def pay(self, sats: int, script: bytes, pairs: Pairs | None = None, at: int = -1) -> None:
        """Add an output and take its amount from the change."""
        where = at if at >= 0 else len(self.outs)
        self.change.sats -= sats
        self.tx.outs.insert(where, Out(sats, script))
        self.outs.insert(where, pairs or [])

    @property
    def change(self) -> Out:
        return self.tx.outs[-1] if len(self.tx.outs) < 4 else self.tx.outs[2]

    def spend(self, other: "Box", number: int = 0) -> None:
        """Add an input of another PSBT."""
        self.tx.ins.append(copy.deepcopy(other.tx.ins[number]))
        self.ins.append(copy.deepcopy(other.ins[number]))


def _absent(pairs: Pairs, wanted: Pairs) -> Pairs:
    there = {key for key, _ in pairs}
    return [pair for pair in wanted if pair[0] not in there]


@cache
def _honest(name: str, coins: tuple[tuple[int, int], ...], change: int) -> bytes:
    spent = tuple(
        Coin(place, honest.sats) for place, honest in zip(coins, HONEST_COINS, strict=True)
    )
    paid = (*HONEST_PAYMENTS[:2], Pay(HONEST_PAYMENTS[2].sats, place=(1, change)))
    return Draft(wallet=name, coins=spent, payments=paid).raw()


def honest(
    name: str = "W-wsh",
    *,
    version: int = 0,
    coins: tuple[tuple[int, int], ...] = ((0, 3), (0, 7)),
    change: int = 12,
) -> Box:
    """The control of the catalogue for one wallet: two coins, two payments, change at 1/12."""
    maps = split(_honest(name, coins, change))
    tx = Tx.parse(maps[0][0][1])
    count = 1 + len(tx.ins)
    glob, ins, outs = maps[0][1:], maps[1:count], maps[count:]
    return Box(name, tx, glob, ins, outs, version, coins=coins)


def keys_of(name: str, place: tuple[int, int]) -> tuple[bytes, ...]:
    return tuple(wallet(name).derive(*place).keys)
