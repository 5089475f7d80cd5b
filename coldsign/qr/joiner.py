"""Frames in, one message out: any order, repeats, from the middle, among foreign codes.

Nothing is spliced in silence. Every session is kept apart; a second message, a damaged frame and every foreign
code is counted and named, and where more than one message was seen none is handed out as *the* one.
"""

import hashlib
from dataclasses import dataclass, field

from coldsign.errors import MalformedError
from coldsign.primitives.text import counted
from coldsign.qr import assembly, bbqr, pmofn
from coldsign.qr.assembly import Assembly, Piece
from coldsign.qr.payload import Kind, Payload, describe, due
from coldsign.qr.single import single
from coldsign.qr.ur import ur1, uri
from coldsign.qr.ur.fountain import Budget

MAX_MESSAGES = (
    8  # sessions held at once; a person shows one, an attacker must not fill memory with more
)
MAX_FRAMES = 100_000  # different frames of one joining: five looks a second for five hours
MAX_NAMED = 8  # foreign codes and damages told apart; the rest is only counted


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the message that leads is.

    Attributes:
        have: Independent parts seen.
        need: Parts needed; 0 while nothing of a message was seen.
        percent: Whole percent, 100 only when done.
        note: What else was seen and a person should know, or nothing.
        done: Whether a payload is there.
    """

    have: int
    need: int
    percent: int
    note: str
    done: bool


@dataclass(slots=True)
class _Message:
    assembly: Assembly
    payload: Payload | None = None
    broken: str = ""


@dataclass(slots=True)
class _Tally:
    """Counts of named things, with a bound on how many names are kept."""

    names: dict[str, int] = field(default_factory=dict)
    total: int = 0

    def count(self, name: str) -> None:
        self.total += 1
        if name in self.names or len(self.names) < MAX_NAMED:
            self.names[name] = self.names.get(name, 0) + 1


class Joiner:
    """Collects the frames of one message.

    Args:
        want: The kinds asked for; others are foreign codes. Nothing takes every kind.
    """

    def __init__(self, want: frozenset[Kind] | None = None) -> None:
        self._want = want
        self._seen: set[bytes] = set()
        self._messages: dict[object, _Message] = {}
        self._aside: set[object] = set()  # of messages that were whole and not wanted
        self._foreign = _Tally()
        self._foreign_kinds: set[Kind] = set()
        self._damaged = _Tally()
        self._budget = Budget()

    @property
    def payload(self) -> Payload | None:
        """The first complete message, or nothing."""
        for message in self._messages.values():
            if message.payload is not None and not message.broken:
                return message.payload
        return None

    @property
    def progress(self) -> Progress:
        """How far it is, as the last ``feed`` said."""
        done = self.payload is not None
        open_ones = [m.assembly for m in self._messages.values() if not m.broken]
        lead = max(open_ones, key=lambda a: a.have / a.need, default=None)
        have, need = (lead.have, lead.need) if lead else (0, 0)
        percent = 100 if done else min(99, have * 100 // need) if need else 0
        return Progress(have, need, percent, self._note(), done)

    def feed(self, frame: bytes | str) -> Progress:
        """Take what one look saw. Damage is noted and named, never raised: looks go on.

        Args:
            frame: The exact bytes of one code, or its text.
        """
        raw = frame.encode() if isinstance(frame, str) else frame
        digest = hashlib.blake2b(raw, digest_size=16).digest()
        if digest not in self._seen:
            if len(self._seen) < MAX_FRAMES:
                self._seen.add(digest)
                self._take(raw)
            else:
                self._damaged.count(f"more than {MAX_FRAMES} different frames")
        return self.progress

    def require(self) -> Payload:
        """The one message that was shown.

        Raises:
            MalformedError: None is complete, or more than one was seen; it says what was seen and what is missing.
        """
        broken = [m for m in self._messages.values() if m.broken]
        others = self._others()
        payload = self.payload
        if broken:
            raise MalformedError(
                broken[0].broken, hint="show or save the codes of one message again"
            )
        if payload is not None and not others:
            return payload
        raise MalformedError(self._missing(others), hint=self._what_to_do())

    def _missing(self, others: list[str]) -> str:
        if others:
            return f"codes of more than one message were seen: {'; '.join(others)}"
        for message in self._messages.values():
            have, need = message.assembly.have, message.assembly.need
            return f"{message.assembly.name}: {need - have} of {need} parts are missing"
        seen = self._note() or "no code was seen"
        return f"{due(self._want)} was expected; {seen}"

    def _what_to_do(self) -> str:
        if self._messages or self._damaged.total:
            return "show or save all codes of one message again"
        if Kind.SEED in self._foreign_kinds:
            return "a key is read by coldsign key import alone; keep its code out of sight"
        if self._foreign.total:
            return "check that the right code was shown"
        return "the code must be whole, sharp and as large as the picture allows"

    def _others(self) -> list[str]:
        """The names of all messages, where they are more than one."""
        different = {m.payload.data if m.payload else id(m): m for m in self._messages.values()}
        if len(different) < 2:
            return []
        return [f"{m.assembly.name} ({m.assembly.have} seen)" for m in different.values()]

    def _note(self) -> str:
        notes = [m.broken for m in self._messages.values() if m.broken]
        if others := self._others():
            notes.append(f"a second message was seen: {'; '.join(others)}")
        if self._damaged.total:
            notes.append(f"{self._damaged.total} damaged: {'; '.join(self._damaged.names)}")
        if self._foreign.total:
            codes = counted(self._foreign.total, "other code")
            notes.append(f"{codes} seen: {', '.join(self._foreign.names)}")
        return "; ".join(notes)

    def _take(self, raw: bytes) -> None:
        try:
            found = read_frame(raw, self._want)
            if isinstance(found, Payload):
                self._take_whole(found)
            else:
                self._take_piece(found)
        except MalformedError as error:
            self._damaged.count(error.message)

    def _take_whole(self, payload: Payload) -> None:
        if not self._wanted(payload.kind):
            self._put_aside(payload)
        elif self._has_room(key := ("whole", payload.kind, payload.data)):
            self._messages[key] = _Message(assembly.Whole(payload), payload)

    def _take_piece(self, piece: Piece) -> None:
        kind = assembly.declared_kind(piece)
        key = assembly.session(piece)
        if kind is not None and not self._wanted(kind):
            self._foreign.count(assembly.piece_name(piece))
        elif key not in self._aside and self._has_room(key):
            message = self._messages.get(key)
            if message is None:
                message = self._messages[key] = _Message(assembly.begin(piece, self._budget))
            if message.broken:  # for good; joining it again with every frame would cost seconds
                return
            try:
                self._grow(key, message, piece)
            except MalformedError as error:
                message.broken = error.message

    def _grow(self, key: object, message: _Message, piece: Piece) -> None:
        assembly.add(message.assembly, piece)
        if message.payload is not None or message.assembly.have < message.assembly.need:
            return
        payload = message.assembly.payload()
        if self._wanted(payload.kind):
            message.payload = payload
        else:
            self._put_aside(payload)
            del self._messages[key]
            self._aside.add(key)

    def _put_aside(self, payload: Payload) -> None:
        self._foreign.count(describe(payload))
        self._foreign_kinds.add(payload.kind)

    def _wanted(self, kind: Kind) -> bool:
        return self._want is None or kind in self._want

    def _has_room(self, key: object) -> bool:
        """Whether this message is held already or may be; one too many is counted as foreign."""
        room = key in self._messages or len(self._messages) < MAX_MESSAGES
        if not room:
            self._foreign.count("one more message")
        return room


def read_frame(raw: bytes, want: frozenset[Kind] | None = None) -> Payload | Piece:
    """What one code holds: a piece of a message, or a payload that is whole by itself.

    Raises:
        MalformedError: It claims a dialect and is not well formed in it.
    """
    text = raw.decode("ascii", "replace")
    if text[:3].lower() == "ur:":
        if text[:9].lower() == "ur:bytes/" and ur1.looks_like(text):
            return ur1.Frame.parse(text)
        ur = uri.parse(text)
        return ur if isinstance(ur, uri.Piece) else assembly.ur_payload(ur)
    if text.startswith("B$"):
        return bbqr.Frame.parse(text)
    if pmofn.PREFIX.match(text):
        return pmofn.Frame.parse(text)
    return single(raw, want)
