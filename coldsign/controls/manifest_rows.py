"""The two forms of a manifest, CSV and JSON, read strictly into raw rows with their lines."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, NoReturn

from coldsign.errors import MalformedError
from coldsign.primitives.text import counted, printable

_COLUMNS: Final = frozenset({"id", "address", "sats"})
_SPACE: Final = re.compile(r"[ \t\r\n]*")


class RawRow(NamedTuple):
    """One row before it is understood."""

    line: int
    id: str
    address: str
    sats: str


def csv_rows(text: str) -> Iterator[RawRow]:
    """The rows of a CSV manifest.

    Raises:
        MalformedError: The header or a line is not as it must be.
    """
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    if not lines:
        raise MalformedError("the manifest is empty")
    header = _fields(1, lines[0])
    if len(header) != 3 or set(header) != _COLUMNS:
        raise MalformedError(
            f"manifest line 1: {_header_words(lines[0])}",
            hint="the first line names the columns, separated by commas: id,address,sats",
        )
    order = [header.index(name) for name in ("id", "address", "sats")]
    for number, line in enumerate(lines[1:], start=2):
        fields = _fields(number, line)
        if len(fields) != 3:
            raise MalformedError(
                f"manifest line {number}: {counted(len(fields), 'field')}, not 3",
                hint="columns are separated by commas, amounts are satoshi without separators",
            )
        yield RawRow(number, *[fields[position] for position in order])


def _fields(number: int, line: str) -> list[str]:
    line = line.removesuffix("\r")
    if not line:
        hint = "take it out; the last row ends with one line feed"
        raise MalformedError(f"manifest line {number}: an empty line", hint=hint)
    return [_unquoted(number, field) for field in line.split(",")]


def _unquoted(number: int, field: str) -> str:
    inner = unquoted(field)
    if '"' in inner:
        hint = "a field may stand in double quotes; none may hold one, nor a comma"
        raise MalformedError(f"manifest line {number}: a double quote within a field", hint=hint)
    return inner


def unquoted(field: str) -> str:
    """A field of a CSV line without the double quotes that it may stand in."""
    return field[1:-1] if len(field) >= 2 and field[0] == field[-1] == '"' else field


def json_rows(text: str) -> Iterator[RawRow]:
    """The objects of a list, one by one, so that an error can name its line."""
    decoder = json.JSONDecoder(
        object_pairs_hook=_distinct,
        parse_int=JsonInteger,
        parse_float=_no_number,
        parse_constant=_no_number,
    )
    cursor = _Position(text)
    cursor.expect("[", "a JSON manifest is a list of objects")
    if not cursor.skips("]"):
        while True:
            line = cursor.line()
            yield _json_row(line, cursor.value(decoder))
            if cursor.skips("]"):
                break
            cursor.expect(",", "a comma or the end of the list is due")
    cursor.finish()


class _Position:
    """Where in a JSON text the reader is."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line, self._counted = 1, 0

    def line(self) -> int:
        self._skip_space()
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def skips(self, char: str) -> bool:
        self._skip_space()
        found = self._text.startswith(char, self._at)
        self._at += found
        return found

    def expect(self, char: str, words: str) -> None:
        if not self.skips(char):
            raise MalformedError(f"manifest line {self.line()}: {words}")

    def value(self, decoder: json.JSONDecoder) -> Any:  # noqa: ANN401 - whatever was there
        try:
            found, self._at = decoder.raw_decode(self._text, self._at)
        except _RowError as error:
            raise MalformedError(f"manifest line {self.line()}: {error}") from None
        except (ValueError, RecursionError):
            raise MalformedError(f"manifest line {self.line()}: not valid JSON") from None
        return found

    def finish(self) -> None:
        self._skip_space()
        if self._at != len(self._text):
            raise MalformedError(f"manifest line {self.line()}: something follows the list")

    def _skip_space(self) -> None:
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at


class _RowError(Exception):
    """A fault that the JSON hooks find; they do not know the line."""


class JsonInteger(str):
    """The digits of a JSON integer, told apart from a JSON string."""

    __slots__ = ()


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RowError("a name stands twice in one object")
    return found


def _no_number(text: str) -> NoReturn:
    raise _RowError(f"{printable(text)} is not a plain integer of satoshi")


def _json_row(line: int, value: object) -> RawRow:
    if not isinstance(value, dict) or value.keys() != _COLUMNS:
        raise MalformedError(f"manifest line {line}: not an object of exactly id, address and sats")
    if not isinstance(value["sats"], JsonInteger):
        raise MalformedError(f"manifest line {line}: sats is not an integer")
    for name in ("id", "address"):
        if not isinstance(value[name], str) or isinstance(value[name], JsonInteger):
            raise MalformedError(f"manifest line {line}: {name} is not text")
    return RawRow(line, value["id"], value["address"], value["sats"])


def _header_words(line: str) -> str:
    """What is wrong with a header; another kind of file, which may be a secret, is not quoted."""
    if any(name in line.lower() for name in _COLUMNS):
        return f"the header is {printable(line)}"
    return "there is no header"
