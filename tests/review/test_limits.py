"""Where a limit ends: the last value that passes, and the first that does not."""

from dataclasses import replace

import pytest

from coldsign.primitives.script import classify, p2pkh, p2sh, p2wpkh, p2wsh, push
from coldsign.primitives.tx import TxOut
from coldsign.review.checks.outputs import dust_limit
from coldsign.review.context import Context
from tests.review.build import HONEST_PAYMENTS, Coin, Draft, G, Memory, Pay, codes, grave
from tests.review.drafts import DATA, HONEST, fee, limits, locked, origin, our_key
from tests.review.test_redteam_hidden import ORIGINS, found, hiding, reviewed

DEPTH = len(HONEST.psbt().inputs[0].bip32_derivations[our_key()].path)


@pytest.mark.parametrize(("most", "is_refused"), [(DEPTH, False), (DEPTH - 1, True)])
def test_the_depth_of_key_paths(most, is_refused):
    assert ("path-too-deep" in codes(HONEST.review(limits(max_path_depth=most)))) is is_refused


def test_one_deep_path_among_others_is_enough():
    deeper = (b"\x06" + our_key((0, 5)), origin(0, 0, 5, 0))
    assert "path-too-deep" in codes(HONEST.with_coin(0, add=[deeper]).review(_depth()))


def _depth():
    return limits(max_path_depth=DEPTH)


@pytest.mark.parametrize(("name", "code"), [("refuse", "fee-too-high"), ("confirm", "fee-high")])
def test_fee_rates(name, code):
    size = HONEST.review().facts.vsize
    loose = {"refuse_sat_per_vb": 1000, "confirm_sat_per_vb": 1000}
    for sats, is_found in ((40 * size, False), (40 * size + 1, True)):
        report = fee(sats).review(limits(**loose | {f"{name}_sat_per_vb": 40}))
        assert (code in codes(report)) is is_found


@pytest.mark.parametrize(("name", "code"), [("refuse", "fee-too-high"), ("confirm", "fee-high")])
def test_fee_percentages(name, code):
    paid = sum(pay.sats for pay in HONEST_PAYMENTS[:2])
    loose = {"refuse_percent": 100, "confirm_percent": 100, "confirm_sat_per_vb": 1e6}
    loose |= {"refuse_sat_per_vb": 1e6, "refuse_sats": 0}
    for sats, is_found in ((paid // 50, False), (paid // 50 + 1, True)):
        report = fee(sats).review(limits(**loose | {f"{name}_percent": 2}))
        assert (code in codes(report)) is is_found


def test_fees_in_sats():
    assert "fee-too-high" not in codes(fee(9_000).review(limits(refuse_sats=9_000)))
    assert "fee-too-high" in codes(fee(9_001).review(limits(refuse_sats=9_000)))
    assert "fee-too-high" not in codes(fee(9_001).review(limits(refuse_sats=0)))


def test_two_change_outputs_are_several():
    (*payments, change) = HONEST_PAYMENTS
    assert not grave(HONEST.review())
    halves = [replace(change, sats=change.sats - 1000), Pay(1000, place=(1, 13))]
    report = Draft(payments=(*payments, *halves)).review()
    assert "several-change-outputs" in codes(report)


def test_a_hidden_coin_is_not_looked_for_as_far_as_the_other_branch_is_used():
    hidden = Coin((0, 240), 80_000_000, drop=ORIGINS)
    assert found(reviewed(Draft(coins=(Coin((0, 200), 50_000_000), hidden))))
    assert not found(reviewed(Draft(coins=(Coin((1, 200), 50_000_000), hidden))))


def test_a_hidden_coin_is_found_beside_others_coins_of_another_kind():
    strange = Coin(None, 7_000, b"\0\x14" + bytes(20))
    draft = hiding(Coin((0, 7), 80_000_000))
    assert found(reviewed(replace(draft, coins=(*draft.coins, strange))))


@pytest.mark.parametrize(("index", "is_refused"), [(35, False), (36, True)])
def test_change_at_the_end_of_the_gap(index, is_refused):
    context = Context(limits=replace(limits(gap=20).limits, last_seen_change=15), history=Memory())
    report = HONEST.with_payment(2, place=(1, index)).review(context)
    assert ("change-index-too-far" in codes(report)) is is_refused


def test_a_fee_that_is_too_high_is_not_called_high_as_well():
    assert "fee-high" in codes(fee(9_000).review(limits(confirm_percent=0.01)))
    both = codes(fee(9_000).review(limits(confirm_percent=0.01, refuse_sats=8_999)))
    assert "fee-too-high" in both
    assert "fee-high" not in both


def test_what_one_transaction_may_let_leave():
    leaving = HONEST.review().facts.totals.leaving
    for limit, is_refused in ((leaving, False), (leaving - 1, True), (0, False)):
        report = HONEST.review(limits(per_transaction_sats=limit))
        assert ("over-transaction-limit" in codes(report)) is is_refused


def test_what_one_day_may_let_leave():
    leaving = HONEST.review().facts.totals.leaving
    for spent, is_refused in ((1000, False), (1001, True)):
        context = limits(per_day_sats=leaving + 1000)
        report = HONEST.review(replace(context, spent_recently_sats=spent))
        assert ("over-day-limit" in codes(report)) is is_refused


def unknown(sizes, global_sizes=()):
    """The honest draft with unknown fields in its first input: the size of each key's data and value together."""
    pairs = [(b"\xf0" + bytes([n]), bytes(size - 1)) for n, size in enumerate(sizes)]
    extra = [(b"\xf1" + bytes([n]), bytes(size - 1)) for n, size in enumerate(global_sizes)]
    return replace(HONEST.with_coin(0, add=pairs), add=extra)


@pytest.mark.parametrize(
    ("sizes", "global_sizes", "places"),
    [
        ((16_384,), (), []),
        ((16_385,), (), ["input 0"]),
        ((10, 16_385), (), ["input 0"]),
        ((), (16_385,), ["transaction"]),
        ((16_384, 16_384), (8_000,), []),
        ((16_384, 16_384, 8_168), (), []),
        ((16_384, 16_384, 8_169), (), ["transaction"]),
    ],
)
def test_fields_of_unknown_meaning(sizes, global_sizes, places):
    """One field of 16,384 bytes; all together as much, and 4,096 for each of the six maps, 8 of them for a field."""
    report = unknown(sizes, global_sizes).review()
    assert [one.where for one in report.findings if one.code == "unknown-data-too-large"] == places


def test_both_amounts_of_a_coin_are_said():
    script = HONEST.script(HONEST.coins[0])
    lie = TxOut(49_000_000, script).serialize()
    report = HONEST.with_coin(0, change={b"\x01": lie}).review()
    (said,) = [one.text for one in report.findings if one.code == "amount-mismatch"]
    assert "49000000 sat" in said
    assert "50000000" in said


@pytest.mark.parametrize(
    ("script", "least"),
    [
        (p2pkh(bytes(20)), 546),
        (p2sh(b""), 540),
        (p2wpkh(bytes(20)), 294),
        (p2wsh(b""), 330),
        (b"\x51\x20" + bytes(31) + b"\x01", 330),
        (b"\x51\x02\x4e\x73", 240),
        (b"\x60\x02\x00\x00", 240),
        (push(b"\x02" + bytes(32)) + b"\xac", 576),
        (bytes(252), 1227),
        (bytes(253), 1236),
    ],
    ids=["p2pkh", "p2sh", "p2wpkh", "p2wsh", "p2tr", "p2a", "future", "p2pk", "252", "253"],
)
def test_dust_is_what_nodes_call_dust(script, least):
    """The amounts that Bitcoin Core relays at its standard rate."""
    assert dust_limit(script, classify(script)) == least
    for sats, is_dust in ((least, False), (least - 1, True)):
        report = Draft(payments=(*HONEST_PAYMENTS, Pay(sats, script))).review()
        assert ("dust" in codes(report)) is is_dust


def test_equal_data_outputs_are_no_destination():
    data = Pay(0, DATA)
    report = Draft(payments=(*HONEST_PAYMENTS, data, data)).review(limits(op_return=True))
    assert "same-destination-twice" not in codes(report)


def test_one_sat_in_a_data_output_is_burned_and_not_dust():
    for sats, is_burned in ((0, False), (1, True)):
        found = codes(Draft(payments=(*HONEST_PAYMENTS, Pay(sats, DATA))).review())
        assert ("data-burns-money" in found) is is_burned
        assert "dust" not in found


def test_nothing_is_worth_nothing_and_not_dust():
    found = codes(Draft(payments=(*HONEST_PAYMENTS, Pay(0))).review())
    assert "zero-value-output" in found
    assert "dust" not in found


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (b"\x51\x02\x4e\x73", "is an anchor (P2A)"),
        (b"\x52\x02\x4e\x73", "a witness version without rules"),
    ],
)
def test_what_anyone_can_spend_is_told_apart(script, words):
    report = Draft(payments=(*HONEST_PAYMENTS, Pay(10_000, script))).review()
    (said,) = [one.text for one in report.findings if one.code == "anyone-can-spend"]
    assert words in said


def test_all_key_origins_of_another_wallet_are_counted():
    other = b"\xaa\xbb\xcc\xdd" + bytes(4)
    plain = (b"\x02" + b"\x02" + G[1:], other)
    taproot = (b"\x07" + G[1:], b"\x00" + other)
    report = HONEST.with_payment(0, add=[plain, taproot]).review()
    (said,) = [one.text for one in report.findings if one.code == "other-wallets-origin"]
    assert said == "carries 2 key origins of another wallet"


@pytest.mark.parametrize(("most", "is_refused"), [(3, False), (2, True)])
def test_outputs(most, is_refused):
    assert ("too-many-outputs" in codes(HONEST.review(limits(max_outputs=most)))) is is_refused


def test_a_locktime_is_a_height_below_half_a_billion_and_a_time_from_there():
    assert "locktime-too-far" in codes(locked(499_999_999).review())
    assert "locktime-is-a-time" not in codes(locked(499_999_999).review())
    assert "locktime-too-far" not in codes(locked(500_000_000).review())
    assert "locktime-is-a-time" in codes(locked(500_000_000).review())


def test_how_long_a_locktime_waits():
    report = locked(900_200).review(limits(height=900_000))
    (said,) = [one.text for one in report.findings if one.code == "locktime-ahead"]
    assert said == "not valid before block 900200, 200 after the last known one"


def test_one_input_that_is_not_final_gives_a_locktime_its_effect():
    final = locked(900_000, sequence=0xFFFF_FFFF)
    assert "locktime-without-effect" in codes(final.review())
    assert "replaceable" not in codes(final.review())
    one = final.with_coin(1, sequence=0xFFFF_FFFE)
    assert "locktime-without-effect" not in codes(one.review())
    assert "replaceable" not in codes(one.review())
    assert "replaceable" in codes(final.with_coin(1, sequence=0xFFFF_FFFD).review())


@pytest.mark.parametrize(("sats", "is_refused"), [(0, False), (1, True)])
def test_all_outputs_together_are_no_more_than_all_coins(sats, is_refused):
    most = 21_000_000 * 100_000_000
    payments = (Pay(most - 1_000_000, place=(1, 12)), Pay(1_000_000 + sats))
    report = Draft(payments=payments).review()
    found = [one.where for one in report.findings if one.code == "amount-out-of-range"]
    assert found == (["transaction"] if is_refused else [])


def test_a_fee_is_told_as_a_share_of_what_is_paid():
    context = limits(confirm_percent=0.01, confirm_sat_per_vb=1e6)
    (said,) = [one.text for one in fee(100_000).review(context).findings if one.code == "fee-high"]
    assert said == "the fee is high: 0.20% of what is paid is above 0.01%"
