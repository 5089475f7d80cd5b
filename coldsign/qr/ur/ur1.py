"""UR version 1: ``ur:bytes/1of3/digest/text``, bech32 letters without a prefix (bc32) around CBOR bytes."""

import hashlib
import re
from dataclasses import dataclass

from coldsign.errors import MalformedError
from coldsign.primitives.encoding import BECH32_ALPHABET, bech32_polymod
from coldsign.qr.payload import MAX_MESSAGE
from coldsign.qr.room import too_small
from coldsign.qr.ur import cbor

_VALUES = {char: value for value, char in enumerate(BECH32_ALPHABET)}
_FINAL = 0x3FFFFFFF
_SEQUENCE = re.compile(r"([1-9][0-9]{0,3})of([1-9][0-9]{0,3})\Z")
_BODY = re.compile(rf"[{BECH32_ALPHABET}]+\Z")
MAX_PARTS = 9999  # as for pMofN; the format is old and its senders write a few dozen


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; ``index`` counts from 0, ``digest`` is bc32 of the message's SHA-256 or empty."""

    total: int
    index: int
    digest: str
    body: str

    @classmethod
    def parse(cls, text: str) -> "Frame":
        """A frame from its text, in either case.

        Raises:
            MalformedError: Not of one of the three forms of UR version 1.
        """
        if len(text) > 2 * MAX_MESSAGE:
            raise MalformedError("a ur text longer than any message that is read")
        segments = text.lower().removeprefix("ur:bytes/").split("/")
        total, index, digest = 1, 0, ""
        if len(segments) == 3:
            match = _SEQUENCE.match(segments[0])
            if not match or int(match[1]) > int(match[2]):
                raise MalformedError("not a part of a version 1 ur")
            total, index, digest = int(match[2]), int(match[1]) - 1, segments[1]
        elif len(segments) == 2:
            digest = segments[0]
        if not 1 <= len(segments) <= 3 or not all(
            _BODY.match(s) for s in segments[-2:] if s != digest
        ):
            raise MalformedError("not the text of a version 1 ur")
        if digest and len(bc32_decode(digest)) != 32:
            raise MalformedError("the digest of a version 1 ur is not 32 bytes")
        return cls(total, index, digest, segments[-1])

    @property
    def session(self) -> tuple[int, str]:
        """What all parts of one message share."""
        return (self.total, self.digest)


def looks_like(text: str) -> bool:
    """Whether a ``ur:bytes`` text is of version 1: the sequence says ``of``, or letters only bech32 has."""
    rest = text.lower().removeprefix("ur:bytes/").split("/")
    if len(rest) == 3:
        return bool(_SEQUENCE.match(rest[0]))
    return bool(set(rest[-1]) & set("023456789")) and bool(_BODY.match(rest[-1]))


def join(frames: list[Frame]) -> bytes:
    """The bytes of a complete set of frames in order.

    Raises:
        MalformedError: A checksum or the digest is wrong, or the CBOR is not a byte string.
    """
    message = bc32_decode("".join(frame.body for frame in frames))
    digest = frames[0].digest
    if digest and bc32_decode(digest) != hashlib.sha256(message).digest():
        raise MalformedError("the digest of the joined message is wrong")
    return cbor.unwrap_bytes(message)


def split(data: bytes, capacity: int) -> tuple[str, ...]:
    """The frames of a byte string, in upper case.

    Args:
        data: The bytes.
        capacity: Characters that fit one frame.

    Raises:
        UsageError: More parts than are read.
    """
    message = cbor.wrap_bytes(data)
    body = bc32_encode(message)
    if len("ur:bytes/") + len(body) <= capacity:
        return (f"ur:bytes/{body}".upper(),)
    digest = bc32_encode(hashlib.sha256(message).digest())
    room = capacity - len(f"ur:bytes/9999of9999/{digest}/")
    if room <= 0 or -(-len(body) // room) > MAX_PARTS:
        raise too_small("too many parts for a version 1 ur")
    total = -(-len(body) // room)
    size = -(-len(body) // total)
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    head = f"of{len(parts)}/{digest}/"
    return tuple(f"ur:bytes/{i}{head}{part}".upper() for i, part in enumerate(parts, 1))


def bc32_encode(data: bytes) -> str:
    """The bc32 text of the bytes."""
    values = _regroup(data, 8, 5)
    if len(data) * 8 % 5:
        values.append((int.from_bytes(data, "big") << (-len(data) * 8 % 5)) & 31)
    check = bech32_polymod([0, *values, 0, 0, 0, 0, 0, 0]) ^ _FINAL
    values += [check >> shift & 31 for shift in (25, 20, 15, 10, 5, 0)]
    return "".join(BECH32_ALPHABET[value] for value in values)


def bc32_decode(text: str) -> bytes:
    """The bytes of a bc32 text.

    Raises:
        MalformedError: A letter, the checksum or the padding is wrong.
    """
    try:
        values = [_VALUES[char] for char in text]
    except KeyError:
        raise MalformedError("a letter that bech32 has not") from None
    if len(values) < 7 or bech32_polymod([0, *values]) != _FINAL:
        raise MalformedError("the checksum of a version 1 ur is wrong")
    values = values[:-6]
    spare = len(values) * 5 % 8
    if spare > 4 or values[-1] & ((1 << spare) - 1):
        raise MalformedError("the padding of a version 1 ur is wrong")
    return bytes(_regroup(values, 5, 8))


def _regroup(values: bytes | list[int], size: int, target: int) -> list[int]:
    """Bits of ``values`` taken ``target`` at a time; what is left over is dropped."""
    held = bits = 0
    out: list[int] = []
    for value in values:
        held = (held << size | value) & 0xFFF
        bits += size
        while bits >= target:
            bits -= target
            out.append(held >> bits & ((1 << target) - 1))
    return out
