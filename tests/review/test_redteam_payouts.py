"""An attacker who asks for a payout again, a satoshi off, from coins that the first did not spend."""

from dataclasses import replace

import pytest

from coldsign.review.context import Context, EmptyHistory
from tests.review.build import PAYEES, Coin, Draft, Memory, Pay, codes, manifest

NEARLY = "nearly-paid-before"
PAID = 30_000_000
FIRST_COINS, OTHER = ((Coin((0, index), 90_000_000),) for index in (3, 9))


def draft(sats, coins=FIRST_COINS, payee=PAYEES[0]):
    change = Pay(coins[0].sats - sats - 5_000, place=(1, 12))
    return Draft(coins=coins, payments=(Pay(sats, payee), change))


def remembering(*earlier):
    history = Memory()
    for one, context in earlier:
        history.signed(one.review(context))
    return Context(history=history)


def books(name, sats):
    return manifest((name, PAYEES[0], sats))


FIRST = remembering((draft(PAID), Context()))


@pytest.mark.parametrize("sats", [PAID - 1, PAID + 1, 29_700_000, 30_303_030])
def test_a_payout_that_is_a_little_off_is_asked(sats):
    report = draft(sats, OTHER).review(FIRST)
    assert NEARLY in codes(report)
    (found,) = [found for found in report.findings if found.code == NEARLY]
    assert found.where == "output 0"
    assert "from other coins" in found.text


@pytest.mark.parametrize("sats", [29_699_999, 30_303_031, 1_000])
def test_another_amount_is_another_payment(sats):
    assert NEARLY not in codes(draft(sats, OTHER).review(FIRST))


def test_the_very_amount_is_still_refused_and_not_asked():
    found = codes(draft(PAID, OTHER).review(FIRST))
    assert "paid-before" in found
    assert NEARLY not in found


def test_another_payee_is_not_asked():
    assert NEARLY not in codes(draft(PAID + 1, OTHER, payee=PAYEES[1]).review(FIRST))


def test_a_replacement_is_told_by_its_coins():
    found = codes(draft(PAID + 1).review(FIRST))
    assert "redirects-earlier" in found
    assert NEARLY not in found
    assert NEARLY not in codes(draft(PAID).review(FIRST))


def test_two_withdrawals_that_the_books_name_apart_are_not_asked():
    first = books("wd-1", PAID)
    context = remembering((draft(PAID), Context(manifest=first)))
    later = replace(context, manifest=books("wd-2", PAID + 1))
    assert NEARLY not in codes(draft(PAID + 1, OTHER).review(later))
    assert NEARLY in codes(draft(PAID + 1, OTHER).review(context))  # now without the books
    unnamed = replace(FIRST, manifest=books("wd-2", PAID + 1))
    assert NEARLY in codes(draft(PAID + 1, OTHER).review(unnamed))


def test_several_earlier_ones_are_one_question():
    coins = [(Coin((0, number), 90_000_000),) for number in range(20, 25)]
    earlier = [(draft(PAID + number, one), Context()) for number, one in enumerate(coins, 1)]
    report = draft(PAID, OTHER).review(remembering(*earlier))
    (found,) = [found for found in report.findings if found.code == NEARLY]
    assert found.text.count(" and ") == 2


def test_who_remembers_nothing_asks_nothing():
    assert EmptyHistory().paying_between(PAYEES[0], 0, PAID) == ()
