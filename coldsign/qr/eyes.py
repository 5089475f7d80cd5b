"""Finding QR codes in a grey picture: zxing-cpp first, zbar for a second look. Runs only in the child.

Only plain QR symbols are looked for; zbar's other symbologies have been its memory errors (CVE-2023-40890).
"""

from ctypes import c_char_p, c_void_p, cast, string_at
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

    def glance(self, image: Image.Image) -> list[bytes]:
        """The codes of a frame of a film, fast: what is missed now is seen in the next frame."""
        if found := _zxing(image):
            return found
        self._misses += 1
        if found := _zxing(image.filter(ImageFilter.MedianFilter(3))):
            return found
        return self._zbar(image) if self._zbar and self._misses % 3 == 0 else []

    def study(self, image: Image.Image) -> list[bytes]:
        """The codes of a still picture, with every means; the union, so that none is overlooked."""
        while image.width * image.height > _LARGE and not _zxing(image):
            image = _halved(image)
        found = [*_zxing(image), *(self._zbar(image) if self._zbar else ())]
        for change in (_smoothed, _blurred, _halved):
            if not found:
                found = _zxing(change(image))
        if not found and self._zbar:
            found = self._zbar(_blurred(image))
        return list(dict.fromkeys(found))


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
                size = wrapper.zbar_symbol_get_data_length(symbol)
                found.append(string_at(wrapper.zbar_symbol_get_data(symbol), size))
                symbol = wrapper.zbar_symbol_next(symbol)
        wrapper.zbar_image_destroy(picture)
        return found if exact else [data for data in found if data.isascii()]

    return look
