import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldsign.keys import secret as secret_module
from coldsign.keys.secret import MAX_SECRET, Secret, wipe


@given(data=st.binary(max_size=200))
def test_a_secret_is_revealed_and_wiped(data):
    secret = Secret(data)
    assert secret.reveal() == data
    assert len(secret) == len(data)
    assert bool(secret) is bool(data)
    buffer = secret.buffer
    secret.wipe()
    assert buffer == bytes(len(data))
    assert not secret


def test_a_taken_over_buffer_is_overwritten_on_exit():
    buffer = bytearray(b"canary")
    with Secret(buffer) as secret:
        assert secret.reveal() == b"canary"
    assert buffer == bytes(6)


def test_text_is_kept_as_utf8():
    with Secret.from_text("pässwörd") as secret:
        assert secret.text() == "pässwörd"
        assert secret.reveal() == "pässwörd".encode()


def test_nothing_prints_pickles_or_copies_it():
    secret = Secret(b"canary")
    for shown in (repr(secret), str(secret), f"{secret}", repr({"x": [secret]})):
        assert "canary" not in shown
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            leak(secret)


def test_absurd_sizes_are_a_mistake():
    with pytest.raises(ValueError, match="mistake"):
        Secret(bytes(MAX_SECRET + 1))


def test_immutable_bytes_are_overwritten_in_place():
    data = bytes(bytearray(range(1, 40)))
    wipe(data)
    assert data == bytes(39)


def test_shared_small_objects_are_left_alone():
    wipe(b"")
    wipe(b"a")
    assert bytes([97]) == b"a"


def test_the_buffer_is_kept_out_of_swap_and_a_refusal_is_no_failure(monkeypatch):
    asked = []

    def refuse(buffer):
        asked.append(bytes(buffer))
        return False

    monkeypatch.setattr(secret_module, "lock_memory", refuse)
    assert Secret(b"canary").reveal() == b"canary"
    assert asked == [b"canary"]
