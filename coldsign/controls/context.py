"""From policy, manifest and journal to what a review is held against."""

from datetime import datetime

from coldsign.controls.journal import Journal
from coldsign.controls.policy import Policy
from coldsign.controls.remember import recall
from coldsign.psbt.model import Psbt
from coldsign.review.context import Context, Manifest
from coldsign.wallet.wallet import Wallet


def context_of(
    psbt: Psbt,
    wallet: Wallet,
    *,
    policy: Policy,
    journal: Journal,
    now: datetime,
    manifest: Manifest | None = None,
) -> Context:
    """Read the journal to its end, once, and put together what a review needs.

    Args:
        psbt: The transaction under review: its coins and locktime decide what counts as spent.
        wallet: The wallet it is said to spend from.
        policy: The policy in force.
        journal: Of this machine.
        now: By the machine's clock.
        manifest: What must be paid, where one is used.

    Raises:
        JournalDamagedError: The journal is damaged; the caller engages the latch.
        MalformedError: A destination of the policy is not one of this network.
    """
    memory = recall(journal.entries(), wallet)
    return Context(
        limits=policy.limits,
        manifest=manifest,
        history=memory,
        destinations=policy.places(wallet.network),
        spent_recently_sats=memory.spent_recently(
            now=now,
            locktime=psbt.tx.locktime,
            besides=[put.outpoint for put in psbt.tx.inputs],
        ),
    )
