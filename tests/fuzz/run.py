"""Runs the mutation fuzzer for a number of executions: ``python -m tests.fuzz.run 1000000 [SEED]``."""

import sys
import time

from tests.fuzz.mutate import Mutator, holds
from tests.fuzz.seeds import seeds


def run(executions: int, seed: int) -> int:
    """How many mutants were accepted; raises on the first that breaks the contract."""
    mutator = Mutator(seeds("psbt"), seed)
    accepted = 0
    for number in range(executions):
        data = mutator.mutant()
        try:
            accepted += holds(data)
        except BaseException:
            print(f"execution {number} of seed {seed}: {data.hex()}", flush=True)
            raise
    return accepted


def main() -> None:
    executions, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    start = time.monotonic()
    accepted = run(executions, seed)
    took = time.monotonic() - start
    print(f"{executions} executions, {accepted} accepted, {took:.0f} s, seed {seed}")


if __name__ == "__main__":
    main()
