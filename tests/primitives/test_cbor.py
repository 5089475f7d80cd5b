import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.primitives.cbor import ARRAY, BYTES, SIMPLE, UINT, Head, read_head, write_head

SIZES = st.sampled_from([0, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**64 - 1])
MAJORS = st.integers(0, 6)


@given(st.integers(0, 2**64 - 1) | SIZES, MAJORS, st.binary(max_size=3), st.binary(max_size=3))
def test_heads_are_read_back_where_they_stand(value, major, before, after):
    head = write_head(major, value)
    assert read_head(before + head + after, len(before)) == Head(
        major, value, len(before) + len(head)
    )


@given(st.binary(max_size=12), st.integers(0, 12))
def test_any_bytes_are_a_head_in_its_shortest_form_or_malformed(data, offset):
    try:
        head = read_head(data, offset)
    except MalformedError:
        return
    if head.major != SIMPLE:
        assert data[offset : head.offset] == write_head(head.major, head.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "cut short at offset 0"),
        ("18", "cut short inside a number"),
        ("1bffffffffffffff", "cut short inside a number"),
        ("1817", "shortest form"),
        ("1900ff", "shortest form"),
        ("5a0000ffff", "shortest form"),
        ("9b00000000ffffffff", "shortest form"),
        ("f81f", "shortest form"),
        ("1c", "indefinite or reserved"),
        ("5f", "indefinite or reserved"),
        ("ff", "indefinite or reserved"),
    ],
)
def test_other_heads_are_malformed(text, problem):
    with pytest.raises(MalformedError, match=problem):
        read_head(bytes.fromhex(text))


def test_the_majors_are_the_standards():
    assert read_head(bytes.fromhex("1903e8")) == (UINT, 1000, 3)
    assert read_head(bytes.fromhex("4401020304")) == (BYTES, 4, 1)
    assert read_head(bytes.fromhex("83010203")) == (ARRAY, 3, 1)
    assert read_head(bytes.fromhex("f5")) == (SIMPLE, 21, 1)
    assert read_head(bytes.fromhex("f93c00")) == (SIMPLE, 0x3C00, 3)
    assert read_head(bytes.fromhex("f820")) == (SIMPLE, 32, 2)
