"""The picture decoder: a child process that turns pictures into the bytes of their codes, and nothing else.

``python -I -m coldsign.qr.decoder [camera-device]`` starts without a key, locks itself up, then answers requests on
its standard input (``wire``). What C code does to it in here can cost a picture, not a key.
"""

import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image
from PIL import WebPImagePlugin as _  # noqa: F401 - registers the format

from coldsign.primitives.process import confine_decoder
from coldsign.qr.eyes import Eyes, least_work
from coldsign.qr.wire import MAX_PREVIEW, MAX_WORK, TOO_MUCH, PictureError, Say, pack, unpack

if TYPE_CHECKING:
    from typing import BinaryIO

    from coldsign.qr.film import Film

FORMATS = (
    "PNG",
    "JPEG",
    "GIF",
    "WEBP",
    "BMP",
)  # Pillow knows thirty more, each a parser to attack
MAX_PIXELS = 25_000_000  # a 24-megapixel photograph: 75 MB in colour
MAX_MOVING = (
    9_000_000  # pixels of a film's or an animation's pictures: 4K; several are held at a time
)
MAX_DEAR = 12_000_000  # pixels of a WebP or CMYK picture, which is held several times: 400 MB at 25 megapixels
MAX_LOOKS = 20_000  # frames of one animation or film; an hour of an animation at five a second
_MEMORY = 1024 * 1024 * 1024  # address space, of which 400 MB are libraries
_CPU_SECONDS = 3600
_PREVIEW_SIZE = (240, 180)


def main() -> None:
    """Answer requests until standard input ends."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    eyes = Eyes()
    _warm_up(eyes)
    request = unpack(source.read)
    film, fault = None, b""
    try:
        film = _film(*request, sys.argv[1:]) if request else None
    except ValueError as error:
        fault = _fault(error)
    confine_decoder(_MEMORY, _CPU_SECONDS)
    _say(sink, [pack(Say.READY, bytes([eyes.second]))])
    while request is not None:
        if fault:
            _say(sink, [pack(Say.FAULT, fault), pack(Say.DONE)])
        else:
            _say(sink, film_answers(film, eyes) if film else _picture_answers(*request, eyes))
        request = unpack(source.read)


def _say(sink: "BinaryIO", answers: Iterable[bytes]) -> None:
    for answer in answers:
        sink.write(answer)
        sink.flush()


def _warm_up(eyes: Eyes) -> None:
    """Read one small picture of each format: locked up, nothing can be imported any more."""
    Image.preinit()  # all of FORMATS but WebP, which its own import has registered
    for name in FORMATS:
        file = BytesIO()
        with Image.new("P", (64, 64)) as blank, Image.new("P", (64, 64), 1) as other:
            picture = blank.convert("RGB") if name in {"JPEG", "BMP"} else blank
            more = {"save_all": True, "append_images": [other]} if name in {"GIF", "WEBP"} else {}
            picture.save(file, name, **more)
        list(_picture_answers(Say.PICTURE, file.getvalue(), eyes))


def _film(say: Say, body: bytes, arguments: list[str]) -> "Film | None":
    """The film or camera to look at, before it is looked at: what is in a file is read locked up only."""
    if say not in {Say.VIDEO, Say.CAMERA}:
        return None
    from coldsign.qr import film

    film.warm_up()
    if say is Say.VIDEO:
        return film.Film.of_file(int.from_bytes(body, "big"))
    device = arguments[0]
    if device.startswith("/dev/"):
        return film.Film.of_camera(device)
    return film.Film.of_file(os.open(device, os.O_RDONLY), live=True)


def _picture_answers(say: Say, data: bytes, eyes: Eyes) -> Iterator[bytes]:
    """The answers to one picture file: its codes, frame by frame."""
    look = eyes.glance if say is Say.CHECK else eyes.study
    eyes.begin()
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            looks = getattr(image, "n_frames", 1)
            if looks > MAX_LOOKS:
                raise PictureError(f"an animation of more than {MAX_LOOKS} pictures")
            if looks > 1 and image.width * image.height > MAX_MOVING:
                raise PictureError(f"an animation of more than {MAX_MOVING // 10**6} megapixels")
            _demand_light(image)
            if looks > 1 and looks * least_work(image.width * image.height) > MAX_WORK:
                raise PictureError(TOO_MUCH)
            for index in range(looks):
                image.seek(index)
                yield from _codes(look(image.convert("L")))
                yield _looked(eyes)
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        yield pack(Say.FAULT, _fault(error))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        yield pack(Say.FAULT, f"a picture of more than {MAX_PIXELS // 10**6} megapixels".encode())
    yield pack(Say.DONE)


def _demand_light(image: Image.Image) -> None:
    """Refuse a picture that takes more memory than others of its size, and have a JPEG give its grey alone."""
    dear = image.format == "WEBP" or image.mode == "CMYK"
    if dear and image.width * image.height > MAX_DEAR:
        raise PictureError(f"a WebP or CMYK picture of more than {MAX_DEAR // 10**6} megapixels")
    image.draft("L", None)  # without colour; no other format knows how


def film_answers(film: "Film", eyes: Eyes) -> Iterator[bytes]:
    """The answers to a film or a camera: codes and, for a camera, previews."""
    eyes.begin(live=film.live)
    try:
        for image in film.images(MAX_LOOKS, MAX_MOVING):
            yield from _codes(eyes.glance(image))
            if film.live:
                yield pack(Say.PREVIEW, _preview(image))
            yield _looked(eyes)
    except (OSError, ValueError, MemoryError) as error:
        yield pack(Say.FAULT, _fault(error))
    yield pack(Say.DONE)


def _looked(eyes: Eyes) -> bytes:
    return pack(Say.LOOK, eyes.work().to_bytes(8, "big"))


def _codes(found: list[bytes]) -> Iterator[bytes]:
    for code in found:
        yield pack(Say.CODE, code)


def _preview(image: Image.Image) -> bytes:
    small = image.copy()
    small.thumbnail(_PREVIEW_SIZE, Image.Resampling.BOX)
    head = small.width.to_bytes(2, "big") + small.height.to_bytes(2, "big")
    return (head + small.tobytes())[:MAX_PREVIEW]


def _fault(error: BaseException) -> bytes:
    if isinstance(error, PictureError):
        return str(error).encode()
    names = {"UnidentifiedImageError": "not a picture (png, jpeg, gif, webp or bmp)"}
    known = names.get(type(error).__name__)
    return (known or "a damaged picture").encode()


if __name__ == "__main__":
    main()
