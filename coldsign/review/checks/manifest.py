"""Checks against the manifest: what the books say must be paid, no more, no less, nobody else."""

from collections.abc import Iterator

from coldsign.primitives.amount import btc
from coldsign.primitives.text import counted, printable
from coldsign.review.context import Context, Coverage, ManifestRow
from coldsign.review.facts import Facts
from coldsign.review.finding import TRANSACTION, Finding, note, refuse
from coldsign.review.matching import Matching

MOST_NAMED = 20
"""Unpaid rows that get a finding each: a screen of them. The wrong manifest has thousands."""


def _named(row: ManifestRow) -> str:
    return f"{printable(row.id)} ({btc(row.sats)} BTC to {printable(row.address, 120)})"


def _off(matching: Matching) -> dict[int, ManifestRow]:
    """The extra outputs that pay an unpaid row's script, but another amount, with that row."""
    rows: dict[bytes, list[ManifestRow]] = {}
    for row in reversed(matching.unpaid):
        rows.setdefault(row.script, []).append(row)
    return {out.index: rows[out.script].pop() for out in matching.extra if rows.get(out.script)}


def _swapped(matching: Matching) -> dict[int, ManifestRow]:
    """The outputs whose amount is another such row's, and whose row's amount another's."""
    off = _off(matching)
    extra = {out.index: out for out in matching.extra}
    paid = {extra[index].sats for index in off}
    due = {row.sats for row in off.values()}
    return {
        index: row for index, row in off.items() if extra[index].sats in due and row.sats in paid
    }


def not_in_manifest(facts: Facts, context: Context) -> Iterator[Finding]:
    """An output pays somebody whom the manifest does not name.

    Severity: refuse
    Gain: a payment of his own among the customers'.
    Do: treat it as an attack; compare the manifest's source with the coordinator's.
    """
    del context
    matching = facts.matching
    off = _off(matching)
    for output in matching.extra:
        if output.index not in off:
            text = f"pays {btc(output.sats)} BTC to a place that is not in the manifest"
            yield refuse("not-in-manifest", output.where, text)


def manifest_payment_missing(facts: Facts, context: Context) -> Iterator[Finding]:
    """The manifest demands a payment that the transaction does not make.

    A manifest that several transactions pay together does not demand all of it from one.

    Severity: refuse
    Gain: a customer who is booked as paid and is not.
    Do: have the coordinator make the transaction anew from the manifest.
    """
    if context.manifest is None or context.manifest.coverage is Coverage.PART:
        return
    matching = facts.matching
    off = {row.id for row in _off(matching).values()}
    missing = [row for row in matching.unpaid if row.id not in off]
    for row in missing[:MOST_NAMED]:
        text = f"the manifest's {_named(row)} is not paid"
        yield refuse("manifest-payment-missing", TRANSACTION, text)
    if more := missing[MOST_NAMED:]:
        sats = sum(row.sats for row in more)
        rows = counted(len(more), "more row")
        text = f"{rows} of the manifest, {btc(sats)} BTC together, left unpaid"
        yield refuse("manifest-payment-missing", TRANSACTION, text)


def manifest_amount_differs(facts: Facts, context: Context) -> Iterator[Finding]:
    """An output pays a customer of the manifest another amount than is due.

    Severity: refuse
    Gain: the difference, if he is the customer; a dispute, if he is not.
    Do: have the coordinator make the transaction anew from the manifest.
    """
    del context
    matching = facts.matching
    off, swapped = _off(matching), _swapped(matching)
    extra = {out.index: out for out in matching.extra}
    for index, row in off.items():
        if index not in swapped:
            paid = extra[index]
            text = f"pays {btc(paid.sats)} BTC where the manifest's {_named(row)} is due"
            yield refuse("manifest-amount-differs", paid.where, text)


def manifest_amounts_swapped(facts: Facts, context: Context) -> Iterator[Finding]:
    """Customers of the manifest get each other's amounts.

    Severity: refuse
    Gain: the larger amount, while every total is right.
    Do: have the coordinator make the transaction anew from the manifest.
    """
    del context
    for index, row in _swapped(facts.matching).items():
        text = f"pays another row's amount where the manifest's {_named(row)} is due"
        yield refuse("manifest-amounts-swapped", f"output {index}", text)


def manifest_part(facts: Facts, context: Context) -> Iterator[Finding]:
    """The transaction pays only some rows of a manifest that several transactions pay together.

    Severity: note
    Gain: none by itself; rows nobody pays are found when the batch is complete.
    Do: check with the last transaction that no row is left.
    """
    if context.manifest is None or context.manifest.coverage is Coverage.WHOLE:
        return
    unpaid = len(facts.matching.unpaid)
    if unpaid:
        rows = len(context.manifest.rows)
        known = context.history.by_manifest_id
        before = sum(1 for row in facts.matching.unpaid if known(row.id))
        text = f"pays {rows - unpaid} of the manifest's {rows} rows"
        text += f"; signed before: {before}, left: {unpaid - before}"
        yield note("manifest-part", TRANSACTION, text)


CHECKS = (
    not_in_manifest,
    manifest_payment_missing,
    manifest_amount_differs,
    manifest_amounts_swapped,
    manifest_part,
)
