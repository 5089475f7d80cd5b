import pytest

from coldsign.errors import LockedError, RefusedError
from coldsign.keys.bip32 import ExtendedSecretKey
from coldsign.keys.keyring import Keyring
from coldsign.primitives.hashes import sha256
from coldsign.primitives.network import MAINNET, REGTEST
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.ownkeys import own_positions
from tests.wallet.samples import account, attack_wallet, fixtures, key

A, B, C = (key(number) for number in range(3))


@pytest.fixture
def keyring():
    master = ExtendedSecretKey.from_seed(sha256(b"coldsign wallet tests 0"))
    with Keyring.from_xprv(master.serialize(MAINNET)) as opened:
        yield opened


def positions(text, keyring, network=MAINNET):
    return own_positions(Descriptor.parse(text, network, require_checksum=False), keyring)


def test_our_key_is_found_where_it_stands(keyring):
    assert positions(f"wsh(sortedmulti(2,{B},{A},{C}))", keyring) == (1,)
    assert positions(f"wpkh({A})", keyring) == (0,)


def test_our_key_in_two_ways_to_spend(keyring):
    recovery = f"wsh(or_d(multi(2,{A},{B}),and_v(v:pk({key(0, '<2;3>/*')}),older(9))))"
    assert positions(recovery, keyring) == (0, 2)


def test_no_key_of_ours(keyring):
    with pytest.raises(LockedError, match="none of the keys") as caught:
        positions(attack_wallet("W-wsh"), keyring)
    assert caught.value.code == "not-our-wallet"


def test_our_fingerprint_on_a_foreign_key(keyring):
    lie = account(1).replace(account(1)[1:9], account(0)[1:9])
    for others in (f"{B}", f"{A}"):
        with pytest.raises(RefusedError, match="key 1 of the wallet says") as caught:
            positions(f"wsh(multi(1,{lie}/<0;1>/*,{others}))", keyring)
        assert caught.value.code == "false-own-key"


@pytest.mark.parametrize("script", ["multi(2,{},{},{})", "thresh(2,pk({}),s:pk({}),s:pk({}))"])
def test_our_other_account_as_a_cosigner(keyring, script):
    other = account(0, "48h/0h/5h/2h").replace(account(0)[1:9], "0a0b0c0d")
    with pytest.raises(RefusedError, match="keys 1 and 3 of one quorum") as caught:
        positions(f"wsh({script.format(A, B, other + '/<0;1>/*')})", keyring)
    assert caught.value.code == "own-key-twice"


def test_single_keys():
    fixture = next(one for one in fixtures() if "uncompressed" in one["kind"])
    for number, cosigner in enumerate(fixture["cosigners"]):
        with Keyring.from_wif(cosigner["wif"]) as keyring:
            assert positions(fixture["descriptor"], keyring, REGTEST) == (number,)
