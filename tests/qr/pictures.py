"""Pictures for the tests: codes drawn, and what a camera does to them."""

import random
import re
from collections.abc import Iterator
from io import BytesIO

from PIL import Image, ImageEnhance, ImageFilter

from coldsign.qr.payload import Dialect, PayloadKind
from coldsign.qr.splitter import Frame, Frames, split
from coldsign.qr.write import matrix, picture


def psbt(size: int, seed: int = 1) -> bytes:
    return b"psbt\xff" + random.Random(seed).randbytes(size)


def shown(size: int = 2000, dialect: Dialect = Dialect.UR, density: int = 13) -> Frames:
    return split(psbt(size), kind=PayloadKind.PSBT, dialect=dialect, density=density)


def image(frames: Frames, index: int = 0, module: int = 4) -> Image.Image:
    return picture(matrix(frames, frames.frames[index]), module).convert("L")


def on_desk(
    code: Image.Image, size: tuple[int, int] = (1280, 720), share: float = 0.7
) -> Image.Image:
    """The code in a camera's view: on a grey ground, filling that share of the height."""
    side = int(size[1] * share)
    scene = Image.new("L", size, 90)
    small = code.resize((side, side), Image.Resampling.BICUBIC)
    scene.paste(small, ((size[0] - side) // 2, (size[1] - side) // 2))
    return scene


def bitmap(text, seam=0):
    """The picture a terminal shows: every character two pixels, as its glyph and its colours say.

    With a seam, glyphs end so many points short of their cell's upper and lower edge, as fonts draw them.
    """
    lines = [cells(line) for line in text.split("\n")]
    picture = Image.new("L", (10 * max(map(len, lines)), 20 * len(lines)), 0)
    for y, line in enumerate(lines):
        for x, (char, ink, paper) in enumerate(line):
            picture.paste(paper, (10 * x, 20 * y, 10 * x + 10, 20 * y + 20))
            top, end = {" ": (0, 0), "▀": (seam, 10), "▄": (10, 20 - seam)}[char]
            picture.paste(ink, (10 * x, 20 * y + top, 10 * x + 10, 20 * y + end))
    return picture


def cells(line):
    """Character, ink and paper of every place of a line of a code."""
    shades = {"16": 0, "231": 255}
    found = []
    for ink, paper, chars in re.findall(r"\x1b\[38;5;(\d+);48;5;(\d+)m([ ▀▄]*)", line):
        found += [(char, shades[ink], shades[paper]) for char in chars]
    return found


def blurred(scene: Image.Image, rng: random.Random, level: float) -> Image.Image:
    return scene.filter(ImageFilter.GaussianBlur(0.8 * level))


def noisy(scene: Image.Image, rng: random.Random, level: float) -> Image.Image:
    noise = Image.frombytes("L", scene.size, rng.randbytes(scene.width * scene.height))
    return Image.blend(scene, noise, 0.18 * level)


def tilted(scene: Image.Image, rng: random.Random, level: float) -> Image.Image:
    k = 0.0001 * level * rng.choice([-1, 1])
    width, height = scene.size
    shear = 0.08 * level * rng.uniform(-1, 1)
    data = (1 + k * width, shear, -k * width * width / 4, 0, 1, 0, k, k / 2)
    warped = scene.transform(
        (width, height), Image.Transform.PERSPECTIVE, data, Image.Resampling.BICUBIC
    )
    return warped.rotate(6 * level * rng.uniform(-1, 1), Image.Resampling.BICUBIC, fillcolor=90)


def dim(scene: Image.Image, rng: random.Random, level: float) -> Image.Image:
    dark = ImageEnhance.Brightness(scene).enhance(0.5 / level)
    noise = Image.frombytes("L", scene.size, rng.randbytes(scene.width * scene.height))
    return Image.blend(dark, noise, 0.07 * level)


def jpeg(scene: Image.Image, rng: random.Random, level: float) -> Image.Image:
    out = BytesIO()
    scene.save(out, "JPEG", quality=int(30 / level))
    out.seek(0)
    with Image.open(out) as read:
        return read.convert("L")


def moire(scene: Image.Image, rng: random.Random, level: float) -> Image.Image:
    """Dark bands, as a camera sees a screen's lines."""
    period = rng.uniform(5, 9)
    angle = rng.uniform(-0.4, 0.4)
    bands = Image.new("L", (1, 512))
    bands.putdata([int(255 * (0.5 + 0.5 * ((y % period) / period))) for y in range(512)])
    tile = bands.resize((scene.width, scene.height), Image.Resampling.BILINEAR)
    tile = tile.rotate(angle * 40, Image.Resampling.BILINEAR, fillcolor=128)
    return Image.blend(scene, tile, 0.18 * level)


CONDITIONS = {
    "clean": lambda scene, rng, level: scene,
    "blur": blurred,
    "noise": noisy,
    "perspective": tilted,
    "low light": dim,
    "jpeg": jpeg,
    "moire": moire,
}


def stream(frames: Frames) -> Iterator[Frame]:
    """The frames as they are shown, without end."""
    return (frame for _, frame in frames.numbered())
