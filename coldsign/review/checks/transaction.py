"""Checks of the transaction as a whole: its shape, its sums and its locks."""

from collections.abc import Iterator

from coldsign.primitives.amount import MAX_MONEY, in_range
from coldsign.primitives.locks import LOCKTIME_THRESHOLD, SEQUENCE_FINAL
from coldsign.review.context import Context
from coldsign.review.facts import Facts
from coldsign.review.finding import TRANSACTION, Finding, confirm, note, refuse
from coldsign.review.timing import is_replaceable, relative_lock
from coldsign.wallet.words import age_words

MAX_WEIGHT = 400_000
"""Weight units above which nodes do not relay (Bitcoin Core, MAX_STANDARD_TX_WEIGHT)."""
ANTI_FEE_SNIPING = 144
"""Blocks past the last known height that a locktime may lie without a question: one day."""
NULL_TXID = bytes(32)


def no_inputs(facts: Facts, context: Context) -> Iterator[Finding]:
    """The transaction spends nothing.

    Severity: refuse
    Gain: a PSBT that two readers parse differently: no inputs looks like the mark of the
        witness format.
    Do: ask the coordinator for the real transaction.
    """
    del context
    if not facts.tx.inputs:
        yield refuse("no-inputs", TRANSACTION, "the transaction has no inputs")


def no_outputs(facts: Facts, context: Context) -> Iterator[Finding]:
    """The transaction pays nobody, so all of its coins become the fee.

    Severity: refuse
    Gain: a miner gets everything; a wallet that is paid can be held to ransom.
    Do: reject the request; find out who made it.
    """
    del context
    if not facts.tx.outputs:
        yield refuse("no-outputs", TRANSACTION, "the transaction has no outputs")


def duplicate_input(facts: Facts, context: Context) -> Iterator[Finding]:
    """One coin is listed twice.

    Severity: refuse
    Gain: the apparent sum of the inputs grows, so that a fee that eats the change looks normal.
        The network would not accept the transaction.
    Do: reject the request; the coordinator is broken or hostile.
    """
    del context
    seen: dict[tuple[bytes, int], int] = {}
    for known in facts.inputs:
        first = seen.setdefault(known.outpoint, known.index)
        if first != known.index:
            text = f"spends the same coin as input {first}: {known.outpoint}"
            yield refuse("duplicate-input", known.where, text)


def null_input(facts: Facts, context: Context) -> Iterator[Finding]:
    """An input names no coin: its txid is all zeros.

    Severity: refuse
    Gain: only a coinbase may have such an input; a signature here is made for a transaction that
        cannot be what it was said to be, such as a message in disguise.
    Do: reject the request.
    """
    del context
    for known in facts.inputs:
        if known.outpoint.txid == NULL_TXID:
            yield refuse("null-input", known.where, "names no coin: the txid is all zeros")


def unknown_version(facts: Facts, context: Context) -> Iterator[Finding]:
    """The transaction version is none that the network relays.

    Severity: refuse
    Gain: a withdrawal that cannot be sent now but stays signed in an attacker's hands.
    Do: have the coordinator make a transaction of version 2.
    """
    del context
    if facts.tx.version not in {1, 2, 3}:
        text = f"transaction version {facts.tx.version} is not 1, 2 or 3"
        yield refuse("unknown-version", TRANSACTION, text)


def version_three(facts: Facts, context: Context) -> Iterator[Finding]:
    """The transaction is of version 3 (BIP-431): its relay follows stricter rules.

    Severity: confirm
    Gain: none by itself; a version 3 transaction can always be replaced and carries one child.
    Do: confirm only if your coordinator is known to use version 3 on purpose.
    """
    del context
    if facts.tx.version == 3:
        text = "transaction version 3: always replaceable, with at most one unconfirmed child"
        yield confirm("version-three", TRANSACTION, text)


def too_heavy(facts: Facts, context: Context) -> Iterator[Finding]:
    """The signed transaction would be heavier than nodes relay.

    Severity: refuse
    Gain: a batch that is signed and never confirms, while its payees are booked as paid.
    Do: split the batch.
    """
    del context
    if facts.weight > MAX_WEIGHT:
        text = f"the signed transaction weighs up to {facts.weight} units, nodes relay {MAX_WEIGHT}"
        yield refuse("too-heavy", TRANSACTION, text)


def too_many_outputs(facts: Facts, context: Context) -> Iterator[Finding]:
    """The transaction has more outputs than the policy lets a person review at once.

    Severity: refuse
    Gain: a payment of his own in a list that nobody reads to the end.
    Do: split the batch, or raise limits.max_outputs and check against a manifest.
    """
    count, limit = len(facts.outputs), context.limits.max_outputs
    if count > limit:
        text = f"{count} outputs, the policy allows {limit}"
        yield refuse("too-many-outputs", TRANSACTION, text)


def amount_out_of_range(facts: Facts, context: Context) -> Iterator[Finding]:
    """An amount, or a sum of amounts, is negative or above 21 million bitcoin.

    Severity: refuse
    Gain: sums that overflow and hide a payment or a fee in programs that count in 64 bits.
    Do: reject the request; no honest program makes it.
    """
    del context
    for known in facts.inputs:
        if known.amount is not None and not in_range(known.amount):
            yield refuse("amount-out-of-range", known.where, f"amount of {known.amount} sat")
    for output in facts.outputs:
        if not in_range(output.sats):
            yield refuse("amount-out-of-range", output.where, f"amount of {output.sats} sat")
    for name, total in (
        ("inputs", facts.totals.inputs),
        ("outputs", facts.totals.payments + facts.totals.change),
    ):
        if total is not None and total > MAX_MONEY:
            text = f"the {name} sum up to {total} sat"
            yield refuse("amount-out-of-range", TRANSACTION, text)


def spends_too_much(facts: Facts, context: Context) -> Iterator[Finding]:
    """The outputs are worth more than the inputs.

    Severity: refuse
    Gain: a signature for a transaction that cannot be valid as it stands: an amount or an input
        was hidden from you.
    Do: reject the request.
    """
    del context
    if facts.fee is not None and facts.fee < 0:
        text = f"the outputs are worth {-facts.fee} sat more than the inputs"
        yield refuse("spends-too-much", TRANSACTION, text)


def totals_do_not_add_up(facts: Facts, context: Context) -> Iterator[Finding]:
    """Inputs are not payments, change and fee together: the report would hide money.

    Severity: refuse
    Gain: an output that no total counts.
    Do: report it: this is a fault in coldsign or in this machine.
    """
    del context
    outputs = sum([out.sats for out in facts.tx.outputs])
    counted = facts.totals.payments + facts.totals.change
    shown = {output.index for output in facts.outputs}
    if counted != outputs or len(shown) != len(facts.tx.outputs):
        text = f"the outputs are worth {outputs} sat, the report counts {counted} sat"
        yield refuse("totals-do-not-add-up", TRANSACTION, text)


def locktime_too_far(facts: Facts, context: Context) -> Iterator[Finding]:
    """The transaction is not valid before a block far in the future.

    Severity: refuse
    Gain: a signed transaction frozen in his hands, to be used when it suits him; meanwhile the
        withdrawal is stuck.
    Do: ask for a new transaction; if the chain has really grown this far, raise limits.height.
    """
    lock = facts.tx.locktime
    limit = context.limits.height + context.limits.locktime_window
    if limit < lock < LOCKTIME_THRESHOLD and not _asked_by_path(facts):
        text = f"not valid before block {lock}, the policy allows up to {limit}"
        yield refuse("locktime-too-far", TRANSACTION, text)


def locktime_ahead(facts: Facts, context: Context) -> Iterator[Finding]:
    """The transaction is not valid for some time yet, or waits for a lock of the wallet's own.

    Severity: confirm
    Gain: time in which a signed transaction lies in his hands unseen by the network.
    Do: confirm if the delay is meant; compare the height with a block explorer.
    """
    lock, limits = facts.tx.locktime, context.limits
    near = limits.height + ANTI_FEE_SNIPING
    far = limits.height + limits.locktime_window
    if lock > near and _asked_by_path(facts):
        text = f"not valid before {lock}, which a spending path of the wallet asks for"
        yield confirm("locktime-ahead", TRANSACTION, text)
    elif near < lock <= far:
        text = f"not valid before block {lock}, {lock - limits.height} after the last known one"
        yield confirm("locktime-ahead", TRANSACTION, text)


def locktime_is_a_time(facts: Facts, context: Context) -> Iterator[Finding]:
    """The locktime is a date, not a block height.

    Severity: refuse
    Gain: as a locktime too far ahead; and this machine's clock proves nothing.
    Do: have the coordinator use a block height.
    """
    del context
    if facts.tx.locktime >= LOCKTIME_THRESHOLD and not _asked_by_path(facts):
        text = f"not valid before the Unix time {facts.tx.locktime}"
        yield refuse("locktime-is-a-time", TRANSACTION, text)


def _asked_by_path(facts: Facts) -> bool:
    """Whether a way of spending needs exactly this locktime (BIP-65)."""
    return any(path.after == facts.tx.locktime for path in facts.wallet.spending_paths())


def locktime_without_effect(facts: Facts, context: Context) -> Iterator[Finding]:
    """A locktime is set, but every sequence is final, so it does nothing.

    Severity: confirm
    Gain: a person who believes that a transaction waits, while it can be sent at once.
    Do: confirm if sending at once is right.
    """
    del context
    lock = facts.tx.locktime
    if lock and all(txin.sequence == SEQUENCE_FINAL for txin in facts.tx.inputs):
        text = f"locktime {lock} has no effect, as every sequence is final"
        yield confirm("locktime-without-effect", TRANSACTION, text)


def relative_lock_not_needed(facts: Facts, context: Context) -> Iterator[Finding]:
    """An input waits for its coin's age, and no spending path of the wallet asks for that.

    Severity: refuse
    Gain: a withdrawal that is stuck, up to 455 days, while it counts as signed.
    Do: have the coordinator make the transaction without relative locks.
    """
    del context
    asked = {
        relative_lock(2, path.older)
        for path in facts.wallet.spending_paths()
        if path.older is not None
    }
    for known in facts.inputs:
        lock = relative_lock(facts.tx.version, known.sequence)
        if lock is not None and lock not in asked:
            text = f"waits {age_words(known.sequence)} after its coin was confirmed, for no need of ours"
            yield refuse("relative-lock-not-needed", known.where, text)


def replaceable(facts: Facts, context: Context) -> Iterator[Finding]:
    """The transaction may be replaced by another one until it is confirmed (BIP-125).

    Severity: note
    Gain: none without a second signature of yours; a replacement is shown as a difference.
    Do: nothing; do not count the payment as made before it is confirmed.
    """
    del context
    if is_replaceable(facts.tx):
        yield note("replaceable", TRANSACTION, "it may be replaced until it is confirmed")


CHECKS = (
    no_inputs,
    no_outputs,
    duplicate_input,
    null_input,
    unknown_version,
    version_three,
    too_heavy,
    too_many_outputs,
    amount_out_of_range,
    spends_too_much,
    totals_do_not_add_up,
    locktime_too_far,
    locktime_ahead,
    locktime_is_a_time,
    locktime_without_effect,
    relative_lock_not_needed,
    replaceable,
)
