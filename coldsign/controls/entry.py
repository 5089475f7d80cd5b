"""One line of the journal: canonical JSON that carries its own hash and that of the line before.

A line is ``{"body":{…},"kind":"…","prev":"…","seq":1,"time":"…","hash":"…"}``. ``hash`` is the
SHA-256 of the line without its ``hash`` member (that is, of everything before ``,"hash"`` and a
closing brace), and ``prev`` is the ``hash`` of the line before, so an auditor can check the chain
with ``sha256sum`` alone. The JSON is canonical (sorted keys, no spaces, ASCII, no floats):
for one meaning there is one line.
"""

import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple, NoReturn

from coldsign.errors import MalformedError, UsageError
from coldsign.primitives.hashes import sha256

LINE_CAP: Final = 32 << 20
"""Bytes. The record of the largest transaction a block can hold (97,000 inputs of 41 bytes, some
90 characters each here) fits three times."""

GENESIS: Final = "0" * 64
"""What the first line names as the hash before it."""

_SUFFIX: Final = re.compile(rb',"hash":"([0-9a-f]{64})"\}\n\Z')
_SUFFIX_LENGTH: Final = 76
_HASH: Final = re.compile(r"[0-9a-f]{64}\Z")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z", re.ASCII)


def _no_float(text: str) -> NoReturn:
    raise ValueError(text)


_DECODE: Final = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float).decode
_ENCODE: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_MEMBERS: Final = {"body", "kind", "prev", "seq", "time"}

Body = dict[str, Any]
"""A JSON object of strings, integers, booleans, null, lists and objects; floats are refused."""


class EntryKind(StrEnum):
    """What was decided. Never reused for another meaning."""

    INTENT = "intent"
    """A transaction was cleared; its signature follows. Written before a key is touched."""
    SIGNED = "signed"
    """The intent's signature was made and verified."""
    ABANDONED = "abandoned"
    """The intent came to nothing: no signature left this machine."""
    REFUSED = "refused"
    """A check, the policy, the manifest or the approvals forbade it."""
    DECLINED = "declined"
    """The person said no."""
    APPROVED = "approved"
    """A reviewer approved a review on this machine."""
    HALTED = "halted"
    """The latch was engaged."""
    RELEASED = "released"
    """The latch was released, for a reason."""
    REGISTERED = "registered"
    """A wallet was registered or removed."""
    POLICY = "policy"
    """A policy was bound to a wallet."""
    AUDITED = "audited"
    """A list of addresses was audited."""
    RECOVERED = "recovered"
    """The journal was damaged, and a person chose to go on."""
    CEREMONY = "ceremony"
    """A step of a scripted ceremony."""


def is_halted_after(kind: EntryKind, before: bool) -> bool:  # noqa: FBT001 - the state, not a switch
    """Whether the latch is engaged after an entry of this kind, by the journal alone.

    Args:
        kind: Of the entry.
        before: Whether it was engaged before it.
    """
    return kind is EntryKind.HALTED or (before and kind is not EntryKind.RELEASED)


class Entry(NamedTuple):
    """One decision.

    Attributes:
        seq: 1 for the first line, one more for each after it.
        time: UTC, ``2026-11-22T17:00:00Z``, by the clock of the machine.
        kind: What was decided.
        prev: The hash of the line before, hex.
        body: The particulars.
        hash: The hash of this line, hex.
    """

    seq: int
    time: str
    kind: EntryKind
    prev: str
    body: Body
    hash: str

    @classmethod
    def make(cls, kind: EntryKind, body: Body, *, after: "Anchor", now: datetime) -> "Entry":
        """The entry that follows ``after``.

        Raises:
            TypeError: The body holds what the journal cannot (a float, bytes): a bug of the caller.
        """
        demand_exact(body)
        seq, time = after.seq + 1, stamp(now)
        content = _content(seq, time, kind, after.hash, body)
        return cls(seq, time, kind, after.hash, body, sha256(content).hex())

    @classmethod
    def parse(cls, line: bytes) -> "Entry":
        """Read one line, with its newline.

        Raises:
            MalformedError: It is not exactly what :meth:`serialize` writes.
        """
        suffix = _SUFFIX.search(line, max(0, len(line) - _SUFFIX_LENGTH))
        if suffix is None:
            raise MalformedError("the line does not end with its hash")
        content = line[: suffix.start()] + b"}"
        claimed = suffix[1].decode()
        if sha256(content).hex() != claimed:
            raise MalformedError("the line's content is not what its hash says")
        try:
            entry = cls._read(content, claimed)
            is_canonical = entry.serialize() == line
        except RecursionError:
            raise MalformedError("the line is nested too deeply") from None
        if not is_canonical:
            raise MalformedError("the line is not in canonical form")
        return entry

    @classmethod
    def _read(cls, content: bytes, claimed: str) -> "Entry":
        try:
            record = _DECODE(content.decode("ascii"))
        except ValueError:
            raise MalformedError("the line is not JSON") from None
        if record.keys() != _MEMBERS:  # an object: the content ends with a brace
            raise MalformedError("the line does not have exactly the members of a journal entry")
        seq, time, prev = record["seq"], record["time"], record["prev"]
        if type(seq) is not int or seq < 1:
            raise MalformedError("the line's number is not a positive integer")
        if not (isinstance(time, str) and _TIME.match(time)):
            raise MalformedError("the line's time is not a UTC time")
        if not (isinstance(prev, str) and _HASH.match(prev)):
            raise MalformedError("the line does not name the hash of the one before")
        if record["kind"] not in _KINDS or not isinstance(record["body"], dict):
            raise MalformedError("the line's kind is unknown to this version of coldsign")
        return cls(seq, time, EntryKind(record["kind"]), prev, record["body"], claimed)

    def serialize(self) -> bytes:
        """The line, with its newline."""
        content = _content(self.seq, self.time, self.kind, self.prev, self.body)
        return content[:-1] + f',"hash":"{self.hash}"}}\n'.encode()

    @property
    def anchor(self) -> "Anchor":
        """Where the chain stands after this entry."""
        return Anchor(self.seq, self.hash)


def _content(seq: int, time: str, kind: EntryKind, prev: str, body: Body) -> bytes:
    members = {"body": body, "kind": kind.value, "prev": prev, "seq": seq, "time": time}
    return canonical(members)


_KINDS: Final = frozenset(kind.value for kind in EntryKind)


class Anchor(NamedTuple):
    """A place in the chain: so many entries, the last of which has this hash.

    A person can keep the number and the first digits on paper: a journal that was set back cannot
    show them again.
    """

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq} {self.hash[:4]} {self.hash[4:8]}"

    def agrees_with(self, noted: "Anchor") -> bool:
        """Whether this is the place that a person noted, perhaps by the first digits of its hash.

        Raises:
            UsageError: Fewer than eight digits were noted.
        """
        if len(noted.hash) < 8:
            raise UsageError(
                "give at least eight digits of the noted hash", hint="as on the paper: 11:414b7e62"
            )
        return self.seq == noted.seq and self.hash.startswith(noted.hash)


EMPTY: Final = Anchor(0, GENESIS)
"""Where an empty journal stands."""


def stamp(now: datetime) -> str:
    """A moment as the journal writes it: UTC, to the second.

    Raises:
        ValueError: The moment has no time zone: a bug of the caller.
    """
    if now.tzinfo is None:
        raise ValueError("a journal time needs a time zone")
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def canonical(value: Body) -> bytes:
    """The one JSON text of a value: sorted keys, no spaces, ASCII."""
    return _ENCODE(value).encode("ascii")


def demand_exact(value: object) -> None:
    """Find out early that a value cannot stand in the journal.

    Raises:
        TypeError: It holds a float, bytes, or a key that is not text: a bug of the caller.
    """
    if isinstance(value, dict):
        for key, member in value.items():
            if not isinstance(key, str):
                raise TypeError("a journal key is not text")
            demand_exact(member)
    elif isinstance(value, list | tuple):
        for member in value:
            demand_exact(member)
    elif value is not None and not isinstance(value, str | int):
        raise TypeError(f"the journal cannot hold a {type(value).__name__}")
