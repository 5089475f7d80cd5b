"""PSBTs that are looked at together: what none of them shows alone."""

from coldsign.ceremony.together import Clash, clashes
from coldsign.review.report import Report
from tests.review.build import PAYEES, Coin, Draft, Pay

CHANGE = Pay(9_000_000, place=(1, 13))


def review(*coins: Coin, pay: tuple[Pay, ...]) -> Report:
    return Draft(coins=coins, payments=(*pay, CHANGE)).review()


ONE, TWO = Coin((0, 3), 40_000_000), Coin((0, 7), 41_000_000)
RENT, WAGES = Pay(30_000_000, PAYEES[0]), Pay(20_000_000, PAYEES[1])


def found(*reports: Report) -> list[tuple[str, tuple[int, ...]]]:
    return [(clash.code, clash.psbts) for clash in clashes(reports)]


def test_different_spends_do_not_clash() -> None:
    reports = (review(ONE, pay=(RENT,)), review(TWO, pay=(WAGES,)))
    assert found(*reports) == found(reports[0]) == found() == []


def test_copies_are_one_transaction() -> None:
    rent, wages = review(ONE, pay=(RENT,)), review(TWO, pay=(WAGES,))
    batch = (rent, wages, rent, rent)
    assert clashes(batch) == [
        Clash("same-transaction", (0, 2, 3), "PSBTs 1, 3 and 4 are the same transaction")
    ]
    assert found(*batch, review(ONE, pay=(WAGES,)))[1:] == [
        ("same-coin", (0, 4)),
        ("same-payment", (1, 4)),
    ]


def test_a_coin_that_two_spend() -> None:
    rent, wages = review(ONE, pay=(RENT,)), review(ONE, pay=(WAGES,))
    text = "PSBTs 1 and 2 spend the same coin: only one of them can be confirmed"
    assert clashes((rent, wages)) == [Clash("same-coin", (0, 1), text)]
    both = [Draft(coins=(ONE, TWO), payments=(pay, CHANGE)).review() for pay in (RENT, WAGES)]
    assert clashes(both) == [Clash("same-coin", (0, 1), text)]  # said once, not for every coin


def test_a_payment_that_two_make_from_other_coins() -> None:
    rent, again = review(ONE, pay=(RENT,)), review(TWO, pay=(WAGES, RENT))
    assert clashes((rent, again)) == [
        Clash(
            "same-payment",
            (0, 1),
            "PSBTs 1 and 2 pay 0.30000000 BTC each to the same address",
        )
    ]


def test_a_replacement_pays_once() -> None:
    cheap, dear = (
        Draft(coins=(ONE,), payments=(RENT, Pay(sats, place=(1, 13)))).review()
        for sats in (9_000_000, 8_000_000)
    )
    assert found(cheap, dear) == [("same-coin", (0, 1))]
    third = review(TWO, pay=(RENT,))
    assert found(cheap, dear, third) == [("same-coin", (0, 1)), ("same-payment", (0, 1, 2))]


def test_change_and_another_amount_are_no_payments_of_the_same() -> None:
    less = Pay(RENT.sats - 1, RENT.script)
    assert found(review(ONE, pay=(RENT,)), review(TWO, pay=(less,))) == []
