"""The review: facts, findings, verdict, and the code that stands for them."""

import dataclasses
from dataclasses import dataclass

from coldsign.primitives.cores import ALONE, Cores
from coldsign.psbt.model import Psbt
from coldsign.review.checklist import CHECKS
from coldsign.review.code import review_code, review_digest
from coldsign.review.context import Context, History, Manifest, ManifestRow, PastTransaction
from coldsign.review.facts import Facts, gather
from coldsign.review.finding import Finding, Severity
from coldsign.review.items import OutputFacts
from coldsign.review.matching import match
from coldsign.wallet.wallet import Wallet


@dataclass(frozen=True, slots=True)
class Report:
    """One review, complete: what a person or a script decides on.

    Attributes:
        facts: What was proven.
        context: What it was held against.
        findings: Everything found, in the order of the checks.
        review_code: Six words that stand for the decision.
    """

    facts: Facts
    context: Context
    findings: tuple[Finding, ...]
    review_code: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """The worst of the findings: "ok", "confirm" or "refuse"."""
        found = {finding.severity for finding in self.findings}
        if Severity.REFUSE in found:
            return "refuse"
        return "confirm" if Severity.CONFIRM in found else "ok"

    @property
    def review_digest(self) -> bytes:
        """What the review code is the beginning of, whole: for programs, which can compare it."""
        return review_digest(self.facts, self.context.manifest)

    def as_past(self) -> PastTransaction:
        """What the next review of the same batch needs to know of this one."""
        facts = self.facts
        paid = facts.paid_outputs
        return PastTransaction(
            txid=facts.tx.txid(),
            outpoints=tuple([known.outpoint for known in facts.inputs]),
            payments=tuple([(output.script, output.sats) for output in paid]),
            manifest_ids=tuple([output.manifest_id or "" for output in paid]),
        )

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of one severity."""
        return tuple(finding for finding in self.findings if finding.severity is severity)


def review(
    psbt: Psbt,
    wallet: Wallet,
    context: Context,
    *,
    our_keys: tuple[int, ...] = (),
    cores: Cores = ALONE,
) -> Report:
    """Review a PSBT: prove the facts, run every check, make the code.

    Args:
        psbt: What was asked for.
        wallet: The registered wallet it is to be spent from.
        context: Limits, manifest and history.
        our_keys: Positions in the descriptor of the keys that would sign; the wallet's registered
            ones if none are given.
        cores: What may work on it.

    Raises:
        MalformedError: A public key in the PSBT is not on the curve.
        UnfitError: A helping process failed.
    """
    facts = gather(psbt, wallet, our_keys=our_keys, cores=cores)
    facts = dataclasses.replace(facts, conflicts=_conflicts(facts, context.history))
    if context.manifest is not None:
        facts = _matched(facts, context.manifest, context)
    findings = tuple([finding for check in CHECKS for finding in check(facts, context)])
    return Report(facts, context, findings, review_code(facts, context.manifest))


def _conflicts(facts: Facts, history: History) -> tuple[PastTransaction, ...]:
    found: dict[bytes, PastTransaction] = {}
    for known in facts.inputs:
        for past in history.spenders(known.outpoint):
            found.setdefault(past.txid, past)
    return tuple(found.values())


def _matched(facts: Facts, manifest: Manifest, context: Context) -> Facts:
    """With the withdrawal id of each output; of rows alike, one that was not paid yet.

    A transaction that replaces another pays the same rows as that one.
    """
    rivals = facts.rivals
    taken = {
        name for past in context.batch if past.txid not in rivals for name in past.manifest_ids
    }

    def rank(row: ManifestRow) -> int:
        paying = {past.txid for past in context.history.by_manifest_id(row.id)}
        return 2 if paying - rivals or row.id in taken else int(not paying)

    matching = match(facts.outputs, manifest, rank)
    outputs = tuple([_named(output, matching.ids.get(output.index)) for output in facts.outputs])
    return dataclasses.replace(facts, outputs=outputs, matching=matching)


def _named(output: OutputFacts, manifest_id: str | None) -> OutputFacts:
    if manifest_id is None:
        return output
    return dataclasses.replace(output, manifest_id=manifest_id)
