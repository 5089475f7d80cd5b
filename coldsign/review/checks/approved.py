"""Checks against what a reviewer approved on this machine, which it need not have signed."""

from collections.abc import Iterator

from coldsign.primitives.amount import btc
from coldsign.primitives.text import printable
from coldsign.review.checks.history import (
    conflicts,
    difference,
    earlier_id,
    nearly_paying,
    paying,
)
from coldsign.review.context import Context, PastTransaction
from coldsign.review.facts import Facts
from coldsign.review.finding import TRANSACTION, Finding, confirm
from coldsign.review.items import OutputFacts


def replaces_approved(facts: Facts, context: Context) -> Iterator[Finding]:
    """The transaction spends coins of one that was approved on this machine: only one can confirm.

    The difference is said: coins, payments and fee.

    Severity: confirm
    Gain: an approval of payments that were changed after the first one was given.
    Do: read the difference; confirm if the earlier request is to be replaced by this one.
    """
    for past in conflicts(facts, context.history.approved):
        if past.txid != facts.tx.txid():
            text = f"replaces {past.txid_hex}, which was approved here: {difference(facts, past)}"
            yield confirm("replaces-approved", TRANSACTION, text)


def approved_before(facts: Facts, context: Context) -> Iterator[Finding]:
    """The same payment was approved on this machine before, from other coins: both can confirm.

    The same payment is the same withdrawal id, or the same amount to the same address, up to one
    percent more or less unless both have withdrawal ids. What this machine signed as well is
    refused as paid-before.

    Severity: confirm
    Gain: the same withdrawal twice, if the keyholders get both approvals.
    Do: have the earlier request replaced by one that spends a coin of it; confirm if it was thrown
        away and nobody has signed it, or if the customer really is due a second payment.
    """
    approved = context.history.approved
    rivals = {facts.tx.txid(), *[past.txid for past in conflicts(facts, approved)]}
    for output in facts.paid_outputs:
        for past in (*paying(output, approved), *nearly_paying(output, approved)):
            if past.txid not in rivals:
                name = past.txid_hex
                text = f"{_payment(output, past)} in {name}, from other coins: both can confirm"
                yield confirm("approved-before", output.where, text)


def _payment(output: OutputFacts, past: PastTransaction) -> str:
    """In which words the earlier payment was this one."""
    payment, earlier = (output.script, output.sats), earlier_id(output, past)
    if earlier and earlier == output.manifest_id:
        return f"the withdrawal {printable(earlier)} was approved"
    nearly = "" if payment in past.payments else "nearly "
    name = f" as {printable(earlier)}" if earlier else ""
    return f"{nearly}{btc(output.sats)} BTC there were approved{name}"


CHECKS = (replaces_approved, approved_before)
