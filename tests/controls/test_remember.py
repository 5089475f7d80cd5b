"""What was decided once is remembered, whatever was decided after it."""

import itertools

import pytest

from coldsign.controls.clearance import clear
from coldsign.controls.entry import EntryKind
from coldsign.controls.journal import Journal
from coldsign.controls.latch import Latch
from coldsign.controls.policy import Policy
from coldsign.controls.remember import recall
from coldsign.errors import RefusedError
from coldsign.review.finding import Severity
from tests.controls.common import LAX, NOW, report, wallet

OTHER = "aa" * 32


class Signer:
    """Appends intents of one transaction to a journal, each time for other withdrawals."""

    def __init__(self, home):
        found = report(home)
        accepted = frozenset(one.code for one in found.of(Severity.CONFIRM))
        cleared = clear(found, policy=Policy.parse(LAX), latch=Latch(home), accepted=accepted)
        self.body, self.journal = cleared.intent(key="k"), Journal(home)
        self.paid = next(out for out in found.facts.outputs if not out.ours)

    def sign(self, *ids, **changes):
        """Sign for these ids, as many payments alike as there are ids."""
        script, sats, kind, place, _ = self.body["outputs"][self.paid.index]
        own = [out for out in self.body["outputs"] if out[2] in {"change", "self"}]
        outputs = [*own, *[[script, sats, kind, place, name] for name in ids]]
        body = self.body | {"outputs": outputs} | changes
        return self.journal.append(EntryKind.INTENT, body, now=NOW)

    def memory(self):
        return recall(self.journal.entries(), wallet())


@pytest.fixture
def signer(tmp_path):
    return Signer(tmp_path)


@pytest.mark.parametrize("order", [*itertools.permutations([("wd-1",), ("",), ("wd-2",)])])
def test_every_id_of_one_transaction_is_remembered_whichever_came_last(signer, order):
    for ids in order:
        signer.sign(*ids)
    memory = signer.memory()
    (past,) = memory.paying(signer.paid.script, signer.paid.sats)
    assert memory.by_manifest_id("wd-1") == memory.by_manifest_id("wd-2") == (past,)
    assert memory.by_manifest_id("") == ()
    assert past.ids() == {"wd-1", "wd-2"}
    payment = (signer.paid.script, signer.paid.sats)
    assert past.payments == (payment,)  # there is one output, however many ids it had
    assert sorted(past.booked()) == [(payment, "wd-1"), (payment, "wd-2")]
    assert past.paid_as("wd-1")
    assert past.paid_as("wd-2")
    assert not past.paid_as("wd-3")


@pytest.mark.parametrize(
    ("lines", "signers"),
    [([[0]], {0}), ([[0], [2]], {0, 2}), ([[0], []], None), ([[]], None), ([[1], None], None)],
)
def test_whose_keys_signed_is_known_where_every_line_says_it(signer, lines, signers):
    for positions in lines:
        body = {name: value for name, value in signer.body.items() if name != "positions"}
        signer.body = body if positions is None else body | {"positions": positions}
        signer.sign("wd-1")
    (past,) = signer.memory().by_manifest_id("wd-1")
    assert past.signers == signers


def test_ids_that_change_places_among_payments_alike_are_no_more_than_they_were(signer):
    signer.sign("wd-1", "wd-2")
    signer.sign("wd-2", "wd-1")
    (past,) = signer.memory().by_manifest_id("wd-1")
    assert sorted(past.manifest_ids) == ["wd-1", "wd-2"]
    assert past.more_ids == ()
    assert len(past.payments) == 2


def test_an_abandoned_signature_leaves_no_id_and_the_others_stay(signer):
    signer.sign("wd-1")
    gone = signer.sign("wd-2")
    signer.journal.append(EntryKind.ABANDONED, {"intent": gone.seq}, now=NOW)
    memory = signer.memory()
    assert memory.by_manifest_id("wd-1")
    assert not memory.by_manifest_id("wd-2")


def test_what_two_wallets_signed_together_is_remembered_of_both(signer):
    """One wallet's change is a payment of the other."""
    mine = signer.sign("wd-1").body["outputs"]
    highest = {branch: signer.memory().last_seen(branch) for branch in range(2)}
    theirs = [[*out[:2], "payment", None, ""] for out in mine]
    signer.journal.append(
        EntryKind.INTENT, signer.body | {"outputs": theirs, "wallet_id": OTHER}, now=NOW
    )
    memory = signer.memory()
    assert {branch: memory.last_seen(branch) for branch in range(2)} == highest
    assert any(index is not None for index in highest.values())
    assert memory.by_manifest_id("wd-1")
    for script, sats, *_ in mine:
        assert memory.paying(bytes.fromhex(script), sats)


def test_a_journal_that_forgot_the_books_last_does_not_free_their_id(tmp_path):
    """Written before `signed-before` refused it: signed for wd-1, then again for nothing."""
    signer = Signer(tmp_path)
    signer.sign("wd-1")
    signer.sign("")
    found = [one for one in report(tmp_path).findings if one.code == "signed-before"]
    assert [one.severity for one in found] == [Severity.REFUSE]
    assert "wd-1" in found[0].text


def test_an_approval_is_remembered_apart_until_it_is_signed(signer):
    """By one that does not know the particulars, as older versions wrote them, nothing is found."""
    payment = (signer.paid.script, signer.paid.sats)
    old = {"wallet": "vault", "txid": signer.body["txid"], "reviewer": "A" * 40}
    signer.journal.append(EntryKind.APPROVED, old, now=NOW)
    assert signer.memory().approved.paying(*payment) == ()
    signer.journal.append(EntryKind.APPROVED, signer.body | {"network": "mainnet"}, now=NOW)
    assert signer.memory().approved.paying(*payment) == ()
    signer.journal.append(EntryKind.APPROVED, signer.body, now=NOW)
    memory = signer.memory()
    assert memory.paying(*payment) == ()
    assert [past.txid[::-1].hex() for past in memory.approved.paying(*payment)] == [
        signer.body["txid"]
    ]
    intent = signer.journal.append(EntryKind.INTENT, signer.body, now=NOW)
    memory = signer.memory()
    assert memory.approved.paying(*payment) == ()
    assert memory.paying(*payment)
    signer.journal.append(EntryKind.ABANDONED, {"intent": intent.seq}, now=NOW)
    assert signer.memory().approved.paying(*payment)


def test_an_approval_that_says_nothing_is_damage(signer):
    signer.journal.append(EntryKind.APPROVED, signer.body | {"inputs": None}, now=NOW)
    with pytest.raises(RefusedError, match="its particulars are not"):
        signer.memory()
