"""An audit's foreign address is named, and everything halts, whatever the disk says."""

import errno
import io
import os
import shutil
from pathlib import Path

import pytest

from coldsign.ceremony.auditing import audit_walk, demand_ours
from coldsign.ceremony.desk import Desk
from coldsign.controls.audit import Effort
from coldsign.controls.audit_tally import AuditTally
from coldsign.controls.chain import Damage
from coldsign.controls.entry import EntryKind
from coldsign.errors import RefusedError, UnfitError
from tests.ceremony.stage import fixture, make_desk
from tests.killing import steps_survived

FOREIGN = "bcrt1qpqyqszqgpqyqszqgpqyqszqgpqyqszqgz7fmv0"


def audited(desk: Desk, text: str) -> AuditTally:
    wallet = fixture("wpkh-1x2").wallet
    stream = io.BytesIO(text.format(ours=wallet.address(0, 1)).encode())
    return audit_walk(wallet, desk, stream, Effort(), told=lambda _proven, _lines: None)


def refused(desk: Desk) -> RefusedError:
    with pytest.raises(RefusedError, match=f"line 2: {FOREIGN} is not proven ours") as caught:
        demand_ours(audited(desk, f"{{ours}},1\n{FOREIGN},2\n{{ours}},1\n"))
    assert (caught.value.exit_code, caught.value.code) == (4, "foreign-address")
    return caught.value


def full(*_arguments: object, **_options: object) -> None:
    raise OSError(errno.ENOSPC, "full")


def test_recorded_and_halted(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    assert refused(desk).hint.startswith("the latch is engaged: accept no deposit")
    assert [entry.kind for entry in desk.journal.entries()] == [EntryKind.HALTED, EntryKind.AUDITED]
    demand_ours(audited(desk, "{ours},1\n"))


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = make_desk(tmp_path)
    monkeypatch.setattr(os, "write", full)
    assert refused(desk).hint.startswith("the journal could not record it (cannot write ")
    assert desk.latch.status() is not None
    with pytest.raises(UnfitError, match="the disk is full"):
        audited(desk, "{ours},1\n")


def test_a_disk_that_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = make_desk(tmp_path)
    monkeypatch.setattr(os, "write", full)
    monkeypatch.setattr(Path, "touch", full)
    hint = refused(desk).hint
    assert hint.startswith("THE LATCH IS NOT ENGAGED (cannot engage ")
    assert hint.endswith("accept no deposit and sign nothing until this is explained")


def test_a_power_cut_at_any_step_leaves_it_halted_or_not_yet_found(tmp_path: Path) -> None:
    """Once halted it stays halted; before that nobody was told, and the next audit finds it again."""
    desk, wallet, states = make_desk(tmp_path / "home"), fixture("wpkh-1x2").wallet, []

    def check() -> None:
        states.append(desk.latch.status() is not None)
        if (damage := desk.journal.verify().damage) is not None:
            assert damage.damage is Damage.TORN
            desk.journal.recover_torn("the power went", now=desk.now())
        assert refused(desk)
        assert desk.latch.status() is not None
        shutil.rmtree(desk.home)

    list_of_one = f"{FOREIGN},2\n".encode()
    steps = steps_survived(
        lambda: audit_walk(
            wallet, desk, io.BytesIO(list_of_one), Effort(), told=lambda _proven, _lines: None
        ),
        check=check,
    )
    assert steps >= 12
    assert states == sorted(states)
    assert set(states) == {False, True}
