"""Symbols as terminal text: half blocks, and real pixels where the terminal draws them (kitty, sixel)."""

import base64
import zlib
from collections.abc import Mapping
from enum import StrEnum

from coldsign.qr.density import QUIET_ZONE
from coldsign.qr.symbol import Matrix

# Both colours are always set, from the fixed part of the 256-colour table: a light or tinted theme would
# otherwise show the code inverted or grey, and zbar reads neither.
_DARK_ON_LIGHT = "\x1b[38;5;16;48;5;231m"
_LIGHT_ON_DARK = "\x1b[38;5;231;48;5;16m"
_RESET = "\x1b[0m"
KITTY_DELETE = "\x1b_Ga=d,d=I,i=31,q=2\x1b\\"


class Protocol(StrEnum):
    """How a terminal can show a code."""

    BLOCKS = "blocks"
    KITTY = "kitty"
    SIXEL = "sixel"


def detect(environment: Mapping[str, str]) -> Protocol:
    """What the terminal can draw, by its environment only; asking it would read its answers as keys."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or environment.get("STY") or term.startswith(("screen", "tmux")):
        return Protocol.BLOCKS  # multiplexers swallow pixels
    if environment.get("KITTY_WINDOW_ID") or term == "xterm-kitty" or "ghostty" in (term, program):
        return Protocol.KITTY
    if term.startswith(("foot", "mlterm")) or program in {"WezTerm", "iTerm.app", "mintty"}:
        return Protocol.SIXEL
    return Protocol.BLOCKS


def half_blocks(matrix: Matrix, *, invert: bool = False) -> str:
    """The symbol with its quiet zone, two rows of modules a line of text.

    Fonts draw block characters a little smaller than their cell. Where that would leave a line through a dark area,
    which zbar does not read (measured in xterm), the cell's background is dark and the character light.
    """
    width = matrix.size + 2 * QUIET_ZONE
    side_zone = bytes(QUIET_ZONE)
    blank = bytes(width)
    rows = [side_zone + row + side_zone for row in matrix.rows]
    rows = [*[blank] * QUIET_ZONE, *rows, *[blank] * (QUIET_ZONE + width % 2)]
    if invert:
        rows = [bytes(1 - cell for cell in row) for row in rows]
    edge = rows[0]
    framed = [edge, *rows, edge]
    return "\n".join(_line(*framed[i : i + 4]) for i in range(0, len(rows) - 1, 2))


def _line(above: bytes, upper: bytes, lower: bytes, below: bytes) -> str:
    """One line of text, with as few changes of colour as may be."""
    now, out = "", []
    for before, top, low, after in zip(above, upper, lower, below, strict=True):
        if top == low:
            colours, char = (_LIGHT_ON_DARK if top else _DARK_ON_LIGHT), " "
        else:
            # The character's outer edge may fall short of the cell's: harmless where its neighbour has the other
            # colour, which is then the background's.
            inked, papered = (before, after) if top else (after, before)
            on_light, on_dark = inked == 1, papered == 0
            dark = on_light and not on_dark if on_light != on_dark else now == _LIGHT_ON_DARK
            colours = _LIGHT_ON_DARK if dark else _DARK_ON_LIGHT
            char = "▀" if bool(top) != dark else "▄"
        if colours != now:
            out.append(colours)
            now = colours
        out.append(char)
    return "".join([*out, _RESET])


def kitty(matrix: Matrix, module: int = 4) -> str:
    """The symbol in the kitty graphics protocol; each code replaces the one before.

    Args:
        matrix: The symbol.
        module: Pixels along one module's side.
    """
    width, rows = _pixels(matrix, module)
    body = base64.b64encode(zlib.compress(b"".join(rows), 1)).decode()
    chunks = [body[i : i + 4096] for i in range(0, len(body), 4096)]
    head = f"a=T,f=24,o=z,i=31,p=1,q=2,C=1,s={width},v={width},"
    parts = []
    for index, chunk in enumerate(chunks):
        more = int(index < len(chunks) - 1)
        parts.append(f"\x1b_G{head if index == 0 else ''}m={more};{chunk}\x1b\\")
    return "".join(parts)


def sixel(matrix: Matrix, module: int = 6) -> str:
    """The symbol in sixels, black on white.

    Args:
        matrix: The symbol.
        module: Pixels along one module's side.
    """
    width, rows = _pixels(matrix, module)
    bands = []
    for top in range(0, width, 6):
        band = rows[top : top + 6]
        dark = light = ""
        for x in range(0, width * 3, module * 3):
            bits = sum(1 << y for y, row in enumerate(band) if not row[x])
            dark += f"!{module}{chr(63 + bits)}"
            light += f"!{module}{chr(63 + ((1 << len(band)) - 1 - bits))}"
        bands.append(f"#0{dark}$#1{light}")
    palette = "#0;2;0;0;0#1;2;100;100;100"
    return f'\x1bP0;1;0q"1;1;{width};{width}{palette}{"-".join(bands)}-\x1b\\'


def _pixels(matrix: Matrix, module: int) -> tuple[int, list[bytes]]:
    """The width, and the rows as RGB."""
    width = (matrix.size + 2 * QUIET_ZONE) * module
    light, dark = b"\xff" * 3 * module, bytes(3 * module)
    zone = light * QUIET_ZONE
    blank = b"\xff" * 3 * width
    rows = [blank] * (QUIET_ZONE * module)
    for row in matrix.rows:
        line = zone + b"".join([dark if cell else light for cell in row]) + zone
        rows += [line] * module
    return width, rows + [blank] * (QUIET_ZONE * module)
