"""The latch: engaged by anything, released by one way only."""

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coldsign.controls.chain import JournalDamagedError
from coldsign.controls.entry import EntryKind, is_halted_after
from coldsign.controls.journal import Journal
from coldsign.controls.latch import Halt, Latch, halted_by
from coldsign.errors import HaltedError, UnfitError, UsageError
from tests.killing import steps_survived

NOW = datetime(2026, 11, 22, 17, 0, 0, tzinfo=UTC)


def kinds(journal: Journal) -> list[EntryKind]:
    return [entry.kind for entry in journal.entries()]


def test_engage_check_release(home: Path) -> None:
    latch, journal = Latch(home), Journal(home)
    latch.check()
    assert latch.status() is None
    entry = latch.engage("line 7 is\nnot ours", NOW, who="audit", journal=journal)
    assert entry is not None
    assert entry.body["why"] == "line 7 is\nnot ours"
    with pytest.raises(
        HaltedError, match=r"halted: line 7 is.x0anot ours \(2026-11-22T17"
    ) as caught:
        latch.check()
    assert caught.value.exit_code == 7
    assert "halt release" in caught.value.hint
    assert halted_by(journal.entries())
    released = latch.release("a typing error, list corrected", NOW, who="anna", journal=journal)
    assert released.body["halted"] == ["line 7 is\nnot ours"]
    latch.check()
    assert not halted_by(journal.entries())
    assert kinds(journal) == [EntryKind.HALTED, EntryKind.RELEASED]


def test_a_halt_stands_in_the_journal_whatever_follows_but_a_release(home: Path) -> None:
    latch, journal = Latch(home), Journal(home)
    latch.engage("why", NOW, who="anna", journal=journal)
    for kind in set(EntryKind) - {EntryKind.HALTED, EntryKind.RELEASED}:
        journal.append(kind, {}, now=NOW)
        assert halted_by(journal.entries()), kind
        assert is_halted_after(kind, True)
        assert not is_halted_after(kind, False)
    latch.release("found out", NOW, who="anna", journal=journal)
    journal.append(EntryKind.AUDITED, {}, now=NOW)
    assert not halted_by(journal.entries())


@pytest.mark.parametrize(
    ("halt", "text"),
    [
        (Halt("why", "2026", "anna"), "why (2026, by anna)"),
        (Halt("why", "2026", ""), "why (2026)"),
        (Halt("why", "", "anna"), "why (by anna)"),
        (Halt("why", "", ""), "why"),
    ],
)
def test_what_is_known_of_a_halt_is_told(halt: Halt, text: str) -> None:
    assert str(halt) == text


def test_the_first_reason_stays_and_every_reason_is_recorded(home: Path) -> None:
    latch, journal = Latch(home), Journal(home)
    latch.engage("first", NOW, who="a", journal=journal)
    latch.engage("second", NOW, who="b", journal=journal)
    halt = latch.status()
    assert halt is not None
    assert (halt.why, halt.who) == ("first", "a")
    assert [entry.body["why"] for entry in journal.entries()] == ["first", "second"]


@pytest.mark.parametrize("content", [b"", b"\xff", b"{}", b"[", b"1", b"[" * 100_000])
def test_an_unreadable_latch_is_engaged(home: Path, content: bytes) -> None:
    home.mkdir(mode=0o700)
    (home / "halt").write_bytes(content)
    (home / "halt").chmod(0o600)
    with pytest.raises(HaltedError, match="cannot be read"):
        Latch(home).check()


def test_a_link_a_folder_and_an_open_file_are_engaged(home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "halt").symlink_to(home / "nowhere")
    with pytest.raises(HaltedError):
        Latch(home).check()
    Latch(home).release("cleaned", NOW, who="anna", journal=Journal(home))
    (home / "halt").symlink_to(home)  # to a folder: the link goes, whatever it leads to
    with pytest.raises(HaltedError):
        Latch(home).check()
    Latch(home).release("cleaned", NOW, who="anna", journal=Journal(home))
    Latch(home).check()
    (home / "halt").mkdir()
    with pytest.raises(HaltedError):
        Latch(home).check()
    before = (home / "journal.jsonl").read_bytes()
    with pytest.raises(UsageError, match="is a folder, which coldsign never makes") as caught:
        Latch(home).release("cleaned", NOW, who="anna", journal=Journal(home))
    assert caught.value.code == "latch-is-folder"
    assert (home / "journal.jsonl").read_bytes() == before


def test_a_home_that_cannot_be_looked_into_is_engaged(home: Path) -> None:
    home.touch()
    with pytest.raises(HaltedError, match="cannot be looked at"):
        Latch(home).check()


def test_a_full_disk_still_halts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    latch, journal = Latch(home), Journal(home)
    monkeypatch.setattr(os, "write", full)
    assert latch.engage("why", NOW, who="", journal=journal) is None
    monkeypatch.undo()
    with pytest.raises(HaltedError, match="cannot be read"):
        latch.check()


def test_a_disk_that_takes_nothing_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EROFS, "read-only")

    latch, journal = Latch(home), Journal(home)
    monkeypatch.setattr(os, "write", full)
    monkeypatch.setattr(Path, "touch", full)
    with pytest.raises(UnfitError, match=r"cannot engage .*read-only"):
        latch.engage("why", NOW, who="", journal=journal)


def test_a_disk_that_lets_nothing_go_stays_engaged(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = Path.unlink

    def kept(path: Path, **options: bool) -> None:
        if path.name == "halt":
            raise OSError(errno.EROFS, "read-only")
        unlink(path, **options)

    latch, journal = Latch(home), Journal(home)
    latch.engage("why", NOW, who="", journal=journal)
    monkeypatch.setattr(Path, "unlink", kept)
    with pytest.raises(UnfitError, match=r"cannot release .*read-only"):
        latch.release("found out", NOW, who="anna", journal=journal)
    with pytest.raises(HaltedError):
        latch.check()


def test_a_damaged_journal_hinders_the_release_only(home: Path) -> None:
    latch, journal = Latch(home), Journal(home)
    latch.engage("why", NOW, who="", journal=journal)
    (home / "journal.jsonl").write_bytes(b"x\n")
    assert latch.engage("worse", NOW, who="", journal=journal) is None
    with pytest.raises(JournalDamagedError):
        latch.release("please", NOW, who="", journal=journal)
    with pytest.raises(HaltedError):
        latch.check()


def test_damage_before_the_end_of_the_journal_hinders_the_release_too(home: Path) -> None:
    latch, journal = Latch(home), Journal(home)
    journal.append(EntryKind.REFUSED, {"number": 7}, now=NOW)
    latch.engage("why", NOW, who="", journal=journal)
    path = home / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"number":7', b'"number":8', 1))
    with pytest.raises(JournalDamagedError):
        latch.release("please", NOW, who="", journal=journal)
    with pytest.raises(HaltedError):
        latch.check()


def test_deleting_the_file_does_not_release(home: Path) -> None:
    latch, journal = Latch(home), Journal(home)
    latch.engage("why", NOW, who="", journal=journal)
    (home / "halt").unlink()
    assert halted_by(journal.entries())
    latch.release("found out", NOW, who="anna", journal=journal)
    assert not halted_by(journal.entries())


def test_a_release_needs_a_latch_and_a_reason(home: Path) -> None:
    latch, journal = Latch(home), Journal(home)
    with pytest.raises(UsageError, match="not engaged"):
        latch.release("why not", NOW, who="anna", journal=journal)
    latch.engage("why", NOW, who="", journal=journal)
    with pytest.raises(UsageError, match="needs a reason"):
        latch.release(" \n", NOW, who="anna", journal=journal)


def test_killed_at_every_step_of_a_release_it_is_released_only_with_a_reason(home: Path) -> None:
    latch, journal = Latch(home), Journal(home)
    latch.engage("why", NOW, who="", journal=journal)
    saved = {path: path.read_bytes() for path in home.iterdir()}

    def check() -> None:
        if latch.status() is None:
            assert kinds(journal)[-1] is EntryKind.RELEASED
        for path in set(home.iterdir()) - set(saved):
            path.unlink()
        for path, content in saved.items():
            path.write_bytes(content)
            path.chmod(0o600)

    steps = steps_survived(
        lambda: latch.release("found out", NOW, who="anna", journal=journal), check=check
    )
    assert steps >= 8


def test_killed_at_every_step_of_engaging_it_is_engaged_or_nothing_followed(home: Path) -> None:
    latch, journal = Latch(home), Journal(home)
    journal.append(EntryKind.REFUSED, {}, now=NOW)
    saved = {path: path.read_bytes() for path in home.iterdir()}

    def check() -> None:
        if journal.verify().anchor.seq > 1:
            assert latch.status() is not None
        for path in set(home.iterdir()) - set(saved):
            path.unlink()
        for path, content in saved.items():
            path.write_bytes(content)

    steps = steps_survived(lambda: latch.engage("why", NOW, who="", journal=journal), check=check)
    assert steps >= 10
