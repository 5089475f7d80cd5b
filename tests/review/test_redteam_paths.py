"""An attacker who sets the locks: which of the wallet's paths a signature would serve must be asked."""

import re

import pytest

from coldsign.review.context import Context, Limits
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.review import build
from tests.review.build import HONEST_COINS, MAINNET, META, Draft, codes, grave

MINI = META["wallets"]["W-mini"]["descriptor"]
KEYS = [found.split("/<")[0] for found in re.findall(r"\[[^()]*?\*", MINI)[:3]]
A, B, C = (f"{key}/<0;1>/*" for key in KEYS)
LATER_A, LATER_B = f"{KEYS[0]}/<2;3>/*", f"{KEYS[1]}/<2;3>/*"
OPEN = "recovery-path-open"


def drafted(text, monkeypatch, *, ours=(), sequences=(0xFFFF_FFFD, 0xFFFF_FFFD), **more):
    descriptor = Descriptor.parse(text, MAINNET, require_checksum=False)
    vault = Wallet.create("vault", descriptor, our_keys=ours)
    monkeypatch.setattr(build, "wallet", lambda _name: vault)
    draft = Draft(**more)
    for number, sequence in enumerate(sequences):
        draft = draft.with_coin(number, sequence=sequence)
    return draft


def asked(report):
    return [found.text for found in report.findings if found.code == OPEN]


@pytest.mark.parametrize(
    ("sequences", "coins"),
    [
        ((52_560, 52_560), "2 of 2"),
        ((52_560, 0xFFFF_FFFD), "1 of 2"),
        ((0xFFFF_FFFE, 60_000), "1 of 2"),
    ],
)
def test_one_keyholder_alone_is_not_enough_without_being_asked(monkeypatch, sequences, coins):
    draft = drafted(MINI, monkeypatch, ours=(0, 3), sequences=sequences)
    (text,) = asked(draft.review())
    assert text.startswith(f"its locks open a path for later to {coins} coins: 52560 blocks")
    assert text.endswith("1 key: 6e3432e4")


@pytest.mark.parametrize("sequences", [(0xFFFF_FFFD, 0xFFFF_FFFF), (0x8000_CD50, 0), (1, 52_559)])
def test_locks_that_open_nothing_are_no_matter(monkeypatch, sequences):
    assert not asked(drafted(MINI, monkeypatch, ours=(0, 3), sequences=sequences).review())


def test_version_one_has_no_relative_locks(monkeypatch):
    draft = drafted(MINI, monkeypatch, ours=(0, 3), sequences=(52_560, 52_560), version=1)
    assert not asked(draft.review())


def test_two_coins_by_two_paths_are_both_said(monkeypatch):
    late = f"or_i(and_v(v:pk({LATER_A}),older(144)),and_v(v:pk({LATER_B}),older(4194305)))"
    text = f"wsh(or_d(multi(2,{A},{B},{C}),{late}))"
    report = drafted(text, monkeypatch, ours=(0, 3), sequences=(144, 0x0040_0001)).review()
    assert grave(report) == {OPEN}
    assert [line.partition(": ")[0][-12:] for line in asked(report)] == ["1 of 2 coins"] * 2
    assert report.facts.need == 2  # no one path is open for all coins: the finding is what tells


def test_a_path_without_a_key_of_ours_matters_where_it_makes_us_wait(monkeypatch):
    text = f"wsh(or_d(multi(2,{A},{B},{C}),and_v(v:pk({LATER_B}),older(144))))"
    assert asked(drafted(text, monkeypatch, ours=(0,), sequences=(144, 144)).review())
    text = text.replace("older(144)", "after(800000)")
    draft = drafted(text, monkeypatch, ours=(0,), locktime=899_999)
    assert not grave(draft.review())
    assert asked(drafted(text, monkeypatch, ours=(1, 3), locktime=899_999).review())
    assert asked(drafted(text, monkeypatch, locktime=899_999).review())  # who we are is not known


def test_where_every_path_has_a_lock_only_the_later_ones_are_asked(monkeypatch):
    first = f"and_v(v:multi(2,{A},{B},{C}),older(10))"
    text = f"wsh(or_i({first},and_v(v:pk({LATER_A}),older(1000))))"
    assert not grave(drafted(text, monkeypatch, ours=(0, 3), sequences=(10, 10)).review())
    (said,) = asked(drafted(text, monkeypatch, ours=(0, 3), sequences=(1000, 1000)).review())
    assert "1000 blocks" in said


def test_locks_of_two_kinds_do_not_come_one_after_the_other(monkeypatch):
    late = f"and_v(v:pk({LATER_A}),after(1600000000))"
    text = f"wsh(or_i(and_v(v:multi(2,{A},{B},{C}),after(800000)),{late}))"
    context = Context(limits=Limits(height=900_000))
    for locktime in (800_000, 1_600_000_000):
        draft = drafted(text, monkeypatch, ours=(0, 3), locktime=locktime)
        assert OPEN not in codes(draft.review(context))


def test_a_wallet_without_locks_is_never_asked():
    assert not asked(Draft(coins=HONEST_COINS).review())
