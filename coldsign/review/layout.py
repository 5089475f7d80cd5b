"""Lines for people at any width: nothing is cut, long things go on in the next line.

Every line is printable ASCII or words of our own; untrusted text was escaped before it comes here.
"""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

MIN_WIDTH = 40
INDENT = "  "
GROUP = 4


class Role(Enum):
    """What a line is for; the command line gives each its style."""

    TITLE = "title"
    HEADING = "heading"
    TEXT = "text"
    ADDRESS = "address"
    AMOUNT = "amount"
    REFUSE = "refuse"
    CONFIRM = "confirm"
    NOTE = "note"
    CODE = "code"


class Line(NamedTuple):
    """One line of the screen.

    Attributes:
        role: What it is for.
        text: At most as long as the width asked for; empty between blocks.
    """

    role: Role
    text: str


BLANK = Line(Role.TEXT, "")


def in_groups(text: str) -> list[str]:
    """An address in groups of four, as people read it out."""
    return [text[start : start + GROUP] for start in range(0, len(text), GROUP)]


def flow(parts: Iterable[str], width: int, *, gap: str = " ", indent: str = "") -> Iterator[str]:
    """Parts side by side as far as they fit, the rest in the next lines, deeper by one indent.

    A part that is longer than a line alone is broken at the width; nothing is left out.
    """
    line = ""
    for part in parts:
        fresh = not line.strip()
        joined = (line or indent) + ("" if fresh else gap) + part
        if len(joined) <= width:
            line = joined
            continue
        if not fresh:
            yield line
            line = indent + INDENT
        line = (line or indent) + part
        if len(line) > width:
            yield line[:width]
            *whole, last = _pieces(line, width, indent + INDENT)
            yield from whole
            line = last
    if line.strip():
        yield line


def _pieces(line: str, width: int, indent: str) -> list[str]:
    """What does not fit the first line, in lines of its own; never copied whole, it can be megabytes."""
    room = width - len(indent)
    return [indent + line[at : at + room] for at in range(width, len(line), room)]


def words(role: Role, text: str, width: int, *, indent: str = "") -> Iterator[Line]:
    """A sentence, broken between words."""
    return (Line(role, line) for line in flow(text.split(" "), width, indent=indent))


def columns(role: Role, parts: Iterable[str], width: int, *, indent: str = "") -> Iterator[Line]:
    """Short things side by side, two spaces apart."""
    return (Line(role, line) for line in flow(parts, width, gap="  ", indent=indent))


def address(text: str, width: int) -> Iterator[Line]:
    """A whole address in groups of four, indented."""
    lines = flow(in_groups(text), width, indent=INDENT)
    return (Line(Role.ADDRESS, line) for line in lines)
