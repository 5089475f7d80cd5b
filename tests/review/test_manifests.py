"""Outputs held against a manifest."""

from dataclasses import replace

from coldsign.review.context import Context, Coverage, Limits
from tests.review.build import (
    HONEST_MANIFEST,
    HONEST_PAYMENTS,
    PAYEES,
    STRANGER,
    Coin,
    Draft,
    Pay,
    codes,
    grave,
    manifest,
    wallet,
)
from tests.review.drafts import (
    DATA,
    HONEST,
    after,
    other_coins,
)


def test_two_rows_of_one_payee_and_amount_are_two_payments():
    twice = manifest(*[(f"wd-{n}", PAYEES[0], 25_000_000) for n in (1, 2)])
    draft = HONEST.with_payment(0, sats=25_000_000).with_payment(
        1, script=PAYEES[0], sats=25_000_000
    )
    assert grave(draft.review(Context(manifest=twice))) == {"same-destination-twice"}
    once = manifest(("wd-1", PAYEES[0], 25_000_000))
    assert "not-in-manifest" in grave(draft.review(Context(manifest=once)))


def test_of_rows_alike_one_that_was_not_paid_yet_is_matched():
    part = manifest(*[(f"wd-{n}", PAYEES[0], 30_000_000) for n in (1, 2)], coverage=Coverage.PART)
    one = Draft(payments=(HONEST_PAYMENTS[0], Pay(99_995_000, place=(1, 12))))
    other = Draft(coins=other_coins().coins, payments=one.payments)
    third = Draft(coins=(Coin((0, 12), 30_005_000),), payments=one.payments[:1])
    draft, context = after(one, draft=other, manifest=part)
    report = draft.review(context)
    assert report.facts.outputs[0].manifest_id == "wd-2"
    assert grave(report) == {"paid-before"}  # another id of the same amount: it is asked
    assert report.verdict == "confirm"
    replacing = Draft(payments=(one.payments[0], Pay(one.payments[1].sats - 5, place=(1, 12))))
    assert replacing.review(context).facts.outputs[0].manifest_id == "wd-1"
    context.history.signed(report)
    assert third.review(context).facts.outputs[0].manifest_id == "wd-1"
    assert third.review(context).verdict == "refuse"


def test_a_manifest_for_another_day_does_not_drown_the_review():
    rows = [(f"wd-{n}", PAYEES[0], 1_000 + n) for n in range(500)]
    report = HONEST.review(Context(manifest=manifest(*rows)))
    missing = [f for f in report.findings if f.code == "manifest-payment-missing"]
    assert len(missing) == 21
    assert missing[-1].text.startswith("479 more rows of the manifest, 0.00603540 BTC together")
    assert report.verdict == "refuse"


def test_a_part_of_a_manifest_says_what_is_left():
    rows = [(f"wd-{n}", PAYEES[0], 1_000 + n) for n in (1, 2, 3)]
    part = manifest(("wd-0", PAYEES[0], 30_000_000), *rows, coverage=Coverage.PART)
    one, two = (Draft(payments=(Pay(sats, PAYEES[0]),)) for sats in (1_001, 30_000_000))
    draft, context = after(one, draft=two, manifest=part)
    (found,) = [f for f in draft.review(context).findings if f.code == "manifest-part"]
    assert found.text == "pays 1 of the manifest's 4 rows; signed before: 1, left: 2"


def test_a_row_may_pay_our_own_receive_address():
    script = wallet().derive(0, 15).script_pubkey
    rows = manifest(
        ("move", script, 79_995_000),
        ("wd-1", PAYEES[0], 30_000_000),
        ("wd-2", PAYEES[1], 20_000_000),
    )
    report = HONEST.with_payment(2, place=(0, 15)).review(Context(manifest=rows))
    assert grave(report) == {"self-transfer"}
    assert report.facts.outputs[2].manifest_id == "move"


def test_data_is_judged_by_the_policy_and_not_by_the_manifest():
    draft = Draft(payments=(*HONEST_PAYMENTS, Pay(0, DATA)))
    context = Context(manifest=HONEST_MANIFEST, limits=Limits(op_return=True))
    assert draft.review(context).verdict == "ok"


def test_a_part_of_a_manifest_still_forbids_strangers():
    part = replace(HONEST_MANIFEST, coverage=Coverage.PART)
    assert HONEST.review(Context(manifest=part)).verdict == "ok"
    draft = Draft(payments=(*HONEST_PAYMENTS, Pay(10_000, STRANGER)))
    assert "not-in-manifest" in codes(draft.review(Context(manifest=part)))
