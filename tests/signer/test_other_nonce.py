"""A signature of our key that is valid, and yet not the one we make."""

import pytest

from coldsign.errors import LockedError, RefusedError
from coldsign.primitives.digests import Digests
from coldsign.primitives.hashes import tagged_hash
from coldsign.primitives.secp import der_encode, public_key, taproot_secret
from coldsign.psbt.edit import add_signatures, partial_sig_key, tap_key_sig_key, tap_script_sig_key
from coldsign.psbt.fields import In
from coldsign.psbt.raw import Key
from coldsign.review.facts import gather
from coldsign.signer.sign import sign, signing_keys
from coldsign.signer.verify import verify
from tests.signer.common import (
    clearance,
    fixture,
    keyring,
    signatures,
    unsigned,
    wallet,
    with_pairs,
)

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
NONCE = 0x6F74686572206E6F6E6365
NAMES = ["pkh-4x5", "wpkh-1x2", "sh-multi-3of4-uncompressed-3x5", "wsh-sortedmulti-2of3-4x4"]
TAPROOT = ["tr-key-3x3", "tr-multi_a-2of3-2x1", "tr-key-or-multi_a-1x2"]


def to_int(data):
    return int.from_bytes(data, "big")


def to_bytes(number):
    return number.to_bytes(32, "big")


def ecdsa(secret, digest):
    """ECDSA with a nonce of our choice and a low s."""
    r = to_int(public_key(to_bytes(NONCE))[1:]) % ORDER
    s = pow(NONCE, -1, ORDER) * (to_int(digest) + r * to_int(secret)) % ORDER
    return der_encode(to_bytes(r) + to_bytes(min(s, ORDER - s))) + b"\1"


def even(secret):
    public = public_key(to_bytes(secret))
    return (secret if public[0] == 2 else ORDER - secret), public[1:]


def schnorr(secret, digest):
    """BIP-340 with a nonce of our choice."""
    (secret, public), (nonce, point) = even(to_int(secret)), even(NONCE)
    challenge = to_int(tagged_hash("BIP0340/challenge", point + public + digest))
    return point + to_bytes((nonce + challenge * secret) % ORDER)


def otherwise_signed(name, index):
    """The request with a valid signature by our key on one input, made with another nonce."""
    psbt, vault = unsigned(name), wallet(name)
    known = gather(psbt, vault).inputs[index]
    derived = known.derived
    digests = Digests(psbt.tx, tuple(one.prevout.out for one in gather(psbt, vault).inputs))
    with keyring(fixture(name)["cosigners"][0]) as ring:
        ((position, key), *_) = signing_keys(ring, vault, ()).items()
        secret = key.secret(vault.tail(position, *known.place))
        tree = derived.taproot
        if tree is not None and derived.keys[position] == tree.internal_key:
            tweaked = bytes(taproot_secret(secret, tree.merkle_root))
            pair = tap_key_sig_key(), schnorr(tweaked, digests.taproot(index, 0))
        elif tree is not None:
            digest = digests.taproot(index, 0, tree.leaves[0].leaf_hash)
            filed = tap_script_sig_key(derived.keys[position], tree.leaves[0].leaf_hash)
            pair = filed, schnorr(secret, digest)
        elif derived.witness_script or "wpkh" in name:
            code = (
                derived.witness_script or b"\x76\xa9\x14" + derived.script_pubkey[2:] + b"\x88\xac"
            )
            digest = digests.segwit_v0(index, code, known.amount, 1)
            pair = partial_sig_key(derived.keys[position]), ecdsa(secret, digest)
        else:
            digest = digests.legacy(index, derived.redeem_script or derived.script_pubkey, 1)
            pair = partial_sig_key(derived.keys[position]), ecdsa(secret, digest)
    return add_signatures(psbt, {index: (pair,)})


def with_sighash(psbt, sighash):
    pair = (Key(In.SIGHASH_TYPE, b""), sighash.to_bytes(4, "little"))
    return with_pairs(psbt, 0, [pair], without={In.SIGHASH_TYPE})


def signed(name, psbt):
    cleared = clearance(psbt, wallet(name))
    with keyring(fixture(name)["cosigners"][0]) as ring:
        after = sign(psbt, ring, cleared)
    verify(psbt, after, cleared)
    return after


@pytest.mark.parametrize("name", NAMES + TAPROOT)
def test_another_signature_of_our_key_is_refused(name):
    last = len(unsigned(name).inputs) - 1
    psbt = otherwise_signed(name, last)
    presigned = gather(psbt, wallet(name)).inputs[last].presigned
    assert len(presigned.valid) == 1
    assert not presigned.bad
    with pytest.raises(RefusedError, match=f"input {last}: a signature of our key") as caught:
        signed(name, psbt)
    assert caught.value.code == "other-signature-of-ours"


@pytest.mark.parametrize("name", [*NAMES, *TAPROOT])
def test_our_own_signatures_are_recognised_and_the_rest_is_signed(name):
    once = signed(name, unsigned(name))
    first = {key: value for (index, key), value in signatures(once).items() if index == 0}
    partly = add_signatures(unsigned(name), {0: tuple(first.items())})
    if len(partly.inputs) > 1:
        assert signatures(signed(name, partly)) == signatures(once)
    with pytest.raises(LockedError, match="all there already") as caught:
        signed(name, once)
    assert caught.value.code == "nothing-to-sign"


@pytest.mark.parametrize(("made_with", "asked"), [(b"\1", None), (b"", 1)])
def test_taproot_signatures_are_recognised_with_either_sighash_type(made_with, asked):
    name = "tr-key-3x3"
    before = unsigned(name)
    if asked is not None:
        before = with_sighash(before, asked)
    other = with_sighash(unsigned(name), 1) if made_with else unsigned(name)
    given = {
        key: value for (index, key), value in signatures(signed(name, other)).items() if not index
    }
    assert all(value[64:] == made_with for value in given.values())
    partly = add_signatures(before, {0: tuple(given.items())})
    assert len(signatures(signed(name, partly))) == len(partly.inputs)


@pytest.mark.parametrize("sighash", [2, 0x81, 0x83])
def test_a_taproot_signature_of_a_type_we_never_make_is_not_ours(sighash):
    name = "tr-key-3x3"
    once = signatures(signed(name, unsigned(name)))
    ((key, value),) = [(key, value) for (index, key), value in once.items() if index == 0]
    psbt = with_pairs(unsigned(name), 0, [(key, value + bytes((sighash,)))])
    with pytest.raises(RefusedError, match="not the one we make"):
        signed(name, psbt)
