"""A payload that is one text or one byte string by itself: base64, hex, base43, binary, SeedQR, other text."""

from coldsign.qr import base43, plain
from coldsign.qr.payload import Dialect, Payload, PayloadKind, is_text, kind_of_bytes, kind_of_text

_PSBT = b"psbt\xff"
_PSBT_BASE64 = b"cHNidP"
_PSBT_HEX = (b"70736274ff", b"70736274FF")
_MIN_HEX = 120  # the 60 bytes of the smallest transaction
_NAMED = {PayloadKind.PSBT, PayloadKind.TRANSACTION}
_COMPACT_SEEDS = {16, 20, 24, 28, 32}  # entropy of 12 to 24 words, in bytes
_SEED_DIGITS = {4 * words for words in (12, 15, 18, 21, 24)}


def single(raw: bytes, want: frozenset[PayloadKind] | None = None) -> Payload:
    """What one code, or a whole file, says by itself; text of no known form is a payload of kind text.

    Args:
        raw: The exact bytes of the code.
        want: The kinds that are asked for, where that is known: raw bytes of a seed's length are then taken for one.

    Raises:
        MalformedError: It begins as a PSBT and is not in that dialect's one canonical form.
    """
    if raw.startswith(_PSBT):
        return Payload(PayloadKind.PSBT, raw, Dialect.BINARY)
    if want is not None and PayloadKind.SEED in want and (seed := _seed(raw)):
        return seed
    if raw.startswith(_PSBT_BASE64):
        return Payload(PayloadKind.PSBT, plain.decode_base64(raw), Dialect.BASE64)
    if raw.startswith(_PSBT_HEX):
        return Payload(PayloadKind.PSBT, plain.decode_hex(raw), Dialect.HEX)
    if not is_text(raw):
        return _bytes(raw, want)
    return _hex(raw) or _base43(raw) or _text(raw)


def _seed(raw: bytes) -> Payload | None:
    if len(raw) in _SEED_DIGITS and raw.isdigit():
        return Payload(PayloadKind.SEED, raw, Dialect.SEEDQR, "digits")
    if len(raw) in _COMPACT_SEEDS:
        return Payload(PayloadKind.SEED, raw, Dialect.SEEDQR, "compact")
    return None


def _bytes(raw: bytes, want: frozenset[PayloadKind] | None) -> Payload:
    if want is not None and len(raw) in _COMPACT_SEEDS:  # printed or shown again, it would be out
        return Payload(PayloadKind.SEED, raw, Dialect.SEEDQR, "compact")
    return Payload(kind_of_bytes(raw), raw, Dialect.BINARY)


def _hex(raw: bytes) -> Payload | None:
    if (
        len(raw) < _MIN_HEX
        or len(raw) % 2
        or not raw.isalnum()
        or raw[:2] not in {b"01", b"02", b"03"}
    ):
        return None
    if raw.strip(b"0123456789abcdef") and raw.strip(b"0123456789ABCDEF"):
        return None
    data = plain.decode_hex(raw)
    kind = kind_of_bytes(data)
    return Payload(kind, data, Dialect.HEX) if kind in _NAMED else None


def _base43(raw: bytes) -> Payload | None:
    text = raw.decode()
    if raw.isdigit() or not base43.is_base43(text):
        return None
    data = base43.decode(text)
    kind = kind_of_bytes(data)
    return Payload(kind, data, Dialect.BASE43) if kind in _NAMED else None


def _text(raw: bytes) -> Payload:
    if len(raw) in _SEED_DIGITS and raw.isdigit():
        return Payload(PayloadKind.SEED, raw, Dialect.SEEDQR, "digits")
    return Payload(kind_of_text(raw), raw, Dialect.TEXT)
