"""From policy, manifest and journal to what a review is held against."""

from datetime import datetime

from coldsign.controls.policy import Policy
from coldsign.controls.remember import Memory
from coldsign.psbt.model import Psbt
from coldsign.review.context import Context, Manifest


def context_of(
    memory: Memory,
    psbt: Psbt,
    policy: Policy,
    *,
    now: datetime,
    manifest: Manifest | None = None,
) -> Context:
    """Put together what one PSBT's review is held against.

    Args:
        memory: ``recall(journal.entries(), wallet)``: the journal, read to its end and intact.
        psbt: The transaction under review: its coins and locktime decide what counts as spent.
        policy: The policy in force.
        now: By the machine's clock.
        manifest: What must be paid, where one is used.

    Raises:
        MalformedError: A destination of the policy is not one of the wallet's network.
    """
    spent = memory.spent_recently(
        now=now, locktime=psbt.tx.locktime, besides=[put.outpoint for put in psbt.tx.inputs]
    )
    return Context(
        limits=policy.limits,
        rules=policy.digest,
        manifest=manifest,
        history=memory,
        destinations=policy.places(memory.wallet.network),
        spent_recently_sats=spent,
        rules_differ=memory.used not in {None, policy.digest.hex()},
    )
