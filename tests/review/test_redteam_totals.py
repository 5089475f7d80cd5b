"""Another's coins beside ours: what our wallet loses must not drown in what they bring and take."""

from dataclasses import replace

import pytest

from coldsign.review.context import Context, Limits
from coldsign.review.layout import Role
from coldsign.review.render import to_json, to_lines
from tests.review.build import STRANGER, Coin, Draft, Pay, codes

OURS = Coin((0, 3), 100_000_000)
THEIRS = Coin(None, 1_000_000_000)
FOREIGN = Limits(foreign_inputs=True)


def joined(back, theirs=THEIRS.sats):
    paid = OURS.sats + THEIRS.sats - back - 5_000
    coins = (OURS, replace(THEIRS, sats=theirs))
    return Draft(coins=coins, payments=(Pay(paid, STRANGER), Pay(back, place=(1, 12))))


def reviewed(draft, **limits):
    return draft.review(Context(limits=replace(FOREIGN, **limits)))


def test_what_leaves_is_ours_alone():
    report = reviewed(joined(50_000_000))
    assert report.facts.totals.leaving == 50_000_000
    assert report.facts.totals.inputs == 1_100_000_000
    assert to_json(report)["totals"]["leaving"] == 50_000_000
    lines = [line.text for line in to_lines(report, 80) if line.role is Role.AMOUNT]
    assert "  this wallet has 0.50000000 BTC (50000000 sat) less afterwards" in lines


@pytest.mark.parametrize(("back", "leaving"), [(99_999_999, 1), (100_000_000, 0), (150_000_000, 0)])
def test_a_gain_is_no_negative_loss(back, leaving):
    assert reviewed(joined(back)).facts.totals.leaving == leaving


def test_limits_are_held_against_what_we_lose():
    most = {"per_transaction_sats": 50_000_000, "per_day_sats": 50_000_000}
    over = {"over-transaction-limit", "over-day-limit"}
    assert not over & codes(reviewed(joined(50_000_000), **most))
    assert over <= codes(reviewed(joined(49_999_999), **most))


def test_with_our_coins_alone_payments_and_fee_leave():
    totals = Draft().review().facts.totals
    assert (totals.leaving, totals.payments, totals.fee) == (50_005_000, 50_000_000, 5_000)


@pytest.mark.parametrize(
    ("fee", "change", "percent", "refused"),
    [
        (10_000_000, 0, 10.0, False),
        (10_100_000, 0, 10.1, True),
        (5_100_000, 50_000_000, 10.2, True),
        (100_000, 100_000_000, 0.1, False),  # they pay it; we lose nothing
    ],
)
def test_coins_that_pass_through_do_not_make_a_fee_look_small(fee, change, percent, refused):
    draft = joined(change)
    paid = draft.payments[0].sats + 5_000 - fee
    draft = draft.with_payment(0, sats=paid)
    if not change:
        draft = replace(draft, payments=draft.payments[:1])
    report = reviewed(draft, refuse_sats=0, refuse_sat_per_vb=10**7, confirm_sat_per_vb=10**7)
    assert report.facts.totals.fee_percent == pytest.approx(percent)
    assert ("fee-too-high" in codes(report)) is refused


def test_the_fee_of_coins_that_are_none_of_ours_is_still_told():
    report = reviewed(replace(joined(0), coins=(THEIRS,), payments=(Pay(999_000_000, STRANGER),)))
    assert report.facts.totals.fee_percent == pytest.approx(0.1001, abs=1e-4)
    assert "nothing-of-ours" in codes(report)
