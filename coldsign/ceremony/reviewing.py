"""A reviewer's half of the walk: examine, approve, and have gpg sign the approval. No key of the wallet is near."""

from coldsign.ceremony.desk import Desk
from coldsign.ceremony.operator import Operator
from coldsign.ceremony.walk import Job, demand_acceptable, examine
from coldsign.controls.approval import Approval, sign_approval
from coldsign.controls.clearance import demand_manifest
from coldsign.controls.entry import EntryKind
from coldsign.controls.gpg import ClearSigned
from coldsign.controls.remember import Memory, record
from coldsign.review.report import Report


def approve_walk(
    job: Job, desk: Desk, operator: Operator, *, signer: str
) -> tuple[Report, ClearSigned]:
    """Review one PSBT and sign an approval of exactly that review with OpenPGP.

    Args:
        job: What is reviewed, and against what.
        desk: This machine's records.
        operator: Who reviews.
        signer: The reviewer's OpenPGP key, as gpg's ``--local-user``; it may live on a token.

    Raises:
        HaltedError: The latch is engaged.
        MalformedError: It is no PSBT.
        RefusedError: A check refuses, the policy's manifest is missing, a risk was not accepted by name, or
            something else was decided on this machine meanwhile.
        DeclinedError: The reviewer said no.
        LockedError: gpg has no such key.
        UnfitError: gpg is missing or could not sign.
    """
    report = examine(job, desk)
    operator.look(report)
    desk.latch.check()
    demand_acceptable(report)
    demand_manifest(report, job.policy)
    accepted = operator.approve(report).accepted
    desk.latch.check()  # again: somebody may have halted this machine while the reviewer looked
    approval = Approval.of(report, accepted=accepted, now=desk.now())
    signed = sign_approval(approval, signer=signer)
    _record(report, approval, signed, desk)
    return report, signed


def _record(report: Report, approval: Approval, signed: ClearSigned, desk: Desk) -> None:
    """Remember what was approved before the approval is given out, unless others decided meanwhile."""
    body = record(report.facts) | {
        "review_code": approval.review_code,
        "reviewer": signed.fingerprint,
        "accepted": approval.accepted,
        "manifest": approval.manifest,
    }
    memory = report.context.history
    after = memory.anchor if isinstance(memory, Memory) else None
    desk.journal.append(EntryKind.APPROVED, body, now=desk.now(), only_after=after)
