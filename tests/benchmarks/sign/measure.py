"""Times each signer on each case: in rounds, so that other work on the machine meets them all."""

import gc
import os
import time
from contextlib import nullcontext
from dataclasses import dataclass, field

from tests.benchmarks.sign import floor
from tests.benchmarks.sign.make import Case, signatures
from tests.benchmarks.sign.peers import Peer, Sign
from tests.benchmarks.sign.process import undisturbed

ROUNDS = 8
SECONDS = 3.0  # by its own clock; a signer that has taken so long sits out the other rounds
CORES = sorted(os.sched_getaffinity(0), reverse=True)


@dataclass(frozen=True, slots=True)
class Row:
    """What one case took, in seconds; a signer that was left out has no time.

    `floor` is for all inputs, `deriving` what deriving their keys adds to it.
    """

    case: Case
    floor: float
    deriving: float
    times: dict[str, float]
    same: dict[str, bool]


@dataclass(slots=True)
class _Run:
    """One signer on one case: its best time so far, and what it gave."""

    peer: Peer
    case: Case
    best: float = 1e9
    spent: float = 0.0
    reply: bytes = b""
    _sign: Sign | None = field(default=None)

    def once(self) -> None:
        if self._sign is None or self.peer.fresh:
            self._sign = self.peer.prepare(self.case)
        os.sched_setaffinity(0, CORES[: self.peer.cores])
        gc.collect()
        with undisturbed() if self.peer.clock is time.perf_counter else nullcontext():
            start = self.peer.clock()
            self.reply = self._sign(self.case.psbt)
            seconds = self.peer.clock() - start
        self.best = min(self.best, seconds)
        self.spent += seconds
        os.sched_setaffinity(0, CORES[:1])


def better(one: Row, other: Row) -> Row:
    """The best of two measurements of one case, taken minutes apart: a machine may be slow for a while."""
    return Row(
        one.case,
        min(one.floor, other.floor),
        min(one.deriving, other.deriving),
        {name: min(seconds, other.times[name]) for name, seconds in one.times.items()},
        {name: same and other.same[name] for name, same in one.same.items()},
    )


def measure(case: Case, peers: tuple[Peer, ...]) -> Row:
    """One row: the first of the peers is the one whose signatures the others are compared with."""
    runs = [_Run(peer, case) for peer in peers if case.inputs <= peer.largest]
    least, deriving = 1e9, 1e9
    os.sched_setaffinity(0, CORES[:1])
    for _ in range(ROUNDS):
        least = min(least, floor.per_input(case))
        deriving = min(deriving, floor.deriving(case))
        for run in runs:
            if run.spent < SECONDS:
                run.once()
    made = {run.peer.name: list(signatures(run.reply)) for run in runs}
    ours = next(iter(made.values()))
    assert len(ours) == case.inputs
    times = {run.peer.name: run.best for run in runs}
    same = {name: one == ours for name, one in made.items()}
    return Row(case, least * case.inputs, deriving * case.inputs, times, same)
