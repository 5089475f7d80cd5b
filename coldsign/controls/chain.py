"""Reading the journal's chain: which line is the first that does not hold, and what that means."""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import BinaryIO, Final, NamedTuple

from coldsign.controls.entry import EMPTY, LINE_CAP, Anchor, Entry
from coldsign.errors import MalformedError, RefusedError, UsageError

_TAIL_CHUNK: Final = 1 << 16  # bytes read at a time, backwards


class Damage(Enum):
    """What can be wrong with a journal."""

    TORN = "torn"
    """The last line was being written when the power went; everything before it holds."""
    BROKEN = "broken"
    """A line is not what was written: edited, reordered, removed, or a failing disk."""
    ROLLED_BACK = "rolled-back"
    """The chain holds but ends before the place it had reached: cut short or set back."""


class JournalDamagedError(RefusedError):
    """The journal is not what coldsign wrote.

    Attributes:
        damage: Which kind.
        line: The first bad line, counted from 1; for a journal set back, the first missing one.
    """

    def __init__(self, damage: Damage, line: int, reason: str) -> None:
        hint = _HINTS[damage]
        message = f"the journal is damaged ({damage.value}) at line {line}: {reason}"
        super().__init__(message, hint=hint, code=f"journal-{damage.value}")
        self.damage = damage
        self.line = line


class NotedDiffersError(JournalDamagedError):
    """The journal holds, but is not the one that a person noted: it was set back, or the note is wrong."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(Damage.ROLLED_BACK, line, reason)
        self.hint = (
            "read the note again; if it is right, stop all signing here: coldsign halt engage"
        )


_HINTS: Final = {
    Damage.TORN: "a power cut does this; look at the last line, then: coldsign journal recover --why TEXT",
    Damage.BROKEN: "compare with your last export; find out who wrote to this folder",
    Damage.ROLLED_BACK: "compare with your last export and the count on your paper",
}


class Verification(NamedTuple):
    """The outcome of reading the whole journal.

    Attributes:
        anchor: Where the chain stands, as far as it holds.
        damage: What is wrong, if anything.
    """

    anchor: Anchor
    damage: JournalDamagedError | None


def demand_torn(damage: JournalDamagedError | None) -> JournalDamagedError:
    """The damage, if it is what a power cut does and can be cut off.

    Raises:
        UsageError: There is none.
        JournalDamagedError: It is worse.
    """
    if damage is None:
        raise UsageError(
            "the journal is intact: there is nothing to recover",
            hint="nothing need be done; coldsign journal verify says where it stands",
        )
    if damage.damage is not Damage.TORN:
        raise damage
    return damage


def demand_beyond_recovery(damage: JournalDamagedError | None) -> JournalDamagedError:
    """The damage, if it is worse than a power cut's.

    Raises:
        UsageError: There is none, or it can be cut off.
    """
    if damage is None or damage.damage is Damage.TORN:
        raise UsageError(
            "the journal need not be set aside: it is intact or only torn",
            hint="coldsign journal verify says which; a torn one is recovered: coldsign journal recover",
        )
    return damage


def verified(entries: Iterable[Entry]) -> Verification:
    """How far a chain holds, read to its end or to its first bad line."""
    anchor = EMPTY
    try:
        for entry in entries:
            anchor = entry.anchor
    except JournalDamagedError as damage:
        return Verification(anchor, damage)
    return Verification(anchor, None)


def read_chain(file: BinaryIO, head: Anchor) -> Iterator[Entry]:
    """Every entry of a journal file, each proven to follow from the one before.

    Args:
        file: At its beginning.
        head: How far the chain is known to have reached.

    Raises:
        JournalDamagedError: At the first bad line, or at the end where the head is not reached.
    """
    before = reached = EMPTY
    while line := file.readline(LINE_CAP):
        try:
            entry = Entry.parse(line)
        except MalformedError as fault:
            raise _bad_line(file, head, reached.seq + 1, fault.message) from None
        if entry.seq != reached.seq + 1 or entry.prev != reached.hash:
            reason = "it does not follow from the line before"
            raise JournalDamagedError(Damage.BROKEN, reached.seq + 1, reason)
        if entry.seq == head.seq and entry.hash != head.hash:
            reason = "it is not the line that stood here when it was written"
            raise JournalDamagedError(Damage.BROKEN, entry.seq, reason)
        before, reached = reached, entry.anchor
        yield entry
    demand_reached(head, before, reached)


def demand_reached(head: Anchor, before: Anchor, reached: Anchor) -> None:
    """Compare where the chain ends with where the head says that it ended.

    The head is written after the line: a power cut between the two leaves it one entry behind.

    Args:
        head: By the head file.
        before: The place before the last entry.
        reached: The place after the last entry.

    Raises:
        JournalDamagedError: They disagree.
    """
    if head in {reached, before}:
        return
    if head.seq > reached.seq:
        reason = f"the journal had {head.seq} entries and now ends after {reached.seq}"
        raise JournalDamagedError(Damage.ROLLED_BACK, reached.seq + 1, reason)
    reason = f"the head file knows {head.seq} entries only, or others"
    raise JournalDamagedError(Damage.BROKEN, min(head.seq + 1, reached.seq), reason)


def last_line(file: BinaryIO) -> tuple[int, bytes]:
    """Where the last line (with or without a newline) begins, and its bytes; both 0 if empty."""
    start = file.seek(0, 2)
    tail = b""
    while start and b"\n" not in tail[:-1] and len(tail) < LINE_CAP:
        size = min(max(_TAIL_CHUNK, len(tail)), start)  # doubled: no byte moves often
        start = file.seek(start - size)
        tail = file.read(size) + tail
    cut = tail.rfind(b"\n", 0, -1) + 1
    return start + cut, tail[cut:]


def _bad_line(file: BinaryIO, head: Anchor, number: int, reason: str) -> JournalDamagedError:
    """A line that does not parse: torn if it is the last, and beyond what the head has seen.

    The head moves only after a line is wholly on the disk, so a line within it was once whole. The
    blocks of a line can reach a disk in any order: the newline may be there and the middle not.
    """
    is_last = not file.read(1)
    if is_last and number == head.seq + 1:
        return JournalDamagedError(Damage.TORN, number, reason)
    if is_last and number <= head.seq:
        return JournalDamagedError(Damage.ROLLED_BACK, number, reason)
    return JournalDamagedError(Damage.BROKEN, number, reason)
