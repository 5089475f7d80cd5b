import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldsign.primitives.amount import MAX_MONEY, btc, in_range


@pytest.mark.parametrize(
    ("sats", "text"),
    [
        (0, "0.00000000"),
        (1, "0.00000001"),
        (12345678, "0.12345678"),
        (-1, "-0.00000001"),
        (-150_000_000, "-1.50000000"),
        (MAX_MONEY, "21000000.00000000"),
    ],
)
def test_btc(sats, text):
    assert btc(sats) == text


@given(st.integers(-(2**63), 2**63 - 1))
def test_nothing_is_lost(sats):
    whole, decimals = btc(sats).split(".")
    assert int(whole + decimals) == sats


@pytest.mark.parametrize(
    ("sats", "fits"), [(-1, False), (0, True), (MAX_MONEY, True), (MAX_MONEY + 1, False)]
)
def test_range(sats, fits):
    assert in_range(sats) is fits
