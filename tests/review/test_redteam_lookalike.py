"""Addresses ground to look like a customer's in ways that the comparison once passed over."""

from dataclasses import replace

from coldsign.primitives.address import to_address
from coldsign.review.context import Context
from tests.review.build import MAINNET, PAYEES, Coin, Draft, Memory, Pay

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
CUSTOMER = PAYEES[0]
ADDRESS = to_address(CUSTOMER, MAINNET)


def last_bits(program: int) -> int:
    """The last four characters of the address of a P2WSH program, as 20 bits."""
    address = to_address(b"\x00\x20" + program.to_bytes(32, "big"), MAINNET)
    return sum(ALPHABET.index(char) << (15 - 5 * n) for n, char in enumerate(address[-4:]))


def longer_twin() -> bytes:
    """A P2WSH script whose address begins and ends like the customer's shorter one.

    The checksum is linear: which bits in the middle of the program turn which of its bits is solved for.
    """
    program = int.from_bytes(CUSTOMER[2:6] + b"\x5a" * 28, "big")
    wanted = sum(ALPHABET.index(char) << (15 - 5 * n) for n, char in enumerate(ADDRESS[-4:]))
    left, basis = last_bits(program) ^ wanted, []
    for flip in (1 << n for n in range(40, 80)):
        effect, flips = last_bits(program ^ flip) ^ last_bits(program), flip
        for other, its in basis:
            if effect ^ other < effect:
                effect, flips = effect ^ other, flips ^ its
        if effect:
            basis = sorted([*basis, (effect, flips)], reverse=True)
    for effect, flips in basis:
        if left ^ effect < left:
            left, program = left ^ effect, program ^ flips
    assert not left
    return b"\x00\x20" + program.to_bytes(32, "big")


TWIN = longer_twin()
OTHER_TWIN = b"\x00\x14" + CUSTOMER[2:8] + bytes(8) + CUSTOMER[-6:]


def paying(script, index, sats=20_000_000):
    coin = Coin((0, index), 50_000_000)
    change = Pay(49_995_000 - sats, place=(1, 12))
    return Draft(coins=(coin,), payments=(Pay(sats, script), change))


def remembering(*drafts):
    history = Memory()
    for draft in drafts:
        history.signed(draft.review())
    return Context(history=history)


def said(draft, context):
    report = draft.review(context)
    return [found.text for found in report.findings if found.code == "look-alike-address"]


def test_the_twin_begins_and_ends_like_the_customers():
    made = to_address(TWIN, MAINNET)
    assert len(made) > len(ADDRESS)
    assert (made[:7], made[-4:]) == (ADDRESS[:7], ADDRESS[-4:])


def test_an_address_of_another_length_is_a_look_alike_of_an_earlier_payee():
    context = remembering(paying(CUSTOMER, 3))
    (text,) = said(paying(TWIN, 9), context)
    assert ADDRESS in text
    (text,) = said(paying(CUSTOMER, 9, 7_000_000), remembering(paying(TWIN, 3)))
    assert to_address(TWIN, MAINNET) in text


def test_a_look_alike_is_named_again_after_it_was_paid_once():
    """It was accepted once, for a small amount; the large one comes later."""
    small = paying(OTHER_TWIN, 5, 1_000_000)
    for earlier in ((small, paying(CUSTOMER, 3)), (paying(CUSTOMER, 3), small)):
        (text,) = said(paying(OTHER_TWIN, 9), remembering(*earlier))
        assert ADDRESS in text


def test_whom_nobody_resembles_is_not_asked_about():
    context = remembering(paying(CUSTOMER, 3), paying(CUSTOMER, 5, 1_000_000))
    assert not said(paying(CUSTOMER, 9, 7_000_000), context)
    assert not said(replace(paying(PAYEES[1], 9)), context)
