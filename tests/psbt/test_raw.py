"""Maps: what they add, replace and keep, and how errors name the place."""

import pytest

from coldsign.errors import MalformedError
from coldsign.psbt.fields import Global, In, Out, field_name, map_name
from coldsign.psbt.raw import NOTHING, Key, Map
from coldsign.psbt.reader import MapReader
from tests.psbt.samples import a_map

PAIRS = ((Key(0x05, b""), b"w"), (Key(0xF0, b"k"), b""), (Key(0x1234, b""), b"v"))


def read(data: bytes, kind=In) -> Map:
    return MapReader(data, 0).read(kind, 0)


def test_a_map_of_pairs_is_what_is_read():
    made = Map.of(In, 0, PAIRS)
    assert made.serialize() == b"\1\5\1w\2\xf0k\0\3\xfd\x34\x12\1v\0"
    assert read(made.serialize()) == made


def test_names():
    assert map_name(Global, 0) == "global map"
    assert map_name(In, 3) == "input 3"
    assert map_name(Out, 1) == "output 1"
    assert field_name(Out, 0x06) == "PSBT_OUT_TAP_TREE"
    assert field_name(Global, 0xFB) == "PSBT_GLOBAL_VERSION"
    assert field_name(In, 0xFC) == "PSBT_IN_PROPRIETARY"
    assert field_name(In, 0xF0) == "PSBT_IN_0xf0"


def test_unknown_pairs():
    assert Map.of(In, 0, PAIRS).unknown() == PAIRS[1:]
    assert Map.of(In, 0, PAIRS[:1]).unknown() == ()


def test_adding_pairs():
    made = Map.of(In, 0, PAIRS[:1]).adding(PAIRS[1:])
    assert made == Map.of(In, 0, PAIRS)
    with pytest.raises(MalformedError, match="input 0: this PSBT_IN_0xf0 is already there"):
        made.adding(PAIRS[1:2])


def test_setting_a_value():
    made = Map.of(In, 0, PAIRS)
    assert made.setting(PAIRS[1][0], b"x").pairs[1] == (PAIRS[1][0], b"x")
    assert made.setting(Key(0, b""), b"x").pairs == (*PAIRS, (Key(0, b""), b"x"))


def test_keeping_pairs():
    assert Map.of(In, 0, PAIRS).keeping(lambda pair: pair[0].type == 5).pairs == PAIRS[:1]


def test_no_pair_of_a_type():
    made = Map.of(In, 0, PAIRS)
    assert made.one(In.SEQUENCE, bytes) is None
    assert made.many(In.PARTIAL_SIG, bytes, bytes) is NOTHING
    with pytest.raises(MalformedError, match="input 0: PSBT_IN_SEQUENCE is missing"):
        made.require(In.SEQUENCE, bytes)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "input 0: the PSBT ends inside it"),
        (b"\1\5\1w", "input 0: the PSBT ends inside it"),
        (b"\1\5\2w", "input 0: PSBT_IN_WITNESS_SCRIPT at offset 0: its value runs past the end"),
        (b"\1\5\xff" + b"\xff" * 8 + b"w", "its value runs past the end"),
        (b"\xff" + b"\xff" * 8 + b"\5", "input 0: the PSBT ends inside it"),
        (b"\xfd\1\0\5\1w\0", "input 0: non-minimal CompactSize of 1 at offset 0"),
        (b"\1\5\xfd\1\0w\0", "input 0: non-minimal CompactSize of 1 at offset 2"),
        (b"\3\xfd\5\0\1w\0", "input 0: key at 0, its type: non-minimal CompactSize of 5"),
        (b"\1\xfd\1w\0", "input 0: key at 0, its type: 2 bytes wanted, 0 left"),
        (b"\1\5\1w\1\5\0\0", "PSBT_IN_WITNESS_SCRIPT at offset 4: the key occurs twice"),
    ],
)
def test_what_is_no_map(data, words):
    with pytest.raises(MalformedError) as refused:
        read(data)
    assert words in refused.value.message


def test_long_keys_and_values():
    pairs = [(0xF0, bytes(300), b""), (0x12345, b"", bytes(70_000)), (2**63, b"k", b"")]
    data = a_map(pairs)
    made = read(data)
    assert made.pairs == tuple((Key(t, k), v) for t, k, v in pairs)
    assert made.serialize() == data
    assert Map.of(In, 0, made.pairs).raw == made.raw
