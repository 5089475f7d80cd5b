"""Signed by this process and verified by another, or by this one: the same result, and no way around it."""

import os

import pytest

from coldsign.errors import HaltedError, LockedError, SelfCheckError, UnfitError
from coldsign.primitives import cores, secp
from coldsign.primitives.cores import Cores
from coldsign.signer import claim, verified
from coldsign.signer import sign as sign_module
from coldsign.signer.verified import sign_verified
from tests.signer.common import clearance, fixture, keyring, signatures, unsigned, wallet

KINDS = ["sh-sortedmulti-2of3-3x3", "wsh-sortedmulti-2of3-4x4", "tr-key-3x3", "tr-multi_a-2of3-2x1"]


@pytest.fixture(autouse=True)
def _share_little(monkeypatch):
    monkeypatch.setattr(cores, "LEAST", 1)
    monkeypatch.setattr(cores, "PART", 2)


def signed(name, count, unlock=None):
    before = unsigned(name)
    cleared = clearance(before, wallet(name))
    ring = keyring(fixture(name)["cosigners"][0])
    return sign_verified(before, unlock or (lambda: ring), cleared, cores=Cores(count))


@pytest.mark.parametrize("name", KINDS)
def test_the_result_does_not_depend_on_who_verifies(name):
    one, two = signed(name, 1), signed(name, 2)
    assert one.serialize() == two.serialize()
    assert signatures(one)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("bad", range(4))
def test_a_bad_signature_is_found_whichever_it_is(monkeypatch, count, bad):
    """The signing key is right, the signature is another message's."""
    made = []

    def wrong(secret, digest):
        made.append(digest)
        return secp.sign_ecdsa(secret, bytes(32) if len(made) == bad + 1 else digest)

    monkeypatch.setattr(sign_module, "sign_ecdsa", wrong)
    with pytest.raises(SelfCheckError, match=f"input {bad}: the signature does not verify"):
        signed("wsh-sortedmulti-2of3-4x4", count)


@pytest.mark.parametrize("count", [1, 2])
def test_what_the_helper_says_of_another_message_counts_for_nothing(monkeypatch, count):
    """A signer that tells the helper of good signatures and writes bad ones."""
    right = sign_module._signature

    def two_faced(task, digests, secret):
        made = right(task, digests, secret)
        digest = bytes(32)
        lie = (task.public, digest, secp.sign_ecdsa(secret, digest))
        return made._replace(value=secp.der_encode(lie[2]) + b"\1", claim=lie)

    monkeypatch.setattr(sign_module, "_signature", two_faced)
    with pytest.raises(SelfCheckError, match="input 0: the signature does not verify"):
        signed("wsh-sortedmulti-2of3-4x4", count)


def test_the_helper_is_made_before_the_key_is_open(monkeypatch):
    seen, fork = [], os.fork

    def forking():
        seen.append("copied")
        return fork()

    def unlock():
        seen.append("opened")
        return keyring(fixture("wsh-sortedmulti-2of3-4x4")["cosigners"][0])

    monkeypatch.setattr(os, "fork", forking)
    signed("wsh-sortedmulti-2of3-4x4", 2, unlock)
    assert seen == ["copied", "opened"]


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("error", [LockedError("wrong passphrase"), HaltedError("halted")])
def test_a_key_that_does_not_open_ends_it(count, error):
    def unlock():
        raise error

    with pytest.raises(type(error)) as caught:
        signed("wsh-sortedmulti-2of3-4x4", count, unlock)
    assert caught.value is error


def test_a_helper_that_dies_lets_nothing_out(monkeypatch):
    ours = os.getpid()

    def dying(claims):
        if os.getpid() != ours:
            os._exit(3)
        return claim.all_that_hold(claims)

    monkeypatch.setattr(verified, "all_that_hold", dying)
    with pytest.raises(UnfitError, match="a helping process failed"):
        signed("wsh-sortedmulti-2of3-4x4", 2)
