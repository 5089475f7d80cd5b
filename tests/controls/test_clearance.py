"""From the report to permission: every control, with the real journal, latch, policy and keys."""

import dataclasses

import pytest

from coldsign.controls import clearance
from coldsign.controls.approval import (
    Approval,
    VerifiedApproval,
)
from coldsign.controls.clearance import (
    Clearance,
    ClearanceRefusedError,
    _Seal,
    clear,
    demand_manifest,
)
from coldsign.controls.entry import EntryKind
from coldsign.controls.gpg import GoodSignature
from coldsign.controls.journal import Journal
from coldsign.controls.latch import Latch
from coldsign.controls.manifest import parse_manifest
from coldsign.controls.policies import PolicyStore
from coldsign.controls.policy import Policy
from coldsign.controls.remember import recall
from coldsign.errors import HaltedError, RefusedError
from coldsign.primitives.network import REGTEST
from coldsign.review.context import EmptyHistory
from coldsign.review.finding import Severity
from coldsign.review.report import review
from tests.controls.common import LAX, NOW, granted, psbt, reasons, report, to_confirm, wallet


class TestGranting:
    def test_granted(self, home):
        found = report(home)
        assert not found.of(Severity.REFUSE), found.findings
        cleared = granted(home)
        assert cleared.inputs == tuple(range(len(psbt().inputs)))
        assert cleared.psbt_digest == psbt().digest
        assert cleared.policy_digest == Policy.parse(LAX).digest

    @pytest.mark.parametrize("seal", [None, _Seal()], ids=["none", "another"])
    def test_nobody_else_can_make_one(self, home, seal):
        cleared = granted(home)
        values = {field.name: getattr(cleared, field.name) for field in dataclasses.fields(cleared)}
        with pytest.raises(TypeError, match="granted by clear"):
            Clearance(**values, seal=seal)

    def test_nobody_can_change_one(self, home):
        cleared = granted(home)
        with pytest.raises(dataclasses.FrozenInstanceError):
            cleared.inputs = ()
        with pytest.raises((ValueError, TypeError), match="seal"):  # TypeError from Python 3.13 on
            dataclasses.replace(cleared, inputs=(7,))

    def test_only_findings_that_are_there_are_noted_as_accepted(self, home):
        found = report(home)
        cleared = clear(
            found,
            policy=Policy.parse(LAX),
            latch=Latch(home),
            accepted=to_confirm(found) | {"never-found"},
        )
        assert cleared.accepted == tuple(sorted(to_confirm(found)))

    def test_two_processes_cannot_decide_on_the_same_memory(self, home):
        journal = Journal(home)
        first, second = granted(home), granted(home)
        journal.append(EntryKind.INTENT, first.intent(key="k"), now=NOW, only_after=first.anchor)
        with pytest.raises(RefusedError, match=r"had 0 at the review") as caught:
            journal.append(
                EntryKind.INTENT, second.intent(key="k"), now=NOW, only_after=second.anchor
            )
        assert caught.value.code == "journal-moved-on"
        third = granted(home)
        journal.append(EntryKind.INTENT, third.intent(key="k"), now=NOW, only_after=third.anchor)

    def test_without_a_journal(self, home):
        found = report(home)
        bare = dataclasses.replace(found.context, history=EmptyHistory())
        assert granted(home, found=review(psbt(), wallet(), bare)).anchor is None

    def test_the_intent_is_remembered(self, home):
        journal = Journal(home)
        cleared = granted(home)
        entry = journal.append(EntryKind.INTENT, cleared.intent(key="anna"), now=NOW)
        assert entry.body["key"] == "anna"
        memory = recall(journal.entries(), wallet())
        facts = cleared.report.facts
        for known in facts.inputs:
            assert memory.amount_seen(known.outpoint) == known.sats
            (past,) = memory.spenders(known.outpoint)
            assert past.txid == facts.tx.txid()
        again = report(home)
        assert again.review_code == cleared.report.review_code


class TestRefusing:
    def test_what_the_review_refuses(self, home):
        strict = LAX.replace(b"refuse_sats = 2100000000000000", b"refuse_sats = 1")
        found = reasons(home, policy=strict)
        assert len(found) == 1
        assert "fee" in found[0]

    def test_every_reason_is_named(self, home, monkeypatch):
        strict = b"""
        [fee]
        refuse_sats = 1
        refuse_percent = 0.0001
        refuse_sat_per_vb = 0.0001
        [limits]
        per_transaction_sats = 1
        max_outputs = 1
        [require]
        manifest = true
        approvals = 1
        reviewers = ["0123456789ABCDEF0123456789ABCDEF01234567"]
        """
        with pytest.raises(ClearanceRefusedError) as caught:
            granted(home, policy=strict)
        assert caught.value.exit_code == 4
        assert {"no-manifest", "approvals-missing"} <= {r.code for r in caught.value.reasons}
        assert "also: " in caught.value.hint
        assert "more" not in caught.value.hint
        monkeypatch.setattr(clearance, "_MOST_REASONS_SHOWN", 2)
        hint = ClearanceRefusedError(caught.value.reasons).hint
        assert hint.endswith(f"; and {len(caught.value.reasons) - 2} more")

    @pytest.mark.parametrize(
        ("number", "hint"),
        [
            (1, "look"),
            (2, "look; also: no 2"),
            (5, "look; also: no 2; no 3; no 4; no 5"),
            (6, "look; also: no 2; no 3; no 4; no 5; and 1 more"),
        ],
    )
    def test_of_many_reasons_the_first_few_are_told(self, number, hint):
        refusals = [
            RefusedError(f"no {n}", hint="look", code=f"c{n}") for n in range(1, number + 1)
        ]
        error = ClearanceRefusedError(tuple(refusals))
        assert (error.message, error.code, error.hint) == ("no 1", "c1", hint)

    @pytest.mark.parametrize(
        ("given", "words"),
        [(0, "none counts"), (1, "1 counts"), (2, "2 count")],
    )
    def test_how_many_approvals_count_is_told(self, home, given, words):
        people = [f"{n:040X}" for n in range(3)]
        policy = LAX + f"[require]\napprovals = 3\nreviewers = {people}\n".encode()
        found = report(home, policy=policy)
        approval = Approval.of(found, accepted=to_confirm(found), now=NOW)
        papers = [
            VerifiedApproval(approval, (GoodSignature(who, who, NOW),)) for who in people[:given]
        ]
        with pytest.raises(ClearanceRefusedError) as caught:
            granted(home, policy=policy, found=found, given=tuple(papers))
        assert caught.value.code == "approvals-missing"
        assert caught.value.message == f"the policy requires 3 approvals, and {words}"

    def test_a_finding_must_be_accepted_by_name(self, home):
        asking = LAX.replace(b"confirm_sat_per_vb = 1000000", b"confirm_sat_per_vb = 0")
        found = report(home, policy=asking)
        assert to_confirm(found)
        with pytest.raises(ClearanceRefusedError, match="was not accepted") as caught:
            clear(
                found, policy=Policy.parse(asking), latch=Latch(home), accepted=frozenset({"else"})
            )
        assert "--accept" in caught.value.hint
        assert caught.value.code == "not-accepted"
        assert set(granted(home, policy=asking).accepted) == to_confirm(found)

    @pytest.mark.parametrize(
        "other",
        [
            LAX + b"foreign_inputs = true",
            LAX + b'destinations = ["bcrt1q00"]',
            LAX + b"partial_manifest = true",
        ],
        ids=["limits", "destinations", "coverage"],
    )
    def test_another_policy_than_the_reviewed_one(self, home, other):
        found = report(home)
        assert reasons(home, found=found, policy=other) == ["policy-not-reviewed"]

    def test_another_policy_than_the_bound_one(self, home):
        PolicyStore(home).bind(
            wallet(), LAX + b"foreign_inputs = true", journal=Journal(home), now=NOW
        )
        assert reasons(home) == ["policy-not-bound"]
        assert granted(home, policy=LAX + b"foreign_inputs = true")

    def test_a_wallet_that_owns_nothing_here(self, home):
        other = wallet("wpkh-1x2", called="other")
        found = report(home)
        foreign = review(psbt(), other, found.context)
        assert "no-own-input" in reasons(home, found=foreign)

    def test_unknown_amounts(self, home):
        found = report(home)
        totals = dataclasses.replace(found.facts.totals, inputs=None)
        facts = dataclasses.replace(found.facts, totals=totals)
        assert "amount-unknown" in reasons(home, found=dataclasses.replace(found, facts=facts))

    def test_the_latch(self, home):
        latch, journal = Latch(home), Journal(home)
        latch.engage("why", NOW, who="anna", journal=journal)
        with pytest.raises(HaltedError, match="halted: why"):
            granted(home)
        (home / "halt").unlink()
        with pytest.raises(HaltedError, match="its file is gone"):
            granted(home)
        latch.release("found out", NOW, who="anna", journal=journal)
        assert granted(home)


class TestManifests:
    def rows(self, home):
        paid = [out for out in report(home).facts.outputs if not out.ours]
        return "id,address,sats\n" + "".join(
            f"wd-{out.index},{out.address},{out.sats}\n" for out in paid
        )

    def test_required_and_met(self, home):
        policy = LAX + b"\n[require]\nmanifest = true\n"
        assert reasons(home, policy=policy) == ["no-manifest"]
        books = parse_manifest(self.rows(home).encode(), REGTEST)
        found = report(home, policy=policy, manifest=books)
        demand_manifest(found, Policy.parse(policy))
        cleared = granted(home, policy=policy, found=found)
        assert cleared.intent(key="k")["manifest"] == books.digest.hex()
        assert (
            Approval.of(found, accepted=to_confirm(found), now=NOW).manifest == books.digest.hex()
        )

    def test_off_by_one_satoshi(self, home):
        text = self.rows(home)
        last = text.rstrip("\n").rsplit(",", 1)[1]
        off = text.rstrip("\n")[: -len(last)] + str(int(last) + 1) + "\n"
        found = report(home, manifest=parse_manifest(off.encode(), REGTEST))
        assert reasons(home, found=found)
