import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.keys import children
from coldsign.keys.bip32 import ExtendedSecretKey
from coldsign.keys.children import Children
from coldsign.primitives.keypath import HARDENED


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=16, max_size=64), st.lists(st.integers(0, HARDENED - 1), max_size=4))
def test_children_are_those_of_bip32(seed, indexes):
    parent = ExtendedSecretKey.from_seed(seed).neuter()
    found = Children(parent)
    for index in indexes:
        assert found.pubkey_at(index) == parent.child(index).pubkey


def test_a_skipped_index_is_refused(monkeypatch):
    public = ExtendedSecretKey.from_seed(bytes(16)).neuter()

    class TooLarge:
        copy = update = lambda self, *_: self

        def digest(self):
            return b"\xff" * 64

    monkeypatch.setattr(children.hmac, "new", lambda *_: TooLarge())
    with pytest.raises(MalformedError, match="does not exist"):
        Children(public).pubkey_at(0)
