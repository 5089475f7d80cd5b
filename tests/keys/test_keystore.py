"""The store with a toy cipher, because age takes seconds on purpose; age itself is in test_agefile."""

import hashlib
import os
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import (
    ColdsignError,
    LockedError,
    MalformedError,
    SelfCheckError,
    UnfitError,
    UsageError,
)
from coldsign.keys import keystore
from coldsign.keys.keystore import KeyRecord, Keystore
from coldsign.keys.material import KeyKind, Material
from coldsign.keys.mnemonic import Mnemonic
from coldsign.keys.secret import Secret
from coldsign.keys.versions import NetworkGroup
from coldsign.keys.wif import WifKey
from coldsign.primitives.secp import public_key

TEST = NetworkGroup.TEST
PASSPHRASE = "correct horse"


def toy_seal(plaintext, passphrase):
    mask = hashlib.shake_256(passphrase.encode()).digest(len(plaintext))
    body = bytes(a ^ b for a, b in zip(plaintext, mask, strict=True))
    return hashlib.sha256(plaintext).digest() + body


def toy_unseal(sealed, passphrase):
    body = sealed[32:]
    mask = hashlib.shake_256(passphrase.encode()).digest(len(body))
    plaintext = bytes(a ^ b for a, b in zip(body, mask, strict=True))
    if hashlib.sha256(plaintext).digest() != sealed[:32]:
        raise LockedError("wrong passphrase, or the key file was altered", code="wrong-passphrase")
    return plaintext


def words_of(seed=b"sixteen bytes ok"):
    return Material.from_mnemonic(Mnemonic.from_entropy(seed), "", TEST)


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def store(home):
    return Keystore(home, seal=toy_seal, unseal=toy_unseal)


def test_a_key_is_added_listed_unlocked_and_removed(store, home):
    assert store.records() == ()
    record = store.add("alice", words_of(), PASSPHRASE)
    assert store.records() == (record,)
    assert store.record("alice") == record
    with store.unlock("alice", PASSPHRASE) as keyring:
        assert keyring.fingerprint == record.fingerprint
        assert keyring.group is TEST
    assert (record.kind, record.group, record.pubkey) == (KeyKind.MNEMONIC, TEST, None)
    assert {path.name for path in (home / "keys").iterdir()} == {"alice.age", "alice.json", ".lock"}
    for path in (home / "keys").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (home, home / "keys"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    store.remove("alice")
    assert store.records() == ()
    with pytest.raises(LockedError) as caught:
        store.unlock("alice", PASSPHRASE)
    assert (caught.value.code, caught.value.exit_code) == ("no-such-key", 6)


def test_a_single_key_has_its_public_key_in_the_record(store):
    secret = b"\x31" * 32
    text = WifKey(Secret(secret), public_key(secret), TEST).serialize()
    record = store.add("single", Material.parse(text, TEST), PASSPHRASE)
    assert record.pubkey == public_key(secret)
    with store.unlock("single", PASSPHRASE) as keyring:
        assert keyring.claim(None, record.pubkey).secret(()) == secret


def test_nothing_secret_stands_in_the_record(store, home):
    material = words_of()
    store.add("alice", material, PASSPHRASE)
    record = (home / "keys" / "alice.json").read_text()
    assert not any(f'"{word}"' in record for word in material.text.text().split())
    assert PASSPHRASE not in record


def test_a_taken_name_is_refused_and_the_key_stays(store, home):
    store.add("alice", words_of(), PASSPHRASE)
    before = (home / "keys" / "alice.age").read_bytes()
    with pytest.raises(UsageError) as caught:
        store.add("alice", words_of(b"another sixteen!"), "other")
    assert caught.value.code == "key-exists"
    assert (home / "keys" / "alice.age").read_bytes() == before
    assert store.unlock("alice", PASSPHRASE)


@pytest.mark.parametrize("name", ["", "../alice", "a/b", ".alice", "-alice", "a\n", "é", "x" * 65])
def test_other_names_are_refused(store, name, home):
    for use in (
        lambda: store.add(name, words_of(), PASSPHRASE),
        lambda: store.unlock(name, PASSPHRASE),
        lambda: store.remove(name),
        lambda: store.record(name),
        lambda: store.change_passphrase(name, "a", "b"),
    ):
        with pytest.raises(UsageError, match="no name for a key"):
            use()
    assert not home.exists()


@pytest.mark.parametrize("passphrase", ["", "a\nb", "x" * 1025, "a\udcff"])
def test_a_passphrase_that_cannot_be_one_stores_nothing(store, home, passphrase):
    with pytest.raises(MalformedError):
        store.add("alice", words_of(), passphrase)
    assert not home.exists()
    store.add("alice", words_of(), PASSPHRASE)
    with pytest.raises(MalformedError):
        store.change_passphrase("alice", PASSPHRASE, passphrase)
    assert store.unlock("alice", PASSPHRASE)


def test_the_passphrase_is_changed(store):
    store.add("alice", words_of(), PASSPHRASE)
    with pytest.raises(LockedError):
        store.change_passphrase("alice", "wrong", "new")
    store.change_passphrase("alice", PASSPHRASE, "new")
    assert store.unlock("alice", "new")
    with pytest.raises(LockedError, match="wrong passphrase"):
        store.unlock("alice", PASSPHRASE)


def test_keys_that_are_not_there(store):
    for use in (
        lambda: store.unlock("alice", PASSPHRASE),
        lambda: store.record("alice"),
        lambda: store.remove("alice"),
        lambda: store.change_passphrase("alice", "a", "b"),
    ):
        with pytest.raises(LockedError, match="no key named alice"):
            use()


@pytest.mark.parametrize("suffix", ["age", "json"])
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_files_open_to_others_are_refused(store, home, suffix, mode):
    store.add("alice", words_of(), PASSPHRASE)
    (home / "keys" / f"alice.{suffix}").chmod(mode)
    with pytest.raises(UnfitError):
        store.unlock("alice", PASSPHRASE)


@pytest.mark.parametrize("suffix", ["age", "json"])
def test_links_are_refused(store, home, suffix, tmp_path):
    store.add("alice", words_of(), PASSPHRASE)
    path = home / "keys" / f"alice.{suffix}"
    path.rename(tmp_path / "moved")
    path.symlink_to(tmp_path / "moved")
    with pytest.raises(UnfitError):
        store.unlock("alice", PASSPHRASE)
    with pytest.raises(UsageError, match="exists"):
        store.add("alice", words_of(), PASSPHRASE)


def test_a_folder_open_to_others_is_refused(store, home):
    store.add("alice", words_of(), PASSPHRASE)
    (home / "keys").chmod(0o755)
    for use in (store.records, lambda: store.unlock("alice", PASSPHRASE)):
        with pytest.raises(UnfitError):
            use()


def test_another_users_file_is_refused(store, home):
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    store.add("alice", words_of(), PASSPHRASE)
    os.chown(home / "keys" / "alice.age", 65534, 65534)
    with pytest.raises(UnfitError):
        store.unlock("alice", PASSPHRASE)


def test_the_record_of_another_key_is_refused(store, home):
    store.add("alice", words_of(), PASSPHRASE)
    store.add("bob", words_of(b"another sixteen!"), PASSPHRASE)
    alice, bob = home / "keys" / "alice.json", home / "keys" / "bob.json"
    own = alice.read_text()
    alice.write_text(bob.read_text().replace("bob", "alice"))
    with pytest.raises(LockedError) as caught:
        store.unlock("alice", PASSPHRASE)
    assert caught.value.code == "key-mismatch"
    alice.write_bytes(bob.read_bytes())
    with pytest.raises(MalformedError, match="that of another key"):
        store.record("alice")
    alice.write_text(own.replace('"test"', '"main"'))
    with pytest.raises(LockedError) as caught:
        store.unlock("alice", PASSPHRASE)
    assert caught.value.code == "key-mismatch"


def test_every_flipped_bit_of_either_file_is_refused(store, home):
    store.add("alice", words_of(), PASSPHRASE)
    for suffix in ("age", "json"):
        path = home / "keys" / f"alice.{suffix}"
        whole = path.read_bytes()
        for position in range(len(whole)):
            damaged = bytearray(whole)
            damaged[position] ^= 1 << position % 8
            path.write_bytes(damaged)
            with pytest.raises(ColdsignError):
                store.unlock("alice", PASSPHRASE)
        path.write_bytes(whole)
    assert store.unlock("alice", PASSPHRASE)


def test_a_file_that_was_not_written_right_is_noticed(store, monkeypatch):
    monkeypatch.setattr(keystore, "read_private", lambda *_: b"something else")
    with pytest.raises(SelfCheckError, match="not what was written"):
        store.add("alice", words_of(), PASSPHRASE)


def test_a_changed_file_that_was_not_written_right_is_noticed(store, monkeypatch):
    store.add("alice", words_of(), PASSPHRASE)
    real, reads = keystore.read_private, []

    def rotten(path, cap):
        reads.append(path)
        return real(path, cap) if len(reads) == 1 else b"something else"

    monkeypatch.setattr(keystore, "read_private", rotten)
    with pytest.raises(SelfCheckError, match="not what was written"):
        store.change_passphrase("alice", PASSPHRASE, "another")


def test_a_disk_that_refuses_the_removal_is_reported(store, home, monkeypatch):
    store.add("alice", words_of(), PASSPHRASE)

    def refuse(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(type(home), "unlink", refuse)
    with pytest.raises(ColdsignError, match="remove"):
        store.remove("alice")


@settings(max_examples=200, deadline=None)
@given(
    record=st.builds(
        KeyRecord,
        name=st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True),
        kind=st.sampled_from(KeyKind),
        group=st.sampled_from(NetworkGroup),
        fingerprint=st.binary(min_size=4, max_size=4),
        pubkey=st.none() | st.binary(min_size=33, max_size=33),
    )
)
def test_records_round_trip(record):
    assert KeyRecord.parse(record.to_bytes()) == record


GOOD = KeyRecord("alice", KeyKind.XPRV, TEST, bytes(4), None).to_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[1]",
        b"\xff",
        b"[" * 100_000,
        GOOD.replace(b"xprv", b"other"),
        GOOD.replace(b"00000000", b"000000"),
        GOOD.replace(b"alice", b"../up"),
        GOOD.replace(b'"name": "alice"', b'"name": 5'),
        GOOD.replace(b'"version": 1', b'"version": 2'),
        GOOD.replace(b"}", b', "more": 1}'),
        GOOD.strip(),
    ],
)
def test_other_records_are_malformed(data):
    with pytest.raises(MalformedError, match="not a key record"):
        KeyRecord.parse(data)


def test_a_damaged_record_is_named_and_its_key_can_be_removed(store, home):
    store.add("alice", words_of(), PASSPHRASE)
    store.add("bob", words_of(b"another sixteen!"), PASSPHRASE)
    (home / "keys" / "alice.json").write_text("{}")
    for act in (store.records, lambda: store.record("alice"), lambda: store.unlock("alice", "x")):
        with pytest.raises(MalformedError, match="the record of the key alice is damaged") as bad:
            act()
        assert bad.value.code == "key-record"
        assert "restore both its files" in bad.value.hint
    store.remove("alice")
    assert [record.name for record in store.records()] == ["bob"]


def test_what_other_systems_leave_beside_a_record_is_no_key(store, home):
    assert store.records() == ()
    store.add("alice", words_of(), PASSPHRASE)
    (home / "keys" / "._alice.json").write_bytes(b"AppleDouble")
    assert [record.name for record in store.records()] == ["alice"]
