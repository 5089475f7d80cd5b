"""The journal: every byte that can be lost, changed or put back is noticed, and by name."""

import errno
import os
from pathlib import Path

import pytest

from coldsign.controls import chain
from coldsign.controls import journal as journal_module
from coldsign.controls.chain import Damage, last_line
from coldsign.controls.entry import EMPTY, Anchor, EntryKind
from coldsign.controls.journal import Journal
from coldsign.errors import RefusedError, UnfitError
from coldsign.primitives.lock import exclusive_lock
from tests.controls.journals import NOW, damage, filled
from tests.killing import steps_survived


class TestAppending:
    def test_an_empty_home_has_an_intact_journal(self, home: Path) -> None:
        assert list(Journal(home).entries()) == []
        assert Journal(home).verify() == (EMPTY, None)
        assert not home.exists()

    def test_entries_come_back_in_order(self, home: Path) -> None:
        journal = filled(home)
        entries = list(journal.entries())
        assert [entry.seq for entry in entries] == [1, 2, 3, 4]
        assert [entry.body["number"] for entry in entries] == [0, 1, 2, 3]
        assert journal.verify() == (entries[-1].anchor, None)
        assert str(entries[-1].anchor).startswith("4 ")

    def test_two_processes_take_turns(self, home: Path) -> None:
        children = []
        for _ in range(4):
            child = os.fork()
            if not child:
                filled(home, 5)
                os._exit(0)
            children.append(child)
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
        assert Journal(home).verify().anchor.seq == 20

    def test_a_decision_on_another_journal_of_the_same_length_is_not_written(
        self, home: Path
    ) -> None:
        journal = filled(home, 2)
        with pytest.raises(RefusedError) as caught:
            journal.append(EntryKind.INTENT, {}, now=NOW, only_after=Anchor(2, "f" * 64))
        assert caught.value.code == "journal-moved-on"
        assert journal.verify().anchor.seq == 2

    def test_a_journal_in_use_is_not_written(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = filled(home)
        monkeypatch.setattr("time.sleep", lambda _seconds: None)
        monkeypatch.setattr("time.monotonic", iter(range(10, 100, 3)).__next__)
        with exclusive_lock(home / "journal.lock"), pytest.raises(UnfitError, match="is using"):
            journal.append(EntryKind.REFUSED, {}, now=NOW)

    def test_a_long_line_is_found_from_the_end(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(chain, "_TAIL_CHUNK", 16)
        journal = filled(home)
        journal.append(EntryKind.REFUSED, {"long": "x" * 1000}, now=NOW)
        journal.append(EntryKind.REFUSED, {}, now=NOW)
        assert journal.verify().anchor.seq == 6

    def test_a_line_over_the_cap(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        journal = filled(home)
        with (home / "journal.jsonl").open("ab") as file:
            file.write(b"x" * 5000)
        monkeypatch.setattr(chain, "LINE_CAP", 1000)
        assert damage(journal).damage is Damage.BROKEN
        with (home / "journal.jsonl").open("rb") as file:
            assert len(last_line(file)[1]) <= 5000


class TestGlimpse:
    def test_only_sound_lines_of_the_kind(self, home: Path) -> None:
        journal = filled(home, 2)
        trap = {"text": ',"kind":"registered","prev":"'}
        journal.append(EntryKind.REFUSED, {"x": trap["text"]}, now=NOW)
        journal.append(EntryKind.REGISTERED, {"wallet": "vault"}, now=NOW)
        journal.append(EntryKind.REGISTERED, {"wallet": "torn"}, now=NOW)
        path = home / "journal.jsonl"
        path.write_bytes(path.read_bytes()[:-9])
        assert [entry.body for entry in journal.glimpse(EntryKind.REGISTERED)] == [
            {"wallet": "vault"}
        ]

    def test_a_line_of_another_kind_that_looks_like_it(self, home: Path) -> None:
        body = {"a": {"kind": "registered", "prev": ""}}
        journal = Journal(home)
        journal.append(
            EntryKind.REFUSED, {"z": body["a"] | {"b": 1, "kind": "registered"}}, now=NOW
        )
        journal.append(EntryKind.REFUSED, {"a": {"b": 1, **body["a"]}}, now=NOW)
        assert list(journal.glimpse(EntryKind.REGISTERED)) == []

    def test_no_journal(self, home: Path) -> None:
        assert list(Journal(home).glimpse(EntryKind.REGISTERED)) == []


class TestPowerCuts:
    def test_killed_at_every_step_nothing_acknowledged_is_lost(self, home: Path) -> None:
        journal = filled(home, 2)
        saved = {path: path.read_bytes() for path in home.iterdir()}
        outcomes = set()

        def check() -> None:
            found = journal.verify()
            assert found.damage is None or found.damage.damage is Damage.TORN
            assert found.anchor.seq in {2, 3}
            outcomes.add((found.anchor.seq, found.damage is None))
            if found.damage is None:
                journal.append(EntryKind.REFUSED, {}, now=NOW)
            else:
                journal.recover_torn("the power went", now=NOW)
            assert journal.verify().damage is None
            for path in set(home.iterdir()) - set(saved):
                path.unlink()
            for path, content in saved.items():
                path.write_bytes(content)

        steps = steps_survived(
            lambda: journal.append(EntryKind.INTENT, {"x": "y"}, now=NOW), check=check
        )
        assert steps >= 6
        assert outcomes == {(2, True), (2, False), (3, True)}


class TestFullDisk:
    """A disk that takes the line and not the head: neither is there, however often it is tried."""

    @pytest.fixture
    def full(self, monkeypatch):
        def refuse(*_args, **_options):
            raise UnfitError("the disk is full", code="disk-full")

        def fill():
            monkeypatch.setattr(journal_module, "atomic_write", refuse)

        return fill

    def test_nothing_is_written_and_the_chain_holds(self, tmp_path, full, monkeypatch):
        journal = Journal(tmp_path / "home")
        first = journal.append(EntryKind.AUDITED, {"n": 1}, now=NOW)
        before = (tmp_path / "home" / "journal.jsonl").read_bytes()
        full()
        for _ in range(3):
            with pytest.raises(UnfitError, match="full"):
                journal.append(EntryKind.AUDITED, {"n": 2}, now=NOW)
            assert (tmp_path / "home" / "journal.jsonl").read_bytes() == before
        monkeypatch.undo()
        assert journal.verify().anchor == first.anchor
        journal.append(EntryKind.AUDITED, {"n": 3}, now=NOW)
        assert [entry.body["n"] for entry in journal.entries()] == [1, 3]

    def test_the_first_line_too(self, tmp_path, full, monkeypatch):
        journal = Journal(tmp_path / "home")
        full()
        with pytest.raises(UnfitError):
            journal.append(EntryKind.AUDITED, {}, now=NOW)
        monkeypatch.undo()
        assert journal.verify().damage is None
        assert journal.append(EntryKind.AUDITED, {}, now=NOW).seq == 1

    @pytest.mark.parametrize("fault", [KeyboardInterrupt(), OSError(errno.EIO, "a bad block")])
    def test_an_entry_that_was_stopped_at_any_step_is_not_there(self, tmp_path, fault, monkeypatch):
        journal, real, left = filled(tmp_path / "home", 2), os.fsync, [0]

        def stop(descriptor):
            left[0] -= 1
            if left[0] == 0:
                raise fault
            real(descriptor)

        for step in range(1, 20):
            left[0] = step
            monkeypatch.setattr(os, "fsync", stop)
            try:
                journal.append(EntryKind.INTENT, {}, now=NOW)
            except (KeyboardInterrupt, UnfitError):
                monkeypatch.undo()
            else:
                break
            assert [entry.kind for entry in journal.entries()] == [EntryKind.REFUSED] * 2
        assert step > 3
        assert journal.verify().anchor.seq == 3

    def test_a_head_that_was_moved_after_all_keeps_its_line(self, tmp_path, monkeypatch):
        journal = Journal(tmp_path / "home")
        real = journal_module.atomic_write

        def late(*args, **options):
            real(*args, **options)
            raise UnfitError("the folder's entry may not be on the disk")

        monkeypatch.setattr(journal_module, "atomic_write", late)
        with pytest.raises(UnfitError):
            journal.append(EntryKind.AUDITED, {}, now=NOW)
        monkeypatch.undo()
        assert journal.verify().anchor.seq == 1

    def test_a_head_that_lags_catches_up_before_it_could_lag_by_two(
        self, tmp_path, full, monkeypatch
    ):
        home = tmp_path / "home"
        journal = Journal(home)
        journal.append(EntryKind.AUDITED, {}, now=NOW)
        lagging = (home / "journal.head").read_bytes()
        journal.append(EntryKind.AUDITED, {}, now=NOW)
        (home / "journal.head").write_bytes(lagging)  # as a power cut between the two leaves it
        full()
        with pytest.raises(UnfitError):
            journal.append(EntryKind.AUDITED, {}, now=NOW)
        monkeypatch.undo()
        assert journal.verify().anchor.seq == 2
        assert journal.append(EntryKind.AUDITED, {}, now=NOW).seq == 3
        assert journal.verify().damage is None
