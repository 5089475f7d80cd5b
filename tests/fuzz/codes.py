"""What must hold of any codes and any file given to the QR floor.

The first byte says which kinds are wanted, the second how the rest is dressed: as it is, or with the checksums and
numbers of a dialect made right, so that what stands behind them is reached.
"""

import hashlib
import json
from itertools import islice
from pathlib import Path

from coldsign.errors import MalformedError, UsageError
from coldsign.qr import base43, bbqr, plain, pmofn
from coldsign.qr.joiner import Joiner
from coldsign.qr.payload import Dialect, Payload, PayloadKind
from coldsign.qr.recognise import recognise
from coldsign.qr.splitter import split
from coldsign.qr.ur import bytewords, cbor, ur1
from coldsign.qr.ur.fountain import Mixer, Part
from tests.fuzz.seeds import seeds as corpus

ROWS = json.loads(
    (Path(__file__).resolve().parent.parent / "data" / "attacks" / "qr.json").read_text()
)["vectors"]
WANTS = (
    None,
    frozenset({PayloadKind.PSBT}),
    frozenset({PayloadKind.SEED}),
    frozenset({PayloadKind.PSBT, PayloadKind.WALLET}),
)
TYPES = ("crypto-psbt", "psbt", "bytes", "crypto-output", "crypto-account", "x-1")
SEPARATOR = b"\xff\n"
TEXT, FILE, UR, PART, MIXED, UR1, BBQR, SHORT = range(8)


def holds(data: bytes) -> bool:
    """The contract of the joiner and the recogniser; whether a payload came of it."""
    if len(data) < 2:
        return False
    want, how, body = WANTS[data[0] % 4], data[1], data[2:]
    try:
        payload = recognise(body, want) if how % 8 == FILE else _joined(_dressed(how, body), want)
    except MalformedError:
        return False
    _same_again(payload)
    return True


def _joined(frames: list[bytes], want: frozenset[PayloadKind] | None) -> Payload:
    joiner = Joiner(want)
    for frame in frames:
        progress = joiner.feed(frame)
        if not (0 <= progress.percent <= 100 and progress.note.isprintable()):
            raise AssertionError(progress)
    return joiner.require()


def _dressed(how: int, body: bytes) -> list[bytes]:  # noqa: PLR0911 - one for each dialect
    """The frames that an attacker who knows the dialects would make of these bytes."""
    ur_type = TYPES[(how >> 3) % len(TYPES)]
    parts = body.split(SEPARATOR)
    match how % 8:
        case 2:
            return [f"ur:{ur_type}/{bytewords.encode(part)}".encode() for part in parts]
        case 3:
            return [_piece(ur_type, part) for part in parts]
        case 4:
            mixer = Mixer(body or b"\0", max(1, len(body) // 5))
            numbers = (3, 9, 1, 12, 2, 11, 4, 7, 5, 6, 8)
            return [_piece(ur_type, mixer.part(number).serialize()) for number in numbers]
        case 5:
            return [f"ur:bytes/{ur1.bc32_encode(part)}".encode() for part in parts]
        case 6:
            letter = "PTUJBC"[(how >> 3) % 6]
            text = bbqr.encode(body, "HZ2"[how >> 6 & 1])
            return [f"B${text[0]}{letter}0100{text[1]}".encode()]
        case 7:
            forms = (base43.encode, plain.encode_base64, bytes.hex)
            return [forms[(how >> 3) % 3](body).encode()]
    return parts


def _piece(ur_type: str, raw: bytes) -> bytes:
    """A multipart frame whose sequence is the one its CBOR says."""
    try:
        part = Part.parse(raw)
        sequence = f"{part.number}-{part.count}"
    except MalformedError:
        sequence = "1-2"
    return f"ur:{ur_type}/{sequence}/{bytewords.encode(raw)}".encode()


def _same_again(payload: Payload) -> None:
    """What was read, written in its own dialect, reads the same."""
    if not payload.data:
        return
    try:
        frames = split(
            payload.data, kind=payload.kind, dialect=payload.dialect, detail=payload.detail
        )
    except UsageError:
        return
    if payload.dialect in {Dialect.TEXT, Dialect.SEEDQR, Dialect.BINARY}:
        return  # not labelled: what they are depends on what is asked for
    joiner = Joiner()
    for frame in islice(frames.frames, 60):
        joiner.feed(frame)
    if len(frames.frames) <= 60 and joiner.require().data != payload.data:
        raise AssertionError(f"{payload.dialect}: read again, it is something else")


def seeds() -> list[bytes]:
    """The recorded attacks as frames and as files, and PSBTs for the dresses."""
    found = []
    for row in ROWS:
        frames = [frame.encode() for frame in row["frames"]]
        found.append(bytes((1, TEXT)) + SEPARATOR.join(frames))
        found.append(bytes((0, FILE)) + b"\n".join(frames))
    small = min(corpus("psbt"), key=len)
    wrapped = cbor.wrap_bytes(small)
    mixer = Mixer(wrapped, 30)
    parts = SEPARATOR.join(mixer.part(number).serialize() for number in (1, 2, 3, 4, 7, 9, 30))
    bodies = {UR: wrapped, PART: parts, MIXED: wrapped, UR1: wrapped, BBQR: small, SHORT: small}
    found += [
        bytes((0, how | more << 3)) + body for how, body in bodies.items() for more in range(6)
    ]
    digest = ur1.bc32_encode(hashlib.sha256(wrapped).digest())
    text = ur1.bc32_encode(wrapped)
    halves = (text[:40], text[40:])
    series = [f"ur:bytes/{n}of2/{digest}/{half}".encode() for n, half in enumerate(halves, 1)]
    found.append(bytes((0, TEXT)) + SEPARATOR.join(series))
    pieces = [frame.encode() for frame in pmofn.split(plain.encode_base64(small), 60)]
    found.append(bytes((0, TEXT)) + SEPARATOR.join(pieces))
    return found
