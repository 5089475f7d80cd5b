"""Somebody halts the machine while the keyholder types: what was cleared before must not be signed."""

from datetime import UTC, datetime

import pytest

from coldsign.ceremony.operator import Consent
from coldsign.ceremony.walk import sign_walk
from coldsign.controls.entry import EntryKind
from coldsign.controls.latch import Latch
from coldsign.errors import HaltedError
from tests.ceremony.stage import fixture, make_desk

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Halted:
    """Says yes; a second person engages the latch before the passphrase is typed to its end."""

    def __init__(self, desk, found):
        self.desk, self.found, self.ring = desk, found, None

    def look(self, report):
        del report

    def approve(self, report):
        return Consent(frozenset(found.code for found in report.findings), "test")

    def unlock(self):
        Latch(self.desk.home).engage("stop", NOON, who="anna", journal=self.desk.journal)
        self.ring = self.found.keyring(0)
        return self.ring


def test_a_latch_engaged_while_the_key_is_opened_stops_the_signature(tmp_path):
    found, desk = fixture("wpkh-1x2"), make_desk(tmp_path)
    operator = Halted(desk, found)
    with pytest.raises(HaltedError, match="stop"):
        sign_walk(found.job(), desk, operator)
    kinds = [entry.kind for entry in desk.journal.entries()]
    assert kinds == [EntryKind.INTENT, EntryKind.HALTED, EntryKind.ABANDONED]
    assert operator.ring is not None
