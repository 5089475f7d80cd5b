"""The checksum of output descriptors (BIP-380): eight characters that catch typing errors, not attackers."""

from collections.abc import Iterator

from coldsign.errors import MalformedError
from coldsign.primitives.encoding import BECH32_ALPHABET
from coldsign.primitives.text import printable

_INPUT = (
    "0123456789()[],'/*abcdefgh@:$%{}"
    "IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~"
    'ijklmnopqrstuvwxyzABCDEFGH`#"\\ '
)
_VALUES = {char: value for value, char in enumerate(_INPUT)}
_GENERATOR = (0xF5DEE51989, 0xA9FDCA3312, 0x1BAB10E32D, 0x3706B1677A, 0x644D626FFD)
_LENGTH = 8


def _sum(symbol: int) -> int:
    """What the generator adds for the five bits that leave the state."""
    found = 0
    for bit, generator in enumerate(_GENERATOR):
        if symbol >> bit & 1:
            found ^= generator
    return found


_SUMS = tuple(_sum(symbol) for symbol in range(32))
"""Looked up: every review writes its wallet's descriptor, of up to thousands of characters."""


def _symbols(text: str) -> Iterator[int]:
    """One symbol of 5 bits a character, and one for the groups of each three characters."""
    groups: list[int] = []
    for offset, char in enumerate(text):
        value = _VALUES.get(char)
        if value is None:
            raise MalformedError(
                f"descriptor: character {printable(char)} at offset {offset} is not allowed"
            )
        yield value & 31
        groups.append(value >> 5)
        if len(groups) == 3:
            yield groups[0] * 9 + groups[1] * 3 + groups[2]
            groups.clear()
    if len(groups) == 1:
        yield groups[0]
    elif len(groups) == 2:
        yield groups[0] * 3 + groups[1]


def checksum(text: str) -> str:
    """The eight checksum characters of a descriptor without one (BIP-380, "Checksum").

    Raises:
        MalformedError: A character is outside BIP-380's set.
    """
    state = 1
    for symbol in (*_symbols(text), *bytes(_LENGTH)):
        state = (state & 0x7FFFFFFFF) << 5 ^ symbol ^ _SUMS[state >> 35]
    state ^= 1
    return "".join(BECH32_ALPHABET[state >> 5 * (_LENGTH - 1 - i) & 31] for i in range(_LENGTH))


def strip_checksum(text: str) -> tuple[str, bool]:
    """The descriptor without its checksum, and whether it had one; a wrong one is an error.

    Raises:
        MalformedError: The checksum is wrong, cut or too long, or a character is not allowed.
    """
    body, mark, given = text.partition("#")
    right = checksum(body)
    if not mark:
        return body, False
    if len(given) != _LENGTH:
        raise MalformedError(
            f"descriptor: the checksum has {len(given)} characters, {_LENGTH} are due",
            hint="copy the whole descriptor again from where it was made",
        )
    if given != right:
        raise MalformedError(
            f"descriptor: the checksum {printable(given)} is not that of its text",
            hint="a character was changed: copy the descriptor again from where it was made",
            code="descriptor-checksum",
        )
    return body, True
