"""No secret that signing makes for itself outlives the signature."""

import pytest

from coldsign.signer import sign as sign_module
from coldsign.signer.sign import sign
from tests.signer.common import clearance, fixture, keyring, unsigned, wallet


@pytest.mark.parametrize("name", ["tr-key-3x3", "tr-key-or-multi_a-1x2"])
def test_the_tweaked_secret_of_a_key_path_is_overwritten(name, monkeypatch):
    tweaked = []

    def remembered(secret, merkle_root, *, make=sign_module.taproot_secret):
        tweaked.append(make(secret, merkle_root))
        assert any(tweaked[-1])
        return tweaked[-1]

    monkeypatch.setattr(sign_module, "taproot_secret", remembered)
    psbt = unsigned(name)
    with keyring(fixture(name)["cosigners"][0]) as ring:
        sign(psbt, ring, clearance(psbt, wallet(name)))
    assert len(tweaked) == len(psbt.inputs)
    assert not any(map(any, tweaked))
