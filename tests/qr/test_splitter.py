"""Frames made for a density, and the order in which a fountain shows them."""

import itertools
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import UsageError
from coldsign.qr import schedule
from coldsign.qr.joiner import Joiner
from coldsign.qr.payload import Dialect, PayloadKind
from coldsign.qr.splitter import split
from coldsign.qr.symbol import Level, capacity, is_alphanumeric, smallest_version
from coldsign.qr.ur import uri
from coldsign.qr.ur.chooser import choose_fragments
from coldsign.qr.ur.fountain import Mixer
from tests.benchmarks.qr.looks import OURS, Shown, Transfer, looks, schedules
from tests.benchmarks.qr.readers import Solving, Stripping
from tests.qr.pictures import stream


def masks(numbers, count, checksum):
    """The parts with these numbers, each as the set of its fragments."""
    return [sum(1 << f for f in choose_fragments(n, count, checksum)) for n in numbers]


@given(st.integers(2, 70), st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_any_parts_in_a_row_are_enough(count, checksum):
    shown = list(itertools.islice(schedule.numbers(count, checksum), 4 * count))
    parts = masks(shown, count, checksum)
    rng = random.Random(checksum)
    for start in {0, count // 2, count, *(rng.randrange(3 * count) for _ in range(6))}:
        for reader in (Solving(count), Stripping(count)):
            assert [reader.add(part) for part in parts[start : start + count]][-1], start


@given(st.integers(2, 40), st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_a_loop_begins_with_the_plain_parts(count, checksum):
    shown = list(schedule.loop(count, checksum))
    assert len(shown) == count + count // 2
    assert shown[:count] == list(range(1, count + 1))
    parts = masks(shown, count, checksum)
    for start in range(count // 2 + 1):
        reader = Stripping(count)
        assert [reader.add(part) for part in parts[start : start + count]][-1], start


def test_mixed_parts_are_always_new():
    shown = list(itertools.islice(schedule.numbers(20, 7), 400))
    mixed = [number for number in shown if number > 20]
    assert len(mixed) == len(set(mixed)) >= 200
    assert all(len(choose_fragments(number, 20, 7)) > 1 for number in mixed)


def test_the_part_that_leaves_is_not_shown_again():
    shown = list(itertools.islice(schedule.numbers(20, 7), 400))
    assert all(now != before for before, now in zip(shown, shown[20:], strict=False))


@pytest.mark.parametrize("count", [1, 2, 3, 200, schedule.MAX_WINDOW + 1])
def test_the_ends_of_the_range(count):
    shown = list(itertools.islice(schedule.numbers(count, 1), 3 * count))
    reader = Solving(count)
    assert [reader.add(part) for part in masks(shown, count, 1)][-1]


@pytest.mark.parametrize("reader", [Solving, Stripping])
@pytest.mark.parametrize(("count", "transfers"), [(12, 80), (40, 120)])
def test_fewer_looks_than_every_peers_schedule_under_loss(reader, count, transfers):
    rng = random.Random(count)
    total = Counter()
    for checksum in (1, 2):
        shown = {n: Shown(s(count, checksum), count, checksum) for n, s in schedules().items()}
        for _ in range(transfers // 2):
            transfer = Transfer(rng.randrange(3 * count), random.Random(rng.random()))
            for name, parts in shown.items():
                total[name] += looks(reader(count), parts, transfer, 0.3)
    assert all(total[OURS] < total[name] for name in total if name != OURS)


def test_the_benchmarks_reader_agrees_with_the_real_one():
    data = random.Random(2).randbytes(1500)
    mixer = Mixer(data, 100)
    for seed in range(20):
        rng = random.Random(seed)
        reader, stripping = Solving(mixer.count), Stripping(mixer.count)
        while True:
            number = rng.randrange(1, 200)
            part = sum(1 << fragment for fragment in mixer.indexes(number))
            stripped = stripping.add(part)
            solved = reader.add(part)
            assert solved or not stripped
            if solved and stripped:
                break


@given(
    st.sampled_from([Dialect.UR, Dialect.UR_PSBT, Dialect.UR1, Dialect.BBQR, Dialect.PMOFN]),
    st.integers(1, 20_000),
    st.integers(6, 40),
)
@settings(max_examples=80, deadline=None)
def test_frames_fit_the_density_and_carry_the_message(dialect, size, density):
    data = b"psbt\xff" + random.Random(size).randbytes(size)
    frames = split(data, kind=PayloadKind.PSBT, dialect=dialect, density=density)
    assert frames.version <= density
    for frame in frames.frames:
        room = capacity(frames.version, frames.level, alphanumeric=is_alphanumeric(frame))
        assert len(frame) <= room
        assert dialect is Dialect.PMOFN or is_alphanumeric(frame)
    joiner = Joiner()
    for frame in frames.frames[: frames.need]:
        joiner.feed(frame)
    assert joiner.require().data == data
    assert joiner.require().sha256_short == frames.sha256_short


def test_late_parts_of_a_stream_fit_as_well():
    for size, density in ((700, 6), (5000, 13), (40_000, 20)):
        data = b"psbt\xff" + random.Random(size).randbytes(size)
        frames = split(data, kind=PayloadKind.PSBT, dialect=Dialect.UR, density=density)
        assert frames.version <= density
        room = capacity(frames.version, frames.level, alphanumeric=True)
        assert all(len(f) <= room for f in itertools.islice(stream(frames), 4 * frames.need))
        last = uri.piece_text(frames.ur_type, frames.mixer.part(schedule.MAX_NUMBER))
        assert len(last) <= room


def test_one_static_frame_where_it_fits():
    for dialect in (Dialect.UR, Dialect.BBQR):
        frames = split(b"psbt\xff" + bytes(300), kind=PayloadKind.PSBT, dialect=dialect, density=20)
        assert len(frames.frames) == frames.need == 1
        assert next(stream(frames)) == frames.frames[0]


def test_error_correction_is_raised_for_nothing():
    frames = split(b"psbt\xff" + bytes(10), kind=PayloadKind.PSBT, dialect=Dialect.UR)
    assert smallest_version(frames.frames[0]) == frames.version
    assert frames.level >= Level.L


@pytest.mark.parametrize(
    ("kind", "dialect", "detail", "head"),
    [
        (PayloadKind.PSBT, Dialect.UR, "", "UR:CRYPTO-PSBT/"),
        (PayloadKind.PSBT, Dialect.UR_PSBT, "", "UR:PSBT/"),
        (PayloadKind.PSBT, Dialect.UR, "crypto-psbt", "UR:CRYPTO-PSBT/"),
        (PayloadKind.TRANSACTION, Dialect.UR, "crypto-psbt", "UR:BYTES/"),
        (PayloadKind.WALLET, Dialect.UR, "", "UR:BYTES/"),
        (PayloadKind.WALLET, Dialect.UR, "crypto-output", "UR:CRYPTO-OUTPUT/"),
        (PayloadKind.PSBT, Dialect.BBQR, "", "B$ZP"),
        (PayloadKind.PSBT, Dialect.BBQR, "2P", "B$2P"),
        (PayloadKind.TRANSACTION, Dialect.BBQR, "", "B$ZT"),
        (PayloadKind.TEXT, Dialect.BBQR, "", "B$ZU"),
    ],
)
def test_answers_in_kind(kind, dialect, detail, head):
    data = b"psbt\xff" + bytes(200)
    frames = split(data, kind=kind, dialect=dialect, detail=detail)
    assert frames.frames[0].startswith(head)


@pytest.mark.parametrize(
    ("dialect", "density"),
    [
        (Dialect.BASE64, 40), (Dialect.BASE43, 40), (Dialect.HEX, 40), (Dialect.BINARY, 40),
        (Dialect.UR, 1), (Dialect.BBQR, 1), (Dialect.PMOFN, 1), (Dialect.UR1, 2),
    ],
)  # fmt: skip
def test_too_large_is_said_with_a_way_out(dialect, density):
    with pytest.raises(UsageError) as caught:
        split(
            b"psbt\xff" + random.Random(1).randbytes(120_000),
            kind=PayloadKind.PSBT,
            dialect=dialect,
            density=density,
        )
    assert caught.value.hint


@pytest.mark.slow
def test_a_thousand_inputs_cross_both_ways():
    data = b"psbt\xff" + random.Random(1).randbytes(815_000)
    for dialect in (Dialect.UR, Dialect.BBQR):
        frames = split(data, kind=PayloadKind.PSBT, dialect=dialect, density=20)
        rng = random.Random(2)
        joiner = Joiner()
        for frame in itertools.islice(stream(frames), 20 * frames.need):
            if rng.random() > 0.1 and joiner.feed(frame).done:
                break
        assert joiner.require().data == data
