"""QR symbols (ISO/IEC 18004 model 2): what fits, and the modules of one; the only door to ``qrcode``."""

from enum import IntEnum
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from coldsign.errors import MalformedError

MAX_VERSION = 40
ALPHANUMERIC = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
# The choice of mask costs three quarters of the encoding time and no reader needs it (measured: equal reads).
_MASK = 0


class Level(IntEnum):
    """Error correction, weakest first."""

    L = 0
    M = 1
    Q = 2
    H = 3


class Matrix(NamedTuple):
    """The modules of one symbol without quiet zone, row by row; 1 is dark."""

    version: int
    level: Level
    rows: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Modules along one side."""
        return len(self.rows)


def side(version: int) -> int:
    """Modules along one side of a version."""
    return 17 + 4 * version


def is_alphanumeric(frame: str | bytes) -> bool:
    """Whether a frame is written in QR's alphanumeric mode."""
    return isinstance(frame, str) and set(frame) <= ALPHANUMERIC


@lru_cache(maxsize=512)
def capacity(version: int, level: Level, *, alphanumeric: bool) -> int:
    """How many characters (alphanumeric mode) or bytes fit a symbol of one segment."""
    from qrcode import base, constants

    levels = (
        constants.ERROR_CORRECT_L,
        constants.ERROR_CORRECT_M,
        constants.ERROR_CORRECT_Q,
        constants.ERROR_CORRECT_H,
    )
    bits = 8 * sum(block.data_count for block in base.rs_blocks(version, levels[level]))
    band = 0 if version < 10 else 1 if version < 27 else 2
    if not alphanumeric:
        return (bits - 4 - (8 if band == 0 else 16)) // 8
    bits -= 4 + (9, 11, 13)[band]
    return bits // 11 * 2 + (bits % 11 >= 6)


def smallest_version(frame: str | bytes, level: Level = Level.L) -> int:
    """The smallest version that holds a frame.

    Raises:
        MalformedError: None does.
    """
    length, alphanumeric = len(_bytes(frame)), is_alphanumeric(frame)
    for version in range(1, MAX_VERSION + 1):
        if capacity(version, level, alphanumeric=alphanumeric) >= length:
            return version
    raise MalformedError(f"{length} bytes do not fit one QR code")


def strongest_level(frame: str | bytes, version: int) -> Level:
    """The strongest error correction at which a frame still fits a version: protection for nothing."""
    length, alphanumeric = len(_bytes(frame)), is_alphanumeric(frame)
    fitting = [v for v in Level if capacity(version, v, alphanumeric=alphanumeric) >= length]
    return max(fitting, default=Level.L)


@lru_cache(maxsize=64)
def encode(frame: str | bytes, version: int, level: Level) -> Matrix:
    """The modules of a frame at exactly this version and level.

    Raises:
        MalformedError: It does not fit.
    """
    from qrcode import constants, exceptions, util
    from qrcode.main import QRCode

    levels = (
        constants.ERROR_CORRECT_L,
        constants.ERROR_CORRECT_M,
        constants.ERROR_CORRECT_Q,
        constants.ERROR_CORRECT_H,
    )
    mode: Literal[2, 4] = 2 if is_alphanumeric(frame) else 4  # ISO/IEC 18004, mode indicators
    code: QRCode[Any] = QRCode(version, levels[level], border=0, mask_pattern=_MASK)
    code.add_data(util.QRData(_bytes(frame), mode), optimize=0)
    try:
        code.make(fit=False)
    except (exceptions.DataOverflowError, ValueError):
        raise MalformedError(f"a frame does not fit QR version {version}-{level.name}") from None
    return Matrix(version, level, tuple(bytes(map(bool, row)) for row in code.modules))


def _bytes(frame: str | bytes) -> bytes:
    return frame.encode() if isinstance(frame, str) else frame
