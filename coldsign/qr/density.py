"""How much one code carries: the largest QR version that the screen or picture at hand can show."""

from dataclasses import dataclass

from coldsign.errors import UsageError
from coldsign.qr.symbol import MAX_VERSION

QUIET_ZONE = (
    2  # modules of white; both decoders read 100 % from 1 on (measured), the standard asks for 4
)
# Beyond version 20 half-out-of-focus webcams lose frames (measured at 720p), beyond 27 good ones do.
TERMINAL_VERSION = 20
PICTURE_VERSION = 27
_STEPS = (4, 6, 8, 13, 16, 20, 27, 40)


@dataclass(frozen=True, slots=True)
class Density:
    """A limit on the QR version of every frame.

    Attributes:
        version: 1 to 40; a version has 17 + 4 * version modules a side.
    """

    version: int = TERMINAL_VERSION

    def __post_init__(self) -> None:
        if not 1 <= self.version <= MAX_VERSION:
            raise UsageError(f"density {self.version} is not a QR version", hint="1 to 40, or auto")

    def denser(self) -> "Density":
        """The next step up, for a key that changes it while showing."""
        return Density(next((v for v in _STEPS if v > self.version), self.version))

    def sparser(self) -> "Density":
        """The next step down."""
        return Density(next((v for v in reversed(_STEPS) if v < self.version), self.version))
