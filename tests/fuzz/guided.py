"""Coverage-guided fuzzing: ``python -m tests.fuzz.guided TARGET WORK [libFuzzer options]``.

Needs the package ``atheris``, which is no dependency of this project (README.md); without it, ``tests.fuzz.run``
mutates in plain Python. WORK is a folder for the growing corpus, outside the repository.
"""

import hashlib
import random
import sys
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["coldsign"]):
    from tests.fuzz import reviews
    from tests.fuzz.mutate import Mutator
    from tests.fuzz.targets import TARGETS, Target
    from tests.fuzz.wire import split

SECONDS = 1.0
"""Of this process's own time that one input may take."""


def main() -> None:
    """Fuzz one target until libFuzzer's options say stop."""
    target, work = TARGETS[sys.argv[1]], Path(sys.argv[2])
    work.mkdir(parents=True, exist_ok=True)
    given = [data for data in target.seeds() if len(data) <= 8192]
    for data in given:
        (work / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    reviews.remember()
    options = ["-rss_limit_mb=1500", "-malloc_limit_mb=256", "-timeout=20", "-max_len=8192"]
    argv = [sys.argv[0], *options, *sys.argv[3:], str(work)]
    mutator = {} if target.head is None else {"custom_mutator": structured(given, target.head)}
    atheris.Setup(argv, timed(target), **mutator)
    atheris.Fuzz()


def timed(target: Target):
    """The target, with a fault for an input that takes too long."""
    holds, clock = target.holds, time.process_time

    def one(data: bytes) -> None:
        start = clock()
        holds(data)
        took = clock() - start
        assert took < SECONDS, f"{took:.1f} s for one input of {len(data)} bytes"

    return one


def structured(given: list[bytes], head: int):
    """A mutator for PSBTs with something before them: half its work keeps their form."""
    room = 4096

    def bend(value: bytes) -> bytes:
        return atheris.Mutate(value, len(value) + 32) if len(value) < room else value

    makes = Mutator([data[head:] for data in given], 0, bend)

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        choose = makes.random = random.Random(seed)
        maps = split(data[head:]) if choose.random() < 0.7 else None
        if maps is None or choose.random() < 0.05:
            return atheris.Mutate(data, most)
        start = data[:head]
        if head and choose.random() < 0.2:
            start = data[:1] + bytes((choose.randrange(256),))
        return (start + makes.structured(maps))[:most]

    return mutate


if __name__ == "__main__":
    main()
