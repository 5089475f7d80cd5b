"""Checks of one transaction against those before it in the same batch, none of which is signed yet."""

from collections.abc import Iterator

from coldsign.primitives.amount import btc
from coldsign.primitives.tx import OutPoint
from coldsign.review.checks.history import earlier_id, named
from coldsign.review.context import Context, PastTransaction
from coldsign.review.facts import Facts
from coldsign.review.finding import TRANSACTION, Finding, confirm, refuse
from coldsign.review.items import OutputFacts


def batch_same_coin(facts: Facts, context: Context) -> Iterator[Finding]:
    """Another transaction of the batch spends a coin of this one: only one of the two can confirm.

    Severity: confirm
    Gain: payments that are signed and booked, and never made.
    Do: sign one of the two; confirm if the other is kept for a higher fee.
    """
    coins = _coins(facts)
    if rivals := [past for past in context.batch if not coins.isdisjoint(past.outpoints)]:
        text = f"spends coins of {named(rivals)} in the same batch: only one of them can confirm"
        yield confirm("batch-same-coin", TRANSACTION, text)


def batch_pays_twice(facts: Facts, context: Context) -> Iterator[Finding]:
    """Another transaction of the batch makes the same payment from other coins: both can confirm.

    The same payment is the same withdrawal id, or the same amount to the same address unless both
    have withdrawal ids and these differ.

    Severity: refuse
    Gain: the same withdrawal twice.
    Do: sign neither before it is known which of the two is due; the second would be refused as
        paid-before.
    """
    coins = _coins(facts)
    others = [past for past in context.batch if coins.isdisjoint(past.outpoints)]
    known = [(past, frozenset(past.payments), past.ids()) for past in others]
    for output in facts.paid_outputs:
        payment, manifest_id = (output.script, output.sats), output.manifest_id
        for past, payments, ids in known:
            if manifest_id not in ids and (payment not in payments or _is_other(output, past)):
                continue
            text = f"{btc(output.sats)} BTC are paid there by {past.txid_hex} of the same batch too"
            yield refuse("batch-pays-twice", output.where, f"{text}, from other coins")


def _is_other(output: OutputFacts, past: PastTransaction) -> bool:
    """Whether the books tell this payment apart from one of the same amount to the same address."""
    return bool(output.manifest_id) and bool(earlier_id(output, past))


def _coins(facts: Facts) -> frozenset[OutPoint]:
    """What the transaction spends: of two that spend one coin, or are the same, only one can confirm."""
    return frozenset([known.outpoint for known in facts.inputs])


CHECKS = (batch_same_coin, batch_pays_twice)
