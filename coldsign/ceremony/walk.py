"""The one way to sign: examine, approve, clear, record, sign, verify, record.

The same function serves a person, a script and a test; they differ only in their ``Operator``. ``examine`` is its
first half and all of ``inspect``.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from coldsign.ceremony.airgap import demand_alone
from coldsign.ceremony.desk import Desk, demand_one_cosigner, positions_of
from coldsign.ceremony.operator import Consent, Operator
from coldsign.controls.approval import VerifiedApproval
from coldsign.controls.clearance import Clearance, clear, demand_papers
from coldsign.controls.context import context_of
from coldsign.controls.entry import Body, Entry, EntryKind
from coldsign.controls.policy import Policy
from coldsign.controls.remember import Memory, recall
from coldsign.errors import ColdsignError, DeclinedError, LockedError, RefusedError, SelfCheckError
from coldsign.keys.keystore import KeyRecord
from coldsign.primitives.hashes import sha256
from coldsign.psbt.model import Psbt
from coldsign.review.context import Manifest, PastTransaction
from coldsign.review.finding import Severity
from coldsign.review.report import Report, review
from coldsign.signer.plan import plan
from coldsign.signer.verified import sign_verified
from coldsign.wallet.wallet import Wallet


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be examined or signed, and what it is held against.

    Attributes:
        psbt: The PSBT's bytes, read once.
        wallet: The registered wallet it is said to spend from.
        policy: The rules.
        manifest: What the books say must be paid, where one is used.
        approvals: The reviewers' approvals, opened and verified.
        key: The public record of the key that would sign, where it is known beforehand.
        batch: What was examined before it in the same batch.
    """

    psbt: bytes
    wallet: Wallet
    policy: Policy
    manifest: Manifest | None = None
    approvals: tuple[VerifiedApproval, ...] = ()
    key: KeyRecord | None = None
    batch: tuple[PastTransaction, ...] = ()


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that was made and verified.

    Attributes:
        report: What was approved.
        psbt: The request with our signatures added.
        inputs: The numbers of the inputs that were signed.
    """

    report: Report
    psbt: Psbt
    inputs: tuple[int, ...]


def examine(job: Job, desk: Desk) -> Report:
    """Prove, check and code one PSBT; no key is needed.

    Raises:
        MalformedError: It is no PSBT.
        LockedError: The key that would sign is none of the wallet's.
        JournalDamagedError: The journal is damaged; the latch is engaged.
    """
    psbt = Psbt.read(job.psbt)  # the review proves its points, most of them by deriving them
    memory = _recall(desk, job.wallet)
    context = context_of(memory, psbt, job.policy, now=desk.now(), manifest=job.manifest)
    context = replace(context, batch=job.batch)
    return review(psbt, job.wallet, context, our_keys=_ours(job), cores=desk.cores)


def examine_batch(jobs: Iterable[Job], desk: Desk) -> list[Report]:
    """Examine several PSBTs, each also against those before it.

    Raises:
        ColdsignError: As ``examine``.
    """
    reports: list[Report] = []
    before: list[PastTransaction] = []
    for job in jobs:
        report = examine(replace(job, batch=tuple(before)), desk)
        before.append(report.as_past())
        reports.append(report)
    return reports


def sign_walk(job: Job, desk: Desk, operator: Operator) -> Signed:
    """Review one PSBT, have it approved, and add one key's signatures.

    Raises:
        MalformedError: It is no PSBT.
        HaltedError: The latch is engaged.
        RefusedError: A check, the policy, the manifest, the approvals or the journal forbid it.
        DeclinedError: The operator said no.
        LockedError: The key cannot be unlocked, cannot sign this, or lies beside another cosigner's.
        SelfCheckError: What was signed failed verification; the latch is engaged.
        UnfitError: The policy demands an offline machine, and this one is not.
    """
    report = examine(job, desk)
    demand_one_cosigner(job.key, job.wallet, desk.keystore.records())
    operator.look(report)
    desk.latch.check()
    try:
        demand_acceptable(report)
        demand_papers(report, policy=job.policy, approvals=job.approvals)
        consent = operator.approve(report)
        clearance = clear(
            report,
            policy=job.policy,
            latch=desk.latch,
            accepted=consent.accepted,
            approvals=job.approvals,
        )
        _demand_work(clearance)
    except (RefusedError, DeclinedError, LockedError) as no:
        _record_no(desk, report, no)
        raise
    except KeyboardInterrupt:
        _record_no(desk, report, DeclinedError("stopped by the person", code="stopped"))
        raise
    if job.policy.require.offline:
        demand_alone(desk.machine())
    return _carry_out(job, desk, operator, clearance, consent)


def demand_acceptable(report: Report) -> None:
    """Stop where nobody could say yes: the first refusal, and how many more there are.

    Raises:
        RefusedError: A check refuses; its code is the finding's.
    """
    refusals = report.of(Severity.REFUSE)
    if not refusals:
        return
    first = refusals[0]
    more = f" (and {len(refusals) - 1} more)" if len(refusals) > 1 else ""
    raise RefusedError(
        f"{first.where}: {first.text}{more}",
        hint=f"do not sign this; docs/findings.md explains {first.code}",
        code=first.code,
    )


def _demand_work(clearance: Clearance) -> None:
    """Stop before a secret is asked for where every signature that our keys could add is there already.

    Raises:
        LockedError: There is nothing to sign.
    """
    due, there = plan(clearance, clearance.report.facts.our_keys)
    if there and not due:
        raise LockedError(
            "nothing to sign: this key's signatures are all there already",
            hint="the key was not opened; pass the PSBT on, or combine and finalize it",
            code="nothing-to-sign",
        )


def _recall(desk: Desk, wallet: Wallet) -> Memory:
    """The journal's memory; a journal that does not hold halts everything."""
    try:
        return recall(desk.journal.entries(), wallet)
    except RefusedError as damage:
        desk.halt_over(damage, damage.message)
        raise


def _ours(job: Job) -> tuple[int, ...]:
    if job.key is None:
        return job.wallet.our_keys
    found = positions_of(job.key, job.wallet)
    if not found:
        raise LockedError(
            f"the key {job.key.name} ({job.key.fingerprint.hex()}) is none of the keys of the"
            f" wallet {job.wallet.name}",
            hint="choose another --key or --wallet; coldsign wallet show lists the wallet's keys",
            code="not-our-wallet",
        )
    if job.wallet.our_keys and set(found).isdisjoint(job.wallet.our_keys):
        raise LockedError(
            f"the key {job.key.name} ({job.key.fingerprint.hex()}) is another cosigner's: it is not the"
            f" one registered as ours in the wallet {job.wallet.name}",
            hint="choose the registered key, or register the wallet with this one",
            code="key-not-ours",
        )
    return found


def _carry_out(
    job: Job, desk: Desk, operator: Operator, clearance: Clearance, consent: Consent
) -> Signed:
    """From the clearance to the verified signature; the journal knows before a key is touched."""
    before = clearance.report.facts.psbt
    name = job.key.name if job.key is not None else "-"
    body = clearance.intent(key=name) | {"approved": consent.how}
    intent = desk.journal.append(
        EntryKind.INTENT, body, now=desk.now(), only_after=clearance.anchor
    )
    try:
        after = sign_verified(before, operator.unlock, clearance, cores=desk.cores)
        inputs = signed_inputs(before, after)
        outcome: Body = {
            "intent": intent.seq,
            "txid": clearance.report.facts.txid,
            "inputs": list(inputs),
            "psbt_sha256": sha256(after.serialize()).hex(),
        }
        desk.journal.append(EntryKind.SIGNED, outcome, now=desk.now())
    except BaseException as stopped:  # whatever it is: the signature does not leave this function
        _abandon(desk, intent, stopped)
        if isinstance(stopped, SelfCheckError):
            desk.halt_over(stopped, f"self-check failed: {stopped.message}")
        raise
    return Signed(clearance.report, after, inputs)


def signed_inputs(before: Psbt, after: Psbt) -> tuple[int, ...]:
    """The numbers of the inputs to which something was added."""
    pairs = zip(before.inputs, after.inputs, strict=True)
    return tuple([n for n, (old, new) in enumerate(pairs) if old.map.raw != new.map.raw])


def _abandon(desk: Desk, intent: Entry, stopped: BaseException) -> None:
    """Say in the journal that nothing came of an intent; where it takes no more, the intent stands."""
    if isinstance(stopped, ColdsignError):
        why = stopped.message
    elif isinstance(stopped, KeyboardInterrupt):
        why = "stopped by the person"
    else:  # its words may be those of a key file or of a passphrase
        why = f"stopped by a fault: {type(stopped).__name__}"
    with contextlib.suppress(ColdsignError, OSError):
        desk.journal.append(EntryKind.ABANDONED, {"intent": intent.seq, "why": why}, now=desk.now())


def _record_no(desk: Desk, report: Report, no: ColdsignError) -> None:
    kind = EntryKind.DECLINED if isinstance(no, DeclinedError) else EntryKind.REFUSED
    facts = report.facts
    body: Body = {
        "wallet": facts.wallet.name,
        "txid": facts.txid,
        "psbt": facts.psbt.digest.hex(),
        "review_code": " ".join(report.review_code),
        "code": no.code,
        "why": no.message,
        "findings": [[found.code, found.where] for found in report.findings],
    }
    desk.journal.append(kind, body, now=desk.now())
