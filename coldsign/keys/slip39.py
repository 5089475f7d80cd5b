"""SLIP-39: a master secret split into shares of words, in groups of which some suffice.

Words are checked, never corrected. What comes out is a BIP-32 seed, not a BIP-39 entropy.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from coldsign.errors import MalformedError
from coldsign.keys.secret import NotCopied, Secret, wipe
from coldsign.keys.slip39_words import WORDS
from coldsign.keys.wordlist import WordList

WORD_BITS: Final = 10
MIN_WORDS: Final = 20  # 128 bits
MAX_WORDS: Final = 59  # 512 bits, the longest BIP-32 seed
MAX_SHARES: Final = 256  # 16 groups of 16
MAX_EXPONENT: Final = 8
"""2.6 million rounds, some seconds; each step doubles it, and a share chooses it."""
MAX_TEXT: Final = 1024  # characters of one share
_HEAD_WORDS, _CHECK_WORDS = 4, 3
_CHECK_GENERATORS: Final = (
    *(0xE0E040, 0x1C1C080, 0x3838100, 0x7070200, 0xE0E0009),
    *(0x1C0C2412, 0x38086C24, 0x3090FC48, 0x21B1F890, 0x3F3F120),
)
_BASE_ROUNDS, _ROUNDS = 10_000, 4
_SECRET_AT, _DIGEST_AT, _DIGEST_SIZE = 255, 254, 4


@dataclass(frozen=True, slots=True, repr=False)
class Share(NotCopied):
    """One share, its checksum verified. It does not print.

    Attributes:
        identifier: 15 bits that all shares of one backup have.
        extendable: Whether the identifier is left out of the encryption.
        exponent: How slow the encryption is: 10000 times 2 to this, in rounds.
        group: The number of its group, from 0.
        group_threshold: How many groups are needed.
        group_count: How many groups there are.
        member: The share's number in its group, from 0.
        member_threshold: How many shares of its group are needed.
        value: Its part of the secret: itself a secret.
    """

    identifier: int
    extendable: int
    exponent: int
    group: int
    group_threshold: int
    group_count: int
    member: int
    member_threshold: int
    value: bytes

    @property
    def backup(self) -> tuple[int, ...]:
        """What all shares of one backup have in common."""
        return (
            *(self.identifier, self.extendable, self.exponent),
            *(self.group_threshold, self.group_count, len(self.value)),
        )

    def __repr__(self) -> str:
        return f"Share(identifier={self.identifier}, group={self.group}, member={self.member})"


def parse(text: str) -> Share:
    """Read one share of 20 to 59 words; the first four letters of a word are enough.

    Raises:
        MalformedError: SLIP-39 does not allow it. Words are named by their position only.
    """
    values = _word_values(text)
    fields = _fields(values)
    code = b"shamir_extendable" if fields[1] else b"shamir"
    if _polymod((*code, *values)) != 1:
        raise MalformedError(
            "SLIP-39: the checksum is wrong", hint="a word is wrong or out of place"
        )
    if fields[2] > MAX_EXPONENT:
        raise MalformedError(f"SLIP-39: an iteration exponent of {fields[2]} would take too long")
    identifier, extendable, exponent, group, needed, count, member, member_needed = fields
    if needed >= count + 1:
        raise MalformedError("SLIP-39: more groups are needed than there are")
    value = _value(values[_HEAD_WORDS:-_CHECK_WORDS])
    return Share(
        identifier,
        extendable,
        exponent,
        group,
        needed + 1,
        count + 1,
        member,
        member_needed + 1,
        value,
    )


def recover(texts: tuple[str, ...], passphrase: str = "") -> Secret:
    """The master secret: a BIP-32 seed of 16 to 64 bytes.

    A wrong passphrase is not noticed: it gives another seed, as the standard wants it.

    Args:
        texts: Enough shares of enough groups; more are welcome and must agree.
        passphrase: Of the encryption of the backup; printable ASCII.

    Raises:
        MalformedError: A share is malformed, missing, given twice or of another backup, or the
            passphrase is not printable ASCII.
    """
    if not passphrase.isascii() or not all(" " <= char <= "~" for char in passphrase):
        raise MalformedError("SLIP-39: the passphrase is not printable ASCII")
    if not 1 <= len(texts) <= MAX_SHARES:
        raise MalformedError(
            "SLIP-39: no share was given" if not texts else "SLIP-39: too many shares"
        )
    shares = tuple(dict.fromkeys(parse(text) for text in texts))
    first = shares[0]
    if any(share.backup != first.backup for share in shares):
        raise MalformedError("SLIP-39: the shares are not of one backup")
    groups = {share.group: _group_value(shares, share.group) for share in shares}
    if len(groups) < first.group_threshold:
        raise MalformedError(f"SLIP-39: shares of {len(groups)} of {first.group_threshold} groups")
    encrypted = _combined(groups, first.group_threshold)
    return _decrypted(encrypted, first, passphrase.encode("ascii"))


@cache
def _list() -> WordList:
    return WordList("SLIP-39", WORDS)


def _word_values(text: str) -> tuple[int, ...]:
    if len(text) > MAX_TEXT:
        raise MalformedError(f"SLIP-39: {len(text)} characters are no share")
    words = text.lower().split()
    if not MIN_WORDS <= len(words) <= MAX_WORDS:
        raise MalformedError(f"SLIP-39: {len(words)} words; a share has {MIN_WORDS} to {MAX_WORDS}")
    return _list().places(words)


def _fields(values: tuple[int, ...]) -> list[int]:
    """The eight fields in front of the value: 15, 1 and six times 4 bits."""
    number = 0
    for value in values[:_HEAD_WORDS]:
        number = number << WORD_BITS | value
    return [number >> 25, number >> 24 & 1, *(number >> shift & 15 for shift in range(20, -1, -4))]


def _value(values: tuple[int, ...]) -> bytes:
    """The share's value: a whole number of 16-bit units behind at most 8 zero bits."""
    number = 0
    for value in values:
        number = number << WORD_BITS | value
    padding = len(values) * WORD_BITS % 16
    size = (len(values) * WORD_BITS - padding) // 8
    if padding > 8 or number >> size * 8:
        raise MalformedError("SLIP-39: the padding of the share is wrong")
    return number.to_bytes(size, "big")


def _polymod(values: tuple[int, ...]) -> int:
    """The Reed-Solomon checksum RS1024."""
    state = 1
    for value in values:
        carry = state >> 20
        state = (state & 0xFFFFF) << 10 ^ value
        for bit, generator in enumerate(_CHECK_GENERATORS):
            if carry >> bit & 1:
                state ^= generator
    return state


def _group_value(shares: tuple[Share, ...], group: int) -> bytes:
    """What the shares of one group stand for."""
    own = [share for share in shares if share.group == group]
    needed = own[0].member_threshold
    members = {share.member: share.value for share in own}
    if len(members) != len(own) or any(share.member_threshold != needed for share in own):
        raise MalformedError(f"SLIP-39: the shares of group {group + 1} contradict each other")
    if len(members) < needed:
        raise MalformedError(f"SLIP-39: {len(members)} of {needed} shares of group {group + 1}")
    return _combined(members, needed)


def _combined(points: dict[int, bytes], needed: int) -> bytes:
    """The secret that ``needed`` points determine; its digest and all further points must agree."""
    basis = dict(list(points.items())[:needed])
    at = _interpolator(basis) if needed > 1 else lambda _: next(iter(basis.values()))
    secret = at(_SECRET_AT)
    agrees = all(at(place) == value for place, value in points.items())
    if needed > 1:
        digest = at(_DIGEST_AT)
        expected = hmac.digest(digest[_DIGEST_SIZE:], secret, "sha256")[:_DIGEST_SIZE]
        agrees = agrees and hmac.compare_digest(digest[:_DIGEST_SIZE], expected)
    if not agrees:
        raise MalformedError("SLIP-39: the shares do not belong together")
    return secret


def _decrypted(encrypted: bytes, share: Share, passphrase: bytes) -> Secret:
    """The four Feistel rounds of the standard, backwards."""
    half = len(encrypted) // 2
    left, right = encrypted[:half], encrypted[half:]
    salt = b"" if share.extendable else b"shamir" + share.identifier.to_bytes(2, "big")
    count = (_BASE_ROUNDS << share.exponent) // _ROUNDS
    for turn in reversed(range(_ROUNDS)):
        password = bytes([turn]) + passphrase
        pad = hashlib.pbkdf2_hmac("sha256", password, salt + right, count, half)
        left, right = right, bytes(a ^ b for a, b in zip(left, pad, strict=True))
    secret = Secret(bytearray(right + left))
    wipe(left)
    wipe(right)
    return secret


@cache
def _tables() -> tuple[bytes, bytes]:
    """Powers and logarithms to the base 3 in GF(256), modulo x^8 + x^4 + x^3 + x + 1."""
    powers, logarithms = bytearray(255), bytearray(256)
    value = 1
    for exponent in range(255):
        powers[exponent], logarithms[value] = value, exponent
        value ^= value << 1
        if value & 256:
            value ^= 0x11B
    return bytes(powers), bytes(logarithms)


def _interpolator(basis: dict[int, bytes]) -> Callable[[int], bytes]:
    """The function through the points: every byte of the values at any place (Lagrange)."""
    powers, logarithms = _tables()

    def at(place: int) -> bytes:
        if place in basis:
            return basis[place]
        result = bytes(len(next(iter(basis.values()))))
        for own, value in basis.items():
            weight = sum(
                logarithms[place ^ other] - logarithms[own ^ other]
                for other in basis
                if other != own
            )
            terms = (powers[(logarithms[byte] + weight) % 255] if byte else 0 for byte in value)
            result = bytes(sofar ^ term for sofar, term in zip(result, terms, strict=True))
        return result

    return at
