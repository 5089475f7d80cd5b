"""Damage to a journal: each kind is noticed, and by name."""

import json
import shutil
from pathlib import Path

import pytest

from coldsign.controls.chain import Damage, JournalDamagedError
from coldsign.controls.entry import Anchor, Entry, EntryKind
from coldsign.controls.journal import Journal
from coldsign.errors import UsageError
from tests.controls.journals import NOW, damage, filled


class TestDamage:
    def test_cut_at_every_byte(self, home: Path) -> None:
        journal = filled(home, 3)
        path = home / "journal.jsonl"
        whole = path.read_bytes()
        lines = whole.splitlines(keepends=True)
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            found = damage(journal)
            # The head has seen all three lines: no power cut explains a shorter journal.
            assert found.damage is Damage.ROLLED_BACK
            assert found.line == whole[:length].count(b"\n") + 1
        path.write_bytes(whole)
        assert journal.verify().damage is None
        assert len(lines) == 3

    def test_torn_at_every_byte_of_the_last_line(self, home: Path) -> None:
        journal = filled(home, 2)
        head = (home / "journal.head").read_bytes()
        before = (home / "journal.jsonl").read_bytes()
        journal.append(EntryKind.INTENT, {"x": "y"}, now=NOW)
        whole = (home / "journal.jsonl").read_bytes()
        (home / "journal.head").write_bytes(head)
        assert journal.verify().damage is None
        for length in range(len(before) + 1, len(whole)):
            (home / "journal.jsonl").write_bytes(whole[:length])
            found = damage(journal)
            assert (found.damage, found.line) == (Damage.TORN, 3)
        # Blocks written out of order: the end is there, the middle is not.
        torn = before + b"\0" * 20 + whole[len(before) + 20 :]
        (home / "journal.jsonl").write_bytes(torn)
        assert damage(journal).damage is Damage.TORN

    def test_every_changed_byte(self, home: Path) -> None:
        journal = filled(home, 2)
        path = home / "journal.jsonl"
        whole = path.read_bytes()
        first = whole.index(b"\n")
        for at in range(len(whole)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            found = damage(journal, seen_from_its_end=at > first)
            assert found.line == (1 if at <= first else 2)
            assert found.damage in {Damage.BROKEN, Damage.ROLLED_BACK}
            if at < first:
                assert found.damage is Damage.BROKEN

    def test_reordered_removed_repeated_and_forged_lines(self, home: Path) -> None:
        journal = filled(home, 4)
        path = home / "journal.jsonl"
        one, two, three, four = path.read_bytes().splitlines(keepends=True)
        for lines, line in (
            ([one, three, two, four], 2),
            ([one, three, four], 2),
            ([two, three, four], 1),
            ([one, two, two, three, four], 3),
            ([one, two, three, four, four], 5),
        ):
            path.write_bytes(b"".join(lines))
            found = damage(journal, seen_from_its_end=False)
            assert (found.damage, found.line) == (Damage.BROKEN, line)

    def test_a_forged_line_that_is_sound_in_itself_breaks_the_next(self, home: Path) -> None:
        journal = filled(home, 4)
        one, _, three, four = journal.entries()
        forged = Entry.make(EntryKind.REFUSED, {"number": 99}, after=one.anchor, now=NOW)
        lines = [entry.serialize() for entry in (one, forged, three, four)]
        (home / "journal.jsonl").write_bytes(b"".join(lines))
        found = damage(journal, seen_from_its_end=False)
        assert (found.damage, found.line) == (Damage.BROKEN, 3)

    def test_a_number_that_is_skipped_is_noticed_under_a_head_that_agrees(self, home: Path) -> None:
        journal = filled(home, 2)
        *_, last = journal.entries()
        forged = Entry.make(EntryKind.REFUSED, {}, after=Anchor(7, last.hash), now=NOW)
        with (home / "journal.jsonl").open("ab") as file:
            file.write(forged.serialize())
        (home / "journal.head").write_text(json.dumps(forged.anchor._asdict()))
        found = damage(journal, seen_from_its_end=False)
        assert (found.damage, found.line) == (Damage.BROKEN, 3)

    @pytest.mark.parametrize("count", [4, 6])
    def test_a_whole_forged_chain_does_not_pass_the_head(
        self, home: Path, tmp_path: Path, count: int
    ) -> None:
        journal = filled(home, 4)
        other = tmp_path / "other"
        forged = Journal(other)
        for number in range(count):
            forged.append(EntryKind.REFUSED, {"number": number + 1}, now=NOW)
        shutil.copy(other / "journal.jsonl", home / "journal.jsonl")
        found = damage(journal)
        assert (found.damage, found.line) == (Damage.BROKEN, 4)

    def test_set_back_as_a_whole_is_seen_on_paper_only(self, home: Path, tmp_path: Path) -> None:
        journal = filled(home, 2)
        shutil.copytree(home, tmp_path / "yesterday")
        anchor = journal.append(EntryKind.REFUSED, {}, now=NOW).anchor
        noted = Anchor(anchor.seq, anchor.hash[:8])
        journal.demand_anchor(noted)
        shutil.rmtree(home)
        shutil.copytree(tmp_path / "yesterday", home)
        assert journal.verify().damage is None
        with pytest.raises(JournalDamagedError, match="no entry 3 with the noted hash") as caught:
            journal.demand_anchor(noted)
        lost = caught.value
        assert (lost.damage, lost.line, lost.code) == (Damage.ROLLED_BACK, 3, "journal-rolled-back")
        assert "(rolled-back) at line 3" in lost.message
        assert "read the note again" in lost.hint
        with pytest.raises(UsageError, match="eight digits"):
            journal.demand_anchor(Anchor(3, anchor.hash[:7]))

    def test_a_noted_hash_is_held_against_the_entry_of_its_number(self, home: Path) -> None:
        journal = filled(home, 3)
        one, two, _ = journal.entries()
        journal.demand_anchor(two.anchor)
        with pytest.raises(JournalDamagedError, match="no entry 2 with the noted hash"):
            journal.demand_anchor(Anchor(2, one.hash))

    def test_an_older_journal_under_a_newer_head(self, home: Path) -> None:
        journal = filled(home, 2)
        old = (home / "journal.jsonl").read_bytes()
        journal.append(EntryKind.REFUSED, {}, now=NOW)
        (home / "journal.jsonl").write_bytes(old)
        found = damage(journal)
        assert (found.damage, found.line) == (Damage.ROLLED_BACK, 3)
        (home / "journal.jsonl").unlink()
        assert damage(journal).line == 1
        (home / "journal.jsonl").touch(mode=0o600)
        assert damage(journal).line == 1

    def test_an_older_or_missing_head(self, home: Path) -> None:
        journal = filled(home, 2)
        old = (home / "journal.head").read_bytes()
        for _ in range(2):
            journal.append(EntryKind.REFUSED, {}, now=NOW)
        (home / "journal.head").write_bytes(old)
        found = damage(journal)
        assert (found.damage, found.line) == (Damage.BROKEN, 3)
        (home / "journal.head").unlink()
        assert damage(journal).damage is Damage.BROKEN

    @pytest.mark.parametrize(
        "head",
        [
            *(b"", b"\xff", b"{}", b"[1]", b"1", b'{"seq":"x","hash":1}'),
            b'{"seq":Infinity,"hash":""}',
            b"[" * 4000,
        ],
    )
    def test_an_unreadable_head(self, home: Path, head: bytes) -> None:
        journal = filled(home, 2)
        (home / "journal.head").write_bytes(head)
        assert damage(journal).damage is Damage.BROKEN

    def test_a_head_over_its_cap(self, home: Path) -> None:
        journal = filled(home, 2)
        (home / "journal.head").write_bytes(b" " * 5000)
        assert damage(journal).damage is Damage.BROKEN
