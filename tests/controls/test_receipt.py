"""Receipts of the journal: made, read, held against a note, sealed."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.controls.entry import Anchor, EntryKind
from coldsign.controls.journal import Journal
from coldsign.controls.receipt import demand_noted, make_receipt, read_receipt, seal_receipt
from coldsign.errors import MalformedError, RefusedError, UsageError
from tests.controls.common import NOW, granted


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
    @given(st.binary(max_size=200))
    def test_any_bytes_are_a_receipt_or_malformed(self, data):
        for text in (data, b"coldsign receipt 1\nlines:\n" + data):
            with contextlib.suppress(MalformedError):
                entries = read_receipt(text)
                assert b"".join(entry.serialize() for entry in entries) in text
