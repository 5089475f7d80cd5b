"""The part of CBOR (RFC 8949) that UR registry types use, read strictly: shortest forms, definite lengths."""

from typing import Any, Final, NamedTuple

from coldsign.errors import MalformedError

MAX_DEPTH: Final = 24
"""Items within items: the deepest registry type has ten."""
MAX_ITEMS: Final = 10_000
"""Items in all: an output descriptor of 15 keys has about 300."""


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

    def whole(self) -> Any:  # noqa: ANN401
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

    def _head(self) -> tuple[int, int]:
        first = self._take(1)[0]
        major, short = first >> 5, first & 31
        if short < 24 or major == 7:
            return major, short
        if short > 27:
            raise self._error("an indefinite or reserved length")
        size = 1 << (short - 24)
        value = int.from_bytes(self._take(size), "big")
        if value < (24 if size == 1 else 1 << (4 * size)):
            raise self._error("a number that is not in its shortest form")
        return major, value

    def _item(self, depth: int) -> Any:  # noqa: ANN401
        self._items += 1
        if depth > MAX_DEPTH or self._items > MAX_ITEMS:
            raise self._error("nested too deep, or too many items,")
        major, value = self._head()
        if major == 0:
            return value
        if major == 2:
            return self._take(value)
        if major == 3:
            return self._text(value)
        if major == 6:
            return Tag(value, self._item(depth + 1))
        return self._compound(major, value, depth)

    def _compound(self, major: int, value: int, depth: int) -> Any:  # noqa: ANN401
        if major == 4:
            return [self._item(depth + 1) for _ in range(min(value, MAX_ITEMS + 1))]
        if major == 5:
            return self._map(value, depth)
        if major == 7 and value in {20, 21}:
            return value == 21
        raise self._error("an item of a kind that no registry type has,")

    def _text(self, size: int) -> str:
        try:
            return self._take(size).decode("utf-8")
        except UnicodeDecodeError:
            raise self._error("text that is not UTF-8") from None

    def _map(self, count: int, depth: int) -> dict[int, Any]:
        found: dict[int, Any] = {}
        for _ in range(min(count, MAX_ITEMS + 1)):
            name = self._item(depth + 1)
            if type(name) is not int or name in found:
                raise self._error("a map key that is no number, or stands twice,")
            found[name] = self._item(depth + 1)
        return found


def decode(data: bytes) -> Any:  # noqa: ANN401
    """One item: an int, bytes, str, list, dict with int keys, bool or Tag.

    Raises:
        MalformedError: It is not this part of CBOR, or bytes are left over.
    """
    return _Reader(data).whole()


def encode(value: Any) -> bytes:  # noqa: ANN401
    """The shortest form of what :func:`decode` gives."""
    if isinstance(value, int):
        return (b"\xf5" if value else b"\xf4") if type(value) is bool else _encoded_head(0, value)
    if isinstance(value, bytes | str):
        data = value.encode() if isinstance(value, str) else value
        return _encoded_head(2 + isinstance(value, str), len(data)) + data
    if isinstance(value, Tag):
        return _encoded_head(6, value.number) + encode(value.value)
    if isinstance(value, list):
        return _encoded_head(4, len(value)) + b"".join(map(encode, value))
    pairs = [encode(name) + encode(item) for name, item in sorted(value.items())]
    return _encoded_head(5, len(pairs)) + b"".join(pairs)


def _encoded_head(major: int, value: int) -> bytes:
    if value < 24:
        return bytes((major << 5 | value,))
    size = next(size for size in (1, 2, 4, 8) if value < 1 << 8 * size)
    return bytes((major << 5 | 23 + size.bit_length(),)) + value.to_bytes(size, "big")
