import hashlib
import os
import random as stdlib_random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError, RefusedError, UnfitError
from coldsign.keys import entropy

FAIR = "".join(stdlib_random.Random(7).choices("123456", k=100))


def generator(seed):
    """A good generator that gives the same bytes again for the same seed."""
    count = 0

    def random(size):
        nonlocal count
        count += 1
        return hashlib.shake_256(f"{seed} {count}".encode()).digest(size)

    return random


@pytest.mark.parametrize("size", [16, 32])
def test_every_source_changes_the_result(size):
    results = {
        entropy.gather(size, generator(seed), rolls=rolls).reveal()
        for seed in range(3)
        for rolls in ("", FAIR, FAIR[::-1])
    }
    assert len(results) == 9
    assert {len(result) for result in results} == {size}
    once, again = (entropy.gather(size, generator(1), rolls=FAIR).reveal() for _ in range(2))
    assert once == again


def test_the_result_is_none_of_the_generators_bytes():
    given_out = []

    def random(size):
        given_out.append(bytearray(os.urandom(size)))
        return bytes(given_out[-1])

    result = entropy.gather(32, random).reveal()
    assert all(result not in bytes(draw) for draw in given_out)


@settings(max_examples=300, deadline=None)
@given(seed=st.integers())
def test_a_good_generator_passes(seed):
    assert len(entropy.gather(16, generator(seed)).reveal()) == 16


@pytest.mark.parametrize(
    ("random", "why"),
    [
        (bytes, "repeats"),
        (lambda size: b"\xff" * size, "repeats"),
        (lambda size: bytes(range(size)), "repeats"),
        (lambda size: os.urandom(size)[:-1], "wrong number"),
        (lambda size: b"", "wrong number"),
        (lambda size: os.urandom(8) * (size // 8), "repeats"),
        (lambda size: bytes(b & 15 for b in os.urandom(size)), "byte value|uneven"),
        (lambda size: bytes(b | 128 for b in os.urandom(size)), "uneven|byte value"),
        (lambda size: bytes(stdlib_random.choices((0x33, 0xAA), k=size)), "byte value|repeats"),
        (lambda size: os.urandom(size - 7) + b"\x5a" * 7, "repeats|byte value"),
    ],
    ids=[
        *("zeros", "ones", "counter", "short", "empty", "block", "low nibbles", "high bit"),
        *("two values", "tail"),
    ],
)
def test_a_bad_generator_trips(random, why):
    with pytest.raises(UnfitError, match=why) as caught:
        entropy.gather(16, random)
    assert caught.value.code == "weak-randomness"


def test_a_run_of_one_value_trips():
    calls = iter(range(100))

    def random(size):
        data = bytearray(hashlib.shake_256(b"%d" % next(calls)).digest(size))
        if data[0] & 1:
            data[9:15] = b"\x5a" * 6
        return bytes(data)

    with pytest.raises(UnfitError, match="one byte value"):
        entropy.gather(16, random)


@pytest.mark.parametrize("bit", range(8))
def test_two_stuck_bits_that_even_each_other_out_trip(bit):
    calls = iter(range(100))
    stuck, clear = 1 << bit, 1 << (bit + 1) % 8

    def random(size):
        data = hashlib.shake_256(b"%d" % next(calls)).digest(size)
        return bytes((byte | stuck) & ~clear for byte in data)

    with pytest.raises(UnfitError, match="ones and zeros are uneven"):
        entropy.gather(16, random)


def test_a_generator_that_repeats_later_trips():
    good = [os.urandom(32) for _ in range(8)]
    calls = iter([*good, good[3]])
    with pytest.raises(UnfitError, match="repeats"):
        entropy.gather(16, lambda _: next(calls))
    calls = iter([*good, b"short"])
    with pytest.raises(UnfitError, match="repeats"):
        entropy.gather(16, lambda _: next(calls))


@pytest.mark.parametrize("size", [0, 15, 20, 33])
def test_other_sizes_are_refused(size):
    with pytest.raises(MalformedError, match="16 or 32"):
        entropy.gather(size, os.urandom)


def test_rolls_are_read_with_blanks_and_named_by_position():
    assert entropy.parse_rolls(" 1 2,3\n456 ") == "123456"
    with pytest.raises(MalformedError, match="roll 4"):
        entropy.parse_rolls("1 2 3 7")
    with pytest.raises(MalformedError, match="roll 1"):
        entropy.parse_rolls("\N{SUPERSCRIPT THREE}")
    with pytest.raises(MalformedError, match="the most"):
        entropy.parse_rolls("1" * 5000)


def test_rolls_are_counted():
    assert (entropy.rolls_needed(16), entropy.rolls_needed(32)) == (50, 100)
    assert round(entropy.counted_bits("1" * 50)) == 129
    for size, few in ((16, FAIR[:49]), (32, FAIR[:99])):
        with pytest.raises(MalformedError, match="rolls are needed"):
            entropy.gather(size, generator(1), rolls=few)
        assert entropy.gather(size, generator(1), rolls=FAIR)


@pytest.mark.parametrize(
    "rolls",
    [
        "6" * 100,
        "123456" * 17,
        "1122334455661" * 8,
        "12" * 50,
        FAIR[:40] + "5" * 60,
        FAIR[:10] * 10,
    ],
)
def test_biased_and_patterned_rolls_are_refused(rolls):
    with pytest.raises(RefusedError) as caught:
        entropy.gather(32, generator(1), rolls=rolls)
    assert caught.value.code == "biased-dice"


@settings(max_examples=300, deadline=None)
@given(seed=st.integers())
def test_fair_rolls_pass(seed):
    rolls = "".join(stdlib_random.Random(seed).choices("123456", k=50))
    with (
        entropy.gather(16, generator(1), rolls=rolls) as made,
        entropy.gather(16, generator(1)) as bare,
    ):
        assert len(made) == 16
        assert made.reveal() != bare.reveal()
