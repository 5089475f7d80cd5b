"""A power cut at every step of what changes a key: it is there whole, or a person is told what to do."""

import shutil

import pytest

from coldsign.errors import LockedError, MalformedError, UsageError
from coldsign.keys.keystore import Keystore
from tests.keys.test_keystore import PASSPHRASE, toy_seal, toy_unseal, words_of
from tests.killing import steps_survived


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def store(home):
    return Keystore(home, seal=toy_seal, unseal=toy_unseal)


def cut_everywhere(home, action, look):
    """What is found after a power cut at each step; each run begins with the home as it was."""
    saved, found = home.with_name("saved"), []
    if home.exists():
        shutil.copytree(home, saved)

    def check():
        found.append(look())
        shutil.rmtree(home, ignore_errors=True)
        if saved.exists():
            shutil.copytree(saved, home)

    assert steps_survived(action, check=check) >= 2
    return found


def state(store, passphrase=PASSPHRASE):
    """What there is of the key "mine"."""
    try:
        store.unlock("mine", passphrase).wipe()
    except (LockedError, MalformedError) as no:
        return no.code
    return "whole"


def test_a_new_key_is_whole_or_can_be_stored_again(home, store):
    def look():
        found = state(store)
        if found == "key-record":  # the secret without its record: neither lost nor in the way
            with pytest.raises(MalformedError, match="is missing") as told:
                store.record("mine")
            assert "remove the key and import it again" in told.value.hint
            with pytest.raises(UsageError) as told:
                store.add("mine", words_of(), PASSPHRASE)
            assert "remove that key first" in told.value.hint
            store.remove("mine")
        if found != "whole":
            store.add("mine", words_of(), PASSPHRASE)
        assert state(store) == "whole"
        return found

    found = cut_everywhere(home, lambda: store.add("mine", words_of(), PASSPHRASE), look)
    assert list(dict.fromkeys(found)) == ["no-such-key", "key-record", "whole"]


def test_a_key_opens_with_the_old_passphrase_or_with_the_new(home, store):
    store.add("mine", words_of(), PASSPHRASE)

    def look():
        return state(store), state(store, "battery staple")

    def change():
        store.change_passphrase("mine", PASSPHRASE, "battery staple")

    found = cut_everywhere(home, change, look)
    wrong = "wrong-passphrase"
    assert list(dict.fromkeys(found)) == [("whole", wrong), (wrong, "whole")]


def test_a_removed_key_is_whole_or_gone_or_can_be_removed_again(home, store):
    store.add("mine", words_of(), PASSPHRASE)

    def look():
        found = [record.name for record in store.records()], (home / "keys/mine.age").exists()
        if found[0]:  # as long as anything is left of it, it is listed
            store.remove("mine")
        assert not [path for path in (home / "keys").iterdir() if path.name.startswith("mine")]
        return found

    found = cut_everywhere(home, lambda: store.remove("mine"), look)
    assert [(bool(listed), secret) for listed, secret in dict.fromkeys(map(_hashable, found))] == [
        (True, True),
        (True, False),
        (False, False),
    ]


def _hashable(found):
    listed, secret = found
    return tuple(listed), secret
