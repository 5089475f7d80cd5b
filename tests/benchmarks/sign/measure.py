"""Times each signer on each case, with the best of several passes."""

import gc
import time
from dataclasses import dataclass

from tests.benchmarks.sign import floor
from tests.benchmarks.sign.make import Case, signatures
from tests.benchmarks.sign.peers import Peer

PASSES = 5
SECONDS = 2.5  # stop making passes after so long


@dataclass(frozen=True, slots=True)
class Row:
    """What one case took, in seconds; a signer that was left out has no time."""

    case: Case
    floor: float
    times: dict[str, float]
    same: dict[str, bool]


def best(peer: Peer, case: Case) -> tuple[float, bytes]:
    """The best time of one signer, and what it gave."""
    found, reply, started = 1e9, b"", time.perf_counter()
    sign = peer.prepare(case)
    for number in range(PASSES):
        if number and peer.fresh:
            sign = peer.prepare(case)
        gc.collect()
        start = time.perf_counter()
        reply = sign(case.psbt)
        found = min(found, time.perf_counter() - start)
        if time.perf_counter() - started > SECONDS:
            break
    return found, reply


def measure(case: Case, peers: tuple[Peer, ...]) -> Row:
    """One row: the first of the peers is the one whose signatures the others are compared with."""
    times: dict[str, float] = {}
    same: dict[str, bool] = {}
    ours: list[bytes] = []
    for peer in peers:
        if case.inputs > peer.largest:
            continue
        times[peer.name], reply = best(peer, case)
        made = list(signatures(reply))
        ours = ours or made
        same[peer.name] = made == ours and len(made) == case.inputs
    return Row(case, floor.per_input(case) * case.inputs, times, same)
