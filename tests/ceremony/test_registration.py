"""A registration counts only if it is the one that the journal saw last."""

import json
from pathlib import Path

import pytest

from coldsign.ceremony.desk import Desk
from coldsign.ceremony.registration import register, unregister
from coldsign.controls.entry import EntryKind
from coldsign.errors import HaltedError, MalformedError, RefusedError, UsageError
from coldsign.primitives.network import Network
from coldsign.wallet.registry import serialize
from coldsign.wallet.wallet import Wallet
from tests.ceremony.stage import fixture, make_desk

NAME = "fixture"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = make_desk(tmp_path)
    register(made, fixture("wpkh-1x2").wallet, force=False)
    return made


def halted(desk: Desk) -> bool:
    try:
        desk.latch.check()
    except HaltedError:
        return True
    return False


def test_what_was_registered_is_opened(desk: Desk) -> None:
    assert desk.wallet(NAME).digest == fixture("wpkh-1x2").wallet.digest
    assert not halted(desk)


def test_another_network_is_a_usage_error(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="regtest"):
        make_desk(tmp_path, Network.named("mainnet")).wallet(NAME)


def test_a_file_put_in_place_by_hand_halts(desk: Desk, tmp_path: Path) -> None:
    other = Wallet.create(NAME, fixture("pkh-4x5").wallet.descriptor)
    (tmp_path / "wallets" / f"{NAME}.json").write_bytes(serialize(other))
    with pytest.raises(RefusedError, match="another registration"):
        desk.wallet(NAME)
    assert halted(desk)


def test_an_older_registration_put_back_halts(desk: Desk, tmp_path: Path) -> None:
    """K-24: coldsign made the file itself, and the journal knows that another came after it."""
    path = tmp_path / "wallets" / f"{NAME}.json"
    older = path.read_bytes()
    register(desk, Wallet.create(NAME, fixture("pkh-4x5").wallet.descriptor), force=True)
    assert desk.wallet(NAME).script_kind == "pkh"
    path.write_bytes(older)
    with pytest.raises(RefusedError, match="another registration"):
        desk.wallet(NAME)
    assert halted(desk)


def test_an_exchanged_journal_halts(desk: Desk, tmp_path: Path) -> None:
    for name in ("journal.jsonl", "journal.head"):
        (tmp_path / name).unlink()
    with pytest.raises(RefusedError, match="does not know"):
        desk.wallet(NAME)
    assert halted(desk)


@pytest.mark.parametrize("edit", ["another descriptor", "nothing left"])
def test_an_edited_registration_halts(edit: str, desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "wallets" / f"{NAME}.json"
    fields = json.loads(path.read_text()) | {"descriptor": "x"}
    path.write_text(json.dumps(fields if edit == "another descriptor" else {}))
    with pytest.raises((RefusedError, MalformedError)):
        desk.wallet(NAME)
    assert halted(desk)


def test_forgetting_and_registering_again_is_recorded(desk: Desk) -> None:
    unregister(desk, NAME)
    with pytest.raises(UsageError, match="no wallet"):
        desk.wallet(NAME)
    register(desk, fixture("pkh-4x5").wallet, force=False)
    assert desk.wallet(NAME).script_kind == "pkh"
    actions = [entry.body["action"] for entry in desk.journal.glimpse(EntryKind.REGISTERED)]
    assert actions == ["add", "remove", "add"]
    assert not halted(desk)
