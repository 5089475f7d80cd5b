"""What was measured, as the first part of docs/performance.md."""

import os
import platform
from collections.abc import Iterable

from tests.benchmarks.sign.measure import Row
from tests.benchmarks.sign.ours import OURS
from tests.benchmarks.sign.process import Command
from tests.benchmarks.sign.targets import LIBRARY, slopes, table

HEADER = """\
# Performance

Written by `python -m tests.benchmarks`; do not edit. Milliseconds: the best of up to sixteen
rounds in two passes, in which every signer takes its turn on the same PSBT bytes. It is processor
time on one core (of the node: its own and the caller's), except of coldsign on several cores and of
whole processes, where it is the time that passes. Every input comes with its whole previous transaction.

coldsign's time is its whole `sign` short of the person: parse, prove amounts, derive every script
again, verify every signature that is there, all checks, clearance, sign, verify, serialise; nothing
is remembered from the pass before. On several cores, copies of the process that never hold a key
take a share of deriving and verifying. The peers' time is parse, sign, serialise.

**Floor** is what no signer can do without: for each input one libsecp256k1 signature with a low R
(taproot: one BIP-340 signature), one verification of it, one digest. **Deriving** is what
libsecp256k1 takes to derive the keys of every input's script again, which no peer here does: it
proves that a coin is the wallet's and that its change comes back. Both are measured in the same
rounds, on one core.
"""


def _number(seconds: float) -> str:
    milliseconds = seconds * 1000
    return f"{milliseconds:,.1f}" if milliseconds < 100 else f"{milliseconds:,.0f}"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ratios(row: Row) -> list[str]:
    """Ours against the floor, against the floor with deriving, and against the C library."""
    times = row.times
    cells = [f"{times[name] / row.floor:.2f}" for name in times if name.startswith(OURS)]
    cells.append(f"{times[OURS] / (row.floor + row.deriving):.2f}")
    cells.append(f"{times[OURS] / times[LIBRARY]:.2f}" if LIBRARY in times else "-")
    return cells


def _wallet(rows: list[Row]) -> list[str]:
    names = list(dict.fromkeys(name for row in rows for name in row.times))
    head = ["inputs x outputs", "KB", "floor", "deriving", *names]
    against = [f"{name} / floor" for name in names if name.startswith(OURS)]
    against += [f"{OURS} / (floor + deriving)", f"{OURS} / {LIBRARY}"]
    lines = [f"## {rows[0].case.wallet.name}", "", _line([*head, *against])]
    lines += [_line(["---"] + ["---:"] * (len(head) + len(against) - 1))]
    for row in rows:
        case = row.case
        cells = [f"{case.inputs} x {case.outputs}", f"{len(case.psbt) / 1000:.0f}"]
        cells += [_number(row.floor), _number(row.deriving)]
        cells += [_number(row.times[name]) if name in row.times else "-" for name in names]
        lines.append(_line([*cells, *_ratios(row)]))
    differing = [name for name in names if not all(row.same.get(name, True) for row in rows)]
    lines += [
        "",
        f"Signatures that are not byte for byte coldsign's: {', '.join(differing) or 'none'}.",
    ]
    return [*lines, "", *_slope(rows)]


def _slope(rows: list[Row]) -> list[str]:
    """Microseconds for each further input, where the number of outputs stays the same."""
    steps = [f"from {one} to {other}: {each:.0f} µs" for one, other, each in slopes(rows)]
    return [f"coldsign, for each further input: {', '.join(steps)}.", ""] if steps else []


def document(rows: list[Row], commands: list[Command]) -> str:
    """The whole page."""
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    lines = [HEADER, f"Machine: {machine}.", "", *table(rows, commands)]
    for name in dict.fromkeys(row.case.wallet.name for row in rows):
        lines += _wallet([row for row in rows if row.case.wallet.name == name])
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
