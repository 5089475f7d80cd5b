"""The halt latch: while it is engaged, nothing is signed.

It is one file in the home folder. Whatever is there under its name engages it: a file that cannot
be read, an empty one, a link to nowhere. Only its absence releases, and only
:meth:`Latch.release` takes it away, after the journal has the reason on the disk.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from coldsign.controls.entry import Entry, EntryKind, is_halted_after, stamp
from coldsign.controls.journal import Journal
from coldsign.errors import ColdsignError, HaltedError, UsageError
from coldsign.primitives.filefault import failure, shown
from coldsign.primitives.fileio import sync_folder
from coldsign.primitives.storage import atomic_write, ensure_private_dir, read_private
from coldsign.primitives.text import printable

_CAP: Final = 64 << 10  # bytes; a reason of a few lines is a few hundred
_SHOWN: Final = 300  # characters of a reason in a message


class Halt(NamedTuple):
    """Why the latch is engaged.

    Attributes:
        why: In words.
        when: ``2026-11-22T17:00:00Z`` by the machine's clock, or empty where unknown.
        who: A name, or empty where unknown.
    """

    why: str
    when: str
    who: str

    def __str__(self) -> str:
        known = [self.when, f"by {self.who}" if self.who else ""]
        aside = ", ".join(printable(part) for part in known if part)
        return printable(self.why, limit=_SHOWN) + (f" ({aside})" if aside else "")


_FILE_GONE: Final = Halt("the journal says that the latch is engaged, and its file is gone", "", "")


def halted_by(entries: Iterable[Entry]) -> bool:
    """Whether the journal's last word about the latch is that it was engaged.

    Signing asks this too, so deleting the latch's file is no way around it.
    """
    halted = False
    for entry in entries:
        halted = is_halted_after(entry.kind, halted)
    return halted


def demand_reason(reason: str, *, what: str = "a release") -> None:
    """Let no release, and nothing else that the journal must explain, pass without a reason.

    Raises:
        UsageError: There is none.
    """
    if not reason.strip():
        raise UsageError(f"{what} needs a reason", hint="say it with --why, for the journal")


class Latch:
    """The latch in one home folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._path = home / "halt"

    def status(self) -> Halt | None:
        """Why it is engaged; ``None`` only if it certainly is not."""
        try:
            self._path.lstat()
        except FileNotFoundError:
            return None
        except OSError:
            return Halt("the latch cannot be looked at", "", "")
        try:
            record = json.loads(read_private(self._path, _CAP))
            return Halt(str(record["why"]), str(record["when"]), str(record["who"]))
        except (ColdsignError, ValueError, KeyError, TypeError, RecursionError):
            return Halt("the latch is there but cannot be read", "", "")

    def check(self, *, recorded: bool = False) -> None:
        """Let only a released latch pass.

        Args:
            recorded: Whether the journal's last word is that it was engaged, where that was read.

        Raises:
            HaltedError: It is engaged, or may be.
        """
        halt = self.status() or (_FILE_GONE if recorded else None)
        if halt is not None:
            raise HaltedError(
                f"halted: {halt}",
                hint="find out why; a keyholder releases it with: coldsign halt release",
            )

    def engage(self, why: str, when: datetime, *, who: str, journal: Journal) -> Entry | None:
        """Halt all signing. An engaged latch keeps its first reason; the journal gets every one.

        Args:
            why: In words.
            when: By the machine's clock.
            who: Who or what found it.
            journal: Where it is recorded; a damaged one does not hinder.

        Returns:
            The journal's entry, or ``None`` where the journal could not take one.

        Raises:
            UnfitError: The disk refuses even an empty file. Anything less than that halts.
        """
        ensure_private_dir(self._home)
        record = {"why": why, "when": stamp(when), "who": who}
        try:
            atomic_write(self._path, json.dumps(record).encode() + b"\n", replace=False)
        except UsageError:
            pass  # engaged already
        except ColdsignError:
            # A full disk often still has room for a name; the name alone halts.
            self._engage_bare()
        try:
            return journal.append(EntryKind.HALTED, record, now=when)
        except ColdsignError:
            return None

    def release(self, reason: str, when: datetime, *, who: str, journal: Journal) -> Entry:
        """Allow signing again, after the reason is in the journal.

        Raises:
            UsageError: It is not engaged, or no reason is given.
            JournalDamagedError: The journal must be set right first.
            UnfitError: The disk refuses.
        """
        demand_reason(reason)
        halted = [halt.why for halt in (self.status(),) if halt is not None]
        if not halted and not halted_by(journal.entries()):
            raise UsageError(
                "the latch is not engaged", hint="signing is possible; nothing need be released"
            )
        if (damage := journal.verify().damage) is not None:
            raise damage
        if self._path.is_dir() and not self._path.is_symlink():
            raise UsageError(
                f"{shown(self._path)} is a folder, which coldsign never makes",
                hint="find out what is in it and who put it there; then remove it, and release again",
                code="latch-is-folder",
            )
        body = {"reason": reason, "who": who, "halted": halted}
        entry = journal.append(EntryKind.RELEASED, body, now=when)
        try:
            self._path.unlink(missing_ok=True)
            sync_folder(self._home)
        except OSError as error:
            raise failure(error, "cannot release", self._path) from None
        return entry

    def _engage_bare(self) -> None:
        try:
            self._path.touch(mode=0o600)
            sync_folder(self._home)
        except OSError as error:
            raise failure(error, "cannot engage", self._path) from None
