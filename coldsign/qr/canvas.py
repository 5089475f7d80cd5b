"""The terminal at hand: what it can draw, which codes fit it, and where the words go beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from coldsign.qr import render
from coldsign.qr.density import PICTURE_VERSION, QUIET_ZONE, TERMINAL_VERSION, Density
from coldsign.qr.render import Protocol
from coldsign.qr.symbol import Matrix, side

_CLEAR = "\x1b[2J\x1b[H"
_HOME = "\x1b[H"
_BESIDE = 29  # columns that the words need beside a code, so that they cost no row of modules
_BELOW = 2  # rows that they need below it, where it is too wide for that
_LEAST_MODULE = 4  # pixels; a 720p webcam still reads version 27 so (measured)
_MOST_MODULE = 12


@dataclass(frozen=True, slots=True)
class Canvas:
    """A terminal window.

    Attributes:
        columns: Its width in characters.
        rows: Its height in characters.
        width: Its width in pixels, 0 where the terminal does not say.
        height: Its height in pixels, likewise.
        protocol: How codes are drawn on it.
    """

    columns: int
    rows: int
    width: int = 0
    height: int = 0
    protocol: Protocol = Protocol.BLOCKS

    @classmethod
    def of(
        cls, columns: int, rows: int, pixels: tuple[int, int], environment: Mapping[str, str]
    ) -> "Canvas":
        """The best way this terminal can draw: in pixels where it knows how and says how many it has."""
        blocks = cls(columns, rows)
        drawn = replace(
            blocks, width=pixels[0], height=pixels[1], protocol=render.detect(environment)
        )
        better = min(pixels) > 0 and drawn.fits(blocks.density().version)
        return drawn if better else blocks

    def density(self) -> Density:
        """The largest version to begin with: what fits, as far as webcams read it."""
        most = TERMINAL_VERSION if self.protocol is Protocol.BLOCKS else PICTURE_VERSION
        return Density(next((v for v in range(most, 1, -1) if self.fits(v)), 1))

    def fits(self, version: int) -> bool:
        """Whether a code of that version and the words can be seen whole."""
        if self.protocol is not Protocol.BLOCKS:
            return self._module(version) >= _LEAST_MODULE
        columns, rows = _cells(version)
        below = 0 if self._beside(version) else _BELOW
        return columns <= self.columns and rows + below <= self.rows

    def denser(self, density: Density) -> Density:
        """The next step up, or the largest that fits."""
        step = density.denser()
        if self.fits(step.version):
            return step
        return Density(max(density.version, self.density().version))

    def need(self, version: int) -> str:
        """The smallest window for a version, as columns x rows."""
        columns, rows = _cells(version)
        return f"{columns}x{rows + _BELOW}"

    def draw(self, symbol: Matrix, status: Sequence[str], keys: Sequence[str]) -> str:
        """One picture of the whole window, from its upper left corner; nothing scrolls.

        Args:
            symbol: A code that fits.
            status: Short sentences about it.
            keys: What each key does.
        """
        if self.protocol is Protocol.BLOCKS:
            return _HOME + "\n".join(self._blocks(symbol, status, keys)) + "\r"
        module = self._module(symbol.version)
        pixels = render.kitty if self.protocol is Protocol.KITTY else render.sixel
        first, second = self._two_lines(status, keys)
        words = f"\x1b[{self.rows - 1};1H{first}\x1b[{self.rows};1H{second}\r"
        return f"{_HOME}{pixels(symbol, module)}{words}"

    def clear(self) -> str:
        """The window emptied, pictures too."""
        return (render.KITTY_DELETE if self.protocol is Protocol.KITTY else "") + _CLEAR

    def _blocks(self, symbol: Matrix, status: Sequence[str], keys: Sequence[str]) -> list[str]:
        code = render.half_blocks(symbol).split("\n")
        if not self._beside(symbol.version):
            return [*code, *self._two_lines(status, keys)]
        room = self.columns - _cells(symbol.version)[0] - 3
        words = [*status, "", *keys][: len(code)]
        words += [""] * (len(code) - len(words))
        return [
            f"{line}  {_line((text,), '', room)}" for line, text in zip(code, words, strict=True)
        ]

    def _two_lines(self, status: Sequence[str], keys: Sequence[str]) -> tuple[str, str]:
        room = self.columns - 1
        return _line(status, ", ", room), _line(keys, "  ", room)

    def _beside(self, version: int) -> bool:
        return self.columns - _cells(version)[0] >= _BESIDE

    def _module(self, version: int) -> int:
        """Pixels along a module's side, so that the code fills what the words leave."""
        room = min(self.width, self.height - _BELOW * self.height // max(1, self.rows))
        return min(_MOST_MODULE, room // (side(version) + 2 * QUIET_ZONE))


def _line(words: Sequence[str], between: str, room: int) -> str:
    """As many of the words as there is room for, the first ones first; a word is cut only where it is alone."""
    fitting = next((n for n in range(len(words), 1, -1) if len(between.join(words[:n])) <= room), 1)
    return between.join(words[:fitting])[:room].ljust(room)


def _cells(version: int) -> tuple[int, int]:
    """Columns and rows of a code in half blocks."""
    modules = side(version) + 2 * QUIET_ZONE
    return modules, (modules + 1) // 2
