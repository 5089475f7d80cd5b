"""The targets of the project, and what was measured against them, met or not."""

import platform
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from tests.benchmarks.sign.measure import Row
from tests.benchmarks.sign.ours import OURS
from tests.benchmarks.sign.process import Command

LIBRARY = "wallycore (C)"
LARGE = (1000, 1000)


class Target(NamedTuple):
    """One target: in words, the limit and what was measured, in the same unit."""

    words: str
    limit: float
    measured: float
    unit: str


def slopes(rows: list[Row]) -> list[tuple[int, int, float]]:
    """Microseconds for each further input between neighbouring sizes of one wallet, from 100 up."""
    two = [row for row in rows if row.case.outputs == 2 and row.case.inputs >= 100]
    return [
        (
            one.case.inputs,
            other.case.inputs,
            (other.times[OURS] - one.times[OURS]) / (other.case.inputs - one.case.inputs) * 1e6,
        )
        for one, other in pairwise(two)
    ]


def targets(rows: list[Row], commands: list[Command]) -> Iterator[Target]:
    """Every target that these figures say something about; the wallet is the first one measured."""
    first = [row for row in rows if row.case.wallet == rows[0].case.wallet]
    steps = [each for _, _, each in slopes(first)]
    if len(steps) > 1:
        change = (max(steps) / min(steps) - 1) * 100
        yield Target("time for each further input changes by, from 100 inputs up", 10, change, " %")
    for row in first:
        if (row.case.inputs, row.case.outputs) == LARGE:
            yield from _large(row)
    for one in commands:
        if one.words == "--version":
            yield Target("`coldsign --version`", 100, one.seconds * 1000, " ms")
        elif one.words == "inspect" and one.of.startswith(" of 2 x "):
            yield Target("`coldsign inspect` of 2 inputs", 250, one.seconds * 1000, " ms")
        elif one.words in {"inspect", "sign"} and not one.of.startswith(" of 2 x "):
            yield Target(f"peak memory of `{one.words}`{one.of}", 200, one.mebibytes, " MiB")


def _large(row: Row) -> Iterator[Target]:
    size, alone = "1000 x 1000, all checks,", row.times[OURS]
    if LIBRARY in row.times:
        yield Target(f"{size} one core / {LIBRARY}", 0.9, alone / row.times[LIBRARY], "")
    yield Target(f"{size} one core / floor", 2, alone / row.floor, "")
    for name, seconds in row.times.items():
        if name.startswith(f"{OURS}, "):
            yield Target(
                f"{size}{name.removeprefix(OURS)[1:]} / floor", 1.2, seconds / row.floor, ""
            )


def table(rows: list[Row], commands: list[Command]) -> list[str]:
    """The section of the page."""
    lines = [
        "## Targets",
        "",
        "| target | at most | measured | met |",
        "| --- | ---: | ---: | --- |",
    ]
    for one in targets(rows, commands):
        digits = 0 if one.unit else 2
        met = "yes" if one.measured <= one.limit else "no"
        cells = f"{one.limit:g}{one.unit} | {one.measured:.{digits}f}{one.unit} | {met}"
        lines.append(f"| {one.words} | {cells} |")
    return [*lines, "", NOTE, ""]


NOTE = f"""\
Where the floor's targets are not met: deriving every script again, which the floor does not count,
takes libsecp256k1 alone about as long as the floor, and what is left is {platform.python_implementation()}
reading, comparing and checking some ten thousand fields. Signing itself is never shared, because no
copy of the process may hold the key."""
