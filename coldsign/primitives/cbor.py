"""The heads of CBOR items, strict: shortest forms and definite lengths only, so that one message has one encoding.

That is the core of deterministic CBOR (RFC 8949, section 4.2.1), which the UR registry types ask for.
"""

from typing import Final, NamedTuple

from coldsign.errors import MalformedError

UINT, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = 0, 2, 3, 4, 5, 6, 7
"""Major types; negative numbers (1) are in no format that coldsign reads."""

_LEAST_LONG_SIMPLE: Final = 32
"""Simple values below are written in the head itself, or reserved."""


class Head(NamedTuple):
    """Major type, argument, and the offset where the item's content starts."""

    major: int
    value: int
    offset: int


def read_head(data: bytes, offset: int = 0) -> Head:
    """The initial byte at an offset, with its argument.

    Raises:
        MalformedError: Cut short, of indefinite length, reserved, or longer than needed.
    """
    if offset >= len(data):
        raise MalformedError(f"CBOR: cut short at offset {offset}")
    major, info = data[offset] >> 5, data[offset] & 31
    if info < 24:
        return Head(major, info, offset + 1)
    if info > 27:
        raise MalformedError(f"CBOR: an indefinite or reserved length at offset {offset}")
    size = 1 << (info - 24)
    start, stop = offset + 1, offset + 1 + size
    if stop > len(data):
        raise MalformedError(f"CBOR: cut short inside a number at offset {offset}")
    value = int.from_bytes(data[start:stop], "big")
    least = 24 if size == 1 else 1 << (4 * size)
    if major == SIMPLE:  # longer arguments are floats, of which every value is its own
        least = _LEAST_LONG_SIMPLE if size == 1 else 0
    if value < least:
        raise MalformedError(f"CBOR: a number not in its shortest form at offset {offset}")
    return Head(major, value, stop)


def write_head(major: int, value: int) -> bytes:
    """An initial byte with its argument, below 2^64, in the shortest form."""
    if value < 24:
        return bytes((major << 5 | value,))
    size = 1 if value < 1 << 8 else 2 if value < 1 << 16 else 4 if value < 1 << 32 else 8
    return bytes((major << 5 | 23 + size.bit_length(),)) + value.to_bytes(size, "big")
