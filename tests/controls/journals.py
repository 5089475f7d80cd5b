"""Journals for the tests: some entries, and what is wrong with them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from coldsign.controls.chain import JournalDamagedError
from coldsign.controls.entry import EntryKind
from coldsign.controls.journal import Journal

NOW = datetime(2026, 11, 22, 17, 0, 0, tzinfo=UTC)


def filled(home: Path, count: int = 4) -> Journal:
    journal = Journal(home)
    for number in range(count):
        journal.append(EntryKind.REFUSED, {"number": number}, now=NOW)
    return journal


def damage(journal: Journal, *, seen_from_its_end: bool = True) -> JournalDamagedError:
    found = journal.verify().damage
    assert found is not None
    assert found.code == f"journal-{found.damage.value}"
    assert found.hint
    if not seen_from_its_end:
        return found
    with pytest.raises(JournalDamagedError) as caught:
        journal.append(EntryKind.REFUSED, {}, now=NOW)
    assert caught.value.damage is found.damage
    return found
