"""Frames out: to the terminal, or into PNG, GIF, SVG and PDF files; read back before they are handed over."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Self

from coldsign.errors import MalformedError, SelfCheckError, UnfitError, UsageError
from coldsign.primitives.cores import Cores
from coldsign.primitives.fileio import sync_folder
from coldsign.primitives.storage import atomic_write, write_output
from coldsign.primitives.text import printable
from coldsign.qr import render, sheet
from coldsign.qr.child import Child
from coldsign.qr.splitter import Frame, Frames
from coldsign.qr.symbol import Level, Matrix, encode, smallest_version
from coldsign.qr.wire import Say

if TYPE_CHECKING:
    from PIL.Image import Image

_GREY = bytes([255] + [0] * 255)  # of a module: white, or black
_QUIET = 4  # modules of white, as the standard asks; pictures have room
_SIDE = 600  # pixels a single picture aims at
_SHEET_CODES = (
    48  # codes in one PNG; more would exceed what is read back, and what a camera resolves
)
_PERIOD_MS = 200  # five a second: every peer's reader keeps up (Sparrow looks ten times a second)


def matrix(frames: Frames, frame: Frame) -> Matrix:
    """The symbol of one frame at the version and level that all of them share."""
    return encode(frame, max(frames.version, smallest_version(frame, frames.level)), frames.level)


def _symbols(frames: Frames, shown: Sequence[Frame]) -> list[Matrix]:
    """The symbols of many frames, made by all cores: one of version 27 takes 40 ms."""

    def made(some: Sequence[Frame]) -> list[tuple[int, tuple[bytes, ...]]]:
        symbols = [matrix(frames, frame) for frame in some]
        return [(symbol.version, symbol.rows) for symbol in symbols]

    found = Cores.here().share(made, shown)
    return [Matrix(version, frames.level, rows) for version, rows in found]


def terminal(
    frame: Frame, *, version: int = 0, level: Level = Level.L, invert: bool = False
) -> str:
    """One frame in half blocks with explicit colours and a quiet zone of two modules.

    Args:
        frame: The frame.
        version: Its QR version; 0 is the smallest that holds it.
        level: Its error correction.
        invert: White on black, for readers that want it; most want the usual.
    """
    symbol = encode(frame, version or smallest_version(frame, level), level)
    return render.half_blocks(symbol, invert=invert)


def picture(symbol: Matrix, module: int = 4) -> "Image":
    """The symbol as a black and white picture with its quiet zone.

    Args:
        symbol: The symbol.
        module: Pixels along one module's side.
    """
    from PIL import Image

    light = b"".join(symbol.rows).translate(_GREY)
    inner = Image.frombytes("L", (symbol.size, symbol.size), light)
    size = symbol.size + 2 * _QUIET
    image = Image.new("L", (size, size), 255)
    image.paste(inner, (_QUIET, _QUIET))
    return image.resize((size * module, size * module), Image.Resampling.NEAREST).convert("1")


def save(frames: Frames, path: Path, *, force: bool = False, period_ms: int = _PERIOD_MS) -> None:
    """Write the frames by the path's ending: ``.gif``, ``.png``, ``.svg``, ``.pdf``, or a folder of PNGs.

    What was drawn is read back by the decoder and compared before anything appears.

    Args:
        frames: What to write.
        path: A file that does not exist, or a folder.
        force: Whether a file of that name may be replaced.
        period_ms: For an animation, how long each frame stands.

    Raises:
        UsageError: It exists, or its ending says nothing, or the message is too large for one sheet.
        SelfCheckError: The decoder read something else.
    """
    suffix = path.suffix.lower()
    demand_one_sheet(frames, path)
    shown = frames.frames if suffix == ".gif" else frames.frames[: frames.need]
    if suffix == ".gif":
        data = _gif([picture(symbol) for symbol in _symbols(frames, shown)], period_ms)
        _read_files(shown, [data])
        write_output(path, data, force=force)
    elif suffix == ".png":
        data = _png(_sheet(_symbols(frames, shown)))
        _read_files(shown, [data])
        write_output(path, data, force=force)
    elif suffix in {".svg", ".pdf"}:
        symbols = _symbols(frames, shown)
        _read_files(shown, (_png(picture(symbol, 3)) for symbol in symbols))
        draw = sheet.svg if suffix == ".svg" else sheet.pdf
        write_output(path, draw(symbols, _captions(frames)), force=force)
    elif suffix == "" or path.is_dir():
        files = [_png(picture(s, _module(s))) for s in _symbols(frames, shown)]
        _save_folder(shown, files, path, force=force)
    else:
        raise UsageError(
            f"no kind of picture is known by the name {printable(suffix)}",
            hint="end it in .png, .gif, .svg or .pdf, or name a folder",
        )


def demand_one_sheet(frames: Frames, path: Path) -> None:
    """Refuse what ``save`` cannot write into one PNG.

    Raises:
        UsageError: There are more codes than one picture may have.
    """
    if path.suffix.lower() == ".png" and frames.need > _SHEET_CODES:
        raise UsageError(
            f"{frames.need} codes do not fit one picture", hint="write a .gif, or name a folder"
        )


class Proof:
    """The decoder at hand, to read each code back before it is shown; starts while the frames are made."""

    def __init__(self) -> None:
        self._child = Child()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.__exit__(*_)

    def demand(self, symbol: Matrix, frame: Frame) -> None:
        """Let the decoder read a symbol.

        Raises:
            SelfCheckError: It read something else than the frame.
        """
        _compare([frame], [_png(picture(symbol, 3))], self._child)


def _read_files(expected: Sequence[Frame], files: Iterable[bytes]) -> None:
    with Child() as child:
        _compare(expected, files, child)


def _compare(expected: Sequence[Frame], files: Iterable[bytes], child: Child) -> None:
    """Read pictures with the decoder child; together they must hold exactly the expected frames."""
    wanted = {frame.encode() if isinstance(frame, str) else frame for frame in expected}
    try:
        seen = {
            body for file in files for say, body in child.ask(Say.CHECK, file) if say is Say.CODE
        }
    except MalformedError as error:  # our own picture: the decoder is at fault
        raise UnfitError(
            f"the QR code cannot be read back: {error.message}", hint="try again, or use --out"
        ) from None
    if seen != wanted:
        raise SelfCheckError(
            f"{len(wanted - seen)} of {len(wanted)} QR codes do not read back as what was written",
            code="qr-self-check",
        )


def _captions(frames: Frames) -> list[str]:
    """What stands beside each code: nothing untrusted, digits and our own words."""
    return [
        f"{i} of {frames.need}   sha256 {frames.sha256_short}" for i in range(1, frames.need + 1)
    ]


def _module(symbol: Matrix) -> int:
    return max(4, min(10, _SIDE // (symbol.size + 2 * _QUIET)))


def _png(image: "Image") -> bytes:
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _gif(images: "Sequence[Image]", period_ms: int) -> bytes:
    out = BytesIO()
    first, *rest = images
    if rest:
        first.save(
            out, "GIF", save_all=True, append_images=rest, duration=period_ms, loop=0, disposal=1
        )
    else:
        first.save(out, "GIF")
    return out.getvalue()


def _sheet(symbols: Sequence[Matrix]) -> "Image":
    """All codes in one picture."""
    from PIL import Image

    if len(symbols) == 1:
        return picture(symbols[0], _module(symbols[0]))
    columns = sheet.columns_for(len(symbols))
    drawn = [picture(symbol) for symbol in symbols]
    cell = drawn[0].width
    whole = Image.new("1", (columns * cell, -(-len(drawn) // columns) * cell), 1)
    for index, image in enumerate(drawn):
        whole.paste(image, (index % columns * cell, index // columns * cell))
    return whole


def _save_folder(
    shown: Sequence[Frame], files: Sequence[bytes], path: Path, *, force: bool
) -> None:
    _read_files(shown, files)
    demand_replaceable(path, force=force)
    digits = max(3, len(str(len(files))))
    made = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.absolute().parent))
    try:
        for index, data in enumerate(files, 1):
            atomic_write(made / f"{index:0{digits}}.png", data, mode=0o666, replace=False)
        made.chmod(0o755)
        if path.is_dir():
            for old in path.iterdir():
                old.unlink()
        made.rename(path)
        sync_folder(path.absolute().parent)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def demand_replaceable(path: Path, *, force: bool) -> None:
    """Refuse a folder that holds anything, or, with force, anything but pictures; it is replaced as a whole.

    Raises:
        UsageError: It does, it is none, or it is the one the person works in.
    """
    if not os.path.lexists(path):
        return
    if path.is_dir() and path.resolve() == Path.cwd():
        raise UsageError(
            f"{printable(str(path))} is the folder you are in, and it would be replaced",
            hint="name another folder",
            code="file-exists",
        )
    if not path.is_dir() or path.is_symlink():
        raise UsageError(f"{printable(str(path))} is not a folder", code="file-exists")
    held = list(path.iterdir())
    if held and not force:
        raise UsageError(
            f"the folder {printable(str(path))} is not empty",
            hint="choose another name; --force replaces the pictures in it",
            code="file-exists",
        )
    if any(p.suffix.lower() != ".png" or not p.is_file() or p.is_symlink() for p in held):
        raise UsageError(
            f"the folder {printable(str(path))} holds other files than PNG pictures",
            hint="choose another name",
            code="file-exists",
        )
