"""A coin of ours passed off as another's: what leaves would look smaller, and others would sign for it."""

from dataclasses import replace

import pytest

from coldsign.primitives.secp import is_public_key
from coldsign.review.checks import claims
from coldsign.review.context import Context, Limits
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.review import build
from tests.review.build import (
    HONEST_COINS,
    MAINNET,
    META,
    OUR_FINGERPRINT,
    Coin,
    Draft,
    Memory,
    Pay,
    codes,
    grave,
)
from tests.review.build import wallet as wallet_of

FOREIGN = Limits(foreign_inputs=True, per_transaction_sats=60_000_000, gap=40)
ORIGINS = (0x06, 0x16)
KINDS = ("W-wsh", "W-shwsh", "W-sh", "W-wpkh", "W-trkey", "W-trmulti", "W-mini")


def reviewed(draft, limits=FOREIGN, history=None):
    return draft.review(Context(limits=limits, history=history or Memory()))


def hiding(coin, wallet="W-wsh"):
    return Draft(wallet=wallet, coins=(HONEST_COINS[0], replace(coin, drop=ORIGINS)))


def found(report):
    return [(finding.where, finding.text) for finding in report.findings if finding.code == HIDDEN]


HIDDEN = "hidden-input"


@pytest.mark.parametrize("wallet", KINDS)
def test_a_coin_without_origins_is_still_ours(wallet):
    report = reviewed(hiding(HONEST_COINS[1], wallet))
    assert report.verdict == "refuse"
    assert found(report) == [("input 1", "is this wallet's at 0/7, but passes for another's coin")]


@pytest.mark.parametrize("place", [(0, 0), (0, 60), (1, 0), (1, 55)])
def test_all_of_the_window_is_searched(place):
    assert found(reviewed(hiding(Coin(place, 80_000_000))))
    further = (place[0], place[1] + 1) if place[1] else (0, 1_000_000)
    assert not found(reviewed(hiding(Coin(further, 80_000_000))))


def test_the_window_goes_on_from_what_is_known_to_be_used():
    memory = Memory()
    far = hiding(Coin((1, 90), 80_000_000))
    assert not found(reviewed(far))
    memory.indexes[1] = 60
    assert found(reviewed(far, history=memory))
    used = Coin((0, 200), 50_000_000)
    hidden = Coin((0, 240), 80_000_000, drop=ORIGINS)
    assert found(reviewed(Draft(coins=(used, hidden))))


def test_a_window_of_any_size_is_searched_to_an_end(monkeypatch):
    monkeypatch.setattr(claims, "MAX_SEARCHED", 90)  # keys, three to a place
    for index, is_found in ((29, True), (30, False)):
        draft = hiding(Coin((0, index), 80_000_000))
        assert bool(found(reviewed(draft, replace(FOREIGN, gap=2**31)))) is is_found


def test_under_false_origins_it_is_named_too():
    """Five keys under strange names before the true ones: the true place is not even tried."""
    keys = [bytes((2,)) + bytes(30) + bytes((n // 256, n % 256)) for n in range(1, 40)]
    lies = [
        (b"\x06" + key, OUR_FINGERPRINT + wallet_of().origin(0, 0, 500 + n).to_bytes()[4:])
        for n, key in enumerate(filter(is_public_key, keys))
    ]
    hidden = replace(HONEST_COINS[1], drop=ORIGINS, add=lies)
    report = reviewed(Draft(coins=(HONEST_COINS[0], hidden)))
    assert {HIDDEN, "false-input-claim"} <= grave(report)


def test_others_coins_stay_a_question():
    for script in (wallet_of("W-mini").derive(0, 3).script_pubkey, b"\x00\x14" + bytes(20)):
        coins = (HONEST_COINS[0], Coin(None, 80_000_000, script))
        assert HIDDEN not in codes(reviewed(Draft(coins=coins)))
    plain = replace(FOREIGN, foreign_inputs=False)
    refused = grave(reviewed(hiding(HONEST_COINS[1]), plain))
    assert "foreign-input" in refused
    assert HIDDEN not in refused


def test_a_wallet_of_one_address_needs_no_search(monkeypatch):
    text = META["wallets"]["W-wpkh"]["descriptor"].partition("/<0;1>/*")[0] + "/0/3)"
    only = Wallet.create("only", Descriptor.parse(text, MAINNET, require_checksum=False))
    monkeypatch.setattr(build, "wallet", lambda _name: only)
    own = Coin((0, 0), 50_000_000, drop=ORIGINS)
    pay = (Pay(109_995_000), Pay(20_000_000, place=(0, 0)))
    report = reviewed(Draft(coins=(own, Coin(None, 80_000_000)), payments=pay))
    assert report.facts.inputs[0].ours
    assert grave(report) == {"foreign-input"}
