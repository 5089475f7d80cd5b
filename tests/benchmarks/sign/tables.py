"""Writes what was measured as docs/performance.md."""

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass

from tests.benchmarks.sign.measure import Row

HEADER = """\
# Performance

Written by `python -m tests.benchmarks.sign`; do not edit. Milliseconds: the best of several passes,
one process, one core, every signer on the same PSBT bytes in the same run. Every input comes with
its whole previous transaction.

coldsign's time is its whole `sign` short of the person: parse, prove amounts, derive every script
again, verify every signature that is there, all checks, clearance, sign, verify, serialise; nothing
is remembered from the pass before. The peers' time is parse, sign, serialise. **Floor** is what no
signer can do without: for each input one libsecp256k1 signature with a low R (taproot: one BIP-340
signature), one verification of it, one digest.
"""


@dataclass(frozen=True, slots=True)
class Command:
    """One whole process."""

    words: str
    of: str
    seconds: float
    mebibytes: float


def _number(seconds: float) -> str:
    milliseconds = seconds * 1000
    return f"{milliseconds:,.1f}" if milliseconds < 100 else f"{milliseconds:,.0f}"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _wallet(rows: list[Row]) -> list[str]:
    names = list(dict.fromkeys(name for row in rows for name in row.times))
    lines = [f"## {rows[0].case.wallet.name}", ""]
    lines += [_line(["inputs x outputs", "KB", "floor", *names, "coldsign / floor"])]
    lines += [_line(["---"] + ["---:"] * (len(names) + 3))]
    for row in rows:
        case = row.case
        cells = [
            f"{case.inputs} x {case.outputs}",
            f"{len(case.psbt) / 1000:.0f}",
            _number(row.floor),
        ]
        cells += [_number(row.times[name]) if name in row.times else "-" for name in names]
        lines.append(_line([*cells, f"{row.times[names[0]] / row.floor:.2f}"]))
    differing = [name for name in names if not all(row.same.get(name, True) for row in rows)]
    lines += [
        "",
        f"Signatures that are not byte for byte coldsign's: {', '.join(differing) or 'none'}.",
    ]
    return [*lines, "", *_slope(rows), ""]


def _slope(rows: list[Row]) -> list[str]:
    """Microseconds an input, where the number of outputs stays the same."""
    two = [row for row in rows if row.case.outputs == 2 and row.case.inputs >= 100]
    if len(two) < 2:
        return []
    name = next(iter(two[0].times))
    each = [f"{row.case.inputs}: {row.times[name] / row.case.inputs * 1e6:.0f} µs" for row in two]
    return [f"coldsign, for each input: {', '.join(each)}.", ""]


def document(rows: list[Row], commands: list[Command]) -> str:
    """The whole page."""
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    lines = [HEADER, f"Machine: {machine}.", ""]
    for wallet in dict.fromkeys(row.case.wallet for row in rows):
        lines += _wallet([row for row in rows if row.case.wallet == wallet])
    if commands:
        lines += ["## Whole processes", "", _line(["command", "milliseconds", "peak MiB"])]
        lines += [_line(["---", "---:", "---:"])]
        for one in commands:
            cells = [
                f"`coldsign {one.words}`{one.of}",
                _number(one.seconds),
                f"{one.mebibytes:.0f}",
            ]
            lines.append(_line(cells))
        lines.append("")
    return "\n".join(lines)
