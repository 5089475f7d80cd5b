import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.primitives.cursor import Cursor, compact_size, var_bytes

QUICK = settings(max_examples=200, deadline=None)


@QUICK
@given(st.integers(0, 2**64 - 1))
def test_compact_size_round_trip(value):
    encoded = compact_size(value)
    cursor = Cursor(encoded)
    assert cursor.compact_size() == value
    cursor.finish()


@pytest.mark.parametrize(
    ("value", "size"),
    [(0, 1), (252, 1), (253, 3), (0xFFFF, 3), (0x10000, 5), (0xFFFFFFFF, 5), (0x100000000, 9)],
)
def test_compact_size_is_the_shortest(value, size):
    assert len(compact_size(value)) == size
    assert Cursor(compact_size(value)).compact_size() == value


@pytest.mark.parametrize("value", [-1, 2**64])
def test_compact_size_of_an_impossible_count(value):
    with pytest.raises(ValueError, match="CompactSize"):
        compact_size(value)


@pytest.mark.parametrize(
    "data",
    ["fd0000", "fdfc00", "fe00000000", "feffff0000", "ff0000000000000000", "ffffffffff00000000"],
)
def test_longer_forms_are_refused_where_they_stand(data):
    cursor = Cursor(b"x" + bytes.fromhex(data), "map")
    cursor.read(1)
    with pytest.raises(MalformedError, match=r"map: non-minimal CompactSize of .* at offset 1"):
        cursor.compact_size()


@pytest.mark.parametrize("data", ["", "fd", "fd00", "fe000000", "ff00000000000000"])
def test_cut_sizes_are_refused(data):
    with pytest.raises(MalformedError, match="bytes wanted"):
        Cursor(bytes.fromhex(data)).compact_size()


def test_numbers_are_little_endian():
    cursor = Cursor(bytes(range(1, 10)) + b"\xfe" + b"\xff" * 7)
    assert cursor.u8() == 0x01
    assert cursor.i64() == 0x0908070605040302
    assert cursor.remaining == 8
    assert cursor.i64() == -2
    cursor.finish()


def test_reads_say_what_and_where():
    cursor = Cursor(b"abc", "witness script")
    assert cursor.read(2) == b"ab"
    with pytest.raises(
        MalformedError, match=r"^witness script: 2 bytes wanted, 1 left at offset 2"
    ):
        cursor.read(2)
    assert cursor.offset == 2
    with pytest.raises(MalformedError):
        cursor.read(-1)
    with pytest.raises(MalformedError, match="1 bytes too many at offset 2"):
        cursor.finish()


def test_var_bytes_has_a_cap():
    assert Cursor(var_bytes(b"abc")).var_bytes() == b"abc"
    assert Cursor(var_bytes(b"abc")).var_bytes(3) == b"abc"
    with pytest.raises(MalformedError, match="above the limit of 2"):
        Cursor(var_bytes(b"abc")).var_bytes(2)
    with pytest.raises(MalformedError, match="above the limit"):
        Cursor(b"\xff" + b"\xff" * 8).var_bytes()


@QUICK
@given(
    st.binary(max_size=40),
    st.lists(st.sampled_from(["u8", "i64", "var_bytes", "compact_size"])),
)
def test_any_bytes_are_read_or_malformed(data, calls):
    cursor = Cursor(data)
    for call in calls:
        before = cursor.offset
        try:
            getattr(cursor, call)()
        except MalformedError:
            return
        assert before < cursor.offset <= len(data)
