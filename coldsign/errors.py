"""Every way coldsign says no, with the exit code a script sees.

Each error is one line for a person (``message``), one stable word for a script (``code``), and, where something
can be done about it, one line that says what (``hint``).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar


class ColdsignError(Exception):
    """The root of all expected failures; never raised itself.

    Args:
        message: One line, lower case, without a full stop. Untrusted text in it is already escaped.
        hint: One line that says what the user can do, or nothing.
        code: A stable kebab-case word for scripts; the class's own where none is given.
    """

    exit_code: ClassVar[int] = 1
    default_code: ClassVar[str] = "bug"

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code


class SelfCheckError(ColdsignError):
    """Our own output failed its verification: a bug or a machine fault. The latch is engaged."""

    exit_code = 1
    default_code = "self-check-failed"


class UsageError(ColdsignError):
    """The command was called wrongly."""

    exit_code = 2
    default_code = "usage"


class MalformedError(ColdsignError):
    """The input is not what it claims to be: a damaged PSBT, QR, descriptor, manifest or file."""

    exit_code = 3
    default_code = "malformed"


class RefusedError(ColdsignError):
    """A check, the policy, the manifest, the approvals or the journal forbid it."""

    exit_code = 4
    default_code = "refused"


class DeclinedError(ColdsignError):
    """The person said no, or the expected review code is not this review's."""

    exit_code = 5
    default_code = "declined"


class LockedError(ColdsignError):
    """Wrong passphrase, no such key, or a key that cannot sign this PSBT."""

    exit_code = 6
    default_code = "locked"


class HaltedError(ColdsignError):
    """The halt latch is engaged; nothing is signed."""

    exit_code = 7
    default_code = "halted"


class UnfitError(ColdsignError):
    """This machine cannot do it: a network is up, a library is missing, the disk is full."""

    exit_code = 8
    default_code = "unfit"


@contextmanager
def hinting(hint: str, kind: type[ColdsignError]) -> Iterator[None]:
    """Say what can be done about an error of this kind that says nothing about it itself."""
    try:
        yield
    except kind as error:
        error.hint = error.hint or hint
        raise


def missing_library(error: Exception) -> UnfitError | None:
    """What an installation lacks, where that is why something failed; a module of ours missing is a bug."""
    if not isinstance(error, ImportError) or (error.name or "coldsign").startswith("coldsign"):
        return None
    return UnfitError(
        f"the library {error.name} is missing or does not load",
        hint="install coldsign again with all its libraries (docs/install.md)",
        code="library-missing",
    )
