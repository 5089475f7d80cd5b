"""A damaged journal is mended by name, and nothing is forgotten unsaid."""

import errno
import os
from pathlib import Path

import pytest

from coldsign.controls import journal as journal_module
from coldsign.controls.chain import JournalDamagedError
from coldsign.controls.entry import EntryKind
from coldsign.controls.journal import Journal
from coldsign.errors import UsageError
from coldsign.primitives.lock import exclusive_lock
from tests.controls.journals import NOW, filled
from tests.killing import steps_survived


class TestRecovery:
    def torn(self, home: Path) -> Journal:
        journal = filled(home, 2)
        with (home / "journal.jsonl").open("ab") as file:
            file.write(b'{"body":\x00')
        return journal

    def test_a_torn_line_is_kept_and_recorded(self, home: Path) -> None:
        journal = self.torn(home)
        entry = journal.recover_torn("the power went", now=NOW)
        assert entry.seq == 3
        assert entry.kind is EntryKind.RECOVERED
        assert entry.body["reason"] == "the power went"
        assert entry.body["begins"] == '{"body":\\x00'
        assert (home / "journal.torn-3").read_bytes() == b'{"body":\x00'
        assert journal.verify() == (entry.anchor, None)

    def test_only_a_torn_journal_is_recovered(self, home: Path) -> None:
        journal = filled(home, 2)
        with pytest.raises(UsageError, match="nothing to recover"):
            journal.recover_torn("why not", now=NOW)
        lines = (home / "journal.jsonl").read_bytes()
        (home / "journal.jsonl").write_bytes(lines.replace(b"0", b"1", 1))
        before = {path: path.read_bytes() for path in home.iterdir()}
        with pytest.raises(JournalDamagedError):
            journal.recover_torn("why not", now=NOW)
        assert {path: path.read_bytes() for path in home.iterdir()} == before

    def test_a_broken_journal_is_set_aside_never_deleted(self, home: Path) -> None:
        journal = filled(home, 2)
        for name in ("journal.broken-1", "journal.broken-2"):
            (home / "journal.jsonl").write_bytes(b"x\n")
            entry = journal.set_aside("no backup", now=NOW)
            assert entry.seq == 1
            assert entry.body["kept_as"] == name
            assert (home / name).read_bytes() == b"x\n"
            assert journal.verify().damage is None
        (home / "journal.jsonl").unlink()
        assert journal.set_aside("no backup", now=NOW).body["sha256"] == "no journal"

    def test_an_intact_or_torn_journal_is_not_set_aside(self, home: Path) -> None:
        with pytest.raises(UsageError, match="need not"):
            filled(home, 2).set_aside("why not", now=NOW)
        with pytest.raises(UsageError, match="need not"):
            self.torn(home).set_aside("why not", now=NOW)

    def test_killed_at_every_step_recovery_can_be_repeated(self, home: Path) -> None:
        journal = self.torn(home)
        saved = {path: path.read_bytes() for path in home.iterdir()}

        def check() -> None:
            if journal.verify().damage is not None:
                journal.recover_torn("again", now=NOW)
            assert journal.verify().damage is None
            for path in set(home.iterdir()) - set(saved):
                path.unlink()
            for path, content in saved.items():
                path.write_bytes(content)

        assert steps_survived(lambda: journal.recover_torn("once", now=NOW), check=check) >= 8

    @pytest.mark.parametrize("how", ["edited", "gone", "head unreadable", "set back"])
    def test_killed_at_every_step_setting_aside_forgets_nothing_unsaid(
        self, home: Path, how: str
    ) -> None:
        journal = filled(home, 3)
        path, head = home / "journal.jsonl", home / "journal.head"
        if how == "edited":
            path.write_bytes(path.read_bytes().replace(b'"number":1', b'"number":7'))
        elif how == "gone":
            path.unlink()
        elif how == "head unreadable":
            head.write_bytes(b"?")
        else:
            path.write_bytes(path.read_bytes().split(b"\n", 1)[0] + b"\n")
        saved = {each: each.read_bytes() for each in home.iterdir()}
        damaged = []

        def check() -> None:
            damaged.append(journal.verify().damage is not None)
            if damaged[-1]:
                journal.set_aside("no backup", now=NOW)
            entries = list(journal.entries())
            assert [entry.kind for entry in entries] == [EntryKind.RECOVERED]
            assert entries[0].body["reason"] == "no backup"
            kept = [each.read_bytes() for each in home.glob("journal.broken-*")]
            assert saved.get(path) is None or saved[path] in kept
            if name := entries[0].body["kept_as"]:
                assert (home / name).exists()
            for each in set(home.iterdir()) - set(saved):
                each.unlink()
            for each, content in saved.items():
                each.write_bytes(content)
                each.chmod(0o600)

        assert steps_survived(lambda: journal.set_aside("no backup", now=NOW), check=check) >= 6
        assert damaged == sorted(damaged, reverse=True)
        assert set(damaged) == {True, False}

    def test_a_torn_line_is_cut_off_once_however_many_recover_it(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal, first = self.torn(home), []
        real = exclusive_lock

        def late(*args: object, **options: object) -> object:
            if not first:
                first.append(None)
                first[:] = [Journal(home).recover_torn("the other was quicker", now=NOW)]
            return real(*args, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(journal_module, "exclusive_lock", late)
        with pytest.raises(UsageError, match="nothing to recover"):
            journal.recover_torn("me too", now=NOW)
        assert journal.verify() == (first[0].anchor, None)
        assert (home / "journal.torn-3").read_bytes() == b'{"body":\x00'

    def test_where_there_is_no_journal_nothing_is_mended_or_made(self, home: Path) -> None:
        for mend in (Journal(home).recover_torn, Journal(home).set_aside):
            with pytest.raises(UsageError):
                mend("a typing error", now=NOW)
        assert not home.exists()

    def test_a_disk_with_one_name_for_a_file(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = filled(home, 2)
        (home / "journal.jsonl").write_bytes(b"x\n")

        def none(*_args: object, **_options: object) -> None:
            raise OSError(errno.EPERM, "no links")

        monkeypatch.setattr(os, "link", none)
        entry = journal.set_aside("no backup", now=NOW)
        assert (home / entry.body["kept_as"]).read_bytes() == b"x\n"
        assert journal.verify() == (entry.anchor, None)
