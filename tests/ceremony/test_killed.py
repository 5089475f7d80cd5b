"""A power cut at every step of what changes wallets and policies: nothing is called damaged or changed by others."""

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from coldsign.ceremony.desk import Desk
from coldsign.ceremony.registration import bound_policy, register, unregister
from coldsign.ceremony.walk import examine, sign_walk
from coldsign.controls.chain import Damage
from coldsign.controls.entry import EntryKind
from coldsign.controls.policies import PolicyStore
from coldsign.controls.policy import Policy
from coldsign.errors import RefusedError, UsageError
from coldsign.keys.keyring import Keyring
from coldsign.primitives.staged import waiting
from coldsign.wallet.wallet import Wallet
from tests.ceremony.stage import Yes, fixture, make_desk
from tests.killing import steps_survived
from tests.readonly import read_only

NAME = "fixture"
OLD, NEW = (fixture(name).wallet for name in ("wpkh-1x2", "pkh-4x5"))
STRICT, STRICTER = b"[fee]\nrefuse_percent = 6\n", b"[fee]\nrefuse_percent = 5\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path / "home")


def bind(desk: Desk, wallet: Wallet, rules: bytes) -> None:
    PolicyStore(desk.home).bind(wallet, rules, journal=desk.journal, now=desk.now())


def opened(desk: Desk) -> tuple[Wallet | None, Policy | None]:
    """The wallet and its policy as every command opens them; nothing may be called damaged or changed.

    But for the journal's last line, of which half may be there: that is a person's to recover.
    """
    wallet, policy = None, None
    with contextlib.suppress(UsageError):
        wallet = desk.wallet(NAME)
        policy = bound_policy(desk, wallet)
    assert desk.latch.status() is None
    if (damage := desk.journal.verify().damage) is not None:
        assert damage.damage is Damage.TORN
        desk.journal.recover_torn("the power went", now=desk.now())
    return wallet, policy


def cut_everywhere(
    desk: Desk, action: Callable[[], object], after: Callable[[], None] = lambda: None
) -> list[tuple[Wallet | None, Policy | None]]:
    """What is found after a power cut at each step of an action, and ``after`` that."""
    saved, found = desk.home.with_name("saved"), []
    if desk.home.exists():
        shutil.copytree(desk.home, saved)

    def check() -> None:
        found.append(opened(desk))
        assert opened(desk) == found[-1]  # what was put in place stays
        after()
        shutil.rmtree(desk.home, ignore_errors=True)
        if saved.exists():
            shutil.copytree(saved, desk.home)

    assert steps_survived(action, check=check) >= 8
    return found


def in_order(found: list[object], *states: object) -> bool:
    """Whether what was found is first one of the states, then the next, and so to the last."""
    expected = [state for state in states for _ in range(found.count(state))]
    return found == expected and all(state in found for state in states)


def test_wallet_add(desk: Desk) -> None:
    def add_again() -> None:
        register(desk, OLD, force=False)
        assert opened(desk) == (OLD, None)

    found = cut_everywhere(desk, lambda: register(desk, OLD, force=False), add_again)
    assert in_order(found, (None, None), (OLD, None))


def test_wallet_add_by_force_over_another(desk: Desk) -> None:
    """The old wallet keeps its policy, or the new one stands without it."""
    register(desk, OLD, force=False)
    bind(desk, OLD, STRICT)

    def add_again() -> None:
        register(desk, NEW, force=True)
        assert opened(desk) == (NEW, None)
        register(desk, OLD, force=True)
        assert opened(desk) == (OLD, None)

    found = cut_everywhere(desk, lambda: register(desk, NEW, force=True), add_again)
    assert in_order(found, (OLD, Policy.parse(STRICT)), (NEW, None))


def test_the_same_wallet_again(desk: Desk) -> None:
    register(desk, OLD, force=False)
    bind(desk, OLD, STRICT)
    found = cut_everywhere(desk, lambda: register(desk, OLD, force=True))
    assert in_order(found, (OLD, Policy.parse(STRICT)))


def test_wallet_remove(desk: Desk) -> None:
    register(desk, OLD, force=False)
    bind(desk, OLD, STRICT)
    policies = []

    def add_again() -> None:
        register(desk, OLD, force=False)
        wallet, policy = opened(desk)
        policies.append(policy)
        assert wallet == OLD
        unregister(desk, NAME)
        register(desk, NEW, force=False)
        assert opened(desk) == (NEW, None)

    found = cut_everywhere(desk, lambda: unregister(desk, NAME), add_again)
    assert in_order(found, (OLD, Policy.parse(STRICT)), (None, None))
    assert in_order(policies, Policy.parse(STRICT), None)


def test_policy_set(desk: Desk) -> None:
    register(desk, OLD, force=False)
    found = cut_everywhere(desk, lambda: bind(desk, OLD, STRICT))
    assert in_order(found, (OLD, None), (OLD, Policy.parse(STRICT)))


def test_policy_set_over_another(desk: Desk) -> None:
    register(desk, OLD, force=False)
    bind(desk, OLD, STRICT)
    found = cut_everywhere(desk, lambda: bind(desk, OLD, STRICTER))
    assert in_order(found, (OLD, Policy.parse(STRICT)), (OLD, Policy.parse(STRICTER)))


def test_sign(desk: Desk) -> None:
    """Before the key is opened the journal knows, whatever happens then; until then there is no trace."""
    found, opened_key = fixture("wpkh-1x2"), desk.home.with_name("opened")
    states = []

    def key() -> Keyring:
        os.close(os.open(opened_key, os.O_CREAT))
        return found.keyring(0)

    def look() -> None:
        asked = "signed-before" in {one.code for one in examine(found.job(), desk).findings}
        states.append((opened_key.exists(), asked))
        opened_key.unlink(missing_ok=True)

    cut_everywhere(desk, lambda: sign_walk(found.job(), desk, Yes(key)), look)
    assert in_order(states, (False, False), (False, True), (True, True))


def left_waiting(desk: Desk, folder: str, suffix: str) -> Path:
    """As a power cut leaves it after the journal knows: the old file in place, the new one waiting."""
    path = desk.home / folder / f"{NAME}{suffix}"
    new = path.read_bytes()
    path.write_bytes(desk.home.joinpath("old").read_bytes())
    waiting(path).touch(mode=0o600)
    waiting(path).write_bytes(new)
    return path


def waiting_wallet(desk: Desk) -> Path:
    register(desk, OLD, force=False)
    shutil.copy(desk.home / "wallets" / f"{NAME}.json", desk.home / "old")
    register(desk, NEW, force=True)
    return left_waiting(desk, "wallets", ".json")


def waiting_policy(desk: Desk) -> Path:
    register(desk, OLD, force=False)
    bind(desk, OLD, STRICT)
    shutil.copy(desk.home / "policies" / f"{NAME}.toml", desk.home / "old")
    bind(desk, OLD, STRICTER)
    return left_waiting(desk, "policies", ".toml")


@pytest.mark.push
def test_a_second_cut_over_a_wallet_that_waits(desk: Desk) -> None:
    waiting_wallet(desk)
    found = cut_everywhere(desk, lambda: register(desk, OLD, force=True))
    assert in_order(found, (NEW, None), (OLD, None))


@pytest.mark.push
@pytest.mark.parametrize("action", ["bind", "replace", "remove"])
def test_a_second_cut_over_a_policy_that_waits(action: str, desk: Desk) -> None:
    waiting_policy(desk)
    actions: dict[str, Callable[[], object]] = {
        "bind": lambda: bind(desk, OLD, STRICT),
        "replace": lambda: register(desk, NEW, force=True),
        "remove": lambda: unregister(desk, NAME),
    }
    found = cut_everywhere(desk, actions[action])
    assert (OLD, Policy.parse(STRICTER)) in found
    assert (
        found[-1]
        == {
            "bind": (OLD, Policy.parse(STRICT)),
            "replace": (NEW, None),
            "remove": (None, None),
        }[action]
    )


def test_what_waits_counts_on_a_read_only_disk_too(desk: Desk) -> None:
    waiting_wallet(desk)
    with read_only(desk.home) as fixed:
        assert make_desk(fixed).wallet(NAME) == NEW


def test_a_policy_that_waits_counts_on_a_read_only_disk_too(desk: Desk) -> None:
    waiting_policy(desk)
    with read_only(desk.home) as fixed:
        assert bound_policy(make_desk(fixed), OLD) == Policy.parse(STRICTER)


@pytest.mark.parametrize("content", [b"", b"x", b"edited"])
def test_what_waits_and_is_not_what_the_journal_saw_has_no_say(content: bytes, desk: Desk) -> None:
    for path in (waiting_wallet(desk),):
        new = waiting(path).read_bytes()
        waiting(path).write_bytes(content or new.replace(b"pkh(", b"wpkh(", 1))
        with pytest.raises(RefusedError, match="another registration"):
            desk.wallet(NAME)


@pytest.mark.parametrize("content", [b"", b"x", b"# coldsign policy"])
def test_a_policy_that_waits_and_was_edited_has_no_say(content: bytes, desk: Desk) -> None:
    path = waiting_policy(desk)
    waiting(path).write_bytes(content or waiting(path).read_bytes().replace(b"= 5", b"= 50"))
    with pytest.raises(RefusedError, match="not the one that the journal saw"):
        bound_policy(desk, OLD)
    bind(desk, OLD, STRICT)
    assert bound_policy(desk, OLD) == Policy.parse(STRICT)


def test_another_process_between_two_looks_is_no_tampering(desk: Desk, monkeypatch) -> None:
    """What the journal said is old when the file is read."""
    register(desk, OLD, force=False)
    bind(desk, OLD, STRICT)
    glimpse = type(desk.journal).glimpse
    meanwhile = {
        EntryKind.REGISTERED: lambda: register(desk, NEW, force=True),
        EntryKind.POLICY: lambda: bind(desk, NEW, STRICTER),
    }

    def slow(journal, kind):
        seen = list(glimpse(journal, kind))
        if (other := meanwhile.pop(kind, None)) is not None:
            other()
        return iter(seen)

    bind_first = {**meanwhile}
    meanwhile.pop(EntryKind.POLICY)
    monkeypatch.setattr(type(desk.journal), "glimpse", slow)
    assert desk.wallet(NAME) == NEW
    meanwhile[EntryKind.POLICY] = bind_first[EntryKind.POLICY]
    assert bound_policy(desk, NEW) == Policy.parse(STRICTER)
    assert desk.latch.status() is None
