"""What must hold of any bytes: a value that writes them again, or MalformedError, and nothing between."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError, RefusedError
from coldsign.psbt.combine import combine
from coldsign.psbt.edit import ReplyLevel, differences, trim
from coldsign.psbt.finalize import extract, finalize
from coldsign.psbt.model import MAGIC, Psbt
from tests.fuzz.mutate import Mutator
from tests.fuzz.psbts import holds
from tests.fuzz.seeds import seed_files, seeds
from tests.fuzz.wire import join, split
from tests.psbt.samples import KEYS, ORIGIN, XONLY, Sizes, attack, recorded, rewritten, v0, v2

CONTROLS = ("OK-02", "OK-04", "OK-05", "OK-11", "OK-12", "S-14", "V-13")
SEEDS = seeds("psbt")

DER = bytes.fromhex("3006020101020101")
unknown = st.tuples(st.integers(0x60, 0xF0), st.binary(max_size=8), st.binary(max_size=300))
proprietary = st.builds(
    lambda name, sub, data, value: (0xFC, bytes((len(name),)) + name + bytes((sub,)) + data, value),
    st.binary(max_size=8),
    st.integers(0, 0xFC),
    st.binary(max_size=8),
    st.binary(max_size=8),
)
key, xonly, hash32 = (
    st.sampled_from(KEYS),
    st.sampled_from(XONLY),
    st.binary(min_size=32, max_size=32),
)
origins = st.builds(lambda steps: ORIGIN[:4] + steps * 4, st.binary(max_size=12))
in_pair = st.one_of(
    st.tuples(st.just(0x02), key, st.integers(0, 255).map(lambda n: DER + bytes((n,)))),
    st.tuples(st.just(0x03), st.just(b""), st.binary(min_size=4, max_size=4)),
    st.tuples(st.sampled_from([0x04, 0x05, 0x07]), st.just(b""), st.binary(max_size=600)),
    st.tuples(st.just(0x06), key, origins),
    st.tuples(st.just(0x14), st.tuples(xonly, hash32).map(b"".join), st.just(b"s" * 64)),
    st.tuples(st.just(0x16), xonly, st.tuples(st.just(b"\1"), hash32, origins).map(b"".join)),
    st.tuples(st.just(0x18), st.just(b""), hash32),
    unknown,
    proprietary,
)
out_pair = st.one_of(
    st.tuples(st.sampled_from([0x00, 0x01]), st.just(b""), st.binary(max_size=600)),
    st.tuples(st.just(0x02), key, origins),
    st.tuples(st.just(0x05), st.just(b""), xonly),
    unknown,
    proprietary,
)


def maps_of(pair, size: int):
    pairs = st.lists(pair, max_size=6, unique_by=lambda found: found[:2])
    return st.lists(pairs, max_size=size)


psbts = st.builds(
    lambda build, inputs, outputs: build(inputs, outputs),
    st.sampled_from([v0, v2]),
    maps_of(in_pair, 4),
    maps_of(out_pair, 4),
)


@settings(max_examples=200, deadline=None)
@given(psbts)
def test_what_is_built_of_valid_fields_is_read_and_written_back(data):
    psbt = Psbt.parse(data)
    assert psbt.serialize() == data
    assert differences(psbt, Psbt.parse(data)) == ()
    for level in ReplyLevel:
        assert trim(trim(psbt, level), level).raw == trim(psbt, level).raw


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_read_back_the_same_or_are_malformed(data):
    holds(data)
    holds(MAGIC + data)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_any_mutant_reads_back_the_same_or_is_malformed(seed):
    mutator = Mutator(SEEDS, seed)
    for _ in range(10):
        holds(mutator.mutant())


def refuses_longer_sizes(data: bytes, widths: tuple[int, ...]) -> int:
    """How many other forms of the CompactSizes of a PSBT were refused."""
    psbt = Psbt.parse(data)
    minimal = Sizes()
    assert rewritten(psbt, minimal) == data
    mutants = [
        rewritten(psbt, Sizes(odd, width)) for odd in range(minimal.number + 1) for width in widths
    ]
    longer = [
        mutant for mutant in mutants if mutant != data
    ]  # a size above 252 has the first width
    for mutant in longer:
        with pytest.raises(MalformedError):
            Psbt.parse(mutant)
    return len(longer)


@pytest.mark.parametrize("name", CONTROLS)
def test_every_compact_size_is_minimal(name):
    assert refuses_longer_sizes(attack(name), (3, 5, 9)) > 150


@pytest.mark.parametrize("path", seed_files("psbt"), ids=lambda path: path.stem)
def test_every_compact_size_of_the_seeds_is_minimal(path):
    assert refuses_longer_sizes(path.read_bytes(), (3, 9)) > 7


@pytest.mark.parametrize("name", CONTROLS)
def test_every_pair_is_there_once(name):
    maps = split(attack(name))
    for pairs in maps:
        for at, pair in enumerate(list(pairs)):
            for where in (at, len(pairs)):
                pairs.insert(where, pair)
                with pytest.raises(MalformedError, match="the key occurs twice"):
                    Psbt.parse(join(maps))
                del pairs[where]
                pairs.insert(where, (pair[0], b""))  # even where the value is empty
                with pytest.raises(MalformedError):
                    Psbt.parse(join(maps))
                del pairs[where]
    assert join(maps) == attack(name)


@pytest.mark.parametrize("name", CONTROLS)
def test_without_a_pair_or_with_maps_swapped_it_holds(name):
    maps = split(attack(name))
    for number, pairs in enumerate(maps):
        for at in range(len(pairs)):
            less = [*maps[:number], [*pairs[:at], *pairs[at + 1 :]], *maps[number + 1 :]]
            holds(join(less))
        for other in range(number):
            swapped = list(maps)
            swapped[number], swapped[other] = maps[other], pairs
            if swapped != maps and other == 0:
                assert not holds(join(swapped))
            else:
                holds(join(swapped))


def test_every_byte_of_a_psbt_changed():
    data = attack("OK-04")
    accepted = 0
    for at in range(len(data)):
        for mask in (0x01, 0x80, 0xFF):
            accepted += holds(data[:at] + bytes((data[at] ^ mask,)) + data[at + 1 :])
    assert 0 < accepted < 3 * len(data)


def test_recordings_are_seeds_too():
    assert recorded()
    assert len(SEEDS) > 20


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_any_accepted_mutant_can_be_trimmed_combined_and_finalized_or_is_refused(seed):
    mutator = Mutator(SEEDS, seed)
    for data in (mutator.mutant() for _ in range(20)):
        if not holds(data):
            continue
        psbt = Psbt.parse(data)
        for level in ReplyLevel:
            trimmed = trim(psbt, level)
            assert Psbt.parse(trimmed.raw).unique_id() == psbt.unique_id()
            assert combine([psbt, trimmed]).raw == combine([psbt]).raw
        try:
            finished = finalize(psbt)
        except RefusedError:
            continue
        assert extract(finished).outputs == psbt.tx.outputs
