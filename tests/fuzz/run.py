"""The fuzzer that needs nothing but Python: ``python -m tests.fuzz.run TARGET EXECUTIONS [SEED [FOLDER [SIZE]]]``.

It mutates the target's seeds, and the corpus in FOLDER where a coverage-guided run (``tests.fuzz.guided``) has made
one, as far as it is of at most SIZE bytes: small mutants are quick ones. The same arguments make the same mutants.
"""

import sys
import time
from pathlib import Path

from tests.fuzz import reviews
from tests.fuzz.mutate import Mutator
from tests.fuzz.targets import TARGETS

SECONDS = 1.0
"""Of this process's own time that one input may take."""


def run(
    name: str, executions: int, seed: int, folder: Path | None = None, *, size: int = 16_384
) -> int:
    """How many mutants were accepted; raises on the first that breaks the contract."""
    target, accepted, clock = TARGETS[name], 0, time.process_time
    given = target.seeds()
    if folder is not None:
        given += [path.read_bytes() for path in sorted(folder.iterdir())]
    head = target.head or 0
    small = [data for data in given if head < len(data) <= size]
    mutator = Mutator([data[head:] for data in small], seed)
    heads = [data[:head] for data in small]
    for number in range(executions):
        data = mutator.random.choice(heads) + mutator.mutant()
        start = clock()
        try:
            accepted += target.holds(data)
            assert clock() - start < SECONDS, f"{clock() - start:.1f} s for one input"
        except BaseException:
            print(f"execution {number} of seed {seed}: {data.hex()}", flush=True)
            raise
    return accepted


def main() -> None:
    """Run as the command line says."""
    name, executions = sys.argv[1], int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    folder = Path(sys.argv[4]) if len(sys.argv) > 4 else None
    size = int(sys.argv[5]) if len(sys.argv) > 5 else 16_384
    reviews.remember()
    start = time.monotonic()
    accepted = run(name, executions, seed, folder, size=size)
    took = time.monotonic() - start
    print(f"{name}: {executions} executions, {accepted} accepted, {took:.0f} s, seed {seed}")


if __name__ == "__main__":
    main()
