"""``python -m tests.benchmarks.qr``: frames read, milliseconds, and looks until a message is there.

The camera is simulated: codes on a desk in a 720p view, degraded by one condition at a time. Everything is seeded, so
that two runs on one machine differ in milliseconds only.
"""

import argparse
import itertools
import random
import sys
import time
from collections.abc import Callable, Iterator

import zxingcpp
from PIL import Image
from pyzbar import pyzbar

from coldsign.qr.eyes import Eyes
from coldsign.qr.payload import Dialect
from tests.benchmarks.qr import first, looks
from tests.qr import pictures

LEVELS = (1.0, 2.0, 3.0)
VERSIONS = (6, 13, 20, 27)


def pyzbar_alone(image: Image.Image) -> list[bytes]:
    return [found.data for found in pyzbar.decode(image, symbols=[pyzbar.ZBarSymbol.QRCODE])]


def zxing_alone(image: Image.Image) -> list[bytes]:
    return [
        found.bytes
        for found in zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)
    ]


def decoders() -> dict[str, Callable[[Image.Image], list[bytes]]]:
    eyes = Eyes()
    return {
        "pyzbar": pyzbar_alone,
        "zxing-cpp": zxing_alone,
        "coldsign film": eyes.glance,
        "coldsign still": eyes.study,
    }


def decoding(repeats: int) -> Iterator[str]:
    """Share of frames read, and mean milliseconds a frame."""
    readers = decoders()
    yield "| condition | frames | " + " | ".join(f"{name} read / ms" for name in readers) + " |"
    yield "|---|---|" + "---|" * len(readers)
    total = dict.fromkeys(readers, 0)
    spent = dict.fromkeys(readers, 0.0)
    shown = 0
    for condition, degrade in pictures.CONDITIONS.items():
        hits, seconds, frames = dict.fromkeys(readers, 0), dict.fromkeys(readers, 0.0), 0
        for version, level, repeat in itertools.product(VERSIONS, LEVELS, range(repeats)):
            rng = random.Random(f"{condition}{version}{level}{repeat}")
            code = pictures.shown(9000, Dialect.UR, version)
            index = rng.randrange(code.need)
            scene = degrade(pictures.on_desk(pictures.image(code, index), share=0.6), rng, level)
            frames += 1
            for name, read in readers.items():
                start = time.perf_counter()
                found = read(scene)
                seconds[name] += time.perf_counter() - start
                hits[name] += code.frames[index].encode() in found
        cells = [
            f"{100 * hits[n] / frames:.0f} % / {1000 * seconds[n] / frames:.1f}" for n in readers
        ]
        yield f"| {condition} | {frames} | " + " | ".join(cells) + " |"
        shown += frames
        for name in readers:
            total[name] += hits[name]
            spent[name] += seconds[name]
    cells = [f"**{100 * total[n] / shown:.1f} %** / {1000 * spent[n] / shown:.1f}" for n in readers]
    yield f"| all | {shown} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.qr", description=__doc__)
    parser.add_argument(
        "--repeats", type=int, default=6, help="pictures a condition, version and level"
    )
    parser.add_argument(
        "--looks", type=int, default=1000, help="transfers a schedule, loss and size"
    )
    parser.add_argument("--starts", type=int, default=9, help="starts in each window")
    given = parser.parse_args()
    for title, lines in (
        ("Frames read from a simulated 720p camera", decoding(given.repeats)),
        ("Looks until complete, as a multiple of the fragments", looks.table(given.looks)),
        (f"Until the first code of {first.SIZE} bytes is drawn", first.table(given.starts)),
    ):
        print(f"\n## {title}\n")
        for line in lines:
            print(line)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
