"""A reviewer's own key is looked for before the review, by the real gpg."""

import pytest

from coldsign.controls.signers import demand_signer
from coldsign.errors import LockedError, UsageError


def test_by_every_name_gpg_knows(cast):
    for name in ("anna", "=anna", cast.anna, cast.anna[-16:], f"0x{cast.anna}"):
        assert demand_signer(name, environment=cast.gpg.environment) == {cast.anna}


def test_several_keys_of_one_name(cast):
    found = demand_signer("a", environment=cast.gpg.environment)
    assert {cast.anna, cast.stranger} <= found
    assert not found & {cast.expired, cast.revoked}


@pytest.mark.parametrize(("who", "why"), [("expired", "has expired"), ("revoked", "was revoked")])
def test_a_key_that_no_longer_signs(cast, who, why):
    with pytest.raises(LockedError, match=f"the key {getattr(cast, who)} {why}") as caught:
        demand_signer(who, environment=cast.gpg.environment)
    assert caught.value.code == "signer-unusable"


def test_a_key_that_never_signed(cast):
    cast.gpg.gpg("--passphrase=", "--quick-gen-key", "certifier", "ed25519", "cert", "0")
    with pytest.raises(LockedError, match="is for no signatures"):
        demand_signer("certifier", environment=cast.gpg.environment)


@pytest.mark.parametrize("signer", ["nobody", "--version", "DEADBEEF", "A" * 40])
def test_nobody(cast, signer):
    with pytest.raises(LockedError, match=f"no secret key of {signer}") as caught:
        demand_signer(signer, environment=cast.gpg.environment)
    assert caught.value.code == "no-such-signer"


@pytest.mark.parametrize("signer", ["", "a\nb", "\x1b"])
def test_an_unprintable_name(signer):
    with pytest.raises(UsageError, match="printable"):
        demand_signer(signer, environment={})
