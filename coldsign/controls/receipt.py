"""The journal as a receipt: for the operations desk, signed and encrypted if wanted.

A receipt is a short text for people, then the journal's own lines, unchanged: whoever gets it can
check the chain again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from coldsign.controls.entry import Anchor, Entry
from coldsign.controls.gpg import seal
from coldsign.controls.journal import Journal
from coldsign.errors import MalformedError, RefusedError, UsageError
from coldsign.primitives.text import printable

RECEIPT_CAP: Final = 64 << 20
"""Bytes of a receipt that is read: some fifty thousand decisions of a few payments each."""
_SHOWN: Final = 100  # characters of an entry's particulars in its line of the text
_TITLE: Final = "coldsign receipt 1"
_LINES: Final = "lines:"
_CHANGED: Final = "it was cut short or changed on its way: ask for it again"
_KEYS: Final = ("wallet", "txid", "review_code", "leaving", "fee", "reason", "why")


def make_receipt(journal: Journal, *, since: int = 1) -> bytes:
    """The journal as text for people followed by its lines.

    Args:
        journal: Read to its end, and only given out intact.
        since: The number of the first entry to give out.

    Raises:
        JournalDamagedError: It is damaged.
        UsageError: It has no such entry.
    """
    entries = list(journal.entries())
    chosen = [entry for entry in entries if entry.seq >= since]
    if not chosen:
        stands = f"ends with entry {entries[-1].seq}" if entries else "is empty"
        raise UsageError(
            f"there is nothing to give out: the journal {stands}",
            hint="--since takes the number of one of them; coldsign journal show lists the last",
            code="nothing-to-export",
        )
    lines = b"".join([entry.serialize() for entry in chosen])
    return f"{_people(chosen)}\n{_LINES}\n".encode("ascii") + lines


def read_receipt(receipt: bytes) -> tuple[Entry, ...]:
    """The entries of a receipt, each line with its true hash, and each following the one before.

    The text for people must be the one that the lines say: whoever reads it believes it.

    Raises:
        MalformedError: It is no receipt, is empty, or a line is not what the journal wrote.
    """
    if receipt.startswith(b"-----BEGIN PGP ") or receipt[:1] >= b"\x80":
        hint = "open it first: gpg --decrypt FILE > opened.txt"
        raise MalformedError("the receipt is still signed or encrypted", hint=hint)
    plain = receipt.replace(b"\r\n", b"\n")
    head, mark, lines = plain.partition(f"\n{_LINES}\n".encode())
    if not mark or not head.startswith(_TITLE.encode()):
        raise MalformedError(
            "not a coldsign receipt", hint="give what coldsign journal export wrote, whole"
        )
    entries = tuple(_entries(lines.splitlines(keepends=True)))
    if not entries:
        raise MalformedError("the receipt holds no entry")
    if head != _people(entries).encode("ascii"):
        raise MalformedError(
            "the receipt's text is not what its lines say: somebody changed it",
            hint="believe neither; ask for the receipt again",
            code="receipt-text-differs",
        )
    return entries


def _entries(lines: Iterable[bytes]) -> Iterator[Entry]:
    before = None
    for number, line in enumerate(lines, start=1):
        try:
            entry = Entry.parse(line)
        except MalformedError as fault:
            words = f"the receipt's line {number} below the text: {fault.message}"
            raise MalformedError(words, hint=_CHANGED) from None
        if before is not None and (entry.seq, entry.prev) != (before.seq + 1, before.hash):
            words = f"the receipt's entry {entry.seq} does not follow the one before"
            raise MalformedError(words, hint=_CHANGED)
        before = entry
        yield entry


def _people(entries: Sequence[Entry]) -> str:
    """The text for people, of the last entries of a journal."""
    told = [f"{entry.seq} {entry.time} {entry.kind.value} {_brief(entry)}" for entry in entries]
    return "\n".join([_TITLE, f"the journal stands at: {entries[-1].anchor}", *told])


def demand_noted(entries: Iterable[Entry], noted: Anchor) -> None:
    """Hold a receipt against a count and hash that a person noted.

    Raises:
        RefusedError: It has no such entry.
        UsageError: Fewer digits than can be relied on were given.
    """
    if not any(entry.anchor.agrees_with(noted) for entry in entries):
        raise RefusedError(
            f"the receipt has no entry {noted.seq} with the noted hash {printable(noted.hash)}",
            code="receipt-differs",
        )


def seal_receipt(
    receipt: bytes,
    *,
    signer: str | None,
    recipients: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """Sign a receipt, and encrypt it where recipients are named; armored text.

    Raises:
        UsageError: Nobody signs it.
        MalformedError: A recipient is not a fingerprint.
        LockedError: There is no such key.
        UnfitError: gpg is missing or failed.
    """
    if signer is None:
        raise UsageError(
            "a receipt is sealed by somebody: name the signing key", hint="--sign-with KEYID"
        )
    return seal(receipt, signer=signer, recipients=recipients, environment=environment)


def _brief(entry: Entry) -> str:
    parts = [f"{key}={entry.body[key]}" for key in _KEYS if key in entry.body]
    return printable(" ".join(parts), limit=_SHOWN)
