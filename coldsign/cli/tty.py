"""The person's own terminal, which a pipe on standard input cannot replace."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

_DEVICE = "/dev/tty"


def is_there() -> bool:
    """Whether this process has a terminal of its own, wherever its streams lead."""
    try:
        with keyboard():
            return True
    except OSError:
        return False


def keyboard() -> IO[str]:
    """The person's keyboard, line by line."""
    return open(_DEVICE, encoding="utf-8", errors="replace")  # noqa: PTH123 - a device


def drop_typeahead(terminal: IO[Any]) -> None:
    """Throw away what was typed before the question was on the screen."""
    import termios

    termios.tcflush(terminal.fileno(), termios.TCIFLUSH)


@contextmanager
def unseen() -> Iterator[None]:
    """Between two prompts for a secret nothing that is typed is shown, and it is thrown away."""
    import termios

    with contextlib.ExitStack() as restoring:
        with contextlib.suppress(OSError, termios.error):
            terminal = restoring.enter_context(keyboard())
            before = termios.tcgetattr(terminal)
            quiet = [*before]
            quiet[3] &= ~termios.ECHO
            termios.tcsetattr(terminal, termios.TCSADRAIN, quiet)
            restoring.callback(termios.tcsetattr, terminal, termios.TCSAFLUSH, before)
        yield
