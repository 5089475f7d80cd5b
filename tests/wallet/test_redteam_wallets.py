"""Wallet files of an attacker: coins sent to what is registered must never be beyond reach."""

import pytest

from coldsign.errors import MalformedError
from coldsign.primitives.network import Network
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from coldsign.wallet.words import NUMS
from tests.wallet.samples import key

MAINNET = Network.named("mainnet")
H = NUMS.hex()
A, B = key(0), key(1)
POINT = "a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd"


def register(text):
    descriptor = Descriptor.parse(text, MAINNET, require_checksum=False)
    return Wallet.create("vault", descriptor)


@pytest.mark.parametrize(
    "text",
    [
        f"tr({H})",
        f"wpkh(02{H})",
        f"wsh(multi(2,{A},03{H}))",
        f"sh(sortedmulti(1,{A},02{H}))",
        f"tr({A},multi_a(2,{B},{H}))",
        f"tr({A},and_v(v:pk({B}),pk({H})))",
    ],
)
def test_a_key_that_nobody_holds_is_no_signer(text):
    with pytest.raises(MalformedError) as caught:
        register(text)
    assert caught.value.code == "nobodys-key"


def test_it_may_close_a_taproot_key_path():
    assert register(f"tr({H},multi_a(2,{A},{B}))").threshold == (2, 2)


@pytest.mark.parametrize("point", [POINT, "02" + POINT, "03" + POINT])
@pytest.mark.parametrize("leaf", [f"pk({A})", f"multi_a(2,{A},{B})"])
def test_an_internal_key_that_may_be_anybodys_is_refused(point, leaf):
    """K-16: an attacker's key, or H and a multiple of the generator that he knows, in the place of H."""
    with pytest.raises(MalformedError) as caught:
        register(f"tr({point},{leaf})")
    assert caught.value.code == "bare-internal-key"


def test_one_that_is_said_to_be_a_cosigners_is_not():
    owned = register(f"tr([d34db33f/86h]{POINT},multi_a(2,{A},{B}))")
    assert "d34db33f can spend alone" in owned.cautions[0]
    assert register(f"tr({POINT})").threshold == (1, 1)
