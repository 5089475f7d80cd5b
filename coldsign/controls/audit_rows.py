"""Rows of an address list: CSV or JSON, one a line, read strictly and without keeping any."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, Protocol, TypeGuard

from coldsign.controls.manifest_rows import JsonInteger, unquoted
from coldsign.errors import MalformedError
from coldsign.primitives.text import counted, printable

LINE_CAP: Final = 4096
"""Bytes of a line: an address has at most 90, an index 10; a JSON line carries an id beside."""

COLUMNS: Final = ("address", "index", "branch")
_KEYS: Final = frozenset({*COLUMNS, "id"})
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)
_ADDRESS: Final = re.compile(r"[0-9A-Za-z]{14,90}", re.ASCII)
_PLAIN: Final = re.compile(rb"([0-9A-Za-z]{14,90}),(0|[1-9][0-9]{0,9})\r?")  # most lines there are
_READ: Final = 64 << 10  # bytes: what a pipe holds, some 900 rows, a tenth of a second of one core


class AuditRow(NamedTuple):
    """One address that is claimed to be ours.

    Attributes:
        line: Where it stands, counted from 1.
        address: As it is written.
        index: Its number on the branch; ``None`` if the list does not say.
        branch: 0 where the list does not say.
        id: What a JSON line called it; given back, never looked at.
    """

    line: int
    address: str
    index: int | None  # type: ignore[assignment]  # the column's word; tuple.index is not used
    branch: int
    id: str | None


class Stream(Protocol):
    """What a list is read from: ``sys.stdin.buffer``, an open file, ``io.BytesIO``."""

    def read1(self, size: int, /) -> bytes:
        """At most ``size`` bytes, as soon as there are any; none at the end."""
        ...


class Block(NamedTuple):
    """Some whole lines as they arrived.

    Attributes:
        data: They; all but the last of a stream end with a line feed.
        first: The number of the first of them.
    """

    data: bytes
    first: int


def read_blocks(stream: Stream) -> Iterator[Block]:
    """The lines of a stream in blocks, each given out as soon as it has arrived.

    Raises:
        MalformedError: A line is longer than :data:`LINE_CAP`; what stands before was given out.
    """
    rest = b""
    number = 1
    while piece := stream.read1(_READ):
        whole, end, piece = piece.rpartition(b"\n")
        if end:
            data = rest + whole + end
            yield Block(data, number)
            number += data.count(b"\n")
            rest = piece
        else:
            rest += piece
        if len(rest) > LINE_CAP:
            raise _too_long(number)
    if rest:
        yield Block(rest, number)


def header_of(line: bytes) -> tuple[str, ...] | None:
    """The columns that a first line names; ``None`` if it is a row already.

    Raises:
        MalformedError: It names other columns than ``address``, ``index`` and ``branch``.
    """
    names = tuple(map(unquoted, line.decode("ascii", "replace").removesuffix("\r").split(",")))
    if not {name.strip().lower() for name in names} & set(COLUMNS):
        return None
    if "address" not in names or len(set(names)) != len(names) or not set(names) <= set(COLUMNS):
        raise MalformedError(
            f"line 1: the header is {printable(line)}", hint="the columns are: address,index,branch"
        )
    return names


def parse_rows(
    lines: Iterable[bytes], first: int, columns: tuple[str, ...] = COLUMNS
) -> Iterator[AuditRow]:
    """Understand some lines, one by one.

    Args:
        lines: Without their line feeds.
        first: The number of the first of them.
        columns: What CSV fields mean; fewer fields are allowed at the end of a line.

    Raises:
        MalformedError: A line is not as it must be; it is named.
    """
    usual = columns[:2] == COLUMNS[:2]
    for number, line in enumerate(lines, start=first):
        plain = _PLAIN.fullmatch(line) if usual else None
        if plain is not None:
            address, index = plain.groups()
            yield AuditRow(number, address.decode(), int(index), 0, None)
            continue
        if len(line) > LINE_CAP:
            raise _too_long(number)
        line = line.removesuffix(b"\r")  # noqa: PLW2901  # the line without its whole end
        if not line:
            raise MalformedError(f"line {number}: an empty line", hint="take it out of the list")
        yield _json(line, number) if line[:1] in b"{[" else _csv(line, number, columns)


def _csv(line: bytes, number: int, columns: tuple[str, ...]) -> AuditRow:
    fields = [*map(unquoted, line.decode("utf-8", "replace").split(","))]
    if len(fields) > len(columns):
        words = f"line {number}: {counted(len(fields), 'field')}, not {len(columns)}"
        raise MalformedError(words, hint=f"the columns are: {','.join(columns)}")
    given = dict(zip(columns, fields, strict=False))
    index = _number(given["index"], number) if "index" in given else None
    branch = _number(given["branch"], number) if "branch" in given else 0
    return AuditRow(number, _address(given.get("address", ""), number), index, branch, None)


def _json(line: bytes, number: int) -> AuditRow:
    try:
        record = json.loads(
            line.decode("utf-8"), object_pairs_hook=_distinct, parse_int=JsonInteger
        )
    except (ValueError, RecursionError):
        raise MalformedError(f"line {number}: not valid JSON") from None
    if not isinstance(record, dict):
        hint = "JSON lines are due: one object a line, no list around them"
        raise MalformedError(f"line {number}: not a JSON object", hint=hint)
    if not record.keys() <= _KEYS:
        raise MalformedError(f"line {number}: only address, index, branch and id may stand here")
    address, name = record.get("address"), record.get("id")
    numbers = [record.get(key) for key in ("index", "branch")]
    if not _is_text(address) or not (name is None or _is_text(name)):
        raise MalformedError(f"line {number}: address and id are texts")
    if any(_is_text(value) for value in numbers):
        raise MalformedError(f"line {number}: index and branch are numbers")
    index, branch = [None if value is None else _number(value, number) for value in numbers]
    return AuditRow(number, _address(address, number), index, branch or 0, name)


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and not isinstance(value, JsonInteger)


def _address(text: str, number: int) -> str:
    if not _ADDRESS.fullmatch(text):
        if not text:
            raise MalformedError(f"line {number}: no address")
        raise MalformedError(f"line {number}: {printable(text)} is not an address")
    return text


def _number(text: object, number: int) -> int:
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        shown = printable(str(text))
        raise MalformedError(f"line {number}: {shown} is not a plain number")
    return int(text)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _too_long(number: int) -> MalformedError:
    return MalformedError(f"line {number}: longer than {LINE_CAP} bytes")
