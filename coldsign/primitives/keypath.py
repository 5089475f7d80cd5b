"""Key paths and key origins (BIP-32, BIP-174, BIP-380), as text and as bytes."""

import struct
from typing import NamedTuple

from coldsign.errors import MalformedError
from coldsign.primitives.text import printable

HARDENED = 0x8000_0000
MAX_DEPTH = 255
"""BIP-32 serialises the depth in one byte."""

KeyPath = tuple[int, ...]


def _parse_step(step: str, text: str) -> int:
    digits, hardened = (step[:-1], HARDENED) if step[-1:] in {"h", "'"} else (step, 0)
    canonical = digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0")
    if not canonical or len(digits) > 10 or int(digits) >= HARDENED:
        fault = f"{printable(step)} is not a step" if step else "a step is empty"
        raise MalformedError(f"key path {printable(text) or '(empty)'}: {fault}")
    return int(digits) + hardened


def parse_path(text: str) -> KeyPath:
    """Read ``m/48h/0h`` or ``48'/0'``; ``m`` alone is the empty path.

    Raises:
        MalformedError: A step is not a plain number below 2^31 with an optional ``h`` or ``'``,
            or there are more than 255.
    """
    if text == "m":
        return ()
    steps = text.removeprefix("m/").split("/", MAX_DEPTH)
    if len(steps) > MAX_DEPTH:
        raise MalformedError(f"key path {printable(text)}: more than {MAX_DEPTH} steps")
    return tuple(_parse_step(step, text) for step in steps)


def format_path(path: KeyPath) -> str:
    """Write ``48h/0h/0h/2h``; the empty path is ``m``."""
    return (
        "/".join(f"{step - HARDENED}h" if step >= HARDENED else str(step) for step in path) or "m"
    )


class KeyOrigin(NamedTuple):
    """Which master key, and by which steps: a claim until it is proven by derivation.

    Attributes:
        fingerprint: First four bytes of the master key's hash160.
        path: The steps from there.
    """

    fingerprint: bytes
    path: KeyPath

    @classmethod
    def parse_bytes(cls, value: bytes) -> "KeyOrigin":
        """Read the value of PSBT_IN_BIP32_DERIVATION (BIP-174): the fingerprint, then 32-bit steps.

        Raises:
            MalformedError: The length is not a multiple of 4, or there are more than 255 steps.
        """
        size = len(value)
        if size < 4 or size % 4:
            raise MalformedError(f"a key origin has 4 bytes and 4 for each step, not {size}")
        if size > 4 + 4 * MAX_DEPTH:
            raise MalformedError(f"a key origin has more than {MAX_DEPTH} steps")
        return cls(value[:4], struct.unpack_from(f"<{size // 4 - 1}I", value, 4))

    def to_bytes(self) -> bytes:
        """The value of PSBT_IN_BIP32_DERIVATION."""
        return self.fingerprint + struct.pack(f"<{len(self.path)}I", *self.path)

    def __str__(self) -> str:
        path = f"/{format_path(self.path)}" if self.path else ""
        return f"[{self.fingerprint.hex()}{path}]"
