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
