"""Single key presses from the person's terminal, and the terminal's size."""

import os
import select
import shutil
import sys
import termios
import tty
from typing import Any, Self

from coldsign.cli.screen import stopped

# What terminals send for the keys we use; everything else is returned as typed.
_SEQUENCES = {
    b"\x1b[A": "up",
    b"\x1b[B": "down",
    b"\x1b[C": "right",
    b"\x1b[D": "left",
    b"\x1b[5~": "up",
    b"\x1b[6~": "down",
    b"\r": "enter",
    b"\n": "enter",
    b" ": "space",
    b"\x7f": "left",
}


class Keyboard:
    """The controlling terminal in single-key mode; restored on leaving, whatever happens.

    Raises:
        DeclinedError: Ctrl-C, Ctrl-D or a closed terminal while a key was awaited.
    """

    def __init__(self) -> None:
        self._fd = -1
        self._saved: list[Any] = []

    def __enter__(self) -> Self:
        self._fd = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
        self._saved = termios.tcgetattr(self._fd)
        tty.setcbreak(self._fd, termios.TCSAFLUSH)
        return self

    def __exit__(self, *_: object) -> None:
        termios.tcsetattr(self._fd, termios.TCSAFLUSH, self._saved)
        os.close(self._fd)

    def drop_typeahead(self) -> None:
        """Throw away the keys that were pressed before what they would answer was on the screen."""
        termios.tcflush(self._fd, termios.TCIFLUSH)

    def key(self, wait_seconds: float | None = None) -> str | None:
        """The next key by name or character, or None when none came in time; of a burst only the first counts."""
        try:
            ready, _, _ = select.select([self._fd], [], [], wait_seconds)
            if not ready:
                return None
            data = os.read(self._fd, 16)
        except KeyboardInterrupt:
            raise stopped() from None
        if data in {b"", b"\x03", b"\x04"}:
            raise stopped()
        first = data[:1]
        return _SEQUENCES.get(data) or _SEQUENCES.get(first) or first.decode("ascii", "replace")


def terminal_size() -> tuple[int, int]:
    """Columns and rows of the terminal the person looks at, asked anew each time so that a resize is seen."""
    for stream in (sys.stderr, sys.stdout):
        try:
            size = os.get_terminal_size(stream.fileno())
        except (OSError, ValueError):
            continue
        if size.columns and size.lines:
            return size.columns, size.lines
    fallback = shutil.get_terminal_size()
    return fallback.columns, fallback.lines
