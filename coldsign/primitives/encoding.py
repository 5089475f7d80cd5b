"""Base58Check, and the bech32 and bech32m of segwit addresses (BIP-173, BIP-350)."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain

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
    """What each value of the ten bits shifted out adds to the checksum (BIP-173)."""
    generators = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
    once = [0] * 32
    for top in range(32):
        for bit, generator in enumerate(generators):
            if top >> bit & 1:
                once[top] ^= generator
    states = [once[top >> 5] ^ (top & 31) << 25 for top in range(1024)]
    return tuple([(state & 0x1FF_FFFF) << 5 ^ once[state >> 25] for state in states])


_FOLD = _folded_generators()
_PAIRS = tuple([one + other for one in BECH32_ALPHABET for other in BECH32_ALPHABET])


@lru_cache(maxsize=16)
def _expanded(hrp: str) -> int:
    """The groups of a human-readable part that its checksum covers, behind a 1, as one number.

    The 1 is the state that a checksum begins with: so it may begin with 0, and with groups of 0.
    """
    number = 1
    for group in [*(ord(char) >> 5 for char in hrp), 0, *(ord(char) & 31 for char in hrp)]:
        number = number << 5 | group
    return number


def _in_pairs(number: int) -> list[int]:
    """Groups of five bits, given as one number, in twos of ten bits."""
    last = (number.bit_length() - 1) // 10 * 10
    return [number >> shift & 1023 for shift in range(last, -1, -10)]


def _polymod(pairs: Iterable[int]) -> int:
    """The checksum of groups in twos: half the steps that single groups would take."""
    state, fold = 0, _FOLD
    for pair in pairs:
        state = (state & 0xF_FFFF) << 10 ^ pair ^ fold[state >> 20]
    return state


def bech32_polymod(groups: Sequence[int]) -> int:
    """The checksum state after groups of five bits, without a human-readable part."""
    first = (1,) if len(groups) % 2 else (0, 1)  # 1 is what every state begins with
    whole = chain(first, groups)
    return _polymod(high << 5 | low for high, low in zip(whole, whole, strict=True))


def _to_program(number: int, count: int) -> bytes:
    """So many groups of five bits as bytes; the padding must be shorter than a group and zero."""
    padding = count * 5 % 8
    if padding > 4 or number & (1 << padding) - 1:
        raise MalformedError("the bech32 address has a wrong padding")
    return (number >> padding).to_bytes(count * 5 // 8, "big")


def _demand_program(version: int, program: bytes) -> None:
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
    _demand_program(version, program)
    bits = len(program) * 8
    count = (bits + 4) // 5
    groups = (_expanded(hrp) << 5 | version) << 5 * count
    groups |= int.from_bytes(program, "big") << 5 * count - bits
    pairs = _in_pairs(groups << 30)
    checksum = _polymod(pairs) ^ (_BECH32M_CONST if version else _BECH32_CONST)
    pairs[-3:] = checksum >> 20, checksum >> 10 & 1023, checksum & 1023
    text = "".join([_PAIRS[pair] for pair in pairs])
    return f"{hrp}1{text[-count - 7 :]}"


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
    number = 0
    for value in values:
        number = number << 5 | value
    version = values[0]
    constant = _polymod(_in_pairs(_expanded(hrp) << 5 * len(values) | number))
    if constant not in {_BECH32_CONST, _BECH32M_CONST}:
        raise MalformedError("the bech32 checksum is wrong")
    if constant != (_BECH32M_CONST if version else _BECH32_CONST):
        raise MalformedError("version 0 addresses are bech32, all later ones bech32m")
    count = len(values) - 7
    program = _to_program(number >> 30 & (1 << 5 * count) - 1, count)
    _demand_program(version, program)
    return version, program
