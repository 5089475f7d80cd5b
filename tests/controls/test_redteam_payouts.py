"""What the journal remembers of nearly the same payment."""

from coldsign.controls.clearance import clear
from coldsign.controls.entry import EntryKind
from coldsign.controls.journal import Journal
from coldsign.controls.latch import Latch
from coldsign.controls.pasts import Past
from coldsign.controls.policy import Policy
from coldsign.controls.remember import recall
from coldsign.review.finding import Severity
from tests.controls.common import LAX, NOW, report, wallet


def test_the_journal_finds_payments_to_a_place_by_their_range(tmp_path):
    found = report(tmp_path)
    accepted = frozenset(one.code for one in found.of(Severity.CONFIRM))
    cleared = clear(found, policy=Policy.parse(LAX), latch=Latch(tmp_path), accepted=accepted)
    journal = Journal(tmp_path)
    for _ in range(2):  # the same transaction, decided on twice, is one
        journal.append(EntryKind.INTENT, cleared.intent(key="k"), now=NOW)
    memory = recall(journal.entries(), wallet())
    paid = next(out for out in found.facts.outputs if not out.ours)
    (past,) = memory.paying_between(paid.script, paid.sats - 1, paid.sats)
    assert past.txid == found.facts.tx.txid()
    assert memory.paying_between(paid.script, paid.sats, paid.sats + 1) == (past,)
    assert memory.paying_between(paid.script, paid.sats + 1, paid.sats + 9) == ()
    assert memory.paying_between(b"another", 0, paid.sats) == ()


def test_each_earlier_transaction_is_worked_out_once_however_many_coins_ask(tmp_path, monkeypatch):
    found = report(tmp_path)
    accepted = frozenset(one.code for one in found.of(Severity.CONFIRM))
    cleared = clear(found, policy=Policy.parse(LAX), latch=Latch(tmp_path), accepted=accepted)
    Journal(tmp_path).append(EntryKind.INTENT, cleared.intent(key="k"), now=NOW)
    asked = []
    public = Past.public
    monkeypatch.setattr(Past, "public", lambda past: asked.append(past.seq) or public(past))
    again = report(tmp_path)
    assert len(again.facts.inputs) > 1
    assert "signed-before" in {one.code for one in again.findings}
    assert asked == [1]
