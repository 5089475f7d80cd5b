"""Checks of the fee, and of how much leaves."""

from collections.abc import Iterator

from coldsign.review.context import Context, Limits
from coldsign.review.facts import Facts
from coldsign.review.finding import TRANSACTION, Finding, confirm, refuse


def _over(facts: Facts, per_vb: float, percent: float) -> Iterator[str]:
    fee, base = facts.fee or 0, facts.totals.fee_base
    if fee > per_vb * facts.vsize:
        yield f"{fee / facts.vsize:.1f} sat/vB is above {per_vb:g}"
    # hundredths of a percent: amounts times 100 do not fit a float's 53 bits
    if fee * 10_000 > round(percent * 100) * base:
        yield f"{fee * 100 / max(base, 1):.2f}% of what is paid is above {percent:g}%"


def fee_unknown(facts: Facts, context: Context) -> Iterator[Finding]:
    """An input's amount is unknown, and with it the fee.

    Severity: refuse
    Gain: any fee he likes.
    Do: have the coordinator include the full previous transactions.
    """
    del context
    if facts.fee is None:
        yield refuse("fee-unknown", TRANSACTION, "the fee cannot be told: an amount is missing")


def fee_too_high(facts: Facts, context: Context) -> Iterator[Finding]:
    """The fee is above what the policy ever pays, in sat/vB, in sats or in percent.

    Severity: refuse
    Gain: your money for a miner he works with, or a ransom for the rest.
    Do: reject the request; if fees are really this high, raise the limits of [fee].
    """
    reasons = _too_high(facts, context.limits)
    if reasons:
        yield refuse("fee-too-high", TRANSACTION, f"the fee is too high: {'; '.join(reasons)}")


def _too_high(facts: Facts, limits: Limits) -> list[str]:
    reasons = list(_over(facts, limits.refuse_sat_per_vb, limits.refuse_percent))
    if limits.refuse_sats and (facts.fee or 0) > limits.refuse_sats:
        reasons.append(f"{facts.fee} sat is above {limits.refuse_sats}")
    return reasons


def fee_high(facts: Facts, context: Context) -> Iterator[Finding]:
    """The fee is above what the policy pays without asking.

    Severity: confirm
    Gain: as with a fee that is too high, in smaller steps.
    Do: compare the rate with what the network asks today.
    """
    limits = context.limits
    reasons = list(_over(facts, limits.confirm_sat_per_vb, limits.confirm_percent))
    if reasons and not _too_high(facts, limits):
        yield confirm("fee-high", TRANSACTION, f"the fee is high: {'; '.join(reasons)}")


def fee_zero(facts: Facts, context: Context) -> Iterator[Finding]:
    """The transaction pays no fee, so no node relays it alone.

    Severity: confirm
    Gain: a withdrawal that is signed and stuck.
    Do: confirm only if it will be sent together with a child that pays.
    """
    del context
    if facts.fee == 0:
        yield confirm("fee-zero", TRANSACTION, "the fee is zero: nodes will not relay it")


def over_transaction_limit(facts: Facts, context: Context) -> Iterator[Finding]:
    """More leaves the wallet than the policy allows in one transaction.

    Severity: refuse
    Gain: more at once than you agreed to risk.
    Do: split the withdrawal, or raise limits.per_transaction_sats in the wallet's policy.
    """
    limit, leaving = context.limits.per_transaction_sats, facts.totals.leaving or 0
    if limit and leaving > limit:
        text = f"{leaving} sat leave, the policy allows {limit} in one transaction"
        yield refuse("over-transaction-limit", TRANSACTION, text)


def over_day_limit(facts: Facts, context: Context) -> Iterator[Finding]:
    """More leaves the wallet within a day than the policy allows.

    Severity: refuse
    Gain: the wallet, in pieces that each stay below the limit.
    Do: wait, or raise limits.per_day_sats in the wallet's policy.
    """
    limit = context.limits.per_day_sats
    total = context.spent_recently_sats + (facts.totals.leaving or 0)
    if limit and total > limit:
        text = f"{total} sat leave within a day, the policy allows {limit}"
        yield refuse("over-day-limit", TRANSACTION, text)


CHECKS = (fee_unknown, fee_too_high, fee_high, fee_zero, over_transaction_limit, over_day_limit)
