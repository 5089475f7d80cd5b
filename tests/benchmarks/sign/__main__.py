"""`python -m tests.benchmarks.sign`: measures signers side by side, and whole processes; tables on standard output."""

import argparse
import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from coldsign.cli import GARBAGE
from tests.benchmarks.sign.make import Case, Wallet, make
from tests.benchmarks.sign.measure import CORES, Row, better, measure
from tests.benchmarks.sign.ours import coldsign
from tests.benchmarks.sign.peers import PEERS, Peer, node_peer
from tests.benchmarks.sign.recorded import recorded
from tests.benchmarks.sign.tables import document
from tests.benchmarks.sign.whole import commands
from tests.live.node import find_node, running_node

SIZES = ((1, 2), (10, 2), (100, 2), (500, 2), (1000, 2), (1, 1000), (100, 1000), (1000, 1000))
FEW = ((1, 2), (100, 2), (500, 2), (1000, 2))
SETS = (
    (Wallet("wsh", 2, 3), SIZES),
    (Wallet("wsh", 3, 4), FEW),
    (Wallet("tr", 2, 3), FEW),
    (Wallet("sh", 2, 3), FEW),
)
QUICK = ((Wallet("wsh", 2, 3), ((1, 2), (100, 2), (200, 200))),)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def show(row: Row) -> None:
    case = row.case
    times = "  ".join(f"{name} {seconds * 1000:.1f}" for name, seconds in row.times.items())
    say(f"{case.wallet.name} {case.inputs}x{case.outputs}: floor {row.floor * 1000:.1f}  {times}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.sign", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three small sizes only")
    parser.add_argument("--only-ours", action="store_true", help="leave the peers out")
    return parser.parse_args()


def all_peers(stack: ExitStack, *, alone: bool) -> tuple[Peer, ...]:
    """Ours first, on one core and on all; the node last, where there is one."""
    ours = tuple(coldsign(cores) for cores in sorted({1, len(CORES)}))
    if alone:
        return ours
    command = find_node()
    if command is None:
        say("no node found: measured without one (tests/live/README.md)")
        return (*ours, *PEERS)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    node = stack.enter_context(running_node(command, folder))
    pid = int((folder / "regtest" / "bitcoind.pid").read_text())
    return (*ours, *PEERS, node_peer(node, pid))


def cases(*, quick: bool) -> Iterator[Case]:
    """All that is to be signed, made when its turn comes."""
    for wallet, sizes in QUICK if quick else SETS:
        for inputs, outputs in sizes:
            yield make(wallet, inputs, outputs)
    if not quick:
        yield from recorded()


def measured(peers: tuple[Peer, ...], *, quick: bool) -> Iterator[Row]:
    """One pass over all cases."""
    for case in cases(quick=quick):
        row = measure(case, peers)
        show(row)
        yield row


def main() -> None:
    options = arguments()
    gc.set_threshold(GARBAGE)  # as the program does; it helps the peers in Python too
    with ExitStack() as stack:
        peers = all_peers(stack, alone=options.only_ours)
        rows = list(measured(peers, quick=options.quick))
        if not options.quick:
            rows = list(map(better, rows, measured(peers, quick=False)))
    os.sched_setaffinity(0, CORES)
    print(document(rows, [] if options.quick else commands()))


main()
