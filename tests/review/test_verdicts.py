"""Severities that depend on the policy, on locks and on whose keys sign."""

import pytest

from coldsign.primitives.script import push
from coldsign.review.context import Context
from tests.review.build import (
    HONEST_PAYMENTS,
    PAYEES,
    Coin,
    Draft,
    G,
    Pay,
    codes,
    u32,
    wallet,
)
from tests.review.drafts import DATA, HONEST, Only, limits, locked, signed_by


def test_a_claimed_amount_is_asked_where_the_policy_allows_it():
    draft = HONEST.with_coin(0, drop=(0,))
    report = draft.review(limits(unproven_v0_amounts=True))
    assert report.verdict == "confirm"
    assert report.facts.inputs[0].sats is None
    assert report.facts.inputs[0].amount == 50_000_000


def test_a_legacy_amount_is_never_only_claimed():
    claim = (50_000_000).to_bytes(8, "little") + b"\x17" + wallet("W-sh").derive(0, 3).script_pubkey
    draft = Draft(wallet="W-sh").with_coin(0, drop=(0,), add=[(b"\x01", claim)])
    found = draft.review(limits(unproven_v0_amounts=True)).findings
    assert [one.severity.value for one in found if one.code == "amount-unproven"] == ["refuse"]


def test_taproot_amounts_need_no_previous_transaction():
    draft = Draft(wallet="W-trmulti")
    for number in (0, 1):
        draft = draft.with_coin(number, drop=(0,))
    report = draft.review()
    assert report.verdict == "ok"
    assert report.facts.fee == 5000


def test_a_taproot_coin_among_other_kinds_is_not_proven_by_its_claim():
    foreign = wallet("W-trkey").derive(0, 0).script_pubkey
    draft = Draft(coins=(*HONEST.coins, Coin(None, 7_000, foreign, drop=(0,))))
    report = draft.review(limits(foreign_inputs=True))
    assert "amount-unproven" in codes(report)
    assert report.verdict == "refuse"


def test_a_foreign_claim_is_refused_whatever_the_policy_says():
    draft = Draft(coins=(*HONEST.coins, Coin(None, 1_000, drop=(0,))))
    allowed = limits(foreign_inputs=True, unproven_v0_amounts=True)
    assert draft.review(allowed).verdict == "refuse"


def test_foreign_inputs_are_asked_where_the_policy_allows_them():
    draft = Draft(coins=(*HONEST.coins, Coin(None, 1_000)))
    assert draft.review(limits(foreign_inputs=True)).verdict == "confirm"


def test_allowed_data_is_a_note():
    draft = Draft(payments=(*HONEST_PAYMENTS, Pay(0, DATA)))
    report = draft.review(limits(op_return=True))
    assert (report.verdict, "data-output" in codes(report)) == ("ok", True)


@pytest.mark.parametrize(
    ("script", "plain"),
    [
        (b"\x6a", False),
        (b"\x6a\x51", True),
        (b"\x6a" + push(bytes(80)), True),
        (b"\x6a" + push(bytes(81)), False),
        (b"\x6a" + push(b"a") + push(b"b"), False),
        (b"\x6a\x05ab", False),
        (b"\x6a\x4c\x02ab", False),
    ],
)
def test_only_one_short_push_is_plain_data(script, plain):
    draft = Draft(payments=(*HONEST_PAYMENTS, Pay(0, script)))
    assert ("unusual-data" in codes(draft.review(limits(op_return=True)))) is not plain


def test_the_sighash_types_that_sign_everything_are_taken():
    for name, sighash in (("W-wsh", 1), ("W-trmulti", 0), ("W-trmulti", 1)):
        draft = Draft(wallet=name).with_coin(0, add=[(b"\x03", u32(sighash))])
        assert draft.review().verdict == "ok"


@pytest.mark.parametrize(
    "sighash", [0, 2, 3, 4, 0x40, 0x80, 0x81, 0x82, 0x83, 0xE2, 0x101, 0xFFFF_FFFF]
)
def test_any_other_sighash_type_is_named(sighash):
    report = HONEST.with_coin(0, add=[(b"\x03", u32(sighash))]).review()
    text = next(f.text for f in report.findings if f.code == "sighash-not-all")
    assert f"0x{sighash:02x}" in text


@pytest.mark.parametrize(
    ("locktime", "verdict"),
    [
        (900_000, "ok"),
        (900_144, "ok"),
        (900_145, "confirm"),
        (901_008, "confirm"),
        (901_009, "refuse"),
    ],
)
def test_the_locktime_window(locktime, verdict):
    assert locked(locktime).review().verdict == verdict


def test_relative_locks_of_version_one_bind_nothing():
    assert locked(0, sequence=0xFFFF, version=1).review().verdict == "ok"
    assert locked(0, sequence=0).review().verdict == "ok"
    assert "relative-lock-not-needed" in codes(locked(0, sequence=0x0040_FFFF).review())


def test_destinations_that_the_policy_names_are_fine():
    assert HONEST.review(Context(destinations=Only(*PAYEES))).verdict == "ok"


def test_our_keys_given_by_the_caller_count():
    signed = signed_by(1)
    assert "already-signed" in codes(signed.review(our_keys=(1,)))
    assert "already-signed" not in codes(signed.review(our_keys=(2,)))


def test_the_place_of_a_foreign_signature_on_other_wallets():
    for name, pair in (
        ("W-trmulti", (b"\x02" + G, HONEST.signature(0)[1])),
        ("W-wsh", (b"\x13", bytes(64))),
    ):
        assert "foreign-signature" in codes(Draft(wallet=name).with_coin(0, add=[pair]).review())


def test_one_address_thrice_shows_the_whole_sum():
    three = Draft(payments=(*(Pay(10_000_000, PAYEES[0]),) * 3, Pay(99_995_000, place=(1, 12))))
    texts = [f.text for f in three.review().findings if f.code == "same-destination-twice"]
    assert texts[-1] == "goes to the same address as output 0, 0.30000000 BTC together"
