"""The little CBOR that URs need, strict: shortest lengths, definite sizes, nothing after the item.

dCBOR (BCR-2020-005) asks for exactly this; other encodings of the same value are refused, so one message has one form.
"""

from typing import NamedTuple

from coldsign.errors import MalformedError

UINT, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = 0, 2, 3, 4, 5, 6, 7
_MAX_DEPTH = (
    32  # the deepest registry type nests 12 levels; recursion stays far from Python's limit
)
_MAX_ITEMS = 100_000  # items of one message when walked; the largest account has some hundreds


class Head(NamedTuple):
    """Major type, argument, and where the item's content starts."""

    major: int
    value: int
    offset: int


def read_head(data: bytes, offset: int = 0) -> Head:
    """One initial byte with its argument.

    Raises:
        MalformedError: Truncated, of indefinite length, reserved, or longer than needed.
    """
    if offset >= len(data):
        raise MalformedError(f"cbor ends at offset {offset}")
    major, info = data[offset] >> 5, data[offset] & 31
    if info < 24:
        return Head(major, info, offset + 1)
    if info > 27:
        raise MalformedError(f"cbor item of indefinite or reserved length at offset {offset}")
    size = 1 << (info - 24)
    raw = data[offset + 1 : offset + 1 + size]
    value = int.from_bytes(raw, "big")
    floor = 24 if size == 1 else 1 << (size * 4)
    if len(raw) != size:
        raise MalformedError(f"cbor ends inside a length at offset {offset}")
    if value < floor and major != SIMPLE:
        raise MalformedError(f"cbor length is not in its shortest form at offset {offset}")
    return Head(major, value, offset + 1 + size)


def write_head(major: int, value: int) -> bytes:
    """An initial byte with its argument in the shortest form."""
    if value < 24:
        return bytes([major << 5 | value])
    size = 1 if value < 1 << 8 else 2 if value < 1 << 16 else 4 if value < 1 << 32 else 8
    return bytes([major << 5 | 23 + size.bit_length()]) + value.to_bytes(size, "big")


def wrap_bytes(data: bytes) -> bytes:
    """A byte string item."""
    return write_head(BYTES, len(data)) + data


def unwrap_bytes(data: bytes) -> bytes:
    """The content of the one byte string that ``data`` is.

    Raises:
        MalformedError: Another item, a wrong length, or bytes after it.
    """
    head = read_head(data)
    if head.major != BYTES:
        raise MalformedError(f"cbor byte string expected, major type {head.major} seen")
    if len(data) - head.offset != head.value:
        raise MalformedError(
            f"cbor byte string of {head.value} bytes, {len(data) - head.offset} bytes follow"
        )
    return data[head.offset :]


def check(data: bytes) -> None:
    """Walk one item of any type to its end.

    Raises:
        MalformedError: It is not well formed, nests too deep, or is not all of ``data``.
    """
    pending = [1]  # how many items are still due at each depth
    offset = items = 0
    while pending:
        if not pending[-1]:
            pending.pop()
            continue
        pending[-1] -= 1
        head = read_head(data, offset)
        items += 1
        offset, children = _skip(data, head)
        if children:
            pending.append(children)
        if len(pending) > _MAX_DEPTH or items > _MAX_ITEMS:
            raise MalformedError("cbor nests too deep or has too many items")
    if offset != len(data):
        raise MalformedError(f"{len(data) - offset} bytes after the cbor item")


def _skip(data: bytes, head: Head) -> tuple[int, int]:
    """Where the item's own bytes end, and how many items it contains."""
    offset = head.offset
    if head.major in {BYTES, TEXT}:
        offset += head.value
    if offset > len(data):
        raise MalformedError(f"cbor string runs past the end at offset {head.offset}")
    if head.major in {ARRAY, MAP}:
        if head.value > len(data):
            raise MalformedError(f"cbor collection of {head.value} items at offset {head.offset}")
        return offset, head.value * (2 if head.major == MAP else 1)
    return offset, 1 if head.major == TAG else 0
