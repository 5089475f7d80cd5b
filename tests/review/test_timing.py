import pytest

from coldsign.primitives.locks import SEQUENCE_TYPE_FLAG
from coldsign.primitives.tx import OutPoint, Transaction, TxIn
from coldsign.review.context import Context, EmptyHistory, Limits
from coldsign.review.timing import (
    RelativeLock,
    is_replaceable,
    locktime_words,
    path_is_open,
    relative_lock,
    sequence_words,
)
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.review import build
from tests.review.build import MAINNET, META, Draft, codes

MINI = META["wallets"]["W-mini"]["descriptor"]


def tx(locktime=0, sequence=0xFFFF_FFFD, version=2):
    return Transaction(version, (TxIn(OutPoint(bytes(32), 0), b"", sequence),), (), locktime)


@pytest.mark.parametrize(
    ("version", "sequence", "lock"),
    [
        (2, 144, RelativeLock(is_time=False, value=144)),
        (2, 0x0040_0001, RelativeLock(is_time=True, value=1)),
        (1, 144, None),
        (2, 0x8000_0090, None),
        (2, 0, None),
        (2, 0x0040_0000, None),
        (-1, 144, RelativeLock(is_time=False, value=144)),  # versions compare unsigned (BIP-68)
    ],
)
def test_relative_locks(version, sequence, lock):
    assert relative_lock(version, sequence) == lock


@pytest.mark.parametrize(
    ("locktime", "sequence", "words"),
    [
        (0, 0, "none: valid at once"),
        (5, 0xFFFF_FFFF, "5, but without effect: every sequence is final"),
        (900_000, 0, "not before block 900000"),
        (4_102_444_800, 0, "not before 2100-01-01 00:00:00 UTC"),
        (0xFFFF_FFFF, 0, "not before 2106-02-07 06:28:15 UTC"),
    ],
)
def test_locktimes_in_words(locktime, sequence, words):
    assert locktime_words(tx(locktime, sequence)) == words


@pytest.mark.parametrize(
    ("sequence", "words"),
    [
        (0xFFFF_FFFF, "0xffffffff, final"),
        (0xFFFF_FFFE, "0xfffffffe, not replaceable"),
        (0xFFFF_FFFD, "0xfffffffd, replaceable"),
        (
            144,
            "0x00000090, replaceable, only 144 blocks (about 1 day) after the coin was confirmed",
        ),
    ],
)
def test_sequences_in_words(sequence, words):
    assert sequence_words(2, sequence) == words


def test_a_time_lock_in_words():
    sequence = SEQUENCE_TYPE_FLAG | 675
    text = "0x004002a3, replaceable, only about 4 days after the coin was confirmed"
    assert sequence_words(2, sequence) == text


def test_replaceable_is_any_input():
    assert is_replaceable(tx())
    assert not is_replaceable(tx(sequence=0xFFFF_FFFE))


def path(**kwargs):
    first = build.wallet("W-mini").spending_paths()[0]
    return first._replace(**kwargs)


@pytest.mark.parametrize(
    ("older", "sequence", "is_open"),
    [
        (None, 0xFFFF_FFFF, True),
        (144, 143, False),
        (144, 144, True),
        (144, 500, True),
        (144, 0xFFFF_FFFD, False),
        (0x0040_0005, 500, False),
        (0x0040_0005, 0x0040_0005, True),
    ],
)
def test_a_path_with_a_relative_lock(older, sequence, is_open):
    assert path_is_open(path(older=older), tx(sequence=sequence), {sequence}) is is_open


@pytest.mark.parametrize(
    ("after", "locktime", "sequence", "is_open"),
    [
        (950_000, 950_000, 0, True),
        (950_000, 949_999, 0, False),
        (950_000, 950_000, 0xFFFF_FFFF, False),
        (950_000, 1_600_000_000, 0, False),
        (1_600_000_000, 1_600_000_000, 0, True),
    ],
)
def test_a_path_with_an_absolute_lock(after, locktime, sequence, is_open):
    given = tx(locktime, sequence)
    assert path_is_open(path(after=after), given, {sequence}) is is_open


def test_a_locktime_that_a_path_asks_for_is_asked_and_not_refused(monkeypatch):
    text = MINI.replace("older(52560)", "after(950000)")
    descriptor = Descriptor.parse(text, MAINNET, require_checksum=False)
    vault = Wallet.create("vault", descriptor, our_keys=(0, 3))
    monkeypatch.setattr(build, "wallet", lambda _name: vault)
    report = Draft(locktime=950_000).review()
    assert codes(report) == {"locktime-ahead", "recovery-path-open", "replaceable"}
    assert "locktime-too-far" in codes(Draft(locktime=950_001).review())
    near = Context(limits=Limits(height=950_000))
    assert codes(Draft(locktime=950_000).review(near)) == {"recovery-path-open", "replaceable"}


def test_the_empty_history_remembers_nothing():
    history = EmptyHistory()
    point = OutPoint(bytes(32), 0)
    assert history.amount_seen(point) is None
    assert history.last_seen(0) is None
    assert not any(
        (
            history.spenders(point),
            history.paying(b"", 0),
            history.by_manifest_id("wd-1"),
            tuple(history.paid_scripts()),
        )
    )
