"""BBQr (coinkite/BBQr, public domain): an eight-character header and a part of the encoded file.

``B$`` + encoding (H hex, 2 base32, Z deflated base32) + file type + total + index, both two base36 digits.
BBQr has no checksum over the message; the SHA-256 shown on both screens is.
"""

import base64
import binascii
import re
import zlib
from dataclasses import dataclass

from coldsign.errors import MalformedError
from coldsign.qr.payload import MAX_MESSAGE, PayloadKind, kind_of_bytes, kind_of_text
from coldsign.qr.room import too_small

MAX_PARTS = 36 * 36 - 1
_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_HEADER = re.compile(r"B\$([H2Z])([A-Z])([0-9A-Z]{2})([0-9A-Z]{2})")
_BODIES = {"H": re.compile(r"(?:[0-9A-F]{2})+\Z"), "2": re.compile(r"[A-Z2-7]+\Z")}
_BODIES["Z"] = _BODIES["2"]
_BASE32_TAILS = {0, 2, 4, 5, 7}  # the lengths modulo 8 that whole bytes leave
_WINDOW = -10  # raw deflate with a window of 1 KiB, what small devices can hold
# Output is taken in steps this small because zlib only notices a distance beyond the window when it
# reaches behind the current step.
_STEP = 64
_TYPES = {"P": PayloadKind.PSBT, "T": PayloadKind.TRANSACTION}
_TEXT_TYPES = {"U", "J"}


@dataclass(frozen=True, slots=True)
class Frame:
    """One BBQr frame, checked as far as it can be alone."""

    encoding: str
    file_type: str
    total: int
    index: int
    body: str

    @classmethod
    def parse(cls, text: str) -> "Frame":
        """A frame from its text.

        Raises:
            MalformedError: The header or the body is not canonical.
        """
        match = _HEADER.match(text)
        if not match:
            raise MalformedError("not a bbqr header")
        total, index, body = int(match[3], 36), int(match[4], 36), text[8:]
        if not total or index >= total:
            raise MalformedError(f"bbqr part {index + 1} of {total}")
        if not _BODIES[match[1]].match(body):
            raise MalformedError(f"bbqr part {index + 1} holds characters its encoding has not")
        frame = cls(match[1], match[2], total, index, body)
        frame.data()
        return frame

    def data(self) -> bytes:
        """The bytes of this part, still deflated for encoding Z.

        Raises:
            MalformedError: An impossible length, pad bits that are not zero, or padding before the last part.
        """
        if self.encoding == "H":
            return bytes.fromhex(self.body)
        tail = len(self.body) % 8
        if tail not in _BASE32_TAILS or (tail and self.index < self.total - 1):
            raise MalformedError(f"bbqr part {self.index + 1} has an impossible length")
        try:
            data = base64.b32decode(self.body + "=" * (-tail % 8))
        except binascii.Error:
            raise MalformedError(f"bbqr part {self.index + 1} is not base32") from None
        if base64.b32encode(data).rstrip(b"=").decode() != self.body:
            raise MalformedError(f"bbqr part {self.index + 1} has pad bits that are not zero")
        return data

    @property
    def session(self) -> tuple[str, str, int]:
        """What all parts of one message share."""
        return (self.encoding, self.file_type, self.total)


def join(frames: list[Frame]) -> bytes:
    """The file of a complete set of frames in order.

    Raises:
        MalformedError: Parts of unequal length, or deflated data that is damaged or too large.
    """
    sizes = {len(frame.body) for frame in frames[:-1]}
    if len(sizes) > 1 or (sizes and len(frames[-1].body) > max(sizes)):
        raise MalformedError("bbqr parts of unequal length")
    data = b"".join(frame.data() for frame in frames)
    return inflate(data) if frames[0].encoding == "Z" else data


def inflate(data: bytes) -> bytes:
    """Undo the deflation.

    Raises:
        MalformedError: Damaged, a longer window than 1 KiB, bytes after the end, or larger than 4 MiB.
    """
    decoder = zlib.decompressobj(wbits=_WINDOW)
    out = bytearray()
    try:
        for start in range(0, len(data), _STEP):
            piece = decoder.unconsumed_tail + data[start : start + _STEP]
            while chunk := decoder.decompress(piece, _STEP):
                piece = decoder.unconsumed_tail
                out += chunk
                if len(out) > MAX_MESSAGE:
                    raise MalformedError(f"bbqr data inflates to more than {MAX_MESSAGE} bytes")
    except zlib.error:
        raise MalformedError("bbqr data does not inflate") from None
    if not decoder.eof or decoder.unused_data:
        raise MalformedError("bbqr data ends early or goes on after its end")
    return bytes(out)


def deflate(data: bytes) -> bytes:
    """Raw deflate with a window of 1 KiB."""
    encoder = zlib.compressobj(9, zlib.DEFLATED, _WINDOW, 9)
    return encoder.compress(data) + encoder.flush()


def encode(data: bytes, encoding: str) -> tuple[str, str]:
    """The encoding used and the encoded file; Z falls back to 2 where deflation gains nothing."""
    if encoding == "H":
        return "H", data.hex().upper()
    if encoding == "Z":
        small = deflate(data)
        if len(small) < len(data):
            return "Z", _base32(small)
    return "2", _base32(data)


def _base32(data: bytes) -> str:
    return base64.b32encode(data).rstrip(b"=").decode()


def split(data: bytes, detail: str, capacity: int) -> tuple[str, ...]:
    """The frames of a file.

    Args:
        data: The file.
        detail: Encoding and file type, as ``ZP``.
        capacity: Characters that fit one frame.

    Raises:
        UsageError: More parts than BBQr can number.
    """
    encoding, body = encode(data, detail[0])
    room = (capacity - 8) // 8 * 8
    total = -(-len(body) // room) if room > 0 else MAX_PARTS + 1
    if total > MAX_PARTS:
        raise too_small(f"more than the {MAX_PARTS} parts of bbqr")
    size = -(-len(body) // total // 8) * 8 if total > 1 else len(body)
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    head = f"B${encoding}{detail[1]}{_digits(len(parts))}"
    return tuple(f"{head}{_digits(i)}{part}" for i, part in enumerate(parts))


def _digits(number: int) -> str:
    return _BASE36[number // 36] + _BASE36[number % 36]


def kind_of(file_type: str, data: bytes) -> PayloadKind:
    """What a file type carries; texts are looked at more closely.

    Raises:
        MalformedError: The file type promises what the bytes are not.
    """
    kind = _TYPES.get(file_type)
    if file_type == "P" and not data.startswith(b"psbt\xff"):
        raise MalformedError("a bbqr file of type P that is no psbt")
    if kind is not None:
        return kind
    if file_type in _TEXT_TYPES:
        return kind_of_text(data)
    return PayloadKind.BYTES if file_type != "B" else kind_of_bytes(data)


def type_kind(file_type: str) -> PayloadKind | None:
    """The kind where the file type alone says it."""
    return _TYPES.get(file_type)


def type_for(kind: PayloadKind, data: bytes) -> str:
    """The file type letter to send a kind with."""
    letters = {
        PayloadKind.PSBT: "P",
        PayloadKind.TRANSACTION: "T",
        PayloadKind.BYTES: "B",
        PayloadKind.SEED: "B",
    }
    if kind in letters:
        return letters[kind]
    return "J" if data.lstrip()[:1] in {b"{", b"["} else "U"
