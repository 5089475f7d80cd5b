"""A message off the keyboard: typed by a hand scanner, a code a line, or pasted."""

import os
import re
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from coldsign.ceremony.intake import SEED, read_lines
from coldsign.cli.screen import Screen, stopped
from coldsign.cli.watch import Watch
from coldsign.errors import MalformedError
from coldsign.qr.payload import Payload, PayloadKind
from coldsign.qr.recognise import MAX_FILE

_END = b"\x04"  # Ctrl-D
_CHUNK = 4096
_OPENLY = "paste the text; Ctrl-D ends"
_SECRETLY = "type the digits, which are not shown; Enter ends"


def scan(screen: Screen, want: frozenset[PayloadKind]) -> Callable[[], Payload]:
    """A scanner for what is typed at the terminal on standard input."""

    def run() -> Payload:
        try:
            with _unfolded(sys.stdin.fileno()) as lines:
                screen.say(f"scan with a hand scanner, or {_SECRETLY if want == SEED else _OPENLY}")
                return read_lines(lines, want=want, watcher=Watch(screen, 0))
        except KeyboardInterrupt:
            raise stopped() from None

    return run


def standard_input(
    screen: Screen, want: frozenset[PayloadKind]
) -> IO[bytes] | Callable[[], Payload]:
    """Standard input as it is, or a scanner where a person types there."""
    typed = sys.stdin.isatty() and screen.person_present
    return scan(screen, want) if typed else sys.stdin.buffer


@contextmanager
def _unfolded(descriptor: int) -> Iterator[Iterator[bytes]]:
    """Lines as they come: a terminal's own would end after 4,095 characters, and show them all."""
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor, termios.TCSADRAIN)
    try:
        yield _lines(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)


def _lines(descriptor: int) -> Iterator[bytes]:
    """Lines that are not empty, until Ctrl-D."""
    held, total, ended = b"", 0, False
    while not ended:
        data = os.read(descriptor, _CHUNK)
        text, end, _ = data.partition(_END)
        total += len(text)
        if total > MAX_FILE:
            raise MalformedError(f"more than {MAX_FILE} bytes were typed")
        *whole, held = re.split(rb"[\r\n]+", held + text)
        yield from filter(None, whole)
        ended = bool(end) or not data
    if held:
        yield held
