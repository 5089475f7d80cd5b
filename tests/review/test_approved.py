"""What a reviewer's machine says of a request that pays what it approved before."""

from dataclasses import replace

import pytest

from coldsign.review.context import Context
from tests.review.build import (
    PAYEES,
    STRANGER,
    Coin,
    Draft,
    Pay,
    Reviewer,
    codes,
    grave,
    manifest,
)

PAID = 30_000_000
FIRST_COINS, OTHER = ((Coin((0, index), 90_000_000),) for index in (3, 9))


def draft(sats=PAID, coins=FIRST_COINS, payee=PAYEES[0], fee=5_000):
    change = Pay(sum(coin.sats for coin in coins) - sats - fee, place=(1, 12))
    return Draft(coins=coins, payments=(Pay(sats, payee), change))


def books(name, sats=PAID, payee=PAYEES[0]):
    return manifest((name, payee, sats))


def approving(*earlier):
    """The context of a reviewer who approved drafts, each with its manifest."""
    history = Reviewer()
    for one, paper in earlier:
        history.given.signed(one.review(Context(manifest=paper)))
    return Context(history=history)


def text_of(report, code):
    (found,) = [found for found in report.findings if found.code == code]
    return found.text


APPROVED = approving((draft(), None))


def test_the_same_payment_from_other_coins_is_asked_and_names_the_earlier_approval():
    report = draft(coins=OTHER).review(APPROVED)
    assert grave(report) == {"approved-before"}
    text = text_of(report, "approved-before")
    assert draft().tx().txid_hex() in text
    assert "0.30000000 BTC there were approved in" in text
    assert "both can confirm" in text


def test_the_very_request_can_be_approved_again():
    assert not grave(draft().review(APPROVED))


@pytest.mark.parametrize(
    "again",
    [
        draft(fee=9_000),
        draft(payee=STRANGER),
        draft(coins=(*FIRST_COINS, *OTHER)),
    ],
    ids=["higher fee", "another payee", "one coin more"],
)
def test_a_corrected_request_over_a_coin_of_the_first_is_asked_and_shows_the_difference(again):
    report = again.review(APPROVED)
    assert grave(report) == {"replaces-approved"}
    assert f"replaces {draft().tx().txid_hex()}, which was approved here" in text_of(
        report, "replaces-approved"
    )


def test_a_payment_that_is_a_little_off_is_asked():
    report = draft(PAID + 1, OTHER).review(APPROVED)
    assert grave(report) == {"approved-before"}
    assert "nearly 0.30000001 BTC there" in text_of(report, "approved-before")


@pytest.mark.parametrize("again", [draft(PAID * 2, OTHER), draft(coins=OTHER, payee=PAYEES[1])])
def test_another_payment_is_not_asked(again):
    assert not grave(again.review(APPROVED))


def test_the_same_id_is_asked_whatever_it_pays():
    context = approving((draft(), books("wd-1")))
    report = draft(PAID * 2, OTHER).review(replace(context, manifest=books("wd-1", PAID * 2)))
    assert grave(report) == {"approved-before"}
    assert "the withdrawal wd-1 was approved in" in text_of(report, "approved-before")


def test_another_id_for_the_same_payment_is_asked_and_named():
    context = approving((draft(), books("wd-1")))
    report = draft(coins=OTHER).review(replace(context, manifest=books("wd-2")))
    assert "were approved as wd-1 in" in text_of(report, "approved-before")


def test_the_books_tell_nearly_equal_payments_apart():
    context = approving((draft(), books("wd-1")))
    report = draft(PAID + 1, OTHER).review(replace(context, manifest=books("wd-2", PAID + 1)))
    assert not grave(report)


def test_of_rows_alike_the_one_that_was_not_approved_yet_is_taken():
    rows = manifest(("wd-1", PAYEES[0], PAID), ("wd-2", PAYEES[0], PAID))
    shared = replace(rows, coverage=type(rows.coverage).PART)
    context = approving((draft(), shared))
    (paid, _) = draft(coins=OTHER).review(replace(context, manifest=shared)).facts.outputs
    assert paid.manifest_id == "wd-2"
    (paid, _) = draft(fee=9_000).review(replace(context, manifest=shared)).facts.outputs
    assert paid.manifest_id == "wd-1"  # a replacement pays what the first one paid


def test_every_earlier_approval_is_named():
    third = (Coin((0, 11), 90_000_000),)
    context = approving((draft(), None), (draft(coins=third), None))
    report = draft(coins=OTHER).review(context)
    texts = [found.text for found in report.findings if found.code == "approved-before"]
    for earlier in (draft(), draft(coins=third)):
        assert any(earlier.tx().txid_hex() in text for text in texts)
    assert "replaces-approved" not in codes(report)
