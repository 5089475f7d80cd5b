"""One message on its way: the parts of a session, in any order, until it is whole."""

from coldsign.errors import MalformedError
from coldsign.primitives.text import counted
from coldsign.qr import bbqr, pmofn
from coldsign.qr.payload import MAX_MESSAGE, Dialect, Payload, PayloadKind, describe, kind_of_bytes
from coldsign.qr.single import single
from coldsign.qr.ur import cbor, ur1, uri
from coldsign.qr.ur.fountain import Budget, Part, Solver

_MAX_TEXT = 2 * MAX_MESSAGE  # hex, the longest encoding of the longest message

Numbered = bbqr.Frame | pmofn.Frame | ur1.Frame
Piece = uri.Piece | Numbered


class Whole:
    """A message that came in one code."""

    __slots__ = ("_payload", "name")
    have = need = 1

    def __init__(self, payload: Payload) -> None:
        self._payload = payload
        self.name = describe(payload)

    def payload(self) -> Payload:
        """The message."""
        return self._payload


class Fountain:
    """A multipart UR."""

    __slots__ = ("_solver", "_type", "name")

    def __init__(self, ur_type: str, first: Part, budget: Budget) -> None:
        self._type = ur_type
        self._solver = Solver(first, budget)
        self.name = f"ur:{ur_type} in {counted(first.count, 'part')}"

    @property
    def have(self) -> int:
        """How many independent parts were seen, as far as is known."""
        return self._solver.rank

    @property
    def need(self) -> int:
        """How many fragments there are."""
        return self._solver.count

    def add(self, part: Part) -> None:
        """Take a part of this session.

        Raises:
            MalformedError: It contradicts the parts before it.
        """
        self._solver.add(part)

    def payload(self) -> Payload:
        """The whole message.

        Raises:
            MalformedError: Its checksum or its CBOR is wrong.
        """
        return ur_payload(uri.Whole(self._type, self._solver.message()))


class Series:
    """The numbered parts of BBQr, pMofN or UR version 1."""

    __slots__ = ("_frames", "_size", "name", "need")

    def __init__(self, first: Numbered) -> None:
        self.name = f"{_dialect_name(first)} in {counted(first.total, 'part')}"
        self.need = first.total
        self._frames: dict[int, Numbered] = {}
        self._size = 0

    @property
    def have(self) -> int:
        """How many different parts were seen."""
        return len(self._frames)

    def add(self, frame: Numbered) -> None:
        """Take a part of this session.

        Raises:
            MalformedError: Another part of that number was seen, or the parts grow too large.
        """
        known = self._frames.get(frame.index)
        if known is not None:
            if known.body != frame.body:
                raise MalformedError(f"two different parts {frame.index + 1} of {self.name}")
            return
        self._size += len(frame.body)
        if self._size > _MAX_TEXT:
            raise MalformedError(f"{self.name}: larger than any message that is read")
        self._frames[frame.index] = frame

    def payload(self) -> Payload:
        """The whole message.

        Raises:
            MalformedError: The parts do not fit together.
        """
        frames = [self._frames[i] for i in range(self.need)]
        first = frames[0]
        if isinstance(first, bbqr.Frame):
            return _join_bbqr([f for f in frames if isinstance(f, bbqr.Frame)])
        if isinstance(first, ur1.Frame):
            data = ur1.join([f for f in frames if isinstance(f, ur1.Frame)])
            return Payload(kind_of_bytes(data), data, Dialect.UR1, "bytes")
        joined = single("".join(frame.body for frame in frames).encode())
        return Payload(joined.kind, joined.data, Dialect.PMOFN)


Assembly = Whole | Fountain | Series


def session(piece: Piece) -> tuple[object, ...]:
    """What the pieces of one message share and those of another do not."""
    if isinstance(piece, uri.Piece):
        return ("ur", piece.type, *piece.part.session)
    if isinstance(piece, bbqr.Frame):
        return ("bbqr", *piece.session)
    return (type(piece).__module__, *piece.session)


def declared_kind(piece: Piece) -> PayloadKind | None:
    """The kind a piece says its message is of, or nothing where only the joined bytes tell."""
    if isinstance(piece, uri.Piece):
        return uri.kind_of(piece.type) or PayloadKind.BYTES
    return bbqr.type_kind(piece.file_type) if isinstance(piece, bbqr.Frame) else None


def begin(piece: Piece, budget: Budget) -> Assembly:
    """An assembly for the message of this piece, still empty.

    Args:
        piece: Its first piece.
        budget: The work that the joining may cost, of this message and others.
    """
    if isinstance(piece, uri.Piece):
        return Fountain(piece.type, piece.part, budget)
    return Series(piece)


def add(assembly: Assembly, piece: Piece) -> None:
    """Give an assembly a piece of its own session.

    Raises:
        MalformedError: It contradicts the pieces before it.
    """
    if isinstance(assembly, Fountain) and isinstance(piece, uri.Piece):
        assembly.add(piece.part)
    elif isinstance(assembly, Series) and not isinstance(piece, uri.Piece):
        assembly.add(piece)


def ur_payload(whole: uri.Whole) -> Payload:
    """The payload of a whole UR.

    Raises:
        MalformedError: The CBOR is not what the type promises.
    """
    data = uri.content(whole)
    kind = uri.kind_of(whole.type) or PayloadKind.BYTES
    if kind is PayloadKind.BYTES and kind_of_bytes(data) is PayloadKind.SEED:
        kind = PayloadKind.SEED
    if whole.type in uri.KEY_TYPES and cbor.has_private_key(data):
        kind = PayloadKind.SEED
    if kind is PayloadKind.PSBT and not data.startswith(b"psbt\xff"):
        raise MalformedError(f"a ur:{whole.type} that holds no psbt")
    return Payload(kind, data, uri.PSBT_TYPES.get(whole.type, Dialect.UR), whole.type)


def piece_name(piece: Piece) -> str:
    """What a piece belongs to, for people."""
    if isinstance(piece, uri.Piece):
        return f"ur:{piece.type}"
    return _dialect_name(piece)


def _dialect_name(frame: Numbered) -> str:
    if isinstance(frame, bbqr.Frame):
        return f"BBQr of file type {frame.file_type}"
    return "ur:bytes, version 1," if isinstance(frame, ur1.Frame) else "pMofN"


def _join_bbqr(frames: list[bbqr.Frame]) -> Payload:
    data, first = bbqr.join(frames), frames[0]
    kind = bbqr.kind_of(first.file_type, data)
    return Payload(kind, data, Dialect.BBQR, first.encoding + first.file_type)
