"""The three standard streams: never missing at the start, never half-written at the end."""

import os
import sys

from coldsign.errors import UnfitError


def open_missing() -> None:
    """Give each closed standard stream the null device.

    Otherwise the first file that is opened, such as the journal, would get the stream's number, and what is meant for
    the stream would end in it. Standard output gets it for reading only: a result that nobody can have is an error,
    where words for a person may go nowhere.
    """
    for number, mode in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_RDWR)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor


def flushed(code: int) -> int:
    """The exit code, once standard output has taken what was written; where it cannot, that it could not."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), 1
        )  # what is left in the buffer goes nowhere, quietly
        return code or UnfitError.exit_code
    return code
