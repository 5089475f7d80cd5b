"""codex32 (BIP-93): a BIP-32 seed as one checksummed string, or split into shares of which some suffice.

Strings are checked, never corrected: a correction that is wrong by one share gives another wallet.
"""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from coldsign.errors import MalformedError
from coldsign.keys.secret import NotCopied, Secret
from coldsign.primitives.encoding import BECH32_ALPHABET

SHORT: Final = range(48, 94)  # characters of a string with the short checksum
LONG: Final = range(125, 128)  # and with the long one
MAX_SHARES: Final = 31  # there are 32 indexes, and S is the secret itself
MIN_SEED, MAX_SEED = 16, 64  # bytes, BIP-32
_PREFIX: Final = "ms1"
_HEAD: Final = 6  # threshold, identifier of four, index
_SECRET_INDEX: Final = BECH32_ALPHABET.index("s")
_MAX_PADDING: Final = 4  # bits
_VALUES: Final = {char: value for value, char in enumerate(BECH32_ALPHABET)}


class _Checksum(NamedTuple):
    """The BCH code of one checksum length (BIP-93, "Checksum")."""

    characters: int
    generators: tuple[int, ...]
    target: int

    def residue(self, values: bytes) -> int:
        state = 0x23181B3  # the state after the prefix
        top = 5 * (self.characters - 1)
        for value in values:
            carry = state >> top
            state = (state & ((1 << top) - 1)) << 5 ^ value
            for bit, generator in enumerate(self.generators):
                if carry >> bit & 1:
                    state ^= generator
        return state


_SHORT_CODE: Final = _Checksum(
    13,
    (
        0x19DC500CE73FDE210,
        0x1BFAE00DEF77FE529,
        0x1FBD920FFFE7BEE52,
        0x1739640BDEEE3FDAD,
        0x07729A039CFC75F5A,
    ),
    0x10CE0795C2FD1E62A,
)
_LONG_CODE: Final = _Checksum(
    15,
    (
        0x3D59D273535EA62D897,
        0x7A9BECB6361C6C51507,
        0x543F9B7E6C38D8A2A0E,
        0x0C577EAECCF1990D13C,
        0x1887F74F8DC71B10651,
    ),
    0x43381E570BF4798AB26,
)


@dataclass(frozen=True, slots=True, repr=False)
class Share(NotCopied):
    """One codex32 string, checked. It does not print.

    Attributes:
        threshold: How many shares give the secret; 0 where it was never split.
        identifier: Four characters that all shares of one secret have.
        index: The share's number; that of ``s`` is the secret itself.
        payload: The five-bit values between the index and the checksum: a secret.
    """

    threshold: int
    identifier: str
    index: int
    payload: bytes

    @property
    def is_secret(self) -> bool:
        """Whether this is the secret itself and no share of it."""
        return self.index == _SECRET_INDEX

    def serialize(self) -> str:
        """The string in lower case, with its checksum: a secret."""
        head = f"{self.threshold}{self.identifier}{BECH32_ALPHABET[self.index]}"
        values = bytes(_VALUES[char] for char in head) + self.payload
        size = len(_PREFIX) + len(values) + _SHORT_CODE.characters
        code = _SHORT_CODE if size in SHORT else _LONG_CODE
        check = code.residue(values + bytes(code.characters)) ^ code.target
        tail = bytes(check >> 5 * at & 31 for at in range(code.characters - 1, -1, -1))
        return _PREFIX + "".join(BECH32_ALPHABET[value] for value in values + tail)

    def __repr__(self) -> str:
        return f"Share(identifier={self.identifier}, index={BECH32_ALPHABET[self.index]})"


def parse(text: str) -> Share:
    """Read one string, all lower or all upper case; blanks around it are ignored.

    Raises:
        MalformedError: BIP-93 does not allow it. No message repeats it.
    """
    string = text.strip()
    if string not in (string.lower(), string.upper()):
        raise MalformedError("codex32: upper and lower case are mixed")
    string = string.lower()
    if len(string) not in SHORT and len(string) not in LONG:
        raise MalformedError(f"codex32: {len(string)} characters; it has 48 to 93 or 125 to 127")
    if not string.startswith(_PREFIX):
        raise MalformedError("codex32: it does not begin with ms1")
    for position, char in enumerate(string[len(_PREFIX) :], len(_PREFIX) + 1):
        if char not in _VALUES:
            raise MalformedError(f"codex32: character {position} is not of its alphabet")
    values = bytes(_VALUES[char] for char in string[len(_PREFIX) :])
    code = _SHORT_CODE if len(string) in SHORT else _LONG_CODE
    if code.residue(values) != code.target:
        raise MalformedError(
            "codex32: the checksum is wrong", hint="compare it with the backup, letter by letter"
        )
    return _share(string, values[_HEAD : -code.characters])


def recover(texts: tuple[str, ...]) -> Secret:
    """The seed, 16 to 64 bytes: of the one unsplit string, or of as many shares as the threshold says.

    Further shares are welcome and must agree.

    Raises:
        MalformedError: A string is malformed, shares are missing, given twice, or not of one
            secret.
    """
    shares = tuple(parse(text) for text in texts)
    if not shares:
        raise MalformedError("codex32: no share was given")
    return _seed(interpolate(shares, _SECRET_INDEX))


def interpolate(shares: tuple[Share, ...], index: int) -> Share:
    """The share with another index: as many shares as the threshold determine all the others.

    Raises:
        MalformedError: Shares are missing, given twice, or not of one secret.
    """
    first = shares[0]
    kinds = {(share.threshold, share.identifier, len(share.payload)) for share in shares}
    if len(kinds) != 1:
        raise MalformedError("codex32: the shares are not of one secret")
    if len({share.index for share in shares}) != len(shares):
        raise MalformedError("codex32: a share was given twice")
    needed = max(first.threshold, 1)
    if len(shares) < needed:
        raise MalformedError(f"codex32: {len(shares)} of {needed} shares were given")
    basis = shares[:needed]
    for other in shares[needed:]:
        if _payload_at(basis, other.index) != other.payload:
            raise MalformedError("codex32: the shares are not of one secret")
    payload = _payload_at(basis, index) if first.threshold else first.payload
    return Share(first.threshold, first.identifier, index, payload)


def _share(string: str, payload: bytes) -> Share:
    head = string[len(_PREFIX) : len(_PREFIX) + _HEAD]
    if not re.fullmatch(r"[02-9]", head[0]):
        raise MalformedError("codex32: the threshold is not a digit from 2 to 9, or 0")
    share = Share(int(head[0]), head[1:5], _VALUES[head[5]], payload)
    if share.threshold == 0 and not share.is_secret:
        raise MalformedError("codex32: an unsplit secret has the index s")
    size, padding = divmod(len(payload) * 5, 8)
    if padding > _MAX_PADDING or not MIN_SEED <= size <= MAX_SEED:
        raise MalformedError(f"codex32: {len(payload)} characters of payload are no seed")
    return share


def _seed(share: Share) -> Secret:
    number = 0
    for value in share.payload:
        number = number << 5 | value
    size, padding = divmod(len(share.payload) * 5, 8)
    return Secret(bytearray((number >> padding).to_bytes(size, "big")))


def _payload_at(basis: tuple[Share, ...], index: int) -> bytes:
    """Lagrange interpolation of every character, over the field of 32 elements."""
    result = bytes(len(basis[0].payload))
    for share in basis:
        weight = 1
        for other in basis:
            if other is not share:
                weight = _times(weight, index ^ other.index)
                weight = _times(weight, _inverse(share.index ^ other.index))
        products = bytes(_times(weight, value) for value in range(32))
        terms = [products[value] for value in share.payload]
        result = bytes(sofar ^ term for sofar, term in zip(result, terms, strict=True))
    return result


def _times(a: int, b: int) -> int:
    """Product in GF(32), modulo x^5 + x^3 + 1."""
    product = 0
    for bit in range(5):
        if b >> bit & 1:
            product ^= a
        a <<= 1
        if a & 32:
            a ^= 0b101001
    return product


def _inverse(a: int) -> int:
    """The inverse in GF(32): a^30."""
    result = 1
    for _ in range(30):
        result = _times(result, a)
    return result
