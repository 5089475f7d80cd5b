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

from coldsign.qr import schedule
from coldsign.qr.eyes import Eyes
from coldsign.qr.payload import Dialect
from coldsign.qr.ur.chooser import choose_fragments
from tests.benchmarks.qr.readers import Solving, Stripping
from tests.qr import pictures

LEVELS = (1.0, 2.0, 3.0)
VERSIONS = (6, 13, 20, 27)
LOSSES = (0.0, 0.1, 0.3, 0.5)
COUNTS = (5, 8, 15, 30, 60)


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


def schedules() -> dict[str, Callable[[int, int], Iterator[int]]]:
    """What peers show, by sequence number."""
    return {
        "1, 2, 3 ... (Sparrow, Keystone, SeedSigner)": lambda n, c: itertools.count(1),
        "plain cycle (BlueWallet; BBQr, pMofN)": lambda n, c: itertools.cycle(range(1, n + 1)),
        "4n/3 loop (Jade)": lambda n, c: itertools.cycle(range(1, n + n // 3 + 1)),
        "2n+1 loop (Nunchuk)": lambda n, c: itertools.cycle(range(1, 2 * n + 2)),
        "coldsign": schedule.numbers,
    }


def looks(repeats: int) -> Iterator[str]:
    """Frames shown until the message is complete, as a multiple of the fragments, from a random phase."""
    heads = [
        f"{reader}, {loss:.0%} lost"
        for reader in ("peers' reader", "our reader")
        for loss in LOSSES
    ]
    yield "| n | sender | " + " | ".join(heads) + " |"
    yield "|---|---|" + "---|" * len(heads)
    for count in COUNTS:
        for name, make in schedules().items():
            cells = [
                f"{_mean_looks(count, make, reader, loss, repeats):.2f}"
                for reader in (Stripping, Solving)
                for loss in LOSSES
            ]
            yield f"| {count} | {name} | " + " | ".join(cells) + " |"


def _mean_looks(
    count: int,
    make: Callable[[int, int], Iterator[int]],
    reader: type[Solving | Stripping],
    loss: float,
    repeats: int,
) -> float:
    rng = random.Random(count)
    total = 0
    for _ in range(repeats):
        checksum = rng.getrandbits(32)
        numbers = itertools.islice(make(count, checksum), rng.randrange(3 * count), None)
        read = reader(count)
        for look, number in enumerate(numbers, 1):
            if rng.random() >= loss and read.add(choose_fragments(number, count, checksum)):
                total += look
                break
    return total / repeats / count


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.qr", description=__doc__)
    parser.add_argument(
        "--repeats", type=int, default=6, help="pictures a condition, version and level"
    )
    parser.add_argument(
        "--looks", type=int, default=100, help="transfers a schedule, loss and size"
    )
    given = parser.parse_args()
    for title, lines in (
        ("Frames read from a simulated 720p camera", decoding(given.repeats)),
        ("Looks until complete, as a multiple of the fragments", looks(given.looks)),
    ):
        print(f"\n## {title}\n")
        for line in lines:
            print(line)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
