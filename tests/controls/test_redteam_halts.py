"""A halt that comes between: it must be in the journal, and void what was cleared before it."""

from datetime import UTC, datetime

import pytest

from coldsign.ceremony.walk import examine
from coldsign.controls.chain import JournalDamagedError
from coldsign.controls.clearance import clear
from coldsign.controls.entry import EntryKind
from coldsign.controls.journal import Journal
from coldsign.controls.latch import Latch
from coldsign.controls.policy import Policy
from coldsign.errors import HaltedError
from coldsign.review.finding import Severity
from tests.ceremony.stage import fixture, make_desk
from tests.controls.common import LAX, report

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_halt_over_a_line_that_is_not_understood_is_recorded(tmp_path):
    desk = make_desk(tmp_path)
    desk.journal.append(EntryKind.INTENT, {"network": "regtest"}, now=NOON)
    with pytest.raises(JournalDamagedError, match="particulars"):
        examine(fixture("wpkh-1x2").job(), desk)
    assert desk.latch.status() is not None
    assert [entry.kind for entry in desk.journal.entries()] == [EntryKind.INTENT, EntryKind.HALTED]


def test_a_clearance_stands_until_the_machine_is_halted(tmp_path):
    found, latch = report(tmp_path), Latch(tmp_path)
    accepted = frozenset(one.code for one in found.of(Severity.CONFIRM))
    cleared = clear(found, policy=Policy.parse(LAX), latch=latch, accepted=accepted)
    cleared.demand_standing()
    latch.engage("stop", NOON, who="anna", journal=Journal(tmp_path))
    with pytest.raises(HaltedError, match="stop"):
        cleared.demand_standing()
