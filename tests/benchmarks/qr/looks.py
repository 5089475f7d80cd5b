"""Frames shown until a fountain message is complete, for our order of parts and for the peers'.

All senders and readers meet the same messages, moments to begin and lost looks, so that they are compared like with
like. A message serves many transfers: choosing our order takes longer than reading it.
"""

import itertools
import random
from collections.abc import Callable, Iterator
from math import sqrt
from statistics import fmean, stdev
from typing import NamedTuple

from coldsign.qr import schedule
from coldsign.qr.ur.chooser import choose_fragments
from tests.benchmarks.qr.readers import Solving, Stripping

LOSSES = (0.0, 0.1, 0.3, 0.5)
COUNTS = (5, 8, 15, 30, 60)
READERS = {"peers' reader": Stripping, "our reader": Solving}
OURS = "coldsign"
_PER_MESSAGE = 20  # transfers


class Transfer(NamedTuple):
    """One reader's luck: where it comes in, and of each look a number below its share of losses if that is lost."""

    begin: int
    luck: random.Random

    def seen(self, loss: float) -> Iterator[bool]:
        """Of each look, whether it is not lost."""
        luck = random.Random()
        luck.setstate(self.luck.getstate())
        while True:
            yield luck.random() >= loss


def schedules() -> dict[str, Callable[[int, int], Iterator[int]]]:
    """What is shown, by sequence number."""
    return {
        "1, 2, 3 ... (Sparrow, Keystone, SeedSigner)": lambda n, c: itertools.count(1),
        "plain cycle (BlueWallet; BBQr, pMofN)": lambda n, c: itertools.cycle(range(1, n + 1)),
        "4n/3 loop (Jade)": lambda n, c: itertools.cycle(range(1, n + n // 3 + 1)),
        "2n+1 loop (Nunchuk)": lambda n, c: itertools.cycle(range(1, 2 * n + 2)),
        OURS: schedule.numbers,
    }


def table(transfers: int) -> Iterator[str]:
    """Looks as a multiple of the fragments, by sender; then how far ours is from the best of the others."""
    heads = [f"{reader}, {loss:.0%} lost" for reader in READERS for loss in LOSSES]
    yield "| n | sender | " + " | ".join(heads) + " |"
    yield "|---|---|" + "---|" * len(heads)
    for count in COUNTS:
        found = {name: _all_looks(count, make, transfers) for name, make in schedules().items()}
        for name, cells in found.items():
            yield f"| {count} | {name} | " + " | ".join(f"{fmean(c):.2f}" for c in cells) + " |"
        rivals = [cells for name, cells in found.items() if name != OURS]
        better = [
            _difference(ours, min(theirs, key=fmean))
            for ours, *theirs in zip(found[OURS], *rivals, strict=True)
        ]
        yield f"| {count} | ours less the best of theirs | " + " | ".join(better) + " |"


def _difference(ours: list[float], theirs: list[float]) -> str:
    """The mean difference and its standard error."""
    apart = [a - b for a, b in zip(ours, theirs, strict=True)]
    return f"{fmean(apart):+.3f} ± {stdev(apart) / sqrt(len(apart)):.3f}"


def _all_looks(
    count: int, make: Callable[[int, int], Iterator[int]], transfers: int
) -> list[list[float]]:
    """The looks of every transfer, for each reader and loss in turn."""
    cells: list[list[float]] = [[] for _ in itertools.product(READERS, LOSSES)]
    rng = random.Random(count)
    while len(cells[0]) < transfers:
        checksum = rng.getrandbits(32)
        shown = Shown(make(count, checksum), count, checksum)
        for _ in range(_PER_MESSAGE):
            transfer = Transfer(rng.randrange(3 * count), random.Random(rng.random()))
            for cell, (reader, loss) in zip(
                cells, itertools.product(READERS.values(), LOSSES), strict=True
            ):
                cell.append(looks(reader(count), shown, transfer, loss) / count)
    return cells


class Shown:
    """What a sender shows, each part as the set of its fragments; kept, since many read it."""

    def __init__(self, numbers: Iterator[int], count: int, checksum: int) -> None:
        self._numbers, self._count, self._checksum = numbers, count, checksum
        self._parts: list[int] = []

    def since(self, begin: int) -> Iterator[int]:
        """The parts from that place on."""
        for place in itertools.count(begin):
            while place >= len(self._parts):
                fragments = choose_fragments(next(self._numbers), self._count, self._checksum)
                self._parts.append(sum(1 << fragment for fragment in fragments))
            yield self._parts[place]


def looks(reader: Solving | Stripping, shown: Shown, transfer: Transfer, loss: float) -> int:
    """How many looks a reader needs."""
    parts = zip(transfer.seen(loss), shown.since(transfer.begin), strict=False)
    for look, (seen, part) in enumerate(parts, 1):
        if seen and reader.add(part):
            return look
    raise AssertionError  # neither the parts nor the looks end
