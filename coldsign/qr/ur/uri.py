"""The text form of URs, BCR-2020-005: ``ur:type/bytewords`` and ``ur:type/number-count/bytewords``."""

import re
from typing import NamedTuple

from coldsign.errors import MalformedError
from coldsign.primitives.text import printable
from coldsign.qr.payload import MAX_MESSAGE, Dialect, PayloadKind
from coldsign.qr.ur import bytewords, cbor
from coldsign.qr.ur.fountain import Part

_TYPE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_SEQUENCE = re.compile(r"([1-9][0-9]{0,9})-([1-9][0-9]{0,9})\Z")
_MAX_TYPE = 64  # the longest registered type has 24 letters

PSBT_TYPES = {"crypto-psbt": Dialect.UR, "psbt": Dialect.UR_PSBT}
_BYTES_TYPES = {*PSBT_TYPES, "bytes"}
_KINDS = {
    "crypto-psbt": PayloadKind.PSBT,
    "psbt": PayloadKind.PSBT,
    "bytes": PayloadKind.BYTES,
    "crypto-seed": PayloadKind.SEED,
    "seed": PayloadKind.SEED,
    "crypto-bip39": PayloadKind.SEED,
    "crypto-sskr": PayloadKind.SEED,
    "sskr": PayloadKind.SEED,
    "crypto-hdkey": PayloadKind.WALLET,
    "hdkey": PayloadKind.WALLET,
    "crypto-output": PayloadKind.WALLET,
    "output-descriptor": PayloadKind.WALLET,
    "crypto-account": PayloadKind.WALLET,
    "account-descriptor": PayloadKind.WALLET,
    "crypto-multi-accounts": PayloadKind.WALLET,
}
KEY_TYPES = {name for name, kind in _KINDS.items() if kind is PayloadKind.WALLET} | {
    "crypto-eckey",
    "eckey",
}
"""The types that hold keys, which may be secret ones."""


class Whole(NamedTuple):
    """A UR in a single frame: its type and its CBOR."""

    type: str
    message: bytes


class Piece(NamedTuple):
    """A frame of a multipart UR."""

    type: str
    part: Part


def parse(text: str) -> Whole | Piece:
    """One UR text, in either case.

    Raises:
        MalformedError: The type, the sequence, the bytewords or the part is wrong.
    """
    if len(text) > 2 * MAX_MESSAGE + 1024:
        raise MalformedError("a ur text longer than any message that is read")
    lowered = text.lower()
    if text not in {lowered, text.upper()}:
        raise MalformedError("a ur text mixes upper and lower case")
    segments = lowered.removeprefix("ur:").split("/")
    if len(segments) not in {2, 3} or not lowered.startswith("ur:"):
        raise MalformedError(f"a ur text of {len(segments)} segments; two or three are due")
    if len(segments[0]) > _MAX_TYPE or not _TYPE.match(segments[0]):
        raise MalformedError(f"not a ur type: '{printable(segments[0], 24)}'")
    body = bytewords.decode(segments[-1])
    if len(segments) == 2:
        return Whole(segments[0], body)
    return Piece(segments[0], _numbered(segments[1], Part.parse(body)))


def _numbered(sequence: str, part: Part) -> Part:
    match = _SEQUENCE.match(sequence)
    if not match or (int(match[1]), int(match[2])) != (part.number, part.count):
        raise MalformedError("the sequence in a ur text is not the one in its frame")
    return part


def kind_of(ur_type: str) -> PayloadKind | None:
    """What a UR type carries, or nothing for a type that is not known."""
    return _KINDS.get(ur_type)


def content(whole: Whole) -> bytes:
    """The bytes inside: of a PSBT or ``bytes`` the byte string, of other types the checked CBOR itself.

    Raises:
        MalformedError: The CBOR is not well formed or not what the type promises.
    """
    if whole.type in _BYTES_TYPES:
        return cbor.unwrap_bytes(whole.message)
    cbor.check(whole.message)
    return whole.message


def wrap(ur_type: str, data: bytes) -> bytes:
    """The CBOR of a type whose content is ``data``; the reverse of ``content``."""
    return cbor.wrap_bytes(data) if ur_type in _BYTES_TYPES else data


def whole_text(ur_type: str, message: bytes) -> str:
    """The single frame of a message, in upper case: QR's alphanumeric mode."""
    return f"ur:{ur_type}/{bytewords.encode(message)}".upper()


def piece_text(ur_type: str, part: Part) -> str:
    """The frame of one part, in upper case."""
    body = bytewords.encode(part.serialize())
    return f"ur:{ur_type}/{part.number}-{part.count}/{body}".upper()
