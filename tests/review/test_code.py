"""The review code changes with everything the decision rests on, and with nothing else."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.primitives.cursor import var_bytes
from coldsign.primitives.hashes import sha256
from coldsign.primitives.words import word_list
from coldsign.review.code import canonical, review_code
from coldsign.review.context import Context
from coldsign.review.facts import gather
from tests.review.build import (
    HONEST_MANIFEST,
    HONEST_PAYMENTS,
    STRANGER,
    Coin,
    Draft,
    grave,
    manifest,
    wallet,
)

HONEST = Draft()
CODE = HONEST.review().review_code


def test_the_code_is_the_first_66_bits_of_the_digest():
    facts = HONEST.review().facts
    digest = int.from_bytes(sha256(canonical(facts, None)), "big")
    bits = 0
    for text in CODE:
        assert text in word_list()
        bits = bits << 11 | word_list().index(text)
    assert len(CODE) == 6
    assert bits == digest >> 190


def test_the_encoding_is_the_documented_one():
    facts = HONEST.review().facts
    parts = [
        var_bytes(b"coldsign review code 1"),
        var_bytes(b"mainnet"),
        var_bytes(str(wallet().descriptor).encode()),
        var_bytes(HONEST.tx().serialize_without_witness()),
        b"\x02",
        b"\x01" + (50_000_000).to_bytes(8, "little"),
        b"\x01" + (80_000_000).to_bytes(8, "little"),
        b"\x03" + b"\x01\x01\x02",
        b"\x20" + HONEST_MANIFEST.digest,
    ]
    assert canonical(facts, HONEST_MANIFEST) == b"".join(parts)


def test_two_laptops_with_other_names_and_keys_get_one_code():
    facts = gather(HONEST.psbt(), replace(wallet(), name="other", our_keys=(2,)))
    assert review_code(facts, None) == CODE


def test_signatures_do_not_change_the_code():
    assert HONEST.with_coin(0, add=[HONEST.signature(0)]).review().review_code == CODE


def test_the_manifest_changes_the_code():
    named = HONEST.review(Context(manifest=HONEST_MANIFEST)).review_code
    other = manifest(*[(f"x{row.id}", row.script, row.sats) for row in HONEST_MANIFEST.rows])
    assert len({CODE, named, HONEST.review(Context(manifest=other)).review_code}) == 3


def test_how_an_amount_is_known_changes_the_code():
    assert HONEST.with_coin(0, drop=(0,)).review().review_code != CODE
    assert HONEST.with_coin(0, drop=(0, 1)).review().review_code != CODE


def test_what_an_output_is_changes_the_code():
    assert HONEST.with_payment(2, drop=(0, 1, 2)).review().review_code != CODE


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2), st.integers(330, 79_000_000))
def test_any_other_amount_changes_the_code(number, sats):
    draft = HONEST.with_payment(number, sats=sats)
    assert (draft.review().review_code == CODE) is (sats == HONEST_PAYMENTS[number].sats)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2), st.binary(min_size=20, max_size=20))
def test_any_other_script_changes_the_code(number, program):
    draft = HONEST.with_payment(number, script=STRANGER[:2] + program, place=None)
    assert draft.review().review_code != CODE


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 1), st.integers(0, 1015))
def test_any_other_place_changes_the_code(branch, index):
    draft = HONEST.with_payment(2, place=(branch, index))
    assert (draft.review().review_code == CODE) is ((branch, index) == (1, 12))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 0xFFFF_FFFF), st.integers(0, 0xFFFF_FFFF))
def test_locktime_and_sequence_change_the_code(locktime, sequence):
    coins = tuple(replace(coin, sequence=sequence) for coin in HONEST.coins)
    same = (locktime, sequence) == (0, 0xFFFF_FFFD)
    assert (Draft(coins=coins, locktime=locktime).review().review_code == CODE) is same


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_changed_byte_changes_the_code_or_is_found_or_touches_no_fact(data):
    raw = bytearray(HONEST.raw())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    from coldsign.errors import MalformedError
    from coldsign.psbt.model import Psbt
    from coldsign.review.report import review

    try:
        psbt = Psbt.parse(bytes(raw))
    except MalformedError:
        return
    report = review(psbt, wallet(), Context())
    if report.review_code == CODE and not grave(report):
        facts = [(i.amount, i.place, i.outpoint) for i in report.facts.inputs]
        honest = [(i.amount, i.place, i.outpoint) for i in HONEST.review().facts.inputs]
        assert facts == honest


def test_one_coin_more_changes_the_code():
    assert Draft(coins=(*HONEST.coins, Coin((0, 8), 1_000))).review().review_code != CODE
