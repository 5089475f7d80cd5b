"""Payments held against earlier ones, of the journal and of the same batch, and addresses that look like theirs."""

from dataclasses import replace

import pytest

from coldsign.primitives.script import push
from coldsign.review.context import Context, Coverage, Limits, PastTransaction
from tests.review.build import (
    HONEST_MANIFEST,
    HONEST_PAYMENTS,
    META,
    PAYEES,
    STRANGER,
    Coin,
    Draft,
    Memory,
    Pay,
    codes,
    grave,
    manifest,
)
from tests.review.drafts import (
    DATA,
    HONEST,
    LOOK_ALIKE,
    after,
    beside,
    fee,
    other_coins,
    pays,
)


def test_a_look_alike_of_an_earlier_payee_is_asked():
    draft, context = after(HONEST, draft=other_coins(pays(LOOK_ALIKE, 29_000_000)))
    draft = draft.with_payment(1, sats=21_000_000)
    report = draft.review(context)
    text = next(f.text for f in report.findings if f.code == "look-alike-address")
    assert META["manifest"][0]["address"] in text
    assert report.verdict == "confirm"


def test_two_look_alikes_in_one_batch_are_refused():
    draft = Draft(payments=(*HONEST_PAYMENTS, Pay(10_000, LOOK_ALIKE)))
    where = [f.where for f in draft.review().findings if f.code == "look-alike-address"]
    assert where == ["output 3"]


def test_scripts_without_address_have_no_look_alike():
    history = Memory()
    history.past.append(PastTransaction(b"\1" * 32, (), ((b"\x51", 5), (PAYEES[0], 6)), ()))
    draft = Draft(payments=(*HONEST_PAYMENTS, Pay(0, DATA), Pay(700, b"\x51")))
    assert "look-alike-address" not in codes(draft.review(Context(history=history)))


def test_a_coin_with_another_amount_than_before_is_refused():
    history = Memory()
    draft = HONEST.with_coin(0, drop=(0,))
    history.amounts = {draft.tx().inputs[0].outpoint: 49_000_000}
    report = draft.review(Context(history=history))
    assert "amount-changed" in codes(report)


def test_a_raised_fee_is_shown_as_a_difference():
    draft, context = after(HONEST, draft=fee(9_000))
    report = draft.review(context)
    text = next(f.text for f in report.findings if f.code == "replaces-earlier")
    assert HONEST.tx().txid_hex() in text
    assert "2 of its 2 coins, the same payments" in text
    assert grave(report) == {"replaces-earlier"}


def test_a_partial_overlap_is_asked_and_shown():
    draft, context = after(
        HONEST, draft=replace(HONEST, coins=(HONEST.coins[0], Coin((0, 9), 80_000_000)))
    )
    report = draft.review(context)
    text = next(f.text for f in report.findings if f.code == "replaces-earlier")
    assert "1 of its 2 coins, 1 other coin, the same payments" in text
    assert report.verdict == "confirm"


def test_a_dropped_payment_is_asked_and_a_new_payee_refused():
    fewer = Draft(payments=(HONEST_PAYMENTS[0], Pay(99_995_000, place=(1, 12))))
    draft, context = after(HONEST, draft=fewer)
    report = draft.review(context)
    assert grave(report) == {"replaces-earlier"}
    assert "1 payment dropped" in next(
        f.text for f in report.findings if f.code == "replaces-earlier"
    )
    other, context = after(HONEST, draft=HONEST.with_payment(1, script=STRANGER))
    assert "1 new payment, 1 payment dropped" in str(other.review(context).findings)


def test_a_manifest_may_name_a_new_payee_for_a_replacement():
    new = manifest(("wd-1", PAYEES[0], 30_000_000), ("wd-9", STRANGER, 20_000_000))
    draft, context = after(HONEST, draft=HONEST.with_payment(1, script=STRANGER), manifest=None)
    report = draft.review(replace(context, manifest=new))
    assert grave(report) == {"replaces-earlier"}


def test_the_same_payment_from_other_coins_is_a_double_payout():
    draft, context = after(HONEST, draft=other_coins())
    report = draft.review(context)
    assert [f.where for f in report.findings if f.code == "paid-before"] == ["output 0", "output 1"]


def test_the_same_amount_under_another_id_is_asked():
    new = manifest(("wd-7", PAYEES[0], 30_000_000), ("wd-8", PAYEES[1], 20_000_000))
    draft, context = after(HONEST, draft=other_coins(), manifest=HONEST_MANIFEST)
    assert grave(draft.review(replace(context, manifest=new))) == {"paid-before"}
    assert draft.review(replace(context, manifest=new)).verdict == "confirm"


def test_the_same_id_from_other_coins_is_a_double_payout():
    draft, context = after(HONEST, draft=other_coins(), manifest=HONEST_MANIFEST)
    assert draft.review(context).verdict == "refuse"
    assert "paid-before" in grave(draft.review(context))


def test_an_id_used_for_another_amount_is_refused():
    new = manifest(("wd-1", PAYEES[0], 31_000_000), ("wd-2", PAYEES[1], 20_000_000))
    draft, context = after(HONEST, draft=pays(PAYEES[0], 31_000_000), manifest=HONEST_MANIFEST)
    report = draft.review(replace(context, manifest=new))
    assert "withdrawal-id-reused" in grave(report)


@pytest.mark.parametrize(
    ("before", "now", "severity"),
    [
        ((0,), (0,), "confirm"),
        ((0,), (1,), "note"),
        ((0, 1), (1, 2), "confirm"),
        (None, (1,), "confirm"),
    ],
)
def test_a_signature_of_another_cosigner_is_not_one_of_ours(before, now, severity):
    history = Memory()
    context = Context(history=history)
    history.signed(HONEST.review(context))
    signers = frozenset(before) if before else None
    history.past = [past._replace(signers=signers) for past in history.past]
    found = HONEST.review(context, our_keys=now).findings
    assert [one.severity.value for one in found if one.code == "signed-before"] == [severity]


def test_one_request_twice_in_a_batch_is_asked():
    draft, context = beside(HONEST)
    report = draft.review(context)
    assert grave(report) == {"batch-same-coin"}
    assert HONEST.tx().txid_hex() in next(
        f.text for f in report.findings if f.code == "batch-same-coin"
    )


def test_payments_of_a_batch_by_other_ids_are_different_payments():
    part = manifest(*[(f"wd-{n}", PAYEES[0], 30_000_000) for n in (1, 2)], coverage=Coverage.PART)
    one = Draft(payments=(HONEST_PAYMENTS[0], Pay(99_995_000, place=(1, 12))))
    other = Draft(coins=other_coins().coins, payments=one.payments)
    third = Draft(coins=(Coin((0, 12), 30_005_000),), payments=one.payments[:1])
    draft, context = beside(one, draft=other, manifest=part)
    report = draft.review(context)
    assert report.facts.outputs[0].manifest_id == "wd-2"
    assert grave(report) == set()
    draft, context = beside(one, other, draft=third, manifest=part)
    report = draft.review(context)
    assert "batch-pays-twice" in grave(report)
    assert report.verdict == "refuse"


def test_a_batch_of_different_payments_is_fine():
    other = other_coins().with_payment(0, sats=31_000_000).with_payment(1, sats=19_000_000)
    draft, context = beside(HONEST, draft=other)
    assert grave(draft.review(context)) == set()


def test_two_earlier_transactions_may_be_joined_into_one():
    history = Memory()
    coins = [txin.outpoint for txin in HONEST.tx().inputs]
    payments = [(out.script, out.sats) for out in HONEST.tx().outputs[:2]]
    for number in (0, 1):
        txid = bytes([number]) * 32
        history.past.append(PastTransaction(txid, (coins[number],), (payments[number],)))
    report = HONEST.review(Context(history=history))
    assert grave(report) == {"replaces-earlier"}
    one = history.past[0]._replace(payments=())
    history.past[0] = one
    assert "redirects-earlier" in grave(HONEST.review(Context(history=history)))


def test_a_replacement_with_the_same_data_output_has_the_same_payments():
    allowed = Limits(op_return=True)
    tagged = Draft(payments=(*HONEST_PAYMENTS, Pay(0, DATA)))
    draft, context = after(tagged, draft=tagged.with_payment(2, sats=79_990_000), limits=allowed)
    report = draft.review(context)
    assert grave(report) == {"replaces-earlier"}
    assert "the same payments" in str(report.findings)
    other = tagged.with_payment(3, script=DATA[:1] + push(b"elsewhere"))
    assert "redirects-earlier" in grave(other.review(context))
    apart = other_coins(tagged).with_payment(0, sats=29_000_000).with_payment(1, sats=21_000_000)
    assert not grave(apart.review(context))


OTHER_COIN, PAID = b"\7" * 32, (PAYEES[0], 30_000_000)


def remembering(*booked, outpoints=()):
    """A context in which one transaction paid these (payment, withdrawal id) from other coins."""
    history = Memory()
    payments, ids = zip(*booked, strict=True)
    history.past = [PastTransaction(OTHER_COIN, outpoints, payments, ids)]
    return Context(history=history)


def severities(context, code, paper=None):
    report = HONEST.review(replace(context, manifest=paper))
    return [(one.where, one.severity.value) for one in report.findings if one.code == code]


def test_only_what_changes_is_said_of_a_replacement():
    draft, context = after(HONEST, draft=HONEST.with_payment(1, script=STRANGER))
    assert "the same payments" not in str(draft.review(context).findings)
    fewer = Draft(payments=(HONEST_PAYMENTS[0], Pay(99_995_000, place=(1, 12))))
    assert "the same payments" not in str(fewer.review(context).findings)


@pytest.mark.parametrize(
    ("earlier", "paper", "severity"),
    [
        ("wd-7", HONEST_MANIFEST, "confirm"),
        ("", HONEST_MANIFEST, "refuse"),
        ("wd-7", None, "refuse"),
    ],
    ids=["both have an id", "only this has one", "only that had one"],
)
def test_ids_tell_equal_payments_apart_only_where_both_have_one(earlier, paper, severity):
    found = severities(remembering((PAID, earlier)), "paid-before", paper)
    assert found == [("output 0", severity)]


def test_the_earlier_id_that_is_named_is_the_equal_payments():
    context = remembering(((STRANGER, 5_000), "wd-6"), (PAID, "wd-7"))
    text = str(HONEST.review(replace(context, manifest=HONEST_MANIFEST)).findings)
    assert "was paid there as wd-7" in text
    assert "wd-6" not in text


@pytest.mark.parametrize(
    ("booked", "is_asked"),
    [
        ([((PAYEES[0], 30_000_001), "wd-7")], False),
        ([((PAYEES[0], 30_000_001), "wd-7"), ((STRANGER, 5_000), "")], False),
        ([((PAYEES[0], 30_000_001), "wd-7"), ((PAYEES[0], 9_000), "")], True),
        ([((PAYEES[0], 30_000_001), "")], True),
    ],
    ids=["booked", "another payee was not", "another payment to this payee was not", "not booked"],
)
def test_the_books_vouch_for_nearly_equal_payments_only_if_all_are_in_them(booked, is_asked):
    found = severities(remembering(*booked), "nearly-paid-before", HONEST_MANIFEST)
    assert found == ([("output 0", "confirm")] if is_asked else [])


@pytest.mark.parametrize(
    ("earlier", "is_reused"),
    [
        ([(PAID, "wd-1")], False),
        ([((PAYEES[0], 30_000_001), "wd-1")], True),
        ([((STRANGER, 30_000_000), "wd-1")], True),
        ([(PAID, "wd-7"), ((STRANGER, 5_000), "wd-1")], True),
        ([((STRANGER, 5_000), "wd-7"), (PAID, "wd-1")], False),
    ],
    ids=["the same", "another amount", "another payee", "another has its payment", "among others"],
)
def test_an_id_stands_for_one_payment(earlier, is_reused):
    found = severities(remembering(*earlier), "withdrawal-id-reused", HONEST_MANIFEST)
    assert found == ([("output 0", "refuse")] if is_reused else [])
    assert not severities(remembering(*earlier), "withdrawal-id-reused")


def test_two_equal_payments_of_an_earlier_transaction_are_two_in_a_replacement():
    twice = Draft(payments=(HONEST_PAYMENTS[0], HONEST_PAYMENTS[0], Pay(69_995_000, place=(1, 12))))
    coins = tuple(txin.outpoint for txin in twice.tx().inputs)
    for times, expected in ((1, ["output 1"]), (2, [])):
        context = remembering(*[(PAID, "")] * times, outpoints=coins)
        report = twice.review(context)
        found = [one.where for one in report.findings if one.code == "redirects-earlier"]
        assert found == expected
