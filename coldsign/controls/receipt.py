"""The journal as a receipt: for the operations desk, signed and encrypted if wanted.

A receipt is a short text for people, then the journal's own lines, unchanged: whoever gets it can
check the chain again.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
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
_KEYS: Final = ("wallet", "txid", "review_code", "leaving", "fee", "reason", "why")


def make_receipt(journal: Journal, *, since: int = 1) -> bytes:
    """The journal as text for people followed by its lines.

    Args:
        journal: Read to its end, and only given out intact.
        since: The number of the first entry to give out.

    Raises:
        JournalDamagedError: It is damaged.
    """
    entries = list(journal.entries())
    chosen = [entry for entry in entries if entry.seq >= since]
    stands = str(entries[-1].anchor) if entries else "0"
    people = [f"{entry.seq} {entry.time} {entry.kind.value} {_brief(entry)}" for entry in chosen]
    text = "\n".join([_TITLE, f"the journal stands at: {stands}", *people, _LINES, ""])
    return text.encode("ascii") + b"".join([entry.serialize() for entry in chosen])


def read_receipt(receipt: bytes) -> tuple[Entry, ...]:
    """The entries of a receipt, each line with its true hash, and each following the one before.

    Raises:
        MalformedError: It is no receipt, is empty, or a line is not what the journal wrote.
    """
    head, mark, lines = receipt.partition(f"\n{_LINES}\n".encode())
    if not mark or not head.startswith(_TITLE.encode()):
        raise MalformedError("not a coldsign receipt")
    entries = tuple([Entry.parse(line) for line in lines.splitlines(keepends=True)])
    for before, after in itertools.pairwise(entries):
        if (after.seq, after.prev) != (before.seq + 1, before.hash):
            raise MalformedError(f"the receipt's entry {after.seq} does not follow the one before")
    if not entries:
        raise MalformedError("the receipt holds no entry")
    return entries


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
        UsageError: Nobody signs it, or a recipient is not a fingerprint.
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
