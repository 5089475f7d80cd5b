"""Payloads that are one text without any framing: base64 and hex, each in its one canonical form."""

import base64
import binascii
import re

from coldsign.errors import MalformedError
from coldsign.qr.payload import MAX_MESSAGE

_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}\Z")
_HEX = re.compile(rb"(?:[0-9a-f]{2})+\Z|(?:[0-9A-F]{2})+\Z")


def decode_base64(text: bytes) -> bytes:
    """RFC 4648 base64 with padding and nothing else.

    Raises:
        MalformedError: Other characters, padding in the middle, pad bits that are not zero, or too long.
    """
    if len(text) > MAX_MESSAGE * 4 // 3 + 4:
        raise MalformedError("base64 longer than any message that is read")
    if not _BASE64.match(text) or len(text) % 4:
        raise MalformedError("not base64 from the first character to the last")
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise MalformedError("not base64: the padding is wrong") from None
    if base64.b64encode(data) != text:
        raise MalformedError("base64 with pad bits that are not zero")
    return data


def encode_base64(data: bytes) -> str:
    """RFC 4648 base64 with padding."""
    return base64.b64encode(data).decode()


def decode_hex(text: bytes) -> bytes:
    """Hex in one case.

    Raises:
        MalformedError: Other characters, mixed case, an odd length, or too long.
    """
    if len(text) > MAX_MESSAGE * 2:
        raise MalformedError("hex longer than any message that is read")
    if not _HEX.match(text):
        raise MalformedError("not hex in one case from the first character to the last")
    return bytes.fromhex(text.decode())
