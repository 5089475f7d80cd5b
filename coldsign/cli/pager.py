"""The review, page by page: the decision is asked only after every line was on the screen."""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coldsign.cli.keyboard import Keyboard, terminal_size
from coldsign.cli.screen import Screen
from coldsign.errors import DeclinedError

# Below this an address in groups of four does not fit on two lines.
MIN_COLUMNS = 40
MIN_ROWS = 10
_STATUS_ROWS = 2  # the line of keys, and the cursor below it
_LOOK_SECONDS = 0.25  # between two looks at the terminal's size
_CLEAR = "\x1b[2J\x1b[H"
_BACK = frozenset({"left", "up", "b"})
_ON = frozenset({"space", "enter", "right", "down", "n"})


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a page: its role (cli/screen.py STYLES) and its text."""

    role: str
    text: str


def page_width() -> int:
    """The columns to lay out for where nothing is paged: the terminal's, or 80 where there is none; at least 40."""
    return max(terminal_size()[0], MIN_COLUMNS)


def page_through(
    screen: Screen, layout: Callable[[int], Sequence[Row]], *, then: str = "to the decision"
) -> None:
    """Show rows page by page until the last page was seen.

    Args:
        screen: Where to show them.
        layout: Makes the rows for a width. A resize lays out anew and starts again at the first page, because what
            was seen at the old size may have been elsewhere.
        then: Where the last page leads to, in words.

    Raises:
        DeclinedError: The person left before the end.
    """
    screen.need_person()
    book = _Book(layout, then, terminal_size())
    if book.fits and len(book.pages) == 1:
        _show(screen, book.pages[0])
        return
    layout = _after(screen.kept, layout)
    book = _Book(layout, then, book.size)
    with Keyboard() as keyboard:
        book.show(screen)
        while not book.read:
            key = _await_key(keyboard, book.size)
            if key == "resized":
                book = _Book(layout, then, terminal_size())
            elif key == "q":
                raise DeclinedError(
                    "stopped in the review", hint="nothing was signed", code="stopped"
                )
            elif not book.turn(key):
                continue
            keyboard.drop_typeahead()
            book.show(screen)


def _after(kept: str, layout: Callable[[int], Sequence[Row]]) -> Callable[[int], Sequence[Row]]:
    """The same rows behind what was said before them."""

    def rows(width: int) -> Sequence[Row]:
        said = textwrap.wrap(kept, width - 1)
        return [*(Row("good", line) for line in said), *layout(width)]

    return rows


class _Book:
    """The pages of one terminal size, and the one that lies open."""

    def __init__(
        self, layout: Callable[[int], Sequence[Row]], then: str, size: tuple[int, int]
    ) -> None:
        self.size, self.then, self.current = size, then, 0
        self.read = False
        columns, rows = size
        # In a smaller terminal lines would be folded or scroll away unseen.
        self.fits = columns >= MIN_COLUMNS and rows >= MIN_ROWS
        self.pages = _pages(layout(columns), rows - _STATUS_ROWS) if self.fits else []

    @property
    def at_end(self) -> bool:
        """Whether the last page lies open."""
        return self.current == len(self.pages) - 1

    def turn(self, key: str) -> bool:
        """Turn a page, as the key says; whether another one lies open now. On from the last page, all was read."""
        before = self.current
        if key in _BACK:
            self.current = max(0, self.current - 1)
        elif key in _ON and self.fits:
            self.read = self.at_end
            self.current += not self.at_end
        return self.current != before

    def show(self, screen: Screen) -> None:
        """Draw the open page."""
        screen.control(_CLEAR)
        if not self.fits:
            need = f"{MIN_COLUMNS}x{MIN_ROWS}"
            screen.say(f"this terminal is too small: {need} is needed; q stops", "error")
            return
        _show(screen, self.pages[self.current])
        on = self.then if self.at_end else "next page"
        where = f"-- page {self.current + 1} of {len(self.pages)} --"
        long, short = f"{where} space: {on}, b: back, q: stop", f"{where} space, b, q"
        screen.tell(long if len(long) < self.size[0] else short, "note")


def _await_key(keyboard: Keyboard, size: tuple[int, int]) -> str:
    while True:
        key = keyboard.key(wait_seconds=_LOOK_SECONDS)
        if terminal_size() != size:
            return "resized"
        if key is not None:
            return key


def _show(screen: Screen, rows: Sequence[Row]) -> None:
    for row in rows:
        screen.tell(row.text, row.role)


def _pages(rows: Sequence[Row], height: int) -> list[Sequence[Row]]:
    """Cut rows into pages, between blocks (blank rows) where a block fits on a page."""
    pages: list[Sequence[Row]] = []
    page: list[Row] = []
    for block in _blocks(rows):
        if page and len(page) + len(block) > height:
            pages.append(page)
            page = []
        for row in block:
            if len(page) == height:
                pages.append(page)
                page = []
            page.append(row)
    pages.append(page)
    return pages


def _blocks(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows that belong together: up to and including the blank row that ends them."""
    blocks: list[list[Row]] = [[]]
    for row in rows:
        blocks[-1].append(row)
        if not row.text:
            blocks.append([])
    return [block for block in blocks if block]
