"""Reading the maps of a PSBT out of its bytes (BIP-174, "Specification")."""

from coldsign.errors import MalformedError
from coldsign.primitives.cursor import Cursor
from coldsign.psbt.fields import Field, map_name
from coldsign.psbt.raw import Key, Map, Pair, by_type

MAX_PAIRS = 65_536
"""Pairs of one PSBT. Each costs 400 bytes of memory and 10 microseconds however short it is; the 2,400
inputs a standard transaction can have, of fifteen cosigners each, stay below."""


class MapReader:
    """Reads the maps of one PSBT, one after the other.

    Args:
        data: The whole PSBT.
        start: Offset of its first map.
    """

    __slots__ = ("_data", "_left", "offset")

    def __init__(self, data: bytes, start: int) -> None:
        self._data = data
        self._left = MAX_PAIRS
        self.offset = start

    @property
    def remaining(self) -> int:
        """Bytes not read yet."""
        return len(self._data) - self.offset

    def finish(self) -> None:
        """Say that the map just read was the last.

        Raises:
            MalformedError: Bytes are left.
        """
        if self.remaining:
            raise MalformedError(
                f"{self.remaining} bytes after the last map, at offset {self.offset}"
            )

    def read(self, kind: type[Field], index: int) -> Map:
        """Read one map up to and with its separator.

        The loop indexes the buffer itself: a large PSBT has ten thousand pairs, and calls would
        cost more than the work. What runs past the end shows as an ``IndexError``, or as a ``stop``
        behind the end.

        Raises:
            MalformedError: A length or a key type is not minimal or runs past the end, a key occurs
                twice, or the PSBT has more than ``MAX_PAIRS`` pairs.
        """
        data, at, end, new = self._data, self.offset, len(self._data), tuple.__new__
        pairs: list[Pair] = []
        try:
            while size := data[at]:
                key_at = at + 1
                if size >= 0xFD:
                    size, key_at = self._long_size(at, kind, index)
                stop = key_at + size
                first = data[key_at]
                key = (
                    new(Key, (first, data[key_at + 1 : stop]))
                    if first < 0xFD
                    else _long_key(data[key_at:stop], at, kind, index)
                )
                size = data[stop]
                at = stop + 1
                if size >= 0xFD:
                    size, at = self._long_size(stop, kind, index)
                stop = at + size
                pairs.append((key, data[at:stop]))
                at = stop
                if at > end or len(pairs) > self._left:
                    break
        except IndexError:
            raise MalformedError(f"{map_name(kind, index)}: the PSBT ends inside it") from None
        found = Map(kind, index, self.offset, tuple(pairs), data[self.offset : at], by_type(pairs))
        self._check(found, cut=at > end)
        self.offset = at + 1
        self._left -= len(pairs)
        return found

    def _check(self, found: Map, *, cut: bool) -> None:
        """Refuse a map whose last value is cut, with too many pairs, or with a key twice."""
        if cut:
            raise found.error(found.pairs[-1], "its value runs past the end")
        if len(found.pairs) > self._left:
            raise found.error(found.pairs[-1], f"more than {MAX_PAIRS} pairs")
        for group in found.fields.values():
            if len(group) > 1 and len({key.data for key, _ in group}) != len(group):
                raise found.error(_repeated(group), "the key occurs twice")

    def _long_size(self, at: int, kind: type[Field], index: int) -> tuple[int, int]:
        """A length that does not fit one byte, and the offset behind it."""
        cursor = Cursor(self._data, map_name(kind, index))
        cursor.offset = at
        return cursor.compact_size(), cursor.offset


def _long_key(raw_key: bytes, at: int, kind: type[Field], index: int) -> Key:
    """A key whose type does not fit one byte."""
    cursor = Cursor(raw_key, f"{map_name(kind, index)}: key at {at}, its type")
    number = cursor.compact_size()
    return Key(number, raw_key[cursor.offset :])


def _repeated(group: list[Pair]) -> Pair:
    """A pair of one type whose key was there before."""
    last = {pair[0].data: at for at, pair in enumerate(group)}
    return next(group[last[key.data]] for at, (key, _) in enumerate(group) if last[key.data] != at)
