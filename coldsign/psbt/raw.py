"""One PSBT map exactly as it arrived, and the two ways to read typed fields out of its pairs.

A field either takes no key data and occurs once, or is keyed by its data (BIP-174).
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import takewhile
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from coldsign.errors import MalformedError
from coldsign.primitives.cursor import compact_size, var_bytes
from coldsign.psbt.fields import KNOWN, Field, field_name, map_name

K = TypeVar("K")
V = TypeVar("V")

NOTHING: Mapping[Any, Any] = MappingProxyType({})
"""What a field keyed by its key data is where there is none."""

SEPARATOR = b"\x00"


class Key(NamedTuple):
    """The key of one pair.

    Attributes:
        type: The key type: a number of the map's ``Field`` enum, or one we do not know.
        data: What follows the type: a public key, a hash, or nothing.
    """

    type: int
    data: bytes

    def serialize(self) -> bytes:
        """Type and data, without the length in front."""
        return compact_size(self.type) + self.data


Pair = tuple[Key, bytes]


def serialize_pair(pair: Pair) -> bytes:
    """One pair as it stands in a map."""
    (type_, data), value = pair
    if type_ < 0xFD and len(data) < 0xFC and len(value) < 0xFD:
        return bytes((len(data) + 1, type_)) + data + bytes((len(value),)) + value
    return var_bytes(pair[0].serialize()) + var_bytes(pair[1])


class Map(NamedTuple):
    """One map, in arrival order.

    Attributes:
        kind: Which of the three kinds of map it is, as the enum of its key types.
        number: Its place among the maps of its kind.
        start: Offset of its first byte in the PSBT it was read from.
        pairs: All pairs, known or not, in arrival order.
        raw: The bytes of the pairs, without the separator after them.
        fields: The same pairs by key type.
    """

    kind: type[Field]
    number: int
    start: int
    pairs: tuple[Pair, ...]
    raw: bytes
    fields: dict[int, list[Pair]]

    @classmethod
    def of(cls, kind: type[Field], number: int, pairs: Iterable[Pair]) -> "Map":
        """A map of these pairs, whose keys must be distinct."""
        kept = tuple(pairs)
        return cls(kind, number, 0, kept, b"".join(map(serialize_pair, kept)), by_type(kept))

    @property
    def name(self) -> str:
        """What a person calls it: ``global map``, ``input 3``, ``output 0``."""
        return map_name(self.kind, self.number)

    def one(self, field: Field, decode: Callable[[bytes], V]) -> V | None:
        """Decode the single pair of this type, which must carry no key data; None if there is none.

        Raises:
            MalformedError: It carries key data, or its value is malformed.
        """
        found = self.fields.get(field)
        if found is None:
            return None
        key, value = found[-1]
        if key.data or len(found) > 1:
            raise self.error(next(pair for pair in found if pair[0].data), "takes no key data")
        try:
            return decode(value)
        except MalformedError as bad:
            raise self.error(found[0], bad.message) from bad

    def many(
        self, field: Field, key: Callable[[bytes], K], value: Callable[[bytes], V]
    ) -> Mapping[K, V]:
        """Decode all pairs of this type, by their key data.

        Raises:
            MalformedError: The key data or the value of one of them is malformed.
        """
        found = self.fields.get(field)
        if found is None:
            return NOTHING
        decoded: dict[K, V] = {}
        for pair in found:
            try:
                decoded[key(pair[0].data)] = value(pair[1])
            except MalformedError as bad:
                raise self.error(pair, bad.message) from bad
        return decoded

    def check(self, field: Field, holds: Callable[[bytes, bytes], bool], problem: str) -> None:
        """Check what the key data and the value of each pair of this type must have in common.

        Raises:
            MalformedError: It does not hold for one of them.
        """
        for pair in self.fields.get(field, ()):
            if not holds(pair[0].data, pair[1]):
                raise self.error(pair, problem)

    def require(self, field: Field, decode: Callable[[bytes], V]) -> V:
        """Decode the single pair of this type, which must be there.

        Raises:
            MalformedError: It is missing, or ``one`` refuses it.
        """
        value = self.one(field, decode)
        if value is None:
            raise MalformedError(f"{self.name}: {field.bip_name} is missing")
        return value

    def forbid(self, fields: frozenset[Field], why: str) -> None:
        """Refuse these types.

        Raises:
            MalformedError: One of them is there.
        """
        if not fields.isdisjoint(self.fields):
            raise self.error(next(pair for pair in self.pairs if pair[0].type in fields), why)

    def unknown(self) -> tuple[Pair, ...]:
        """The pairs of types that no BIP we read defines, and the proprietary ones."""
        known = KNOWN[self.kind]
        if known.issuperset(self.fields):
            return ()
        return tuple(pair for pair in self.pairs if pair[0].type not in known)

    def adding(self, pairs: tuple[Pair, ...]) -> "Map":
        """This map with more pairs at its end.

        Raises:
            MalformedError: A key is already there.
        """
        fields = dict(self.fields)
        for pair in pairs:
            group = fields.get(pair[0].type, [])
            if any(pair[0] == key for key, _ in group):
                name = field_name(self.kind, pair[0].type)
                raise MalformedError(f"{self.name}: this {name} is already there")
            fields[pair[0].type] = [*group, pair]
        raw = self.raw + b"".join(map(serialize_pair, pairs))
        return self._replace(pairs=self.pairs + pairs, raw=raw, fields=fields)

    def setting(self, key: Key, value: bytes) -> "Map":
        """This map with another value for a key: in its place, or at the end where it is new."""
        pairs = dict(self.pairs)
        pairs[key] = value
        return Map.of(self.kind, self.number, pairs.items())

    def keeping(self, keep: Callable[[Pair], bool]) -> "Map":
        """This map with only the pairs that satisfy ``keep``."""
        return Map.of(self.kind, self.number, filter(keep, self.pairs))

    def serialize(self) -> bytes:
        """The bytes of the map, with its separator."""
        return self.raw + SEPARATOR

    def error(self, pair: Pair, problem: str) -> MalformedError:
        """An error that names the map, the field, and where in the PSBT its pair starts."""
        before = takewhile(lambda other: other is not pair, self.pairs)
        offset = self.start + sum(len(serialize_pair(other)) for other in before)
        name = field_name(self.kind, pair[0].type)
        return MalformedError(f"{self.name}: {name} at offset {offset}: {problem}")


def by_type(pairs: Iterable[Pair]) -> dict[int, list[Pair]]:
    """Group pairs by key type, in arrival order."""
    fields: dict[int, list[Pair]] = {}
    for pair in pairs:
        type_ = pair[0][0]
        if type_ in fields:
            fields[type_].append(pair)
        else:
            fields[type_] = [pair]
    return fields
