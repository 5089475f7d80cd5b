import json

import pytest

from coldsign.errors import MalformedError, RefusedError, UnfitError, UsageError
from coldsign.primitives.network import MAINNET, REGTEST
from coldsign.wallet import registry
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.registry import Registry
from coldsign.wallet.wallet import Wallet
from tests.wallet.samples import attack_wallet, regtest_descriptor


@pytest.fixture
def shelf(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return Registry(home)


def wallet(name="vault", kind="W-wsh", **more):
    descriptor = Descriptor.parse(attack_wallet(kind), MAINNET, require_checksum=False)
    return Wallet.create(name, descriptor, **more)


def path_of(shelf, name="vault"):
    return shelf._folder / f"{name}.json"


def test_what_was_added_is_loaded(shelf):
    made = wallet(our_keys=(1,), created_by="a BSMS file")
    shelf.add(made)
    loaded = shelf.load("vault")
    assert loaded == made
    assert loaded.our_keys == (1,)
    assert loaded.created_by == "a BSMS file"
    assert loaded.derive(0, 5) == made.derive(0, 5)
    assert shelf.names() == ("vault",)
    assert shelf.list() == (made,)
    assert path_of(shelf).stat().st_mode & 0o777 == 0o600


def test_adding_the_same_again_does_nothing(shelf):
    shelf.add(wallet())
    before = path_of(shelf).stat().st_mtime_ns
    shelf.add(wallet())
    assert path_of(shelf).stat().st_mtime_ns == before


def test_adding_the_same_again_does_nothing_beside_a_second_name_either(shelf):
    shelf.add(wallet())
    shelf.add(wallet("a"), force=True)
    before = path_of(shelf).stat().st_mtime_ns
    shelf.add(wallet())
    assert path_of(shelf).stat().st_mtime_ns == before


def test_another_policy_under_the_name_needs_force(shelf):
    shelf.add(wallet())
    with pytest.raises(RefusedError, match="vault is registered with other content") as caught:
        shelf.add(wallet(kind="W-wpkh"))
    assert caught.value.code == "wallet-exists"
    shelf.add(wallet(kind="W-wpkh"), force=True)
    assert shelf.load("vault").script_kind == "wpkh"


def test_other_keys_of_ours_are_another_registration(shelf):
    shelf.add(wallet(our_keys=(0,)))
    with pytest.raises(RefusedError, match="other content"):
        shelf.add(wallet(our_keys=(0, 1)))


def test_names_that_differ_in_case_only_are_one(shelf):
    shelf.add(wallet("Vault"))
    with pytest.raises(RefusedError, match="called Vault"):
        shelf.add(wallet("vault", kind="W-wpkh"), force=True)


def test_the_same_addresses_under_another_name_are_named(shelf):
    shelf.add(wallet())
    with pytest.raises(RefusedError, match="already, as the wallet vault") as caught:
        shelf.add(wallet("second"))
    assert caught.value.code == "wallet-known"
    shelf.add(wallet("second"), force=True)
    assert shelf.names() == ("second", "vault")


def test_a_third_wallet_is_compared_with_all(shelf):
    shelf.add(wallet("b"))
    shelf.add(wallet("a", kind="W-wpkh"))
    assert shelf.names() == ("a", "b")


def edited(shelf, **changes):
    fields = json.loads(path_of(shelf).read_text())
    for name, value in changes.items():
        if value is None:
            del fields[name]
        else:
            fields[name] = value
    path_of(shelf).write_text(json.dumps(fields))


@pytest.mark.parametrize(
    "changes",
    [
        {"created_by": "someone else"},
        {"our_keys": [1]},
        {"digest": "00" * 32},
        {"first_receive": "bc1q"},
        {"name": "vault2"},
        {"descriptor": str(wallet(kind="W-wpkh").descriptor)},
    ],
)
def test_a_changed_registration_is_refused(shelf, changes):
    shelf.add(wallet(our_keys=(0,)))
    edited(shelf, **changes)
    with pytest.raises(RefusedError) as caught:
        shelf.load("vault")
    assert caught.value.code == "registration-changed"


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"digest": None}, "missing or unknown"),
        ({"more": 1}, "missing or unknown"),
        ({"coldsign": "key"}, "missing or unknown"),
        ({"version": 2}, "another version"),
        ({"version": "1"}, "whole number"),
        ({"our_keys": ["0"]}, "positions"),
        ({"our_keys": [1, 0]}, "in order"),
        ({"our_keys": [9]}, "none of its keys"),
        ({"our_keys": 0}, "not a list"),
        ({"network": "moonnet"}, "moonnet"),
        ({"network": 7}, "not text"),
        ({"network": "regtest"}, "main networks"),
        ({"descriptor": attack_wallet("W-wsh")}, "checksum is missing"),
    ],
)
def test_a_registration_of_another_shape_is_malformed(shelf, changes, match):
    shelf.add(wallet())
    edited(shelf, **changes)
    with pytest.raises(MalformedError, match=match):
        shelf.load("vault")


def test_a_file_under_another_name_is_refused(shelf):
    shelf.add(wallet())
    path_of(shelf).rename(path_of(shelf, "other"))
    with pytest.raises(RefusedError, match="is that of vault"):
        shelf.load("other")


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"\xff", "not ASCII"),
        (b"{", "not JSON"),
        (b"[]", "JSON object"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": NaN}', "no JSON value"),
        (b"[" * 100_000, "nested"),
    ],
)
def test_what_is_no_registration_is_malformed(data, match):
    with pytest.raises(MalformedError, match=match):
        registry.parse(data)


def test_damage_does_not_hide_behind_adding_again(shelf):
    shelf.add(wallet())
    path_of(shelf).write_bytes(b"{}")
    with pytest.raises(RefusedError, match="other content"):
        shelf.add(wallet())
    shelf.add(wallet(), force=True)
    assert shelf.load("vault") == wallet()


def test_an_unknown_wallet(shelf):
    for act in (shelf.load, shelf.remove):
        with pytest.raises(UsageError, match="no wallet is called nothing"):
            act("nothing")
    with pytest.raises(UsageError, match="vault is no name for a wallet"):
        shelf.load("../vault")
    assert shelf.names() == ()


def test_remove(shelf):
    shelf.add(wallet())
    shelf.remove("vault")
    assert shelf.names() == ()
    path_of(shelf).mkdir()
    with pytest.raises((UsageError, UnfitError), match="cannot remove"):
        shelf.remove("vault")


def test_files_others_can_write_are_not_read(shelf):
    shelf.add(wallet())
    path_of(shelf).chmod(0o666)
    with pytest.raises(UnfitError, match="open to other users"):
        shelf.load("vault")


def test_a_symbolic_link_is_not_followed(shelf):
    shelf.add(wallet())
    path_of(shelf, "link").symlink_to(path_of(shelf))
    with pytest.raises(UnfitError):
        shelf.load("link")


def test_a_folder_that_is_none(shelf):
    shelf._folder.write_text("")
    with pytest.raises(UsageError, match="cannot read"):
        shelf.names()


def test_foreign_files_in_the_folder_are_ignored(shelf):
    shelf.add(wallet())
    (shelf._folder / ".hidden.json").write_text("{}")
    (shelf._folder / "note.txt").write_text("{}")
    assert shelf.names() == ("vault",)


def test_every_kind_of_wallet_is_kept(shelf):
    for number, (text, network) in enumerate(regtest_descriptor()):
        made = Wallet.create(f"w{number}", Descriptor.parse(text, network))
        shelf.add(made)
        assert shelf.load(f"w{number}") == made
        assert made.network is REGTEST


def test_room_is_asked_for_before_anything_is_known_of_our_keys(shelf):
    shelf.demand_room(wallet())
    shelf.add(wallet(our_keys=(0,)))
    for same in (wallet(), wallet(our_keys=(1,))):
        shelf.demand_room(same)
    for other, code in ((wallet(kind="W-wpkh"), "wallet-exists"), (wallet("x"), "wallet-known")):
        with pytest.raises(RefusedError) as caught:
            shelf.demand_room(other)
        assert caught.value.code == code
        shelf.demand_room(other, force=True)
    assert shelf.names() == ("vault",)


def test_room_behind_a_damaged_registration(shelf):
    shelf.add(wallet())
    path_of(shelf).write_text("{}")
    with pytest.raises(RefusedError, match="registered with other content"):
        shelf.demand_room(wallet())
    shelf.demand_room(wallet(), force=True)


@pytest.mark.parametrize("name", ["", "../x", "-", ".x", "a/b", "x\x1b[2J", "x" * 65])
def test_a_name_that_is_none(shelf, name):
    with pytest.raises(UsageError, match="is no name for a wallet") as caught:
        shelf.demand_name(name)
    assert caught.value.code == "wallet-name"
    assert "no slash" in caught.value.hint
    assert "\x1b" not in caught.value.message
    shelf.demand_name("vault")


def test_what_is_staged_counts_once_it_is_put_in_place(shelf):
    shelf.add(wallet())
    new = wallet(kind="W-wpkh")
    assert shelf.waiting("vault") is None
    shelf.stage(new, force=True)
    assert shelf.load("vault") == wallet()
    assert shelf.waiting("vault") == new
    assert shelf.names() == ("vault",)
    shelf.put_in_place("vault")
    assert shelf.load("vault") == new
    assert shelf.waiting("vault") is None
    shelf.put_in_place("vault")
    assert shelf.load("vault") == new


def test_staging_what_is_there_already_leaves_nothing_waiting(shelf):
    shelf.add(wallet())
    shelf.stage(wallet(kind="W-wpkh"), force=True)
    shelf.stage(wallet(), force=True)
    assert shelf.waiting("vault") is None


@pytest.mark.parametrize("content", [b"", b"{}", None])
def test_what_waits_and_is_no_registration_of_this_name_is_nothing(shelf, content):
    shelf.stage(wallet("other"))
    other = path_of(shelf, "other.json").with_name("other.json.next")
    path = other.with_name("vault.json.next")
    path.touch(mode=0o600)
    path.write_bytes(other.read_bytes() if content is None else content)
    assert shelf.waiting("vault") is None
    assert shelf.waiting("other") == wallet("other")


def test_removing_takes_what_waits_along(shelf):
    shelf.add(wallet())
    shelf.stage(wallet(kind="W-wpkh"), force=True)
    shelf.remove("vault")
    assert shelf.waiting("vault") is None
    assert list(shelf._folder.iterdir()) == []
