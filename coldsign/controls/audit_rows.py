"""Rows of an address list: CSV or JSON, one a line, read strictly and without keeping any."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from coldsign.controls.manifest_rows import JsonInteger
from coldsign.errors import MalformedError
from coldsign.primitives.fileio import Readable
from coldsign.primitives.text import printable

LINE_CAP: Final = 4096
"""Bytes of a line: an address has at most 90, an index 10; a JSON line carries an id beside."""

_COLUMNS: Final = ("address", "index", "branch")
_KEYS: Final = frozenset({*_COLUMNS, "id"})
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)
_ADDRESS: Final = re.compile(r"[0-9A-Za-z]{14,90}", re.ASCII)
_READ: Final = 1 << 20


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


def read_lines(stream: Readable) -> Iterator[bytes]:
    """The lines of a stream without their ends, as they arrive.

    Raises:
        MalformedError: A line is longer than :data:`LINE_CAP`.
    """
    rest = b""
    number = 0
    while block := stream.read(_READ):
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            number += 1
            _demand_short(line, number)
            yield line.removesuffix(b"\r")
        _demand_short(rest, number + 1)
    if rest:
        yield rest.removesuffix(b"\r")


def header_of(line: bytes) -> tuple[str, ...] | None:
    """The columns that a first line names; ``None`` if it is a row already.

    Raises:
        MalformedError: It names other columns than ``address``, ``index`` and ``branch``.
    """
    names = tuple(line.removeprefix(b"\xef\xbb\xbf").decode("ascii", "replace").split(","))
    if not set(names) & set(_COLUMNS):
        return None
    if "address" not in names or len(set(names)) != len(names) or not set(names) <= set(_COLUMNS):
        raise MalformedError(
            f"line 1: the header is {printable(line)}", hint="columns: address,index,branch"
        )
    return names


def parse_rows(
    lines: Sequence[bytes], first: int, columns: tuple[str, ...] = _COLUMNS
) -> list[AuditRow]:
    """Understand some lines.

    Args:
        lines: Without their ends.
        first: The number of the first of them.
        columns: What CSV fields mean; fewer fields are allowed at the end of a line.

    Raises:
        MalformedError: A line is not as it must be; it is named.
    """
    return [
        _json(line, number) if line[:1] == b"{" else _csv(line, number, columns)
        for number, line in enumerate(lines, start=first)
    ]


def _csv(line: bytes, number: int, columns: tuple[str, ...]) -> AuditRow:
    fields = line.decode("utf-8", "replace").split(",")
    if len(fields) > len(columns):
        raise MalformedError(f"line {number}: {len(fields)} fields, not {len(columns)}")
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


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not isinstance(value, JsonInteger)


def _address(text: str, number: int) -> str:
    if not _ADDRESS.fullmatch(text):
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


def _demand_short(line: bytes, number: int) -> None:
    if len(line) > LINE_CAP:
        raise MalformedError(f"line {number}: longer than {LINE_CAP} bytes")
