"""The review, page by page: the decision is asked only after every line was on the screen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coldsign.cli.keyboard import Keyboard, terminal_size
from coldsign.cli.screen import Screen
from coldsign.errors import DeclinedError

# Below this an address in groups of four does not fit on two lines.
MIN_COLUMNS = 40
MIN_ROWS = 10
_CLEAR = "\x1b[2J\x1b[H"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a page: its role (cli/screen.py STYLES) and its text."""

    role: str
    text: str


def page_through(screen: Screen, layout: Callable[[int], Sequence[Row]]) -> None:
    """Show rows page by page until the last page was seen.

    Args:
        screen: Where to show them.
        layout: Makes the rows for a width. A resize lays out anew and starts again at the first page, because what
            was seen at the old size may have been elsewhere.

    Raises:
        DeclinedError: The person left before the end.
    """
    screen.need_person()
    size = terminal_size()
    pages = _pages(layout(max(size[0], MIN_COLUMNS)), max(size[1], MIN_ROWS) - 2)
    if len(pages) == 1:
        _show(screen, pages[0])
        return
    current = 0
    with Keyboard() as keyboard:
        while True:
            _turn(screen, pages, current)
            key = _await_key(keyboard, size)
            if key == "resized":
                size = terminal_size()
                pages = _pages(layout(max(size[0], MIN_COLUMNS)), max(size[1], MIN_ROWS) - 2)
                current = 0
            elif key in {"left", "up", "b"}:
                current = max(0, current - 1)
            elif key == "q":
                raise DeclinedError(
                    "stopped in the review", hint="nothing was signed", code="stopped"
                )
            elif key in {"space", "enter", "right", "down", "n"}:
                if current == len(pages) - 1:
                    return
                current += 1


def _await_key(keyboard: Keyboard, size: tuple[int, int]) -> str:
    while True:
        key = keyboard.key(wait_seconds=0.25)
        if terminal_size() != size:
            return "resized"
        if key is not None:
            return key


def _turn(screen: Screen, pages: Sequence[Sequence[Row]], current: int) -> None:
    screen.control(_CLEAR)
    _show(screen, pages[current])
    last = current == len(pages) - 1
    keys = "space goes on to the decision" if last else "space next page"
    screen.tell(f"-- page {current + 1} of {len(pages)} -- {keys}, b back, q stop --", "note")


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
