"""Reading the journal: without permission to write, and while others write."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coldsign.controls.chain import Damage, JournalDamagedError
from coldsign.controls.entry import EntryKind
from coldsign.controls.journal import Journal
from coldsign.errors import UnfitError
from coldsign.primitives import lock
from coldsign.primitives.lock import exclusive_lock
from tests.readonly import read_only

NOW = datetime(2026, 11, 22, 17, 0, 0, tzinfo=UTC)


def append(home: Path, count: int) -> Journal:
    journal = Journal(home)
    for number in range(count):
        journal.append(EntryKind.REFUSED, {"number": number}, now=NOW)
    return journal


@pytest.fixture
def may_not_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process opens the lock as one that may not write; the journal of the test still may."""
    monkeypatch.setattr(lock, "_is_ours_to_write", lambda _path: False)


@pytest.mark.parametrize("locked", [True, False], ids=["lock file", "no lock file"])
def test_a_read_only_journal_is_read_and_proven(home: Path, *, locked: bool) -> None:
    written = append(home, 3)
    anchor = written.verify().anchor
    if not locked:
        (home / "journal.lock").unlink()
    with read_only(home) as fixed:
        journal = Journal(fixed)
        assert journal.verify() == (anchor, None)
        assert [entry.seq for entry in journal.entries()] == [1, 2, 3]
        assert len(list(journal.glimpse(EntryKind.REFUSED))) == 3
        journal.demand_anchor(anchor)
        with pytest.raises(UnfitError, match="cannot"):
            journal.append(EntryKind.REFUSED, {}, now=NOW)
        assert journal.verify() == (anchor, None)


@pytest.mark.parametrize("locked", [True, False], ids=["lock file", "no lock file"])
def test_the_damage_of_a_read_only_journal_is_named(home: Path, *, locked: bool) -> None:
    path = (append(home, 3) and home) / "journal.jsonl"
    whole = path.read_bytes()
    if not locked:
        (home / "journal.lock").unlink()
    for content, kind in (
        (whole.replace(b'"number":1', b'"number":7'), Damage.BROKEN),
        (whole[:-9], Damage.ROLLED_BACK),
    ):
        path.write_bytes(content)
        with read_only(home) as fixed:
            found = Journal(fixed).verify().damage
            assert found is not None
            assert found.damage is kind


@pytest.mark.usefixtures("may_not_write")
def test_a_writer_that_came_during_a_reading_is_no_damage(home: Path) -> None:
    journal = append(home, 2)
    (home / "journal.lock").unlink()
    reading = journal.entries()
    next(reading)
    append(home, 2)
    with pytest.raises(UnfitError, match="wrote to the journal while it was read") as caught:
        list(reading)
    assert (caught.value.code, caught.value.hint) == ("busy", "try again")
    assert journal.verify().damage is None


@pytest.mark.usefixtures("may_not_write")
def test_a_line_half_written_by_others_is_no_damage(home: Path) -> None:
    journal = append(home, 2)
    (home / "journal.lock").unlink()
    reading = journal.entries()
    next(reading)
    with exclusive_lock(home / "journal.lock"), (home / "journal.jsonl").open("ab") as file:
        file.write(b'{"body":')
        file.flush()
        with pytest.raises(UnfitError, match="while it was read"):
            list(reading)
    with pytest.raises(JournalDamagedError, match="torn"):  # the writer is gone: now it is damage
        list(journal.entries())


@pytest.mark.usefixtures("may_not_write")
def test_a_reader_that_may_not_write_never_sees_half_of_what_others_write(home: Path) -> None:
    journal = append(home, 1)
    child = os.fork()
    if not child:
        append(home, 40)
        os._exit(0)
    seen = {journal.verify()}
    while not os.waitpid(child, os.WNOHANG)[0]:
        seen.add(journal.verify())
    assert {found.damage for found in seen} == {None}
    assert journal.verify().anchor.seq == 41
