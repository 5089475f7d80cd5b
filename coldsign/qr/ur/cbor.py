"""The little CBOR that URs need, strict: shortest lengths, definite sizes, nothing after the item.

URs ask for exactly this (BCR-2020-005); other encodings of the same value are refused, so one message has one form.
"""

from collections.abc import Iterator

from coldsign.errors import MalformedError
from coldsign.primitives.cbor import (
    ARRAY,
    BYTES,
    MAP,
    SIMPLE,
    TAG,
    TEXT,
    UINT,
    Head,
    read_head,
    write_head,
)

_MAX_DEPTH = 32
"""Items within items; the deepest registry type nests 12 levels."""
_MAX_ITEMS = 100_000
"""Items of one message when walked; the largest account has some hundreds."""
_TRUE = 21
_IS_MASTER, _IS_PRIVATE, _KEY = 1, 2, 3
"""Numbers of BCR-2020-007 and -008: what an HD key or EC key says about itself, and its bytes."""


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
        raise MalformedError(f"CBOR: a byte string is due, major type {head.major} is there")
    if len(data) - head.offset != head.value:
        raise MalformedError(
            f"CBOR: a byte string of {head.value} bytes, {len(data) - head.offset} bytes follow"
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
            raise MalformedError("CBOR: nested too deep, or too many items")
    if offset != len(data):
        raise MalformedError(f"CBOR: {len(data) - offset} bytes after the item")


def has_private_key(data: bytes) -> bool:
    """Whether a checked item is, or holds anywhere, an HD key or EC key that is secret by its label or its form."""
    for number, head in _members(data):
        if number in {_IS_MASTER, _IS_PRIVATE} and (head.major, head.value) == (SIMPLE, _TRUE):
            return True
        if number == _KEY and head.major == BYTES:
            key = data[head.offset : head.offset + head.value]
            if len(key) == 32 or (len(key) == 33 and key[0] == 0):
                return True
    return False


def _members(data: bytes) -> Iterator[tuple[int, Head]]:
    """What stands behind the whole numbers that are keys of maps."""
    due, in_map, number = [1], [False], [-1]
    offset = 0
    while due:
        if not due[-1]:
            for stack in (due, in_map, number):
                stack.pop()
            continue
        due[-1] -= 1
        head = read_head(data, offset)
        offset, children = _skip(data, head)
        if in_map[-1] and due[-1] % 2:
            number[-1] = head.value if head.major == UINT else -1
        elif in_map[-1]:
            yield number[-1], head
        if children:
            due.append(children)
            in_map.append(head.major == MAP)
            number.append(-1)


def _skip(data: bytes, head: Head) -> tuple[int, int]:
    """Where the item's own bytes end, and how many items it contains."""
    offset = head.offset
    if head.major in {BYTES, TEXT}:
        offset += head.value
    if offset > len(data):
        raise MalformedError(f"CBOR: a string runs past the end at offset {head.offset}")
    if head.major in {ARRAY, MAP}:
        if head.value > len(data):
            raise MalformedError(
                f"CBOR: a collection of {head.value} items at offset {head.offset}"
            )
        return offset, head.value * (2 if head.major == MAP else 1)
    return offset, 1 if head.major == TAG else 0
