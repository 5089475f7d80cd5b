"""Amounts are integers of satoshi; this is the only place that writes them as bitcoin."""

COIN = 100_000_000
MAX_MONEY = 21_000_000 * COIN
"""No amount, and no sum of amounts, may be above this (Bitcoin Core, ``MAX_MONEY``)."""


def in_range(sats: int) -> bool:
    """Whether consensus allows this amount."""
    return 0 <= sats <= MAX_MONEY


def btc(sats: int) -> str:
    """The amount in bitcoin with all eight decimals, exactly; no unit."""
    whole, rest = divmod(abs(sats), COIN)
    return f"{'-' if sats < 0 else ''}{whole}.{rest:08d}"
