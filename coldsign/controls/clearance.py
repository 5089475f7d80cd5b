"""Clearance: permission to sign some inputs of exactly one PSBT. :func:`clear` alone grants it.

A :class:`Clearance` cannot be made by its constructor, nor changed by ``dataclasses.replace``: both
ask for a seal that only this module has and that no clearance keeps. So whoever holds one holds the
outcome of every control, and ``sign`` need not ask again.
"""

from collections.abc import Iterator
from dataclasses import InitVar, dataclass, field
from typing import Final

from coldsign.controls.approval import Approver, VerifiedApproval, count_approvals
from coldsign.controls.entry import Anchor, Body, stamp
from coldsign.controls.latch import Latch
from coldsign.controls.policy import Policy
from coldsign.controls.remember import Memory, record
from coldsign.errors import HaltedError, RefusedError
from coldsign.primitives.text import counted
from coldsign.review.finding import Severity
from coldsign.review.report import Report


class _Seal:
    """What only this module can put into a clearance."""

    __slots__ = ()


_SEAL: Final = _Seal()
_MOST_REASONS_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Clearance:
    """Permission, granted by :func:`clear`.

    Attributes:
        report: What was decided on.
        psbt_digest: SHA-256 of the PSBT's bytes as read; any change voids the clearance.
        inputs: The numbers of the inputs that may be signed.
        policy_digest: Of the policy it was granted under.
        accepted: Codes of the findings to confirm that were named.
        approvers: The reviewers who counted.
        anchor: Where the journal stood at the review; the intent is appended
            ``only_after`` it, so that two processes cannot decide on the same memory. ``None``
            where the review had no journal.
        latch: Of this machine; once it is engaged, the clearance is void.
    """

    report: Report
    psbt_digest: bytes
    inputs: tuple[int, ...]
    policy_digest: bytes
    accepted: tuple[str, ...]
    approvers: tuple[Approver, ...]
    anchor: Anchor | None
    latch: Latch = field(repr=False, compare=False)
    seal: InitVar[_Seal]

    def __post_init__(self, seal: _Seal) -> None:
        if seal is not _SEAL:
            raise TypeError("a clearance is granted by clear(), not made")

    def demand_standing(self) -> None:
        """Stop where somebody has halted this machine since, such as while a passphrase was typed.

        Raises:
            HaltedError: The latch is engaged.
        """
        self.latch.check()

    def intent(self, *, key: str) -> Body:
        """The body of the journal's intent, to be written before a key is touched.

        Args:
            key: The name or fingerprint of the key that will sign.
        """
        manifest = self.report.context.manifest
        return {
            **record(self.report.facts),
            "key": key,
            "positions": list(self.report.facts.our_keys),
            "signing": list(self.inputs),
            "review_code": " ".join(self.report.review_code),
            "verdict": self.report.verdict,
            "findings": [[found.code, found.where] for found in self.report.findings],
            "accepted": list(self.accepted),
            "approvals": [[who.fingerprint, stamp(who.when)] for who in self.approvers],
            "policy": self.policy_digest.hex(),
            "manifest": None if manifest is None else manifest.digest.hex(),
        }


class ClearanceRefusedError(RefusedError):
    """Why there is no clearance, every reason of it.

    Attributes:
        reasons: One line each; the message is the first, the hint names the rest.
    """

    def __init__(self, reasons: tuple[RefusedError, ...]) -> None:
        first, *others = reasons
        hints = [other.message for other in others[: _MOST_REASONS_SHOWN - 1]]
        if len(others) >= _MOST_REASONS_SHOWN:
            hints.append(f"and {len(others) + 1 - _MOST_REASONS_SHOWN} more")
        also = f"also: {'; '.join(hints)}" if hints else ""
        hint = "; ".join(filter(None, [first.hint, also]))
        super().__init__(first.message, hint=hint, code=first.code)
        self.reasons = reasons


def clear(
    report: Report,
    *,
    policy: Policy,
    latch: Latch,
    accepted: frozenset[str],
    approvals: tuple[VerifiedApproval, ...] = (),
) -> Clearance:
    """Give permission to sign the wallet's own inputs, or every reason why not.

    The journal comes with the report: the history it was reviewed against is the journal read to
    its end and found intact (:func:`coldsign.controls.remember.recall` makes none of a damaged
    one).

    Args:
        report: The review that was shown and accepted.
        policy: The policy in force.
        latch: Of this machine.
        accepted: Codes of the findings to confirm that the person or the script named.
        approvals: Opened and verified.

    Raises:
        HaltedError: The latch is engaged, by its file or by the journal.
        ClearanceRefusedError: A control forbids it; every reason is in it.
    """
    latch.check()
    memory = report.context.history
    if isinstance(memory, Memory) and memory.halted:
        raise HaltedError(
            "halted: the journal says that the latch is engaged, and its file is gone",
            hint="find out why; a keyholder releases it with: coldsign halt release",
        )
    inputs = tuple([known.index for known in report.facts.own_inputs])
    approvers, unfit = count_approvals(approvals, report, policy.require)
    reasons = (*_by_report(report, accepted), *_by_policy(report, policy, approvers), *unfit)
    if reasons:
        raise ClearanceRefusedError(reasons)
    return Clearance(
        report=report,
        psbt_digest=report.facts.psbt.digest,
        inputs=inputs,
        policy_digest=policy.digest,
        accepted=tuple(sorted(_to_confirm(report))),
        approvers=approvers,
        anchor=memory.anchor if isinstance(memory, Memory) else None,
        latch=latch,
        seal=_SEAL,
    )


def demand_manifest(report: Report, policy: Policy) -> None:
    """Let no review without a manifest pass where the policy requires one.

    Raises:
        RefusedError: There is none.
    """
    if policy.require.manifest and report.context.manifest is None:
        raise _no_manifest()


def demand_papers(
    report: Report, *, policy: Policy, approvals: tuple[VerifiedApproval, ...]
) -> None:
    """Refuse before a person reads and answers what :func:`clear` would refuse whatever is answered.

    Raises:
        ClearanceRefusedError: The policy is not the bound one, or the manifest or approvals are missing.
    """
    approvers, unfit = count_approvals(approvals, report, policy.require)
    if reasons := (*_by_policy(report, policy, approvers), *unfit):
        raise ClearanceRefusedError(reasons)


def _by_report(report: Report, accepted: frozenset[str]) -> Iterator[RefusedError]:
    for found in report.of(Severity.REFUSE):
        yield RefusedError(f"{found.where}: {found.text}", code=found.code)
    for code in sorted(_to_confirm(report) - accepted):
        yield RefusedError(
            f"finding {code} was not accepted",
            hint=f"after looking at it: --accept {code}",
            code="not-accepted",
        )
    if report.facts.totals.leaving is None:
        yield RefusedError("the amounts of the inputs are not known", code="amount-unknown")
    if not report.facts.own_inputs:
        yield RefusedError("no input is this wallet's", code="no-own-input")


def _by_policy(
    report: Report, policy: Policy, approvers: tuple[Approver, ...]
) -> Iterator[RefusedError]:
    require, memory = policy.require, report.context.history
    if isinstance(memory, Memory) and memory.policy not in {None, policy.digest.hex()}:
        yield RefusedError(
            "the policy is not the one that the journal saw bound to this wallet",
            hint="bind it first, after reading what changes",
            code="policy-not-bound",
        )
    if report.context.limits != policy.limits:
        yield RefusedError(
            "the report was not made under the policy's limits", code="policy-not-reviewed"
        )
    if require.manifest and report.context.manifest is None:
        yield _no_manifest()
    if len(approvers) < require.approvals:
        yield RefusedError(
            f"the policy requires {counted(require.approvals, 'approval')}, and {_that_count(len(approvers))}",
            hint="each reviewer runs coldsign approve on a machine of their own",
            code="approvals-missing",
        )


def _no_manifest() -> RefusedError:
    hint = "give it with --manifest"
    return RefusedError("the policy requires a manifest", hint=hint, code="no-manifest")


def _that_count(number: int) -> str:
    return "none counts" if number == 0 else f"{number} {'counts' if number == 1 else 'count'}"


def _to_confirm(report: Report) -> frozenset[str]:
    return frozenset(found.code for found in report.of(Severity.CONFIRM))
