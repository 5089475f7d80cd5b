"""What the journal remembers of transactions, for the next review."""

from datetime import UTC, datetime, timedelta

import pytest

from coldsign.controls.entry import EntryKind
from coldsign.controls.journal import Journal
from coldsign.controls.remember import recall, wallet_id
from coldsign.errors import RefusedError
from tests.controls.common import NOW, granted, psbt, report, wallet


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
        assert spent(now=NOW + timedelta(hours=24)) == leaving
        assert spent(now=NOW + timedelta(hours=24, seconds=1)) == 0
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

    @pytest.mark.parametrize(
        ("locktime", "spent"),
        [(0, 0), (1, 7), (499_999_999, 7), (500_000_000, 0), (1_700_000_000, 0)],
    )
    def test_only_what_is_locked_to_a_height_counts_by_height(self, home, locktime, spent):
        """No lock at all, or one to a time of the clock, says nothing of heights."""
        self.sign(home, now=NOW - timedelta(days=9), locktime=locktime, leaving=7)
        assert self.memory(home).spent_recently(now=NOW, locktime=10) == spent

    def test_the_last_height_has_its_day_too(self, home):
        self.sign(home, now=NOW - timedelta(days=9), locktime=499_999_998, leaving=7)
        memory = self.memory(home)
        assert memory.spent_recently(now=NOW, locktime=499_999_999) == 7
        assert memory.spent_recently(now=NOW, locktime=500_000_000) == 0

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
        [
            *({"inputs": None}, {"inputs": [["x"]]}, {"inputs": [[["x"], None, None]]}),
            *({"txid": []}, {"txid": None}, {"leaving": "1"}, {"locktime": []}, {"policy": []}),
            {"outputs": [["zz", 1, "payment", None, ""]]},
            {"outputs": [["51", [], "payment", None, ""]]},
            {"outputs": [["51", 1, "payment", None, 7]]},
            {"outputs": [["51", 1, "payment", 7, ""]]},
        ],
    )
    def test_an_intent_that_says_nothing(self, home, changes):
        self.sign(home, **changes)
        with pytest.raises(RefusedError, match="its particulars are not"):
            self.memory(home)

    def test_a_policy_that_is_no_text(self, home):
        body = {"wallet": "vault", "wallet_id": wallet_id(wallet()), "policy": {}}
        Journal(home).append(EntryKind.POLICY, body, now=NOW)
        with pytest.raises(RefusedError, match="its particulars are not"):
            self.memory(home)

    def test_an_intent_with_a_strange_txid(self, home):
        self.sign(home, txid="zz")
        with pytest.raises(RefusedError, match="its particulars are not"):
            self.memory(home).spenders(psbt().tx.inputs[0].outpoint)
