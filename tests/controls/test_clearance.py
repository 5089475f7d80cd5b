"""From the report to permission: every control, with the real journal, latch, policy and keys."""

import contextlib
import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.controls import approval as approvals
from coldsign.controls import clearance
from coldsign.controls.approval import (
    Approval,
    count_approvals,
    open_approval,
    sign_approval,
    split_clear_signed,
)
from coldsign.controls.clearance import (
    Clearance,
    ClearanceRefusedError,
    _Seal,
    clear,
    demand_manifest,
    demand_papers,
)
from coldsign.controls.entry import Anchor, EntryKind
from coldsign.controls.journal import Journal
from coldsign.controls.latch import Latch
from coldsign.controls.manifest import parse_manifest
from coldsign.controls.policies import PolicyStore
from coldsign.controls.policy import Policy
from coldsign.controls.receipt import demand_noted, make_receipt, read_receipt, seal_receipt
from coldsign.controls.remember import recall
from coldsign.errors import HaltedError, MalformedError, RefusedError, UsageError
from coldsign.primitives.network import REGTEST
from coldsign.review.context import EmptyHistory
from coldsign.review.finding import Severity
from coldsign.review.report import review
from tests.controls.common import LAX, NOW, psbt, report, wallet


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def to_confirm(found):
    return frozenset(finding.code for finding in found.of(Severity.CONFIRM))


def granted(home, *, policy=LAX, given=(), found=None):
    found = found or report(home, policy=policy)
    return clear(
        found,
        policy=Policy.parse(policy),
        latch=Latch(home),
        accepted=to_confirm(found),
        approvals=given,
    )


def reasons(home, **how):
    with pytest.raises(ClearanceRefusedError) as caught:
        granted(home, **how)
    return [reason.code for reason in caught.value.reasons]


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


def requiring(cast, number, *, keyholders=()):
    listed = f"reviewers = ['{cast.anna}', '{cast.bert}', '{cast.revoked}', '{cast.expired}']"
    held = f"keyholders = {list(keyholders)}"
    return LAX + f"\n[require]\napprovals = {number}\n{listed}\n{held}\n".encode()


def said(cast, who, found, **how):
    mine = Approval.of(found, accepted=to_confirm(found), now=NOW)
    mine = dataclasses.replace(mine, **how)
    made = sign_approval(mine, signer=who, environment=cast.gpg.environment)
    return open_approval(made.armored, keyring=cast.ring, now=datetime.now(UTC))


class TestApprovals:
    def test_the_text_is_read_back(self, home):
        mine = Approval.of(report(home), accepted=frozenset(), now=NOW)
        assert Approval.parse(mine.serialize()) == mine
        assert mine.misfits(report(home)) == ()
        assert mine.date == "2026-11-22T17:00:00Z"

    def test_any_change_is_another_text_or_none(self, home):
        mine = Approval.of(report(home), accepted=frozenset(), now=NOW)
        text = mine.serialize()
        for at in range(len(text)):
            changed = text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]
            with contextlib.suppress(MalformedError):
                assert Approval.parse(changed) != mine

    def test_a_line_with_more_than_its_value_is_malformed(self, home):
        mine = Approval.of(report(home), accepted=frozenset(), now=NOW)
        title, *lines, last = mine.serialize().split("\n")
        for number, line in enumerate(lines):
            longer = [*lines[:number], f"{line}!\u00e9", *lines[number + 1 :]]
            with pytest.raises(MalformedError, match=f"line {number + 2}"):
                Approval.parse("\n".join([title, *longer, last]))

    @pytest.mark.parametrize("name", [" x", "x ", "-x"])
    def test_an_unsafe_wallet_name(self, home, name):
        mine = Approval.of(report(home), accepted=frozenset(), now=NOW)
        with pytest.raises(MalformedError):
            Approval.parse(dataclasses.replace(mine, wallet=name).serialize())

    def test_a_refused_review_cannot_be_approved(self, home):
        strict = LAX.replace(b"refuse_sats = 2100000000000000", b"refuse_sats = 1")
        with pytest.raises(RefusedError, match=r"cannot be approved: .*fee"):
            Approval.of(report(home, policy=strict), accepted=frozenset(), now=NOW)

    def test_a_finding_must_be_accepted_first(self, home):
        asking = LAX.replace(b"confirm_sat_per_vb = 1000000", b"confirm_sat_per_vb = 0")
        found = report(home, policy=asking)
        with pytest.raises(RefusedError, match="not accepted: "):
            Approval.of(found, accepted=frozenset(), now=NOW)
        mine = Approval.of(found, accepted=to_confirm(found) | {"else"}, now=NOW)
        assert set(mine.accepted.split(", ")) == to_confirm(found)
        assert mine.verdict == "confirm"
        assert Approval.parse(mine.serialize()) == mine

    def test_two_reviewers(self, cast, home):
        policy = requiring(cast, 2)
        found = report(home, policy=policy)
        given = (said(cast, "anna", found), said(cast, "bert", found))
        cleared = granted(home, policy=policy, given=given)
        assert {who.fingerprint for who in cleared.approvers} == {cast.anna, cast.bert}
        body = cleared.intent(key="k")
        assert [who for who, _ in body["approvals"]] == [cast.anna, cast.bert]

    def test_one_is_not_two(self, cast, home):
        policy = requiring(cast, 2)
        found = report(home, policy=policy)
        one = said(cast, "anna", found)
        assert reasons(home, policy=policy, given=(one,)) == ["approvals-missing"]
        assert reasons(home, policy=policy, given=(one, one)) == [
            "approvals-missing",
            "approval-duplicate",
        ]

    def test_before_anybody_answers(self, cast, home):
        rules = requiring(cast, 2) + b"manifest = true\n"
        policy, found = Policy.parse(rules), report(home, policy=rules)
        one = said(cast, "anna", found)
        with pytest.raises(ClearanceRefusedError) as caught:
            demand_papers(found, policy=policy, approvals=(one, one))
        codes = [reason.code for reason in caught.value.reasons]
        assert codes == ["no-manifest", "approvals-missing", "approval-duplicate"]
        with pytest.raises(RefusedError, match="requires a manifest"):
            demand_manifest(found, policy)
        lax = report(home)
        demand_papers(lax, policy=Policy.parse(LAX), approvals=())
        demand_manifest(lax, Policy.parse(LAX))

    def test_an_unlisted_reviewer(self, cast, home):
        policy = requiring(cast, 1)
        given = (said(cast, "cleo", report(home, policy=policy)),)
        assert reasons(home, policy=policy, given=given) == [
            "approvals-missing",
            "approval-unlisted",
        ]

    def test_the_keyholder_does_not_review_their_own_signature(self, cast, home):
        policy = requiring(cast, 1, keyholders=[cast.anna])
        given = (said(cast, "anna", report(home, policy=policy)),)
        assert reasons(home, policy=policy, given=given) == [
            "approvals-missing",
            "approval-own-key",
        ]

    @pytest.mark.parametrize(
        "other",
        [
            {"txid": "0" * 64},
            {"review_code": " ".join(["abandon"] * 6)},
            {"wallet_id": "1" * 64},
            {"manifest": "2" * 64},
            {"network": "signet"},
        ],
    )
    def test_another_review(self, cast, home, other):
        policy = requiring(cast, 1)
        given = (said(cast, "anna", report(home, policy=policy), **other),)
        assert reasons(home, policy=policy, given=given) == [
            "approvals-missing",
            "approval-wrong-review",
        ]

    def test_what_may_differ(self, cast, home):
        policy = requiring(cast, 1)
        other = {"psbt": "3" * 64, "wallet": "called otherwise", "date": "1970-01-01T00:00:00Z"}
        assert granted(
            home, policy=policy, given=(said(cast, "anna", report(home, policy=policy), **other),)
        )

    def test_strangers_and_changed_texts_do_not_open(self, cast, home):
        found = report(home)
        with pytest.raises(RefusedError) as caught:
            said(cast, "stranger", found)
        assert caught.value.code == "signature-key-unknown"
        mine = Approval.of(found, accepted=to_confirm(found), now=NOW)
        made = sign_approval(mine, signer="anna", environment=cast.gpg.environment).armored
        changed = made.replace(b"network: regtest", b"network: signet!"[:16].replace(b"!", b""))
        with pytest.raises(RefusedError) as caught:
            open_approval(changed, keyring=cast.ring, now=datetime.now(UTC))
        assert caught.value.code == "signature-bad"

    def test_an_expired_reviewer(self, cast, home):
        mine = Approval.of(report(home), accepted=frozenset(), now=NOW)
        text = mine.serialize().encode()
        old = cast.gpg.gpg(
            "--faked-system-time=20200201T000000!", "-u", "expired", "--clear-sign", data=text
        )
        with pytest.raises(RefusedError) as caught:
            open_approval(old, keyring=cast.ring, now=datetime.now(UTC))
        assert caught.value.code == "signature-key-expired"

    def test_detached_and_crlf(self, cast, home):
        mine = Approval.of(report(home), accepted=frozenset(), now=NOW)
        text = mine.serialize().encode()
        opened = open_approval(
            text,
            keyring=cast.ring,
            now=datetime.now(UTC),
            detached=cast.gpg.sign("anna", text),
        )
        assert opened.approval == mine
        made = sign_approval(mine, signer="anna", environment=cast.gpg.environment).armored
        mailed = made.replace(b"\n", b"\r\n")
        assert open_approval(mailed, keyring=cast.ring, now=datetime.now(UTC)).approval == mine

    def test_what_is_no_approval(self, cast, monkeypatch):
        now = datetime.now(UTC)
        for data, words in (
            (b"", "not a clear-signed"),
            (b"\xff", "not ASCII"),
            (
                cast.gpg.gpg("-u", "anna", "--clear-sign", data=b"hello\n"),
                "not a coldsign approval",
            ),
        ):
            with pytest.raises(MalformedError, match=words):
                open_approval(data, keyring=cast.ring, now=now)
        monkeypatch.setattr(approvals, "APPROVAL_CAP", 3)
        with pytest.raises(MalformedError, match="larger than 3 bytes"):
            open_approval(b"xxxx", keyring=cast.ring, now=now)

    def test_one_document_and_nothing_around_it(self, cast):
        good = cast.gpg.gpg("-u", "anna", "--clear-sign", data=b"hello\n").decode()
        assert split_clear_signed(good)[0] == "hello"
        assert split_clear_signed(good + "\n\n")[0] == "hello"
        begin, end = "-----BEGIN PGP SIGNED MESSAGE-----\n", "\n-----BEGIN PGP SIGNATURE-----\n"
        for bad in (
            "x" + good,
            good + "x",
            good + good,
            good.replace("Hash: SHA512\n", "").replace("Hash: SHA256\n", ""),
            good.replace("Hash:", "Comment:"),
            good.replace("hello", "- -----x"),
            good.removesuffix("-----END PGP SIGNATURE-----\n"),
            begin,
            begin + good[good.index("Hash:") : good.index("\n\n") + 1] + good[good.index(end) :],
            good.removeprefix(begin),
        ):
            with pytest.raises(MalformedError, match="not a clear-signed document"):
                split_clear_signed(bad)

    def test_counting_keeps_what_is_good(self, cast, home):
        policy = requiring(cast, 1)
        found = report(home, policy=policy)
        given = (said(cast, "cleo", found), said(cast, "bert", found))
        counted, unfit = count_approvals(given, found, Policy.parse(policy).require)
        assert [who.fingerprint for who in counted] == [cast.bert]
        assert [refusal.code for refusal in unfit] == ["approval-unlisted"]


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


class TestMemory:
    def sign(self, home, *, now=NOW, **changes):
        body = granted(home).intent(key="k") | changes
        return Journal(home).append(EntryKind.INTENT, body, now=now)

    def memory(self, home, called=None):
        return recall(Journal(home).entries(), called or wallet())

    def test_an_abandoned_intent_is_forgotten(self, home):
        entry = self.sign(home)
        outpoint = psbt().tx.inputs[0].outpoint
        assert self.memory(home).spenders(outpoint)
        Journal(home).append(EntryKind.ABANDONED, {"intent": entry.seq}, now=NOW)
        assert not self.memory(home).spenders(outpoint)

    def test_payments_ids_and_places(self, home):
        first = granted(home)
        outputs = [
            [script, sats, kind, place, f"wd-{number}" if kind == "payment" else ""]
            for number, (script, sats, kind, place, _) in enumerate(
                first.intent(key="k")["outputs"]
            )
        ]
        self.sign(home, outputs=outputs)
        memory = self.memory(home)
        paid = next(out for out in first.report.facts.outputs if not out.ours)
        (past,) = memory.paying(paid.script, paid.sats)
        assert memory.paying(paid.script, paid.sats + 1) == ()
        assert memory.by_manifest_id(f"wd-{paid.index}") == (past,)
        assert memory.by_manifest_id("") == ()
        assert paid.script in memory.paid_scripts()
        assert (paid.script, paid.sats) in past.payments
        assert len(past.manifest_ids) == len(past.payments)
        places = [out.place for out in first.report.facts.outputs if out.place]
        assert places
        for branch in range(2):
            highest = max((place.index for place in places if place.branch == branch), default=None)
            assert memory.last_seen(branch) == highest
        assert memory.last_seen(7) is None
        other = self.memory(home, wallet("wpkh-1x2"))
        assert other.last_seen(0) is None
        assert other.spenders(psbt().tx.inputs[0].outpoint)

    def test_the_same_transaction_twice_is_one(self, home):
        self.sign(home)
        self.sign(home)
        assert len(self.memory(home).spenders(psbt().tx.inputs[0].outpoint)) == 1

    def test_other_networks_do_not_count(self, home):
        self.sign(home, network="mainnet")
        assert not self.memory(home).spenders(psbt().tx.inputs[0].outpoint)

    def test_spending_of_the_last_day(self, home):
        leaving = report(home).facts.totals.leaving
        self.sign(home)
        memory = self.memory(home)

        def spent(**how):
            return memory.spent_recently(**{"now": NOW, "locktime": 0} | how)

        assert spent() == leaving
        assert spent(now=NOW + timedelta(hours=23)) == leaving
        assert spent(now=NOW + timedelta(hours=25)) == 0
        assert spent(now=datetime(1970, 1, 1, tzinfo=UTC)) == leaving
        assert spent(now=datetime(1, 1, 1, tzinfo=UTC)) == leaving
        assert spent(besides=[psbt().tx.inputs[0].outpoint]) == 0

    def test_spending_by_height(self, home):
        leaving = report(home).facts.totals.leaving
        self.sign(home, now=NOW - timedelta(days=9), locktime=1000)
        memory = self.memory(home)
        for locktime, due in (
            (1000, leaving),
            (1143, leaving),
            (1144, 0),
            (0, 0),
            (10, leaving),
            (500_000_000, 0),
        ):
            assert memory.spent_recently(now=NOW, locktime=locktime) == due

    def test_versions_of_one_count_once(self, home):
        self.sign(home, leaving=100)
        self.sign(home, leaving=150, txid="ab" * 32)
        assert self.memory(home).spent_recently(now=NOW, locktime=0) == 150
        coin = [["cd" * 32 + ":0", 5, None]]
        self.sign(home, leaving=7, txid="ef" * 32, inputs=coin)
        assert self.memory(home).spent_recently(now=NOW, locktime=0) == 157
        assert self.memory(home, wallet("wpkh-1x2")).spent_recently(now=NOW, locktime=0) == 0

    @pytest.mark.parametrize(
        "changes",
        [{"inputs": None}, {"inputs": [["x"]]}, {"outputs": [["zz", 1, "payment", None, ""]]}],
    )
    def test_an_intent_that_says_nothing(self, home, changes):
        self.sign(home, **changes)
        with pytest.raises(RefusedError, match="its particulars are not"):
            self.memory(home)

    def test_an_intent_with_a_strange_txid(self, home):
        self.sign(home, txid="zz")
        with pytest.raises(RefusedError, match="its particulars are not"):
            self.memory(home).spenders(psbt().tx.inputs[0].outpoint)


class TestReceipts:
    def test_made_and_read_back(self, home):
        journal = Journal(home)
        with pytest.raises(UsageError, match="nothing to give out: the journal is empty"):
            make_receipt(journal)
        with pytest.raises(MalformedError, match="holds no entry"):
            read_receipt(b"coldsign receipt 1\nthe journal stands at: 0\nlines:\n")
        journal.append(EntryKind.REFUSED, {"reason": "caf\xe9\x1b"}, now=NOW)
        journal.append(EntryKind.INTENT, granted(home).intent(key="k"), now=NOW)
        receipt = make_receipt(journal)
        assert read_receipt(receipt) == tuple(journal.entries())
        assert b"\x1b" not in receipt
        assert read_receipt(receipt.replace(b"\n", b"\r\n")) == tuple(journal.entries())
        assert [entry.seq for entry in read_receipt(make_receipt(journal, since=2))] == [2]
        with pytest.raises(UsageError, match="the journal ends with entry 2") as caught:
            make_receipt(journal, since=3)
        assert caught.value.code == "nothing-to-export"

    def test_a_changed_one_is_noticed(self, home):
        journal = Journal(home)
        for _ in range(3):
            journal.append(EntryKind.REFUSED, {}, now=NOW)
        receipt = make_receipt(journal)
        with pytest.raises(MalformedError):
            read_receipt(receipt.replace(b'"refused","prev"', b'"approved","prev"'))
        head, _, lines = receipt.partition(b"\nlines:\n")
        first, _, third = lines.splitlines(keepends=True)
        with pytest.raises(MalformedError, match="entry 3 does not follow"):
            read_receipt(head + b"\nlines:\n" + first + third)
        with pytest.raises(MalformedError, match="line 2 below the text: the line's content"):
            read_receipt(receipt.replace(b'"seq":2', b'"seq":5'))
        with pytest.raises(MalformedError, match=r"line 3 below the text: .*does not end"):
            read_receipt(receipt[:-9])
        with pytest.raises(MalformedError, match="not a coldsign receipt"):
            read_receipt(b"x")

    @pytest.mark.parametrize(
        ("written", "instead"),
        [
            (b"reason=paid 5", b"reason=paid 6"),
            (b"1 2026-11-22", b"1 2026-11-21"),
            (b" refused ", b" signed "),
            (b"\n2 2026", b"\n3 2026"),
            (b"stands at: 2", b"stands at: 3"),
            (b"receipt 1\n", b"receipt 1\nall is well\n"),
        ],
    )
    def test_a_text_that_says_something_else_than_the_lines(self, home, written, instead):
        journal = Journal(home)
        for sats in (5, 6):
            journal.append(EntryKind.REFUSED, {"reason": f"paid {sats}"}, now=NOW)
        receipt = make_receipt(journal)
        head, mark, lines = receipt.partition(b"\nlines:\n")
        assert written in head
        with pytest.raises(MalformedError, match="text is not what its lines say") as caught:
            read_receipt(head.replace(written, instead, 1) + mark + lines)
        assert caught.value.code == "receipt-text-differs"

    def test_held_against_what_was_noted(self, home):
        journal = Journal(home)
        entries = [journal.append(EntryKind.REFUSED, {}, now=NOW) for _ in range(2)]
        first, second = (entry.anchor for entry in entries)
        demand_noted(entries, second)
        demand_noted(entries, Anchor(1, first.hash[:8]))
        for noted in (Anchor(2, first.hash), Anchor(3, second.hash)):
            with pytest.raises(RefusedError, match="no entry") as caught:
                demand_noted(entries, noted)
            assert caught.value.code == "receipt-differs"
        with pytest.raises(UsageError, match="eight digits"):
            demand_noted(entries, Anchor(1, first.hash[:7]))

    def test_sealed(self, cast, home):
        journal = Journal(home)
        journal.append(EntryKind.REFUSED, {}, now=NOW)
        receipt = make_receipt(journal)
        how = {"signer": cast.anna, "environment": cast.gpg.environment}
        for recipients in ((), (cast.desk,)):
            sealed = seal_receipt(receipt, recipients=recipients, **how)
            assert cast.gpg.gpg("--decrypt", data=sealed) == receipt
            for still in (sealed, cast.gpg.gpg("--dearmor", data=sealed)):
                with pytest.raises(MalformedError, match="still signed or encrypted") as caught:
                    read_receipt(still)
                assert "gpg --decrypt" in caught.value.hint
        with pytest.raises(UsageError, match="sealed by somebody"):
            seal_receipt(receipt, signer=None)


class TestAnyBytes:
    @settings(max_examples=200, deadline=None)
    @given(st.text(alphabet=st.characters(max_codepoint=0x7F), max_size=200))
    def test_any_text_is_an_approval_that_reads_back_or_malformed(self, text):
        with contextlib.suppress(MalformedError):
            assert Approval.parse(text).serialize() == text
        with contextlib.suppress(MalformedError):
            assert split_clear_signed("-----BEGIN PGP SIGNED MESSAGE-----\n" + text)

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=200))
    def test_any_bytes_are_a_receipt_or_malformed(self, data):
        for text in (data, b"coldsign receipt 1\nlines:\n" + data):
            with contextlib.suppress(MalformedError):
                entries = read_receipt(text)
                assert b"".join(entry.serialize() for entry in entries) in text
