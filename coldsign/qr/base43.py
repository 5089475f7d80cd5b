"""Electrum's base43: a number written in the 43 characters that QR's alphanumeric mode and URLs share.

Leading zero bytes are leading ``0`` characters. Reading costs quadratic time, so it is capped as Electrum caps it.
"""

from coldsign.errors import MalformedError

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ$*+-./:"
MAX_CHARS = 30_000  # Electrum's own limit; one QR holds 4,296, the rest is for files
_VALUES = {char: value for value, char in enumerate(ALPHABET)}
_CHUNK = 1000  # characters turned into a number at a time, so big-number work stays small


def is_base43(text: str) -> bool:
    """Whether the text could be base43."""
    return 0 < len(text) <= MAX_CHARS and _VALUES.keys() >= set(text)


def decode(text: str) -> bytes:
    """The bytes of a base43 text.

    Raises:
        MalformedError: A character outside the alphabet, empty, or too long.
    """
    if not is_base43(text):
        raise MalformedError("not base43 from the first character to the last")
    number = 0
    for start in range(0, len(text), _CHUNK):
        chunk = text[start : start + _CHUNK]
        value = 0
        for char in chunk:
            value = value * 43 + _VALUES[char]
        number = number * 43 ** len(chunk) + value
    zeros = len(text) - len(text.lstrip("0"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def encode(data: bytes) -> str:
    """The base43 text of the bytes."""
    number = int.from_bytes(data, "big")
    base = 43**64
    chunks: list[str] = []
    while number:
        number, low = divmod(number, base)
        chunk = ""
        for _ in range(64):
            low, digit = divmod(low, 43)
            chunk = ALPHABET[digit] + chunk
        chunks.append(chunk)
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "0" * zeros + "".join(reversed(chunks)).lstrip("0")
