"""Checks of what our signatures would commit to."""

from collections.abc import Iterator

from coldsign.review.context import Context
from coldsign.review.facts import Facts
from coldsign.review.finding import Finding, refuse

SIGHASH_DEFAULT, SIGHASH_ALL = 0, 1
_BASE = {
    0: "DEFAULT, which only taproot knows",
    2: "NONE: the outputs could be replaced after signing",
    3: "SINGLE: all outputs but one could be replaced after signing",
}


def sighash_not_all(facts: Facts, context: Context) -> Iterator[Finding]:
    """An input asks for a signature that does not commit to the whole transaction.

    Only SIGHASH_ALL is signed, and SIGHASH_DEFAULT in taproot, which means the same.

    Severity: refuse
    Gain: after signing he replaces outputs, or takes the signed input into a transaction of his
        own. With SINGLE on a legacy input without its output the signature is good for anything.
    Do: reject the request; a withdrawal never needs another type.
    """
    del context
    taproot = facts.wallet.script_kind == "tr"
    allowed = {None, SIGHASH_ALL, SIGHASH_DEFAULT} if taproot else {None, SIGHASH_ALL}
    for known in facts.inputs:
        sighash = known.given.sighash_type
        if sighash not in allowed:
            text = f"asks for sighash type {_words(sighash or 0)}"
            yield refuse("sighash-not-all", known.where, text)


def _words(sighash: int) -> str:
    known = _BASE.get(sighash & 0x7F) if sighash < 0x100 else None
    if sighash & ~0x80 == SIGHASH_ALL:
        known = "ALL|ANYONECANPAY: inputs could be added after signing"
    elif known and sighash & 0x80:
        known += ", and inputs could be replaced (ANYONECANPAY)"
    return f"0x{sighash:02x}, " + (known or "which is not defined")


CHECKS = (sighash_not_all,)
