"""The walk: what it signs, in which order, and what every way of stopping leaves behind."""

import dataclasses
import functools
from pathlib import Path

import pytest

from coldsign.ceremony.checkup import Machine
from coldsign.ceremony.operator import Consent, ExpectingOperator
from coldsign.ceremony.reviewing import approve_walk
from coldsign.ceremony.walk import examine, sign_walk
from coldsign.controls.entry import EntryKind
from coldsign.controls.journal import Journal
from coldsign.controls.latch import Latch
from coldsign.controls.policy import Policy
from coldsign.errors import (
    DeclinedError,
    HaltedError,
    LockedError,
    MalformedError,
    RefusedError,
    SelfCheckError,
    UnfitError,
)
from coldsign.keys.keystore import KeyRecord
from coldsign.keys.material import KeyKind
from coldsign.keys.versions import NetworkGroup
from coldsign.psbt.fields import In
from coldsign.psbt.model import Psbt
from coldsign.signer import verified
from tests.ceremony.stage import Yes, fixture, fixture_names, make_desk, no_key

SIGNATURES = (In.PARTIAL_SIG, In.TAP_KEY_SIG, In.TAP_SCRIPT_SIG)


def signatures(psbt: Psbt) -> list[list[object]]:
    return [
        sorted(pair for kind in SIGNATURES for pair in found.map.fields.get(kind, []))
        for found in psbt.inputs
    ]


def kinds(desk) -> list[EntryKind]:
    return [entry.kind for entry in desk.journal.entries()]


@pytest.mark.parametrize("name", fixture_names())
def test_every_cosigners_signatures_are_those_of_the_node(name: str, tmp_path: Path) -> None:
    found = fixture(name)
    for cosigner in range(len(found.raw["cosigners"])):
        desk = make_desk(tmp_path / str(cosigner))
        signed = sign_walk(found.job(), desk, Yes(lambda c=cosigner: found.keyring(c)))
        assert signatures(signed.psbt) == signatures(found.signed_by_node(cosigner))
        assert signed.inputs
        assert kinds(desk) == [EntryKind.INTENT, EntryKind.SIGNED]


def test_the_key_is_asked_for_only_after_the_intent_is_on_the_disk(tmp_path: Path) -> None:
    found, desk = fixture("wpkh-1x2"), make_desk(tmp_path)

    def key():
        assert kinds(desk) == [EntryKind.INTENT]
        return found.keyring(0)

    operator = Yes(key)
    sign_walk(found.job(), desk, operator)
    assert operator.asked == 1


def test_a_refused_transaction_asks_nobody_and_is_recorded(tmp_path: Path) -> None:
    found, desk, operator = fixture("wpkh-1x2"), make_desk(tmp_path), Yes()
    strict = Policy.parse(b"[fee]\nrefuse_sats = 1\nrefuse_percent = 0.0001\n")
    with pytest.raises(RefusedError, match="fee is too high"):
        sign_walk(dataclasses.replace(found.job(), policy=strict), desk, operator)
    assert operator.asked == 0
    assert len(operator.seen) == 1
    assert kinds(desk) == [EntryKind.REFUSED]


def test_a_declined_transaction_is_recorded_and_nothing_is_signed(tmp_path: Path) -> None:
    class No(Yes):
        def approve(self, report) -> Consent:
            raise DeclinedError("no")

    found, desk, operator = fixture("wpkh-1x2"), make_desk(tmp_path), No()
    with pytest.raises(DeclinedError):
        sign_walk(found.job(), desk, operator)
    assert operator.asked == 0
    assert kinds(desk) == [EntryKind.DECLINED]


def test_nobody_is_asked_where_papers_are_missing(tmp_path: Path) -> None:
    class Unasked(Yes):
        def approve(self, report) -> Consent:
            raise AssertionError("a person was asked")

    found, desk, operator = fixture("wpkh-1x2"), make_desk(tmp_path), Unasked()
    rules = b"[require]\nmanifest = true\n"
    job = dataclasses.replace(found.job(), policy=Policy.parse(rules))
    for walked in (sign_walk, functools.partial(approve_walk, signer="nobody")):
        with pytest.raises(RefusedError, match="requires a manifest") as caught:
            walked(job, desk, operator)
        assert caught.value.code == "no-manifest"
    assert len(operator.seen) == 2
    assert operator.asked == 0
    assert kinds(desk) == [EntryKind.REFUSED]  # by sign; a reviewer's look is not recorded


def test_a_stop_at_any_moment_of_the_decision_is_recorded(tmp_path: Path) -> None:
    class Stopped(Yes):
        def approve(self, report) -> Consent:
            raise KeyboardInterrupt

    found, desk = fixture("wpkh-1x2"), make_desk(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        sign_walk(found.job(), desk, Stopped())
    (entry,) = desk.journal.entries()
    assert (entry.kind, entry.body["code"]) == (EntryKind.DECLINED, "stopped")


def test_a_halted_machine_still_examines_but_does_not_sign(tmp_path: Path) -> None:
    found, desk, operator = fixture("wpkh-1x2"), make_desk(tmp_path), Yes()
    desk.halt("a test")
    assert examine(found.job(), desk).verdict in {"ok", "confirm"}
    with pytest.raises(HaltedError):
        sign_walk(found.job(), desk, operator)
    assert operator.asked == 0
    with pytest.raises(HaltedError):
        approve_walk(found.job(), desk, operator, signer="nobody")


def test_a_halt_while_the_reviewer_looks_stops_the_approval(tmp_path: Path) -> None:
    found, desk = fixture("wpkh-1x2"), make_desk(tmp_path)

    class Halting(Yes):
        def approve(self, report) -> Consent:
            desk.halt("a test")
            return super().approve(report)

    with pytest.raises(HaltedError):
        approve_walk(found.job(), desk, Halting(), signer="nobody")
    assert kinds(desk) == [EntryKind.HALTED]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (LockedError("wrong passphrase"), "wrong passphrase"),
        (KeyboardInterrupt(), "stopped by the person"),
        (OSError(5, "canary"), "stopped by a fault: OSError"),
        (ValueError("canary"), "stopped by a fault: ValueError"),
        (SystemExit(1), "stopped by a fault: SystemExit"),
    ],
)
def test_a_key_that_does_not_open_leaves_an_abandoned_intent(error, why, tmp_path: Path) -> None:
    def key():
        raise error

    found, desk = fixture("wpkh-1x2"), make_desk(tmp_path)
    with pytest.raises(type(error)):
        sign_walk(found.job(), desk, Yes(key))
    last = list(desk.journal.entries())[-1]
    assert (last.kind, last.body) == (EntryKind.ABANDONED, {"intent": 1, "why": why})
    assert b"canary" not in (tmp_path / "journal.jsonl").read_bytes()
    assert "signed-before" not in {one.code for one in examine(found.job(), desk).findings}
    assert sign_walk(found.job(), desk, Yes(lambda: found.keyring(0))).inputs == (0,)


@pytest.mark.parametrize("fault", [OSError(5, "a bad block"), MemoryError(), KeyboardInterrupt()])
def test_a_fault_while_signing_leaves_an_abandoned_intent(
    fault, tmp_path: Path, monkeypatch
) -> None:
    def stop(*_args, **_named) -> None:
        raise fault

    found, desk = fixture("wpkh-1x2"), make_desk(tmp_path)
    monkeypatch.setattr(verified, "verify", stop)
    with pytest.raises(type(fault)):
        sign_walk(found.job(), desk, Yes(lambda: found.keyring(0)))
    assert kinds(desk) == [EntryKind.INTENT, EntryKind.ABANDONED]


def journal_that_takes_no(*refused: EntryKind, monkeypatch) -> None:
    append = Journal.append

    def full(journal, kind, *args, **named):
        if kind in refused:
            raise UnfitError("the disk is full", code="disk-full")
        return append(journal, kind, *args, **named)

    monkeypatch.setattr(Journal, "append", full)


def test_a_signature_that_cannot_be_recorded_is_abandoned(tmp_path: Path, monkeypatch) -> None:
    found, desk = fixture("wpkh-1x2"), make_desk(tmp_path)
    journal_that_takes_no(EntryKind.SIGNED, monkeypatch=monkeypatch)
    with pytest.raises(UnfitError, match="full"):
        sign_walk(found.job(), desk, Yes(lambda: found.keyring(0)))
    (intent, abandoned) = desk.journal.entries()
    assert (intent.kind, abandoned.kind) == (EntryKind.INTENT, EntryKind.ABANDONED)
    assert abandoned.body == {"intent": intent.seq, "why": "the disk is full"}


def test_a_journal_that_takes_no_more_hides_neither_the_fault_nor_the_halt(
    tmp_path: Path, monkeypatch
) -> None:
    def fault(*_args, **_named) -> None:
        raise SelfCheckError("a bit flipped")

    found, desk = fixture("wpkh-1x2"), make_desk(tmp_path)
    monkeypatch.setattr(verified, "verify", fault)
    journal_that_takes_no(EntryKind.ABANDONED, EntryKind.HALTED, monkeypatch=monkeypatch)
    with pytest.raises(SelfCheckError, match="a bit flipped"):
        sign_walk(found.job(), desk, Yes(lambda: found.keyring(0)))
    assert kinds(desk) == [EntryKind.INTENT]  # the safe side: it may have been signed
    with pytest.raises(HaltedError, match="a bit flipped"):
        desk.latch.check()


def test_a_fault_is_told_though_the_disk_refuses_the_latch(tmp_path: Path, monkeypatch) -> None:
    def refuse(*_args, **_named) -> None:
        raise UnfitError("the disk is read-only")

    found, desk = fixture("wpkh-1x2"), make_desk(tmp_path)
    sign_walk(found.job(), desk, Yes(lambda: found.keyring(0)))
    path = tmp_path / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"fee":', b'"fie":', 1))
    monkeypatch.setattr(Latch, "engage", refuse)
    with pytest.raises(RefusedError, match="line 1") as caught:
        examine(found.job(), desk)
    assert "THE LATCH IS NOT ENGAGED (the disk is read-only)" in caught.value.hint
    assert "compare with your last export" in caught.value.hint


@pytest.mark.parametrize("name", ["wpkh-1x2", "wsh-sortedmulti-2of3-4x4", "tr-key-3x3"])
def test_a_key_with_nothing_left_to_sign_is_not_asked_for(name: str, tmp_path: Path) -> None:
    found, desk = fixture(name), make_desk(tmp_path)
    wallet = dataclasses.replace(found.wallet, our_keys=(0,))
    job = dataclasses.replace(found.job(), psbt=found.signed_by_node(0).raw, wallet=wallet)
    operator = Yes(lambda: found.keyring(0))
    with pytest.raises(LockedError, match="nothing to sign") as caught:
        sign_walk(job, desk, operator)
    assert (caught.value.code, operator.asked) == ("nothing-to-sign", 0)
    assert kinds(desk) == [EntryKind.REFUSED]
    # Of a wallet that names no key as ours, only the key itself can tell.
    with pytest.raises(LockedError, match="nothing to sign"):
        sign_walk(dataclasses.replace(job, wallet=found.wallet), desk, operator)
    assert operator.asked == 1


def test_another_cosigners_key_is_not_asked_for(tmp_path: Path) -> None:
    found, desk = fixture("wsh-sortedmulti-2of3-4x4"), make_desk(tmp_path)
    wallet = dataclasses.replace(found.wallet, our_keys=(0,))
    with found.keyring(1) as ring:
        record = KeyRecord.of("second", KeyKind.MNEMONIC, ring, NetworkGroup.TEST)
    operator = Yes(no_key)
    job = dataclasses.replace(found.job(), wallet=wallet, key=record)
    with pytest.raises(LockedError, match="another cosigner's") as caught:
        sign_walk(job, desk, operator)
    assert (caught.value.code, operator.asked, kinds(desk)) == ("key-not-ours", 0, [])
    open_to_all = dataclasses.replace(job, wallet=found.wallet)
    assert sign_walk(open_to_all, desk, Yes(lambda: found.keyring(1))).inputs


def test_a_failed_verification_engages_the_latch(tmp_path: Path, monkeypatch) -> None:
    def fault(*_args, **_named) -> None:
        raise SelfCheckError("a bit flipped")

    monkeypatch.setattr(verified, "verify", fault)
    found, desk = fixture("wpkh-1x2"), make_desk(tmp_path)
    with pytest.raises(SelfCheckError):
        sign_walk(found.job(), desk, Yes(lambda: found.keyring(0)))
    assert kinds(desk) == [EntryKind.INTENT, EntryKind.ABANDONED, EntryKind.HALTED]
    with pytest.raises(HaltedError):
        desk.latch.check()


def test_a_damaged_journal_engages_the_latch(tmp_path: Path) -> None:
    found, desk = fixture("wpkh-1x2"), make_desk(tmp_path)
    sign_walk(found.job(), desk, Yes(lambda: found.keyring(0)))
    path = tmp_path / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"fee":', b'"fie":', 1))
    with pytest.raises(RefusedError):
        sign_walk(found.job(), desk, Yes())
    with pytest.raises(HaltedError):
        desk.latch.check()


def test_an_expected_code_signs_and_another_does_not(tmp_path: Path) -> None:
    found, desk = fixture("wpkh-1x2"), make_desk(tmp_path)
    code = examine(found.job(), desk).review_code
    wrong = ExpectingOperator(("one two three four five six",), frozenset(), no_key)
    with pytest.raises(DeclinedError, match=" ".join(code)):
        sign_walk(found.job(), desk, wrong)
    right = ExpectingOperator(("-".join(code).upper(),), frozenset(), lambda: found.keyring(0))
    assert sign_walk(found.job(), desk, right).report.review_code == code


def test_an_expected_digest_signs_and_another_does_not(tmp_path: Path) -> None:
    found, desk = fixture("wpkh-1x2"), make_desk(tmp_path)
    digest = examine(found.job(), desk).review_digest.hex()
    with pytest.raises(DeclinedError):  # the part that the six words stand for is not enough
        sign_walk(found.job(), desk, ExpectingOperator((digest[:-1] + "x",), frozenset(), no_key))
    right = ExpectingOperator((digest.upper(),), frozenset(), lambda: found.keyring(0))
    assert sign_walk(found.job(), desk, right).report.review_digest.hex() == digest


def test_bytes_that_are_no_psbt_stop_before_everything(tmp_path: Path) -> None:
    found, desk = fixture("wpkh-1x2"), make_desk(tmp_path)
    with pytest.raises(MalformedError):
        sign_walk(dataclasses.replace(found.job(), psbt=found.psbt[:-1]), desk, Yes())
    assert kinds(desk) == []


def machine(root: Path, *, carrier: str) -> Machine:
    """This machine, but for a network card whose cable is in (1) or out (0)."""
    card = root / "sys/class/net/eth0"
    card.mkdir(parents=True)
    (card / "flags").write_text("0x1003\n")
    (card / "carrier").write_text(f"{carrier}\n")
    return dataclasses.replace(Machine.here(root), root=root)


@pytest.mark.parametrize("carrier", ["0", "1"])
def test_a_policy_can_demand_an_offline_machine(carrier: str, tmp_path: Path) -> None:
    found, operator = fixture("wpkh-1x2"), Yes(lambda: fixture("wpkh-1x2").keyring(0))
    alone = machine(tmp_path / "root", carrier=carrier)
    desk = dataclasses.replace(make_desk(tmp_path / "home"), machine=lambda: alone)
    job = dataclasses.replace(found.job(), policy=Policy.parse(b"[require]\noffline = true\n"))
    if carrier == "0":
        assert sign_walk(job, desk, operator).inputs == (0,)
    else:
        with pytest.raises(UnfitError, match="eth0"):
            sign_walk(job, desk, operator)
        assert (operator.asked, kinds(desk)) == (0, [])


def test_two_runs_on_one_memory_do_not_both_sign(tmp_path: Path) -> None:
    class Slow(Yes):
        def approve(self, report) -> Consent:
            desk.journal.append(EntryKind.AUDITED, {"by": "another run"}, now=desk.now())
            return super().approve(report)

    found, desk = fixture("wpkh-1x2"), make_desk(tmp_path)
    operator = Slow(no_key)
    with pytest.raises(RefusedError, match="had 0 at the review") as caught:
        sign_walk(found.job(), desk, operator)
    assert (caught.value.code, operator.asked) == ("journal-moved-on", 0)
