"""One message into the frames that carry it, in the dialect and at the density asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import cycle

from coldsign.primitives.cbor import UINT, write_head
from coldsign.qr import base43, bbqr, plain, pmofn, schedule
from coldsign.qr.density import Density
from coldsign.qr.payload import Dialect, PayloadKind, sha256_short
from coldsign.qr.room import too_long, too_small
from coldsign.qr.symbol import Level, capacity, is_alphanumeric, smallest_version, strongest_level
from coldsign.qr.ur import ur1, uri
from coldsign.qr.ur.fountain import MAX_FRAGMENTS, Mixer

Frame = str | bytes
_MAX_SINGLE = 7089  # the most any QR code holds, of digits; saves encoding what cannot fit

_UR_TYPES = {
    (Dialect.UR, PayloadKind.PSBT): "crypto-psbt",
    (Dialect.UR_PSBT, PayloadKind.PSBT): "psbt",
}


@dataclass(frozen=True)  # without slots, for what is made only when it is asked for
class Frames:
    """What is shown.

    Attributes:
        texts: The frames, where there is a given number of them.
        need: How many frames a reader needs at least.
        version: QR version of every frame, so that an animation does not jump.
        level: Error correction of every frame, the strongest that costs no room.
        dialect: The dialect they are written in.
        sha256_short: Of the message, to compare with what the reader shows.
        mixer: For a fountain message the source of further parts.
        ur_type: For a UR its type.
    """

    texts: tuple[Frame, ...]
    need: int
    version: int
    level: Level
    dialect: Dialect
    sha256_short: str
    mixer: Mixer | None = None
    ur_type: str = ""

    @property
    def length(self) -> int:
        """How many frames one loop has."""
        return len(self.texts) or schedule.loop_length(self.need)

    @cached_property
    def frames(self) -> tuple[Frame, ...]:
        """One loop; the first ``need`` of them carry the whole message."""
        if self.mixer is None:
            return self.texts
        numbers = schedule.loop(self.mixer.count, self.mixer.checksum)
        return tuple(uri.piece_text(self.ur_type, self.mixer.part(number)) for number in numbers)

    def numbered(self) -> Iterator[tuple[int, Frame]]:
        """The frames to show with their numbers from 1, without end.

        Of a fountain message new parts keep coming; above ``need`` each mixes several fragments.
        """
        if self.mixer is None:
            yield from cycle(enumerate(self.texts, 1))
            return
        for number in schedule.numbers(self.mixer.count, self.mixer.checksum):
            yield number, uri.piece_text(self.ur_type, self.mixer.part(number))


def split(
    data: bytes,
    *,
    kind: PayloadKind,
    dialect: Dialect,
    detail: str = "",
    density: Density | int | None = None,
) -> Frames:
    """The frames of a message.

    Args:
        data: The message.
        kind: What it is.
        dialect: How it is written.
        detail: The UR type, or BBQr encoding and file type, of the message this answers.
        density: The largest QR version; a number is a version; nothing is what terminals show well.

    Raises:
        UsageError: It does not fit this dialect at this density.
    """
    limit = density if isinstance(density, Density) else Density(density) if density else Density()
    if dialect in {Dialect.UR, Dialect.UR_PSBT}:
        return _split_ur(data, _ur_type(kind, dialect, detail), dialect, limit.version)
    if dialect in {Dialect.BBQR, Dialect.PMOFN, Dialect.UR1}:
        return _frames(_series(data, kind, dialect, detail, limit.version), data, dialect)
    return _frames((_single(data, dialect, detail),), data, dialect)


def _ur_type(kind: PayloadKind, dialect: Dialect, detail: str) -> str:
    default = _UR_TYPES.get((dialect, kind))
    if default:
        return detail if uri.kind_of(detail) is PayloadKind.PSBT else default
    return detail if uri.kind_of(detail) not in {None, PayloadKind.PSBT} else "bytes"


def _split_ur(data: bytes, ur_type: str, dialect: Dialect, version: int) -> Frames:
    message = uri.wrap(ur_type, data)
    room = capacity(version, Level.L, alphanumeric=True)
    text = uri.whole_text(ur_type, message)
    if len(text) <= room:
        return _frames((text,), data, dialect)
    length = _fragment_length(len(message), ur_type, room)
    mixer = Mixer(message, length)
    longest = uri.piece_text(ur_type, mixer.part(schedule.MAX_NUMBER))
    shown = smallest_version(longest)
    level = strongest_level(longest, shown)
    return Frames(
        (), mixer.count, shown, level, dialect, sha256_short(data), mixer=mixer, ur_type=ur_type
    )


def _fragment_length(size: int, ur_type: str, room: int) -> int:
    """The length of equal fragments whose frames fit ``room`` characters."""
    best = 0
    for digits in range(1, 6):
        text = len(f"UR:{ur_type}/{schedule.MAX_NUMBER}-/") + digits
        numbers = (schedule.MAX_NUMBER, 10**digits - 1, size, 0xFFFF_FFFF)
        heads = sum(len(write_head(UINT, number)) for number in numbers)
        length = (room - text) // 2 - (1 + heads + 3 + 4)  # array head, byte string head, crc
        if length > 0 and -(-size // length) < 10**digits:
            best = length
            break
    if best <= 0 or -(-size // best) > MAX_FRAGMENTS:
        raise too_small("too large for codes this small")
    return -(-size // -(-size // best))


def _series(
    data: bytes, kind: PayloadKind, dialect: Dialect, detail: str, version: int
) -> tuple[Frame, ...]:
    if dialect is Dialect.BBQR:
        known = len(detail) == 2 and detail[0] in "H2Z"
        how = detail if known else "Z" + bbqr.type_for(kind, data)
        room = capacity(version, Level.L, alphanumeric=True)
        return bbqr.split(data, how, room)
    if dialect is Dialect.UR1:
        return ur1.split(data, capacity(version, Level.L, alphanumeric=True))
    room = capacity(version, Level.L, alphanumeric=False)
    text = (
        data.decode()
        if kind in {PayloadKind.TEXT, PayloadKind.WALLET}
        else plain.encode_base64(data)
    )
    return (text,) if len(text) <= room else pmofn.split(text, room)


def _single(data: bytes, dialect: Dialect, detail: str) -> Frame:
    """The one code of a dialect without parts."""
    if len(data) > _MAX_SINGLE:
        raise too_long(f"{len(data)} bytes of {dialect} do not fit one QR code")
    if dialect is Dialect.BASE64:
        return plain.encode_base64(data)
    if dialect is Dialect.HEX:
        return data.hex().upper()
    if dialect is Dialect.BASE43:
        return base43.encode(data)
    if dialect is Dialect.BINARY or detail == "compact":
        return data
    return data.decode("utf-8", "surrogateescape")


def _frames(texts: tuple[Frame, ...], data: bytes, dialect: Dialect) -> Frames:
    longest = max(texts, key=len)
    room = capacity(40, Level.L, alphanumeric=is_alphanumeric(longest))
    if len(longest) > room:
        raise too_long(f"{len(longest)} characters of {dialect} do not fit one QR code")
    version = smallest_version(longest)
    level = strongest_level(longest, version)
    return Frames(texts, len(texts), version, level, dialect, sha256_short(data))
