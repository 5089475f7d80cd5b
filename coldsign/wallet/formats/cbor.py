"""CBOR values (RFC 8949) as far as the UR registry types go, read strictly."""

from typing import Any, Final, NamedTuple

from coldsign.errors import MalformedError
from coldsign.primitives.cbor import (
    ARRAY,
    BYTES,
    MAP,
    SIMPLE,
    TAG,
    TEXT,
    UINT,
    read_head,
    write_head,
)

MAX_DEPTH: Final = 24
"""Items within items: the deepest registry type has ten."""
MAX_ITEMS: Final = 10_000
"""Items in all: an output descriptor of 15 keys has about 300."""
_FALSE, _TRUE = 20, 21  # simple values


class Tag(NamedTuple):
    """A tagged item."""

    number: int
    value: Any


class _Reader:
    __slots__ = ("_data", "_items", "_offset")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0
        self._items = 0

    def whole(self) -> Any:  # noqa: ANN401 - whatever the item is
        value = self._item(0)
        if self._offset != len(self._data):
            raise self._error("bytes are left over")
        return value

    def _error(self, problem: str) -> MalformedError:
        return MalformedError(f"CBOR: {problem} at offset {self._offset}")

    def _take(self, size: int) -> bytes:
        end = self._offset + size
        if end > len(self._data):
            raise self._error(f"{size} bytes are due, {len(self._data) - self._offset} are left")
        taken = self._data[self._offset : end]
        self._offset = end
        return taken

    def _item(self, depth: int) -> Any:  # noqa: ANN401 - whatever the item is
        self._items += 1
        if depth > MAX_DEPTH or self._items > MAX_ITEMS:
            raise self._error("nested too deep, or too many items,")
        start = self._offset
        major, value, self._offset = read_head(self._data, start)
        if major == UINT:
            return value
        if major == BYTES:
            return self._take(value)
        if major == TEXT:
            return self._text(value)
        if major in {ARRAY, MAP, TAG}:
            return self._compound(major, value, depth + 1)
        if major == SIMPLE and value in {_FALSE, _TRUE} and self._offset == start + 1:
            return value == _TRUE
        raise self._error("an item of a kind that no registry type has,")

    def _compound(self, major: int, value: int, depth: int) -> Any:  # noqa: ANN401 - whatever the item is
        if major == TAG:
            return Tag(value, self._item(depth))
        if major == ARRAY:
            return [self._item(depth) for _ in range(min(value, MAX_ITEMS + 1))]
        return self._map(value, depth)

    def _text(self, size: int) -> str:
        try:
            return self._take(size).decode("utf-8")
        except UnicodeDecodeError:
            raise self._error("text that is not UTF-8") from None

    def _map(self, count: int, depth: int) -> dict[int, Any]:
        found: dict[int, Any] = {}
        for _ in range(min(count, MAX_ITEMS + 1)):
            name = self._item(depth)
            if type(name) is not int or name in found:
                raise self._error("a map key that is no number, or stands twice,")
            found[name] = self._item(depth)
        return found


def decode(data: bytes) -> Any:  # noqa: ANN401 - whatever the item is
    """One item: an int, bytes, str, list, dict with int keys, bool or Tag.

    Raises:
        MalformedError: It is not this part of CBOR, or bytes are left over.
    """
    return _Reader(data).whole()


def encode(value: Any) -> bytes:  # noqa: ANN401 - whatever decode gives
    """The shortest form of what :func:`decode` gives."""
    if isinstance(value, int):
        is_bool = type(value) is bool
        return write_head(SIMPLE, _FALSE + value) if is_bool else write_head(UINT, value)
    if isinstance(value, bytes | str):
        data = value.encode() if isinstance(value, str) else value
        return write_head(TEXT if isinstance(value, str) else BYTES, len(data)) + data
    if isinstance(value, Tag):
        return write_head(TAG, value.number) + encode(value.value)
    if isinstance(value, list):
        return write_head(ARRAY, len(value)) + b"".join(map(encode, value))
    pairs = [encode(name) + encode(item) for name, item in sorted(value.items())]
    return write_head(MAP, len(pairs)) + b"".join(pairs)
