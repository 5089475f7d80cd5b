"""How far a message is that comes in pictures or lines, on one line of the terminal; then that it is there."""

import time

from coldsign.ceremony.intake import Watcher
from coldsign.cli.keyboard import terminal_size
from coldsign.cli.screen import Screen
from coldsign.primitives.text import printable
from coldsign.qr.joiner import Progress
from coldsign.qr.payload import Payload, PayloadKind

_PERIOD = 0.1  # seconds from one line to the next
_APART = 2.0  # seconds, where lines cannot be overwritten and a braille reader or speech takes each of them
_LONGEST = 1000  # characters; no terminal's line has so many
_LINE = "\r\x1b[K"  # to the line's beginning, and empty it


class Watch(Watcher):
    """Tells the person in front of a screen.

    Args:
        screen: Where.
        period: Seconds from one line to the next; codes of a film come faster than they can be read.
    """

    def __init__(self, screen: Screen, period: float = _PERIOD) -> None:
        self._screen = screen
        self._period = period
        self._due = 0.0
        self._lines = Lines(screen, _APART if period else 0)

    def looked(self, progress: Progress) -> None:
        """Say how far it is, overwriting what was said before."""
        if not self._screen.moves:
            self._lines.say(progress)
        elif (now := time.monotonic()) >= self._due:
            self._due = now + self._period if progress.need else 0
            self._screen.control(_LINE + cut(so_far(progress), terminal_size()[0] - 1))

    def ended(self) -> None:
        """Make room for what is said next."""
        self._screen.control(_LINE)

    def scanned(self, payload: Payload) -> None:
        """Say that it is there, with the digits that the other screen shows."""
        self._screen.keep(done(payload))


class Lines:
    """How far it is, line under line: for a terminal on which nothing can be overwritten.

    Args:
        screen: Where; a file or a pipe gets none of it.
        apart: Seconds from one line to the next.
    """

    def __init__(self, screen: Screen, apart: float = _APART) -> None:
        self._screen = screen
        self._apart = apart
        self._said = ""
        self._due = 0.0

    def say(self, progress: Progress) -> None:
        """Say what is new, not faster than it can be read; the last line at once."""
        words, now = so_far(progress), time.monotonic()
        late = now >= self._due or progress.done
        if late and words != self._said and self._screen.stderr.isatty():
            self._said, self._due = words, now + self._apart
            self._screen.say(words)


def cut(text: str, room: int) -> str:
    """One line of what may be an outsider's words, with dots where it goes on."""
    safe = printable(text, limit=_LONGEST)
    return safe if len(safe) <= room else f"{safe[: max(0, room - 3)]}..."[:room]


def so_far(progress: Progress) -> str:
    """How many parts there are, and what else was seen."""
    seen = f"{progress.have} of {progress.need} parts" if progress.need else "looking for codes"
    return f"{seen}; {progress.note}" if progress.note else seen


def done(payload: Payload) -> str:
    """What was scanned; nothing about a secret but how long it is."""
    size = f"scanned {len(payload.data)} bytes"
    return size if payload.kind is PayloadKind.SEED else f"{size}, sha256 {payload.sha256_short}"
