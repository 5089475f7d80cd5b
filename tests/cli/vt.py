"""A small terminal: what a person sees of the bytes a program writes.

It knows what coldsign is allowed to send. Any other control sequence is kept in ``foreign``, so that a test sees an
escape sequence that came through from outside.
"""

import re
from typing import NamedTuple

_SEQUENCE = re.compile(r"\x1b\[(\??[0-9;]*)([A-Za-z])")
_PLAIN = (None, None)


class Cell(NamedTuple):
    """One place of the screen: its character and its two colours, None where they are the terminal's own."""

    char: str
    ink: int | None
    paper: int | None


BLANK = Cell(" ", None, None)


class Vt:
    """A screen of so many columns and rows, with a cursor and colours.

    Attributes:
        foreign: Control sequences and characters that this terminal does not know.
        cursor_shown: Whether the cursor can be seen.
        styled: How often a colour or weight was set.
        gone: Lines that left the screen at its top.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.foreign: list[str] = []
        self.cursor_shown = True
        self.styled = 0
        self.gone: list[str] = []
        self._cells = [[BLANK] * columns for _ in range(rows)]
        self._row = self._column = 0
        self._colours: tuple[int | None, int | None] = _PLAIN
        self._rest = ""

    def resize(self, columns: int, rows: int) -> None:
        """Another size; what was on the screen is dropped, as the program draws anew."""
        self.columns, self.rows = columns, rows
        self._cells = [[BLANK] * columns for _ in range(rows)]
        self._row = self._column = 0

    def feed(self, text: str) -> None:
        """Take what the program wrote; a sequence may come in two pieces."""
        text, self._rest = self._rest + text, ""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                found = _SEQUENCE.match(text, at)
                if found is None:
                    if len(text) - at < 40 and re.fullmatch(r"\x1b(\[\??[0-9;]*)?", text[at:]):
                        self._rest = text[at:]
                        return
                    self.foreign.append(text[at : at + 12])
                    at += 1
                    continue
                self._control(found[1], found[2])
                at = found.end()
            else:
                self._put(text[at])
                at += 1

    def _put(self, char: str) -> None:
        if char == "\r":
            self._column = 0
        elif char == "\n":
            self._down()
        elif char == "\b":
            self._column = max(0, self._column - 1)
        elif char.isprintable():
            if self._column == self.columns:
                self._column = 0
                self._down()
            self._cells[self._row][self._column] = Cell(char, *self._colours)
            self._column += 1
        elif char != "\a":
            self.foreign.append(char)

    def _down(self) -> None:
        if self._row < self.rows - 1:
            self._row += 1
            return
        self.gone.append(_text(self._cells.pop(0)))
        self._cells.append([BLANK] * self.columns)

    def _control(self, arguments: str, final: str) -> None:
        match (arguments, final):
            case ("2", "J"):
                self._cells = [[BLANK] * self.columns for _ in range(self.rows)]
            case ("3", "J"):
                self.gone.clear()
            case ("", "H"):
                self._row = self._column = 0
            case (_, "H") if arguments.count(";") == 1:
                row, column = arguments.split(";")
                self._row, self._column = int(row) - 1, int(column) - 1
            case ("" | "0", "K"):
                self._cells[self._row][self._column :] = [BLANK] * (self.columns - self._column)
            case ("?25h" | "?25l" | "?25", _):
                self.cursor_shown = final == "h"
            case (_, "m"):
                self._colour([int(part or 0) for part in arguments.split(";")])
            case _:
                self.foreign.append(f"\x1b[{arguments}{final}")

    def _colour(self, codes: list[int]) -> None:
        ink, paper = self._colours
        while codes:
            code = codes.pop(0)
            if code == 0:
                ink, paper = _PLAIN
            elif code in {38, 48} and codes[:1] == [5]:
                ink, paper = (codes[1], paper) if code == 38 else (ink, codes[1])
                del codes[:2]
            if code:
                self.styled += 1
        self._colours = (ink, paper)

    @property
    def lines(self) -> list[str]:
        """The screen's lines, without spaces at their ends."""
        return [_text(row) for row in self._cells]

    @property
    def text(self) -> str:
        """The screen as one text, without empty lines at its end."""
        return "\n".join(self.lines).rstrip("\n")

    @property
    def cells(self) -> list[list[Cell]]:
        """The screen's places, row by row."""
        return self._cells


def _text(row: list[Cell]) -> str:
    return "".join(cell.char for cell in row).rstrip()
