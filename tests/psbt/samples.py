"""PSBTs to test with: recorded ones, and small ones made of pairs."""

import base64
import json
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path

from coldsign.primitives.cursor import compact_size, var_bytes
from coldsign.primitives.secp import public_key
from coldsign.psbt.model import MAGIC, Psbt
from tests.vectors import ROOT, vector_file

DATA = ROOT / "tests" / "data"
Pairs = Iterable[tuple[int, bytes, bytes]]

KEYS = tuple(public_key(bytes(31) + bytes((secret,))) for secret in range(1, 8))
XONLY = tuple(key[1:] for key in KEYS)
ORIGIN = bytes.fromhex("01020304") + b"\x00\x00\x00\x80" + b"\x07\x00\x00\x00"
SCRIPT = bytes.fromhex("0014") + bytes(20)
OFF_CURVE = b"\x02" + b"\xff" * 32


def recorded() -> list[Path]:
    """The regtest fixtures; there is no test without them."""
    found = sorted((DATA / "regtest").glob("*.json"))
    assert found
    return found


def fixture(path: Path) -> dict:
    return json.loads(path.read_text())


def by_name(name: str) -> dict:
    return fixture(DATA / "regtest" / f"{name}.json")


def attacks() -> list[dict]:
    found = json.loads((DATA / "attacks" / "psbt.json").read_text())["vectors"]
    assert found
    return found


def attack(name: str) -> bytes:
    return next(base64.b64decode(v["psbt"]) for v in attacks() if v["id"] == name)


def bip_vectors() -> list[dict]:
    return json.loads(vector_file("bip-psbt.json").read_text())["vectors"]


def unsigned_tx(
    inputs: int = 1, outputs: int = 1, *, script_sig: bytes = b"", sats: int = 1000
) -> bytes:
    vin = b"".join(
        bytes((n % 255 + 1,)) * 32 + bytes(4) + var_bytes(script_sig) + b"\xff" * 4
        for n in range(inputs)
    )
    vout = (sats.to_bytes(8, "little", signed=True) + var_bytes(SCRIPT)) * outputs
    return b"\x02\0\0\0" + compact_size(inputs) + vin + compact_size(outputs) + vout + bytes(4)


def a_map(pairs: Pairs) -> bytes:
    return b"".join(var_bytes(compact_size(t) + k) + var_bytes(v) for t, k, v in pairs) + b"\0"


def v0(
    inputs: Iterable[Pairs] = ((),), outputs: Iterable[Pairs] = ((),), *, extra: Pairs = ()
) -> bytes:
    ins, outs = [a_map(pairs) for pairs in inputs], [a_map(pairs) for pairs in outputs]
    tx = unsigned_tx(len(ins), len(outs))
    return MAGIC + a_map([(0, b"", tx), *extra]) + b"".join(ins) + b"".join(outs)


def in_v2(number: int = 0) -> list[tuple[int, bytes, bytes]]:
    return [(0x0E, b"", bytes((number + 1,)) * 32), (0x0F, b"", bytes(4))]


def out_v2(sats: int = 1000) -> list[tuple[int, bytes, bytes]]:
    return [(0x03, b"", sats.to_bytes(8, "little", signed=True)), (0x04, b"", SCRIPT)]


def v2(
    inputs: Iterable[Pairs] = ((),), outputs: Iterable[Pairs] = ((),), *, extra: Pairs = ()
) -> bytes:
    ins = [a_map([*in_v2(n), *pairs]) for n, pairs in enumerate(inputs)]
    outs = [a_map([*out_v2(), *pairs]) for pairs in outputs]
    head = [
        (0x02, b"", b"\x02\0\0\0"),
        (0x04, b"", compact_size(len(ins))),
        (0x05, b"", compact_size(len(outs))),
        (0xFB, b"", b"\x02\0\0\0"),
    ]
    return MAGIC + a_map([*head, *extra]) + b"".join(ins) + b"".join(outs)


class Sizes:
    """Writes CompactSizes, one of them longer than it has to be."""

    def __init__(self, odd: int = -1, width: int = 3) -> None:
        self.written = count()
        self.odd = odd
        self.width = width
        self.number = 0

    def size(self, value: int) -> bytes:
        self.number = next(self.written)
        if self.number != self.odd:
            return compact_size(value)
        return {3: b"\xfd", 5: b"\xfe", 9: b"\xff"}[self.width] + value.to_bytes(
            self.width - 1, "little"
        )

    def var(self, data: bytes) -> bytes:
        return self.size(len(data)) + data


def _transaction(sizes: Sizes, tx) -> bytes:
    vin = b"".join(
        i.outpoint.serialize() + sizes.var(i.script_sig) + i.sequence.to_bytes(4, "little")
        for i in tx.inputs
    )
    vin = sizes.size(len(tx.inputs)) + vin
    vout = b"".join(
        o.sats.to_bytes(8, "little", signed=True) + sizes.var(o.script) for o in tx.outputs
    )
    vout = sizes.size(len(tx.outputs)) + vout
    stacks = b"".join(sizes.size(len(s)) + b"".join(map(sizes.var, s)) for s in tx.witnesses)
    marker = b"\0\1" if tx.witnesses else b""
    head = tx.version.to_bytes(4, "little", signed=True)
    return head + marker + vin + vout + stacks + tx.locktime.to_bytes(4, "little")


def rewritten(psbt: Psbt, sizes: Sizes) -> bytes:
    """The PSBT written again, with every CompactSize in it by ``sizes``."""
    txout = lambda o: o.sats.to_bytes(8, "little") + sizes.var(o.script)  # noqa: E731
    globals_: dict[int, Callable[[bytes], bytes]] = {
        0x00: lambda _: _transaction(sizes, psbt.tx),
        0x04: lambda _: sizes.size(len(psbt.inputs)),
        0x05: lambda _: sizes.size(len(psbt.outputs)),
    }
    found = MAGIC + _map(psbt.global_map.map, globals_, sizes)
    for part in psbt.inputs:
        known: dict[int, Callable[[bytes], bytes]] = {
            0x00: lambda _, p=part: _transaction(sizes, p.non_witness_utxo),
            0x01: lambda _, p=part: txout(p.witness_utxo),
            0x08: lambda value: _witness(sizes, value),
            0x16: lambda value: sizes.size(value[0]) + value[1:],
        }
        found += _map(part.map, known, sizes)
    for part in psbt.outputs:
        known = {
            0x06: lambda _, p=part: b"".join(
                bytes((leaf.depth, leaf.version)) + sizes.var(leaf.script) for leaf in p.tap_tree
            ),
            0x07: lambda value: sizes.size(value[0]) + value[1:],
        }
        found += _map(part.map, known, sizes)
    return found


def _witness(sizes: Sizes, value: bytes) -> bytes:
    from coldsign.psbt.values import witness_stack

    stack = witness_stack(value)
    return sizes.size(len(stack)) + b"".join(map(sizes.var, stack))


def _map(m, values: dict[int, Callable[[bytes], bytes]], sizes: Sizes) -> bytes:
    found = b""
    for key, value in m.pairs:
        data = key.data
        if key.type == 0xFC:
            size = data[0]
            rest = data[1 + size :]
            data = sizes.var(data[1 : 1 + size]) + sizes.size(rest[0]) + rest[1:]
        found += sizes.var(sizes.size(key.type) + data)
        found += sizes.var(values.get(key.type, bytes)(value))
    return found + b"\0"
