"""The fuzzers' corpus replayed (crashes, once found, join it), and the mutation fuzzer itself."""

import pytest

from tests.fuzz.mutate import Mutator, holds
from tests.fuzz.run import run
from tests.fuzz.seeds import seed_files, seeds


@pytest.mark.parametrize("path", seed_files("psbt"), ids=lambda path: path.stem)
def test_every_seed_holds(path):
    assert holds(path.read_bytes())


def test_the_same_seed_makes_the_same_mutants():
    one, other = (Mutator(seeds("psbt"), 3) for _ in range(2))
    assert [one.mutant() for _ in range(50)] == [other.mutant() for _ in range(50)]


def test_some_mutants_are_accepted_and_most_are_not():
    assert 100 < run(2000, 1) < 1000


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_quarter_million_mutants(seed):
    assert run(250_000, 1000 + seed) > 25_000
