"""The journal: what was decided, one hash-chained line each, on the disk before it takes effect.

Two files in the home folder. ``journal.jsonl`` only ever grows, one :class:`Entry` a line.
``journal.head`` holds where the chain stands, replaced after each line: a journal that was cut
short or set back no longer reaches it. Both can be set back together by whoever owns the disk;
what then remains is the count and hash on the operator's paper (:meth:`Journal.demand_anchor`).

A power cut leaves at most a last line without its newline, after a chain that still reaches the
head. That is told apart from every other damage, and neither is repaired unless a person asks.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from coldsign.controls.chain import (
    Damage,
    JournalDamagedError,
    NotedDiffersError,
    Verification,
    demand_beyond_recovery,
    demand_reached,
    demand_torn,
    last_line,
    read_chain,
    verified,
)
from coldsign.controls.entry import EMPTY, LINE_CAP, Anchor, Body, Entry, EntryKind
from coldsign.errors import MalformedError, RefusedError, UnfitError
from coldsign.primitives.hashes import sha256
from coldsign.primitives.lock import exclusive_lock, reading_lock
from coldsign.primitives.storage import (
    append_durably,
    atomic_write,
    ensure_private_dir,
    keep_as,
    open_private,
    open_to_cut,
    read_private,
)
from coldsign.primitives.text import printable

_HEAD_CAP: Final = 4096  # bytes; a number and a hash need about a hundred
_TAIL_SHOWN: Final = 200  # bytes of a torn line kept readable in the recovery's own entry


class Journal:
    """The journal in one home folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._path = home / "journal.jsonl"
        self._head = home / "journal.head"
        self._lock = home / "journal.lock"

    def append(
        self, kind: EntryKind, body: Body, *, now: datetime, only_after: Anchor | None = None
    ) -> Entry:
        """Write one entry and wait until it is on the disk.

        Args:
            kind: What was decided.
            body: The particulars; strings, integers, booleans, null, lists and objects.
            now: By the machine's clock; recorded, never relied on.
            only_after: Where the journal stood when it was read for this decision. If another
                process has written since, the decision was made on an old memory.

        Raises:
            RefusedError: The journal has moved on from ``only_after`` (code ``journal-moved-on``).
            JournalDamagedError: The end of the journal is torn, broken or set back.
            UnfitError: The disk is full or the journal is in use.
        """
        ensure_private_dir(self._home)
        with exclusive_lock(self._lock):
            return self._append(kind, body, now=now, only_after=only_after)

    def _append(
        self, kind: EntryKind, body: Body, *, now: datetime, only_after: Anchor | None = None
    ) -> Entry:
        end = self._end()
        if only_after is not None and end != only_after:
            raise RefusedError(
                f"the journal has {end.seq} entries and had {only_after.seq} at the review",
                hint="somebody else used it in between: review again",
                code="journal-moved-on",
            )
        entry = Entry.make(kind, body, after=end, now=now)
        if self._read_head() != end:  # left behind by a power cut; it must never lag by two
            self._move_head(end)
        self._write(entry, end)
        return entry

    def _write(self, entry: Entry, before: Anchor) -> None:
        """Both files, or neither: a line that the head cannot follow is taken back."""
        line = entry.serialize()
        size = append_durably(self._path, line)
        try:
            self._move_head(entry.anchor)
        except BaseException:
            if self._read_head() != before:
                self._move_head(before)  # where that fails too, the line stands
            with open_to_cut(self._path) as file:
                file.truncate(size - len(line))
                os.fsync(file.fileno())
            raise

    def entries(self) -> Iterator[Entry]:
        """Every entry in order, each proven to follow from the one before.

        Nobody else can write until the iteration ends. It needs no permission to write.

        Raises:
            JournalDamagedError: At the first bad line, or at the end if the journal was set back.
            UnfitError: Somebody is writing (code ``busy``).
        """
        if not self._path.exists() and not self._head.exists():
            return
        with reading_lock(self._lock) as keeps_out:
            try:
                yield from self._read()
            except JournalDamagedError:
                if not keeps_out and self._lock.exists():  # a line may have been read half written
                    raise UnfitError(
                        "another coldsign wrote to the journal while it was read",
                        hint="try again",
                        code="busy",
                    ) from None
                raise

    def glimpse(self, kind: EntryKind) -> Iterator[Entry]:
        """The entries of one kind, each line sound in itself; the chain is not proven.

        For a quick look at a long journal where ``entries`` proves the chain later in the same run.
        """
        if not self._path.exists():
            return
        mark = f',"kind":"{kind.value}","prev":"'.encode()
        with open_private(self._path) as file:
            while line := file.readline(LINE_CAP):
                if mark in line:
                    with contextlib.suppress(MalformedError):  # named by whoever proves the chain
                        entry = Entry.parse(line)
                        if entry.kind is kind:
                            yield entry

    def verify(self) -> Verification:
        """Read the whole journal and name its first bad line, if it has one."""
        return verified(self.entries())

    def demand_anchor(self, noted: Anchor) -> None:
        """Hold the journal against a count and hash that a person noted earlier.

        Args:
            noted: The hash may be its first digits only (at least eight).

        Raises:
            JournalDamagedError: It does not hold; a :class:`NotedDiffersError` where it has no such
                entry (any more).
            UsageError: Fewer than eight digits were given.
        """
        if any(entry.anchor.agrees_with(noted) for entry in self.entries()):
            return
        reason = f"it has no entry {noted.seq} with the noted hash {printable(noted.hash)}"
        raise NotedDiffersError(noted.seq, reason)

    def recover_torn(self, reason: str, *, now: datetime) -> Entry:
        """Cut off a torn last line, keeping its bytes, and record that it was done and why.

        Raises:
            UsageError: The journal is not torn.
            JournalDamagedError: It has worse damage than a torn line.
        """
        with self._mending() as found:
            damage = demand_torn(found)
            with open_to_cut(self._path) as file:
                start, tail = last_line(file)
                atomic_write(self._home / f"journal.torn-{damage.line}", tail, replace=True)
                file.truncate(start)
                os.fsync(file.fileno())
            body = {"line": damage.line, "reason": reason, **_remains(tail)}
            return self._append(EntryKind.RECOVERED, body, now=now)

    def set_aside(self, reason: str, *, now: datetime) -> Entry:
        """Begin a new journal beside one that is broken or set back, and record that and why.

        The memory of what was paid begins anew: only for when no sound copy is left.

        Raises:
            UsageError: The journal is intact or only torn.
        """
        with self._mending() as found:
            damage = demand_beyond_recovery(found)
            body = {"damage": damage.message, **self._keep_aside(), "reason": reason}
            # until the head follows, what is there is as damaged as before: nothing is forgotten unsaid
            entry = Entry.make(EntryKind.RECOVERED, body, after=EMPTY, now=now)
            atomic_write(self._path, entry.serialize(), replace=True)
            self._move_head(entry.anchor)
            return entry

    @contextlib.contextmanager
    def _mending(self) -> Iterator[JournalDamagedError | None]:
        """What is wrong, and nobody else may write before that is mended."""
        if self._path.exists() or self._head.exists():
            with exclusive_lock(self._lock):
                yield verified(self._read()).damage
        else:
            yield None

    def _keep_aside(self) -> Body:
        """Give the journal a second name, under which it stays; where that is, and what it is."""
        if not self._path.exists():
            return {"kept_as": "", "sha256": "no journal"}
        serial = 1
        while (aside := self._home / f"journal.broken-{serial}").exists():
            if aside.samefile(self._path):  # a power cut stopped us here before
                break
            serial += 1
        else:
            keep_as(self._path, aside)
        with open_private(aside) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"kept_as": aside.name, "sha256": digest}

    def _read(self) -> Iterator[Entry]:
        head = self._read_head()
        if self._path.exists():
            with open_private(self._path) as file:
                yield from read_chain(file, head)
        else:
            demand_reached(head, EMPTY, EMPTY)

    def _end(self) -> Anchor:
        """Where the chain stands, by its last line and the head alone."""
        head = self._read_head()
        line = b""
        if self._path.exists():
            with open_private(self._path) as file:
                _, line = last_line(file)
        if not line:
            demand_reached(head, EMPTY, EMPTY)
            return EMPTY
        try:
            entry = Entry.parse(line)
        except MalformedError:
            # The whole chain tells what kind of damage it is.
            return max(entry.anchor for entry in self._read())
        demand_reached(head, Anchor(entry.seq - 1, entry.prev), entry.anchor)
        return entry.anchor

    def _read_head(self) -> Anchor:
        if not self._head.exists():
            return EMPTY
        try:
            record = json.loads(read_private(self._head, _HEAD_CAP))
            return Anchor(int(record["seq"]), str(record["hash"]))
        except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError, MalformedError):
            raise JournalDamagedError(Damage.BROKEN, 1, "its head file is unreadable") from None

    def _move_head(self, anchor: Anchor) -> None:
        record = json.dumps(anchor._asdict()).encode() + b"\n"
        atomic_write(self._head, record, replace=True)


def _remains(tail: bytes) -> Body:
    return {
        "bytes": len(tail),
        "sha256": sha256(tail).hex(),
        "begins": printable(tail, limit=_TAIL_SHOWN),
    }
