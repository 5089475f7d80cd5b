"""Finding QR codes in a grey picture: zxing-cpp first, zbar for a second look. Runs only in the child.

Only plain QR symbols are looked for; zbar's other symbologies have been its memory errors (CVE-2023-40890).
"""

from ctypes import POINTER, c_char_p, c_void_p, cast, string_at
from math import inf
from typing import TYPE_CHECKING

import zxingcpp
from PIL import Image, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Callable

_FORMATS = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCodeModel2])
_ZBAR_QRCODE = 64
_ZBAR_ALL = 0
_ZBAR_ENABLE = 0
_ZBAR_BINARY = 4  # bytes as they are, since zbar 0.23.1; without it zbar guesses a character set
_GREY = int.from_bytes(b"Y800", "little")
_LARGE = (
    6_000_000  # pixels; a code in a larger photograph still has modules to spare at half the size
)
# What the means cost at the worst, a picture of noise, in looks of the first decoder (10 ns a pixel, measured).
_FIRST, _CHANGE, _MEDIAN, _ZBAR = 1, 1, 10, 8
SECOND_LOOKS = 16_000_000_000  # work that a film's missed frames may cost; then first looks must do
_HALF_FROM = 500  # pixels; smaller pictures lose modules when halved


class Eyes:
    """The decoders this machine has.

    Attributes:
        second: Whether the second decoder, zbar, is there.
    """

    def __init__(self) -> None:
        self._zbar = _load_zbar()
        self.second = self._zbar is not None
        self._misses = 0
        self._work = 0
        self._spare: float = SECOND_LOOKS

    def begin(self, *, live: bool = False) -> None:
        """Another request: of a film, or of a camera, before which a person decides how long to look."""
        self._work, self._spare = 0, inf if live else SECOND_LOOKS

    def work(self) -> int:
        """The work since this was last asked: pixels looked at, each means at its weight."""
        work, self._work = self._work, 0
        return work

    def glance(self, image: Image.Image) -> list[bytes]:
        """The codes of a frame of a film, fast: what is missed now is seen in the next frame."""
        if (found := self._first(image)) or self._spare <= 0:
            return found
        before = self._work
        self._misses += 1
        found = self._changed(_smoothed, image)
        if not found and self._misses % 3 == 0:
            found = self._second(image)
        self._spare -= self._work - before
        return found

    def study(self, image: Image.Image) -> list[bytes]:
        """The codes of a still picture, with every means; the union, so that none is overlooked."""
        while image.width * image.height > _LARGE and not self._first(image):
            whole, image = image, _halved(image)
            if image is whole:  # a strip, too narrow to be halved
                break
        found = [*self._first(image), *self._second(image)]
        for change in (_smoothed, _blurred, _halved):
            if not found:
                found = self._changed(change, image)
        if not found:
            found = self._second(_blurred(image))
        return list(dict.fromkeys(found))

    def _first(self, image: Image.Image) -> list[bytes]:
        self._work += _FIRST * image.width * image.height
        return _zxing(image)

    def _changed(
        self, change: "Callable[[Image.Image], Image.Image]", image: Image.Image
    ) -> list[bytes]:
        weight = _MEDIAN if change is _smoothed else _CHANGE
        self._work += weight * image.width * image.height
        return self._first(change(image))

    def _second(self, image: Image.Image) -> list[bytes]:
        if self._zbar is None:
            return []
        self._work += _ZBAR * image.width * image.height
        return self._zbar(image)


def least_work(pixels: int) -> int:
    """The work that ``study`` of a picture is at least: one of its looks, at its size or at half of it."""
    return pixels * _FIRST if pixels > _LARGE else pixels * (_FIRST + _ZBAR)


def _zxing(image: Image.Image) -> list[bytes]:
    codes = zxingcpp.read_barcodes(image, formats=_FORMATS)
    return [code.bytes for code in codes]


def _smoothed(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.MedianFilter(3))


def _blurred(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(1))


def _halved(image: Image.Image) -> Image.Image:
    if min(image.size) < _HALF_FROM:
        return image
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX)


def _load_zbar() -> "Callable[[Image.Image], list[bytes]] | None":
    """The second decoder through pyzbar's bindings, or nothing where the library is missing.

    ``pyzbar.decode`` itself cannot be used: it has no way to ask for plain bytes.
    """
    try:
        from pyzbar import wrapper
    except ImportError:
        return None
    scanner = wrapper.zbar_image_scanner_create()
    wrapper.zbar_image_scanner_set_config(scanner, _ZBAR_ALL, _ZBAR_ENABLE, 0)
    wrapper.zbar_image_scanner_set_config(scanner, _ZBAR_QRCODE, _ZBAR_ENABLE, 1)
    # Of a code that says it is a part of several, zbar makes one more symbol, which it joined of those it saw.
    joined_of = wrapper.zbar_function(
        "zbar_symbol_get_components", c_void_p, POINTER(wrapper.zbar_symbol)
    )
    exact = not wrapper.zbar_image_scanner_set_config(scanner, _ZBAR_QRCODE, _ZBAR_BINARY, 1)

    def look(image: Image.Image) -> list[bytes]:
        pixels = image.tobytes()
        picture = wrapper.zbar_image_create()
        wrapper.zbar_image_set_format(picture, _GREY)
        wrapper.zbar_image_set_size(picture, *image.size)
        wrapper.zbar_image_set_data(picture, cast(c_char_p(pixels), c_void_p), len(pixels), None)
        found = []
        if wrapper.zbar_scan_image(scanner, picture) > 0:
            symbol = wrapper.zbar_image_first_symbol(picture)
            while symbol:
                if not joined_of(symbol):
                    size = wrapper.zbar_symbol_get_data_length(symbol)
                    found.append(string_at(wrapper.zbar_symbol_get_data(symbol), size))
                symbol = wrapper.zbar_symbol_next(symbol)
        wrapper.zbar_image_destroy(picture)
        return found if exact else [data for data in found if data.isascii()]

    return look
