"""Small files that claim or hold too much: refused before they cost memory or time."""

import tracemalloc

import pytest

from coldsign.errors import MalformedError
from coldsign.primitives.cursor import compact_size
from coldsign.psbt.model import MAGIC, MAX_PSBT, Psbt
from tests.psbt.samples import XONLY, a_map, v0, v2


def previous(outputs: int = 1, items: int = 0) -> bytes:
    """A transaction of the smallest outputs and witness items there are."""
    witness = compact_size(items) + bytes(items) if items else b""
    vin = b"\1" + b"\1" * 36 + b"\0" + b"\xff" * 4
    vout = compact_size(outputs) + bytes(9 * outputs)
    return b"\2\0\0\0" + (b"\0\1" if items else b"") + vin + vout + witness + bytes(4)


BOMBS = {
    "pairs": (v0([[(0xF0, n.to_bytes(3, "big"), b"") for n in range(70_000)]]), "65536 pairs"),
    "pairs of many maps": (v2([], [()] * 40_000), "65536 pairs"),
    "outputs of one previous transaction": (
        v0([[(0, b"", previous(45_000))]]),
        "more than a previous",
    ),
    "outputs of many": (
        v0([[(0, b"", previous(40_000 + n))] for n in range(6)]),
        "more than 200000",
    ),
    "witness items": (v0([[(0, b"", previous(1, 300_000))]]), "more than 200000"),
    "items of final witnesses": (
        v0([[(8, b"", compact_size(1000) + bytes(1000))] for _ in range(201)]),
        "more than 200000",
    ),
    "leaves of trees": (
        v0([()], [[(6, b"", b"\x0f\xc0\0" * 2**15)] for _ in range(7)]),
        "more than 200000",
    ),
    "announced leaf hashes": (
        v0([[(0x16, XONLY[0], b"\xff" + b"\xff" * 8)]]),
        "leaf hashes in 0 bytes",
    ),
    "announced inputs": (
        MAGIC + a_map([(0, b"", b"\2\0\0\0\xfe" + b"\xff" * 4 + bytes(40))]),
        "4294967295 items cannot follow",
    ),
    "outputs without maps": (
        MAGIC
        + a_map([(0, b"", b"\2\0\0\0\0" + compact_size(13_000) + bytes(9 * 13_000) + bytes(4))]),
        "maps announced, 0 bytes left",
    ),
    "an unsigned transaction no node relays": (
        v0([()], [()] * 4000),
        "124053 bytes are more than an unsigned",
    ),
    "the same in version 2": (v2([], [()] * 13_400), "more than an unsigned"),
    "too large": (v0([[(0xF0, b"", bytes(2 * MAX_PSBT))]]), "are more than the 4194304"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused(name):
    data, words = BOMBS[name]
    with pytest.raises(MalformedError, match=words):
        Psbt.parse(data)


@pytest.mark.parametrize("name", [name for name in BOMBS if "announced" in name or "large" in name])
def test_what_is_only_announced_takes_no_memory(name):
    data, _ = BOMBS[name]
    tracemalloc.start()
    try:
        with pytest.raises(MalformedError):
            Psbt.parse(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000


def test_a_thousand_inputs_and_outputs_fit():
    pairs = [(0, b"", previous(20)), (5, b"", bytes(139))]
    data = v0([pairs] * 1000, [()] * 1000)
    assert len(data) < MAX_PSBT // 5
    assert len(Psbt.parse(data).inputs) == 1000
