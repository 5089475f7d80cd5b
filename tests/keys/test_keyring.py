import copy
import dataclasses
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import LockedError, MalformedError
from coldsign.keys.bip32 import ExtendedPublicKey, ExtendedSecretKey
from coldsign.keys.keyring import Keyring
from coldsign.keys.mnemonic import Mnemonic
from coldsign.keys.secret import Secret
from coldsign.keys.versions import NetworkGroup
from coldsign.keys.wif import WifKey
from coldsign.primitives.keypath import HARDENED, KeyOrigin, parse_path
from coldsign.primitives.secp import public_key, uncompress

FIXTURES = sorted((Path(__file__).parent.parent / "data" / "regtest").glob("*.json"))
ACCOUNT = parse_path("m/48h/1h/0h/2h")
SEED = b"coldsign keyring test"


def ring(seed=SEED, group=NetworkGroup.TEST):
    return Keyring.from_xprv(ExtendedSecretKey.from_seed(seed).serialize(group))


def account(seed=SEED, path=ACCOUNT):
    master = ExtendedSecretKey.from_seed(seed)
    return KeyOrigin(master.fingerprint, path), master.derive(path)


def test_every_recorded_cosigner_claims_its_own_key_and_no_other():
    assert len(FIXTURES) >= 18
    for path in FIXTURES:
        cosigners = json.loads(path.read_text())["cosigners"]
        known = [one for one in cosigners if one.get("mnemonic") and one.get("xpub")]
        for one in known[:3]:
            mnemonic = Mnemonic.parse(one["mnemonic"])
            with Keyring.from_mnemonic(mnemonic, one["passphrase"]) as keyring:
                assert keyring.fingerprint.hex() == one["fingerprint"]
                assert keyring.group is None
                for other in known:
                    origin = KeyOrigin(keyring.fingerprint, parse_path(other["path"]))
                    public, group = ExtendedPublicKey.parse(other["xpub"])
                    claimed = keyring.claim(origin, public)
                    assert (claimed is not None) is (other is one)
                    assert group is NetworkGroup.TEST
                    if claimed is not None:
                        assert keyring.xpub(origin.path) == public
                        secret = claimed.secret((1, 7))
                        assert public_key(secret) == public.derive((1, 7)).pubkey


def test_a_lying_origin_claims_nothing_and_a_lying_fingerprint_is_ignored():
    origin, key = account()
    with ring() as keyring:
        assert keyring.claim(origin, key.neuter()) is not None
        assert keyring.claim(KeyOrigin(bytes(4), ACCOUNT), key.neuter()) is not None
        assert keyring.claim(KeyOrigin(origin.fingerprint, (1, 2)), key.neuter()) is None
        assert keyring.claim(None, key.neuter()) is None
        other = account(b"another seed of some size")[1]
        assert keyring.claim(origin, other.neuter()) is None


def test_chain_code_and_public_key_are_both_part_of_the_claim():
    origin, key = account()
    public = key.neuter()
    with ring() as keyring:
        assert keyring.claim(origin, public) is not None
        for forged in ({"chain_code": bytes(32)}, {"pubkey": public_key(b"\x01" * 32)}):
            assert keyring.claim(origin, dataclasses.replace(public, **forged)) is None


def test_keys_derived_for_nothing_are_overwritten(monkeypatch):
    origin, key = account()
    derive, derived = ExtendedSecretKey.derive, []

    def noting(self, path):
        derived.append(derive(self, path))
        return derived[-1]

    with ring() as keyring:
        monkeypatch.setattr(ExtendedSecretKey, "derive", noting)
        assert keyring.claim(KeyOrigin(origin.fingerprint, (1, 2)), key.neuter()) is None
        assert [one.depth for one in derived] == [0, 2]
        assert derived[1].secret == derived[1].chain_code == bytes(32)
        assert derived[0].secret != bytes(32)  # the root itself, which later claims start from


def test_a_claimed_root_can_be_overwritten_and_claimed_again():
    with ring() as keyring:
        for _ in range(2):
            claimed = keyring.claim(None, keyring.public)
            assert public_key(claimed.secret((0, 1))) == keyring.public.derive((0, 1)).pubkey
            claimed.wipe()


def test_an_account_key_claims_itself_and_what_is_below_it():
    origin, key = account()
    below = KeyOrigin(origin.fingerprint, (*ACCOUNT, 5))
    with Keyring.from_xprv(key.serialize(NetworkGroup.TEST)) as keyring:
        for hint in (origin, None):
            claimed = keyring.claim(hint, key.neuter())
            assert claimed is not None
            assert claimed.secret((0, 3)) == key.derive((0, 3)).secret
        for hint in (below, None):
            claimed = keyring.claim(hint, key.child(5).neuter())
            assert claimed is not None
            assert claimed.secret(()) == key.child(5).secret
        assert keyring.claim(None, key.neuter().derive((5, 6))) is None


def test_plain_public_keys_are_claimed_in_every_form():
    origin, key = account()
    with ring() as keyring:
        for public in (key.pubkey, uncompress(key.pubkey), key.pubkey[1:]):
            claimed = keyring.claim(origin, public)
            assert claimed is not None
            assert claimed.public == public
            assert claimed.secret(()) == key.secret
        assert keyring.claim(origin, public_key(b"\x01" * 32)) is None
        assert keyring.claim(origin, b"\x04" + bytes(64)) is None
        assert keyring.claim(origin, b"") is None


@pytest.mark.parametrize("is_compressed", [True, False])
def test_a_single_key_claims_its_point(is_compressed):
    secret = b"\x21" * 32
    compressed, full = public_key(secret), uncompress(public_key(secret))
    text = WifKey(
        Secret(secret), compressed if is_compressed else full, NetworkGroup.MAIN
    ).serialize()
    with Keyring.from_wif(text) as keyring:
        assert keyring.group is NetworkGroup.MAIN
        assert keyring.public == (compressed if is_compressed else full)
        for public in (compressed, full, compressed[1:]):
            claimed = keyring.claim(None, public)
            assert claimed is not None
            assert claimed.secret(()) == secret
            with pytest.raises(LockedError, match="no keys below"):
                claimed.secret((0,))
        assert keyring.claim(None, public_key(b"\x22" * 32)) is None
        assert keyring.claim(None, account()[1].neuter()) is None
        with pytest.raises(LockedError, match="no extended public key"):
            keyring.xpub(())


@settings(max_examples=50, deadline=None)
@given(
    tails=st.lists(
        st.lists(st.integers(0, 3) | st.just(HARDENED + 1), max_size=3).map(tuple), max_size=8
    )
)
def test_cached_branches_give_the_derived_secrets(tails):
    origin, key = account()
    with ring() as keyring:
        claimed = keyring.claim(origin, key.neuter())
        for tail in tails + tails:
            assert claimed.secret(tail) == key.derive(tail).secret


def test_everything_handed_out_is_overwritten_on_exit():
    origin, key = account()
    with ring() as keyring:
        claimed = keyring.claim(origin, key.neuter())
        whole = keyring.claim(None, keyring.public)
        handed_out = [claimed.secret(tail) for tail in ((), (0, 1), (0, 2), (1, HARDENED))]
        handed_out.append(whole.secret(()))
        public = keyring.xpub(ACCOUNT)
        assert all(any(secret) for secret in handed_out)
    assert all(secret == bytes(32) for secret in handed_out)
    assert public == key.neuter()  # what is public stays


def test_a_closed_keyring_does_nothing():
    origin, key = account()
    with ring() as keyring:
        claimed = keyring.claim(origin, key.neuter())
    for use in (
        lambda: keyring.claim(origin, key.neuter()),
        lambda: keyring.xpub(()),
        lambda: claimed.secret(()),
    ):
        with pytest.raises(LockedError, match="locked again"):
            use()


def test_an_exception_inside_still_overwrites():
    origin, key = account()
    handed_out = []

    def interrupted():
        with ring() as keyring:
            handed_out.append(keyring.claim(origin, key.neuter()).secret((0, 0)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert handed_out == [bytes(32)]


def test_xpub_at_the_root_leaves_the_root_usable():
    with ring() as keyring:
        assert keyring.xpub(()) == keyring.public
        assert keyring.xpub((1,)) == keyring.public.child(1)


def test_absurd_paths_are_not_walked():
    key = ExtendedSecretKey.from_seed(SEED).derive((0,) * 255)
    with Keyring.from_xprv(key.serialize(NetworkGroup.MAIN)) as keyring:
        assert keyring.claim(KeyOrigin(bytes(4), (7,) * 255), account()[1].neuter()) is None
        with pytest.raises(MalformedError, match="deeper"):
            keyring.xpub((0,))


def test_nothing_prints_pickles_or_copies_the_secrets():
    origin, key = account()
    with ring() as keyring:
        claimed = keyring.claim(origin, key.neuter())
        claimed.secret((0, 0))
        for thing in (keyring, claimed):
            for shown in (repr(thing), str(thing), f"{thing}"):
                assert key.secret.hex() not in shown
                assert key.chain_code.hex() not in shown
            for leak in (pickle.dumps, copy.copy, copy.deepcopy):
                with pytest.raises(TypeError):
                    leak(thing)
