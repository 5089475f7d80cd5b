"""Checks of what is said to come back to us."""

from collections.abc import Iterator

from coldsign.review.context import Context, Limits
from coldsign.review.facts import Facts
from coldsign.review.finding import TRANSACTION, Finding, confirm, refuse
from coldsign.review.items import OutputKind
from coldsign.wallet.wallet import CHANGE


def false_change_claim(facts: Facts, context: Context) -> Iterator[Finding]:
    """An output names this wallet's keys, but the wallet does not derive its script.

    Severity: refuse
    Gain: the change, or a payment of the same size: programs that believe the claim show the
        output as coming back to you. It may be a lower quorum, a replaced cosigner, another
        account, a single key, a hidden taproot leaf or a script of his own.
    Do: treat it as an attack; stop, and find out which machine made the request.
    """
    del context
    for output in facts.outputs:
        if not output.ours and output.ownership.names_our_keys:
            text = "claims to be this wallet's, but its script is not: this is an attack"
            yield refuse("false-change-claim", output.where, text)


def change_index_too_far(facts: Facts, context: Context) -> Iterator[Finding]:
    """An output is ours, but so far along its branch that a restored wallet would not find it.

    Severity: refuse
    Gain: a ransom: after a restore the money is invisible until he tells its index.
    Do: have the coordinator use the next unused address; if the wallet has really grown, raise
        limits.last_seen_change or limits.last_seen_receive.
    """
    for output in facts.outputs:
        if (place := output.place) is None:
            continue
        last = last_seen(context, place.branch)
        if place.index > last + context.limits.gap:
            text = (
                f"is ours at {place}, but the last index seen is {last}"
                f" and the policy allows {context.limits.gap} more"
            )
            yield refuse("change-index-too-far", output.where, text)


def last_seen(context: Context, branch: int) -> int:
    """The highest index of a branch that is known to be used, by the policy or the journal."""
    start = _start(context.limits, branch)
    seen = context.history.last_seen(branch)
    return start if seen is None else max(seen, start)


def _start(limits: Limits, branch: int) -> int:
    return limits.last_seen_change if branch == CHANGE else limits.last_seen_receive


def self_transfer(facts: Facts, context: Context) -> Iterator[Finding]:
    """An output goes to a receive address of this wallet instead of a change address.

    Severity: confirm
    Gain: little: the money stays yours, but it is booked as something it is not.
    Do: confirm if coins are moved within the wallet on purpose.
    """
    del context
    for output in facts.outputs:
        if output.kind is OutputKind.SELF and output.place is not None:
            text = f"goes to our own receive address {output.place}, not to a change address"
            yield confirm("self-transfer", output.where, text)


def several_change_outputs(facts: Facts, context: Context) -> Iterator[Finding]:
    """More than one output is change.

    Severity: confirm
    Gain: change split into pieces that cost more in fees than they are worth.
    Do: confirm if the coordinator splits change on purpose.
    """
    del context
    change = [output for output in facts.outputs if output.kind is OutputKind.CHANGE]
    if len(change) > 1:
        text = f"{len(change)} outputs are change, one is usual"
        yield confirm("several-change-outputs", TRANSACTION, text)


def nothing_is_paid(facts: Facts, context: Context) -> Iterator[Finding]:
    """Every output is ours: nobody is paid, only a fee.

    Severity: confirm
    Gain: fees for nothing, and your signature for a transaction that is no withdrawal.
    Do: confirm if coins are consolidated on purpose.
    """
    del context
    if facts.outputs and all(output.ours for output in facts.outputs):
        text = "every output is ours: coins are moved, nobody is paid"
        yield confirm("nothing-is-paid", TRANSACTION, text)


CHECKS = (
    false_change_claim,
    change_index_too_far,
    self_transfer,
    several_change_outputs,
    nothing_is_paid,
)
