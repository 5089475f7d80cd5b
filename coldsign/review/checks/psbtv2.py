"""Checks of what PSBT version 2 adds (BIP-370)."""

from collections.abc import Iterator

from coldsign.review.context import Context
from coldsign.review.facts import Facts
from coldsign.review.finding import TRANSACTION, Finding, refuse

_FLAGS = ((1, "inputs"), (2, "outputs"), (4, "a SINGLE signature's pair"))


def still_modifiable(facts: Facts, context: Context) -> Iterator[Finding]:
    """The PSBT says that the transaction is not final: others may still change it.

    Severity: refuse
    Gain: an input or output added after the review, where a signature leaves room for it.
    Do: have the coordinator finish the transaction and clear PSBT_GLOBAL_TX_MODIFIABLE.
    """
    del context
    flags = facts.psbt.tx_modifiable
    if flags:
        what = [name for bit, name in _FLAGS if flags & bit]
        what += ["something undefined"] if flags & ~7 else []
        text = f"may still be changed by others: {', '.join(what)} (flags 0x{flags:02x})"
        yield refuse("still-modifiable", TRANSACTION, text)


CHECKS = (still_modifiable,)
