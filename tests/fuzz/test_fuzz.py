"""The corpora and every crash replayed, the mutation fuzzer itself, and hypothesis over parser, facts and review."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import reviews
from tests.fuzz.mutate import Mutator
from tests.fuzz.run import run
from tests.fuzz.seeds import crash_files, seed_files, seeds
from tests.fuzz.targets import TARGETS


@pytest.fixture(autouse=True, scope="module")
def _remember():
    """Mutants name the same few places: derive each once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reviews.Deriver, "derive", reviews.Deriver.derive)
        patch.setattr(reviews.Descriptor, "__str__", reviews.Descriptor.__str__)
        reviews.remember()
        yield


@pytest.mark.parametrize("path", seed_files("psbt"), ids=lambda path: path.stem)
def test_every_honest_psbt_is_accepted(path):
    assert TARGETS["psbt"].holds(path.read_bytes())


@pytest.mark.parametrize("name", [name for name in TARGETS if name != "psbt"])
def test_the_found_corpus_holds(name):
    for path in seed_files(name):
        TARGETS[name].holds(path.read_bytes())


@pytest.mark.parametrize("path", crash_files(), ids=lambda path: path.name)
def test_what_once_broke_something_holds(path):
    TARGETS[path.name.split("-")[1]].holds(path.read_bytes())


def test_crashes_are_replayed():
    assert {path.name.split("-")[1] for path in crash_files()} <= set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_reach_behind_the_parsers(name):
    found = TARGETS[name].seeds()[:40]
    assert sum(map(TARGETS[name].holds, found)) > len(found) // 4


def test_the_same_seed_makes_the_same_mutants():
    one, other = (Mutator(seeds("psbt"), 3) for _ in range(2))
    assert [one.mutant() for _ in range(50)] == [other.mutant() for _ in range(50)]


def test_some_mutants_are_accepted_and_most_are_not():
    assert 300 < run("psbt", 2000, 1) < 1500


REVIEWED = reviews.seeds()
SMALL = [seed[2:] for seed in REVIEWED if len(seed) < 2500]


@st.composite
def pairs_exchanged(draw):
    """An honest or hostile request in which hypothesis chooses what a mutator changes."""
    data = draw(st.sampled_from(REVIEWED))
    makes = Mutator(SMALL, 0)
    makes.random = draw(st.randoms(use_true_random=False))
    maps = makes.parts[draw(st.integers(0, len(makes.parts) - 1))]
    return bytes((data[0], draw(st.integers(0, 255)))) + makes.structured(maps)


@given(pairs_exchanged())
@settings(max_examples=60)
def test_parser_facts_and_review(data):
    reviews.holds(data)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_quarter_million_mutants(seed):
    assert run("psbt", 250_000, 1000 + seed) > 25_000


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in TARGETS if name != "psbt"])
def test_ten_thousand_mutants(name):
    assert run(name, 10_000, 7) > 50
