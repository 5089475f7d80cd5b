"""Checks against what this machine saw and signed before."""

from collections import Counter
from collections.abc import Iterator, Sequence

from coldsign.primitives.amount import btc
from coldsign.primitives.text import counted, printable
from coldsign.review.context import Context, PastTransaction, Payment
from coldsign.review.facts import Facts
from coldsign.review.finding import TRANSACTION, Finding, confirm, note, refuse
from coldsign.review.items import OutputFacts

MAX_NAMED = 3
"""Earlier transactions named in one line."""
NEARLY = 1
"""Percent by which two amounts may differ and still be taken for one by a person who looks."""


def amount_changed(facts: Facts, context: Context) -> Iterator[Finding]:
    """A coin was worth something else when it was reviewed before.

    Severity: refuse
    Gain: two signatures for two false sums, which joined burn the difference as fee (BIP-143).
    Do: treat it as an attack; a coin's amount never changes.
    """
    for known in facts.inputs:
        before = context.history.amount_seen(known.outpoint)
        if before is not None and known.amount is not None and before != known.amount:
            text = f"is now worth {known.amount} sat, but was worth {before} sat when seen before"
            yield refuse("amount-changed", known.where, text)


def _others(facts: Facts) -> tuple[PastTransaction, ...]:
    """The transactions signed before that spend a coin of this one and are another."""
    txid = facts.tx.txid()
    return tuple(past for past in facts.conflicts if past.txid != txid)


def named(pasts: Sequence[PastTransaction]) -> str:
    """The txids of the first few of some transactions."""
    return " and ".join([past.txid_hex for past in pasts[:MAX_NAMED]])


def _leaving(facts: Facts) -> list[OutputFacts]:
    return [out for out in facts.outputs if not out.ours]


def signed_before(facts: Facts, context: Context) -> Iterator[Finding]:
    """This very transaction was signed here before.

    If it was signed for withdrawal ids that the papers of today do not give it, it is refused: what
    is signed last is what is remembered, and the ids would be free to be used again.

    Severity: refuse, confirm
    Gain: none by the signatures, which are deterministic; a second payment under an id that is
        forgotten.
    Do: confirm if the first reply was lost, and give the same manifest as then.
    """
    del context
    txid, given = facts.tx.txid(), {output.manifest_id for output in facts.outputs}
    same = [past for past in facts.conflicts if past.txid == txid]
    lost = [name for past in same for name in past.manifest_ids if name and name not in given]
    if lost:
        text = f"was signed before for the withdrawal {printable(lost[0])}, which no manifest gives it now"
        yield refuse("signed-before", TRANSACTION, text)
    elif same:
        text = "this machine signed the same transaction before; the signatures will be the same"
        yield confirm("signed-before", TRANSACTION, text)


def replaces_earlier(facts: Facts, context: Context) -> Iterator[Finding]:
    """The transaction spends coins of one that was signed before: only one of the two can confirm.

    The difference is said: coins, payments and fee.

    Severity: confirm
    Gain: none if the payments are the same: it is how a fee is raised.
    Do: read the difference; confirm if the earlier transaction is to be replaced.
    """
    del context
    for past in _others(facts):
        text = f"replaces {past.txid_hex}: {difference(facts, past)}"
        yield confirm("replaces-earlier", TRANSACTION, text)


def difference(facts: Facts, past: PastTransaction) -> str:
    """What changes against an earlier transaction: coins, payments, and what is left for others."""
    new = Counter((output.script, output.sats) for output in _leaving(facts))
    old = Counter(past.payments)
    coins = {known.outpoint for known in facts.inputs}
    shared = len(coins.intersection(past.outpoints))
    words = [f"{shared} of its {len(past.outpoints)} coins"]
    added, dropped = (new - old).total(), (old - new).total()
    words += [counted(len(coins) - shared, "other coin")] if len(coins) > shared else []
    words += [counted(added, "new payment")] if added else []
    words += [f"{counted(dropped, 'payment')} dropped"] if dropped else []
    if not added and not dropped:
        words.append("the same payments")
    return ", ".join(words)


def redirects_earlier(facts: Facts, context: Context) -> Iterator[Finding]:
    """The transaction spends coins of one that was signed before, and pays somebody else.

    A payment that a manifest demands may be new; any other may not.

    Severity: refuse
    Gain: the customer's payment, by a swap after the approval.
    Do: treat it as an attack, unless the earlier request was wrong; then make a new manifest.
    """
    del context
    others = _others(facts)
    if not others:
        return
    old: Counter[Payment] = Counter()
    for past in others:
        old |= Counter(past.payments)
    for output in _leaving(facts):
        if old[output.script, output.sats] > 0:
            old[output.script, output.sats] -= 1
        elif output.manifest_id is None:
            text = f"was not paid by {named(others)}, whose coins this transaction spends"
            yield refuse("redirects-earlier", output.where, text)


def paid_before(facts: Facts, context: Context) -> Iterator[Finding]:
    """The same payment was signed before, from other coins: both transactions can confirm.

    The same payment is the same withdrawal id, or the same amount to the same address. If both
    have withdrawal ids and these differ, it is asked instead.

    Severity: refuse, confirm
    Gain: the same withdrawal twice.
    Do: replace the earlier transaction by one that spends a coin of it, or make sure that it can
        never confirm.
    """
    for output in facts.paid_outputs:
        for past in _paying(output, context):
            if past.txid in facts.rivals:
                continue
            earlier = earlier_id(output, past)
            if output.manifest_id and earlier and earlier != output.manifest_id:
                text = f"the same amount was paid there as {printable(earlier)} by {past.txid_hex}"
                yield confirm("paid-before", output.where, text)
            else:
                text = (
                    f"{btc(output.sats)} BTC were paid there by {past.txid_hex}, from other coins"
                )
                yield refuse("paid-before", output.where, text)


def _paying(output: OutputFacts, context: Context) -> tuple[PastTransaction, ...]:
    found = {past.txid: past for past in context.history.paying(output.script, output.sats)}
    if output.manifest_id is not None:
        for past in context.history.by_manifest_id(output.manifest_id):
            found.setdefault(past.txid, past)
    return tuple(found.values())


def earlier_id(output: OutputFacts, past: PastTransaction) -> str:
    """The id under which the earlier transaction paid this; ours, if it paid that id at all."""
    if output.manifest_id is not None and output.manifest_id in past.manifest_ids:
        return output.manifest_id
    payment = output.script, output.sats
    return next((name for paid, name in past.booked() if paid == payment), "")


def nearly_paid_before(facts: Facts, context: Context) -> Iterator[Finding]:
    """Nearly the same amount was paid to the same address before, from other coins.

    Nearly is up to one percent. Where both payments have withdrawal ids, the manifests vouch for
    the amounts, and nothing is asked.

    Severity: confirm
    Gain: the same withdrawal twice, the second time with an amount that differs where nobody looks.
    Do: compare both with the books; confirm if the customer really is due a second payment.
    """
    for output in facts.paid_outputs:
        near = [past for past in _nearly_paying(output, context) if past.txid not in facts.rivals]
        unbooked = [past for past in near if not _by_the_books(output, past)]
        if unbooked:
            text = f"nearly {btc(output.sats)} BTC were paid there by {named(unbooked)}"
            yield confirm("nearly-paid-before", output.where, f"{text}, from other coins")


def _nearly_paying(output: OutputFacts, context: Context) -> tuple[PastTransaction, ...]:
    """The earlier transactions that pay the same place a little less or a little more."""
    low, high = -(-output.sats * (100 - NEARLY) // 100), output.sats * 100 // (100 - NEARLY)
    paying = context.history.paying_between
    less, more = (
        paying(output.script, low, output.sats - 1),
        paying(output.script, output.sats + 1, high),
    )
    return tuple({past.txid: past for past in (*less, *more)}.values())


def _by_the_books(output: OutputFacts, past: PastTransaction) -> bool:
    """Whether this payment and all earlier ones to its place have withdrawal ids."""
    names = [name for (script, _), name in past.booked() if script == output.script]
    return bool(output.manifest_id and names) and all(names)


def withdrawal_id_reused(facts: Facts, context: Context) -> Iterator[Finding]:
    """A withdrawal id was used before for another address or amount.

    Severity: refuse
    Gain: a second payment under a name that is already approved.
    Do: give the withdrawal an id of its own, or find out who changed the books.
    """
    for output in facts.paid_outputs:
        if output.manifest_id is None:
            continue
        for past in context.history.by_manifest_id(output.manifest_id):
            earlier = [paid for paid, name in past.booked() if name == output.manifest_id]
            if earlier and (output.script, output.sats) not in earlier:
                name = printable(output.manifest_id)
                text = f"the id {name} was used for another payment by {past.txid_hex}"
                yield refuse("withdrawal-id-reused", output.where, text)


def other_policy(facts: Facts, context: Context) -> Iterator[Finding]:
    """The policy is not the one that this wallet signed under last.

    Severity: note
    Gain: laxer rules, if he could change the file that was named; a policy that is bound to the
        wallet cannot be exchanged.
    Do: find out who changed the file, and bind the policy with coldsign policy set.
    """
    del facts
    if context.rules_differ:
        text = "the rules are not those under which this wallet signed last"
        yield note("other-policy", TRANSACTION, text)


CHECKS = (
    amount_changed,
    signed_before,
    replaces_earlier,
    redirects_earlier,
    paid_before,
    nearly_paid_before,
    withdrawal_id_reused,
    other_policy,
)
