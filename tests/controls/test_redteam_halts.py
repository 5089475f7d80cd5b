"""A line in the journal that nobody understands: the halt it causes must be in the journal too."""

from datetime import UTC, datetime

import pytest

from coldsign.ceremony.walk import examine
from coldsign.controls.chain import JournalDamagedError
from coldsign.controls.entry import Kind
from tests.ceremony.stage import fixture, make_desk

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_halt_over_a_line_that_is_not_understood_is_recorded(tmp_path):
    desk = make_desk(tmp_path)
    desk.journal.append(Kind.INTENT, {"network": "regtest"}, now=NOON)
    with pytest.raises(JournalDamagedError, match="particulars"):
        examine(fixture("wpkh-1x2").job(), desk)
    assert desk.latch.status() is not None
    assert [entry.kind for entry in desk.journal.entries()] == [Kind.INTENT, Kind.HALTED]
