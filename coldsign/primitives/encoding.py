"""Base58Check, and the bech32 and bech32m of segwit addresses (BIP-173, BIP-350)."""

from functools import lru_cache

from coldsign.errors import MalformedError
from coldsign.primitives.hashes import sha256d

BASE58_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BECH32_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

MAX_BASE58 = 128
"""Extended keys, the longest use, have 112 characters; decoding costs the square of the length."""
MAX_BECH32 = 90
"""BIP-173: the checksum's guarantees end here."""

_BASE58 = {char: value for value, char in enumerate(BASE58_ALPHABET)}
_BECH32 = {char: value for value, char in enumerate(BECH32_ALPHABET)}
_TO_BECH32 = bytes.maketrans(bytes(range(32)), BECH32_ALPHABET.encode())
_CHECKSUM_SHIFTS = (25, 20, 15, 10, 5, 0)
_BECH32_CONST = 1
_BECH32M_CONST = 0x2BC830A3


def base58check_encode(payload: bytes) -> str:
    """Base58 of the payload and four bytes of its double SHA-256."""
    data = payload + sha256d(payload)[:4]
    number = int.from_bytes(data, "big")
    digits = []
    while number:
        number, digit = divmod(number, 58)
        digits.append(BASE58_ALPHABET[digit])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(digits))


def base58check_decode(text: str) -> bytes:
    """The payload of a Base58Check text.

    Raises:
        MalformedError: A character is not of the alphabet, the checksum is wrong, or the text
            is too long.
    """
    if len(text) > MAX_BASE58:
        raise MalformedError(f"base58 text of {len(text)} characters is longer than {MAX_BASE58}")
    number = 0
    for position, char in enumerate(text):
        digit = _BASE58.get(char)
        if digit is None:
            raise MalformedError(f"character {position + 1} is not base58")
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip("1"))
    data = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    if len(data) < 4:
        raise MalformedError("base58 text is too short for its checksum")
    payload, checksum = data[:-4], data[-4:]
    if sha256d(payload)[:4] != checksum:
        raise MalformedError("the base58 checksum is wrong")
    return payload


def _folded_generators() -> tuple[int, ...]:
    """What each value of the five bits shifted out adds to the checksum (BIP-173)."""
    generators = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
    table = [0] * 32
    for top in range(32):
        for bit, generator in enumerate(generators):
            if top >> bit & 1:
                table[top] ^= generator
    return tuple(table)


_FOLD = _folded_generators()


def _polymod(values: bytes, state: int) -> int:
    fold = _FOLD
    for value in values:
        state = (state & 0x1FF_FFFF) << 5 ^ value ^ fold[state >> 25]
    return state


@lru_cache(maxsize=16)
def _hrp_state(hrp: str) -> int:
    """The checksum's state after the human-readable part."""
    high = bytes(ord(char) >> 5 for char in hrp)
    low = bytes(ord(char) & 31 for char in hrp)
    return _polymod(high + b"\0" + low, 1)


def _to_groups(data: bytes) -> bytes:
    """Bytes as groups of five bits, the last one padded with zeros."""
    count = (len(data) * 8 + 4) // 5
    number = int.from_bytes(data, "big") << (count * 5 - len(data) * 8)
    return bytes([number >> shift & 31 for shift in range(5 * (count - 1), -1, -5)])


def _from_groups(groups: bytes) -> bytes:
    """Groups of five bits as bytes; the padding must be shorter than a group and zero."""
    number = 0
    for group in groups:
        number = number << 5 | group
    padding = len(groups) * 5 % 8
    if padding > 4 or number & (1 << padding) - 1:
        raise MalformedError("the bech32 address has a wrong padding")
    return (number >> padding).to_bytes(len(groups) * 5 // 8, "big")


def _check_program(version: int, program: bytes) -> None:
    if not 0 <= version <= 16:
        raise MalformedError(f"witness version {version} does not exist")
    if not 2 <= len(program) <= 40:
        raise MalformedError(f"a witness program has 2 to 40 bytes, not {len(program)}")
    if version == 0 and len(program) not in {20, 32}:
        raise MalformedError(f"a version 0 program has 20 or 32 bytes, not {len(program)}")


def bech32_encode(hrp: str, version: int, program: bytes) -> str:
    """The segwit address of a witness program: bech32 for version 0, bech32m above.

    Raises:
        MalformedError: BIP-141 knows no such version and length.
    """
    _check_program(version, program)
    groups = bytes((version,)) + _to_groups(program)
    constant = _BECH32M_CONST if version else _BECH32_CONST
    checksum = _polymod(groups + bytes(6), _hrp_state(hrp)) ^ constant
    tail = bytes([checksum >> shift & 31 for shift in _CHECKSUM_SHIFTS])
    return f"{hrp}1{(groups + tail).translate(_TO_BECH32).decode()}"


def bech32_decode(address: str) -> tuple[str, int, bytes]:
    """The human-readable part, witness version and program of a segwit address.

    Raises:
        MalformedError: BIP-173 and BIP-350 do not allow this text.
    """
    if len(address) > MAX_BECH32:
        raise MalformedError(f"a bech32 address has at most {MAX_BECH32} characters")
    lower = address.lower()
    if not address.isascii() or (address not in {lower, address.upper()}):
        raise MalformedError("a bech32 address is ASCII, and all lower or all upper case")
    hrp, separator, data = lower.rpartition("1")
    if not separator or not hrp or any(not 33 <= ord(char) <= 126 for char in hrp):
        raise MalformedError("a bech32 address begins with a prefix and 1")
    if len(data) < 7:
        raise MalformedError("the bech32 address is too short")
    return (hrp, *_decode_data(hrp, data))


def _decode_data(hrp: str, data: str) -> tuple[int, bytes]:
    values = [_BECH32.get(char, -1) for char in data]
    if -1 in values:
        position = values.index(-1) + len(hrp) + 2
        raise MalformedError(f"character {position} is not bech32")
    groups = bytes(values)
    version, constant = groups[0], _polymod(groups, _hrp_state(hrp))
    if constant not in {_BECH32_CONST, _BECH32M_CONST}:
        raise MalformedError("the bech32 checksum is wrong")
    if constant != (_BECH32M_CONST if version else _BECH32_CONST):
        raise MalformedError("version 0 addresses are bech32, all later ones bech32m")
    program = _from_groups(groups[1:-6])
    _check_program(version, program)
    return version, program
