"""Checks of what our signatures would commit to."""

from collections.abc import Iterator

from coldsign.primitives.digests import ANYONECANPAY, Sighash
from coldsign.review.context import Context
from coldsign.review.facts import Facts
from coldsign.review.finding import Finding, refuse

_BASE: dict[int, str] = {
    Sighash.DEFAULT: "DEFAULT, which only taproot knows",
    Sighash.NONE: "NONE: the outputs could be replaced after signing",
    Sighash.SINGLE: "SINGLE: all outputs but one could be replaced after signing",
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
    allowed = {None, Sighash.ALL, Sighash.DEFAULT} if taproot else {None, Sighash.ALL}
    for known in facts.inputs:
        sighash = known.given.sighash_type
        if sighash not in allowed:
            text = f"asks for sighash type {_words(sighash or 0)}"
            yield refuse("sighash-not-all", known.where, text)


def _words(sighash: int) -> str:
    base = sighash & ~ANYONECANPAY
    known = _BASE.get(base)
    if base == Sighash.ALL:
        known = "ALL|ANYONECANPAY: inputs could be added after signing"
    elif known and sighash & ANYONECANPAY:
        known += ", and inputs could be replaced (ANYONECANPAY)"
    return f"0x{sighash:02x}, " + (known or "which is not defined")


CHECKS = (sighash_not_all,)
