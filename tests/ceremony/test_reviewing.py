"""The reviewer's walk: what this machine approved it remembers, and asks before it approves that again."""

import dataclasses
from pathlib import Path

import pytest

from coldsign.ceremony import reviewing
from coldsign.ceremony.desk import Desk
from coldsign.ceremony.operator import ExpectingOperator
from coldsign.ceremony.reviewing import approve_walk
from coldsign.ceremony.walk import Job, examine
from coldsign.controls.entry import EntryKind
from coldsign.controls.gpg import ClearSigned
from coldsign.controls.policy import Policy
from coldsign.errors import RefusedError, UnfitError
from coldsign.primitives.network import MAINNET
from tests.ceremony.stage import Yes, make_desk, no_key
from tests.review.build import Coin, Draft, codes, wallet

FIRST = Draft()
AGAIN = dataclasses.replace(
    FIRST, coins=(Coin((0, 4), 50_000_000), Coin((0, 9), 80_000_000))
)  # the same payments from coins that the first does not spend
REPLACEMENT = FIRST.with_payment(2, sats=79_991_000)  # the same coins, a higher fee


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path, MAINNET)


@pytest.fixture(autouse=True)
def _signer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        reviewing, "sign_approval", lambda *_args, **_named: ClearSigned(b"armored", "ANNA")
    )


def job(draft: Draft) -> Job:
    return Job(draft.raw(), wallet("W-wsh"), Policy.empty())


def approve(desk: Desk, draft: Draft, *accepted: str) -> None:
    """As `approve --expect CODE --accept …` does it."""
    code = " ".join(examine(job(draft), desk).review_code)
    operator = ExpectingOperator((code,), frozenset(accepted), no_key)
    approve_walk(job(draft), desk, operator, signer="anna")


def accepted(desk: Desk) -> list[str]:
    """What each approval in the journal says was accepted by name."""
    return [
        entry.body["accepted"]
        for entry in desk.journal.entries()
        if entry.kind is EntryKind.APPROVED
    ]


def test_a_second_payment_must_be_accepted_by_name(desk: Desk) -> None:
    approve(desk, FIRST)
    with pytest.raises(RefusedError, match="approved-before") as caught:
        approve(desk, AGAIN)
    assert caught.value.code == "not-accepted"
    approve(desk, AGAIN, "approved-before")
    assert accepted(desk) == ["none", "approved-before"]
    entries = list(desk.journal.entries())
    assert len(entries) == 2
    assert entries[0].body["txid"] == FIRST.tx().txid_hex()
    assert entries[0].body["reviewer"] == "ANNA"


def test_a_replacement_must_be_accepted_by_name(desk: Desk) -> None:
    approve(desk, FIRST)
    with pytest.raises(RefusedError, match="replaces-approved"):
        approve(desk, REPLACEMENT)
    approve(desk, REPLACEMENT, "replaces-approved")
    assert accepted(desk) == ["none", "replaces-approved"]


def test_the_same_request_is_approved_again_without_a_question(desk: Desk) -> None:
    approve(desk, FIRST)
    approve(desk, FIRST)
    assert accepted(desk) == ["none", "none"]


def test_what_was_approved_and_signed_here_is_remembered_as_signed(desk: Desk) -> None:
    approve(desk, FIRST)
    report = examine(job(FIRST), desk)
    body = {**desk.journal.entries().__next__().body, "policy": "-"}
    intent = desk.journal.append(EntryKind.INTENT, body, now=desk.now())
    found = codes(examine(job(AGAIN), desk))
    assert "paid-before" in found
    assert "approved-before" not in found
    desk.journal.append(EntryKind.ABANDONED, {"intent": intent.seq}, now=desk.now())
    found = codes(examine(job(AGAIN), desk))
    assert "paid-before" not in found
    assert "approved-before" in found
    assert report.verdict == "ok"


def test_approvals_of_another_network_and_of_older_versions_do_not_count(desk: Desk) -> None:
    old = {"wallet": "vault", "txid": FIRST.tx().txid_hex(), "psbt": "", "reviewer": "ANNA"}
    desk.journal.append(EntryKind.APPROVED, old, now=desk.now())
    approve(desk, FIRST)
    body = list(desk.journal.entries())[-1].body
    assert "approved-before" in codes(examine(job(AGAIN), desk))
    other = make_desk(desk.home / "other", MAINNET)
    other.journal.append(EntryKind.APPROVED, body | {"network": "regtest"}, now=other.now())
    assert "approved-before" not in codes(examine(job(AGAIN), other))


def test_two_approvals_at_once_do_not_both_pass(desk: Desk) -> None:
    """The second decides on a memory that does not have the first."""

    class Late(Yes):
        def look(self, report) -> None:
            super().look(report)
            if len(self.seen) == 1:
                approve(desk, FIRST)

    with pytest.raises(RefusedError) as caught:
        approve_walk(job(AGAIN), desk, Late(), signer="anna")
    assert caught.value.code == "journal-moved-on"
    assert [entry.body["txid"] for entry in desk.journal.entries()] == [FIRST.tx().txid_hex()]


def test_an_approval_that_cannot_be_remembered_is_not_given(desk: Desk, monkeypatch) -> None:
    def full(*_args, **_named) -> None:
        raise UnfitError("the disk is full")

    monkeypatch.setattr(type(desk.journal), "append", full)
    with pytest.raises(UnfitError):
        approve(desk, FIRST)
