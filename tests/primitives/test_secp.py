import csv
import hashlib
import json
import subprocess
import sys

import pytest
from embit import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.primitives import secp
from tests.vectors import ROOT, vector_file

QUICK = settings(max_examples=200, deadline=None)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SECRETS = st.integers(1, ORDER - 1).map(lambda n: n.to_bytes(32, "big"))
DIGESTS = st.binary(min_size=32, max_size=32)
KEY = hashlib.sha256(b"key").digest()
PUBLIC = secp.public_key(KEY)
DIGEST = hashlib.sha256(b"digest").digest()


def flipped(data, bit):
    return (int.from_bytes(data, "big") ^ (1 << bit % (8 * len(data)))).to_bytes(len(data), "big")


@QUICK
@given(SECRETS, DIGESTS, st.integers(0, 511))
def test_ecdsa_signs_low_and_verifies(secret, digest, bit):
    public = secp.public_key(secret)
    signature = secp.sign_ecdsa(secret, digest)
    assert signature[0] < 0x80
    assert secp.is_low_s(signature)
    assert signature == secp.sign_ecdsa(secret, digest)
    assert secp.verify_ecdsa(public, digest, signature)
    assert secp.verify_ecdsa(secp.uncompress(public), digest, signature)
    assert not secp.verify_ecdsa(public, digest, flipped(signature, bit))
    assert not secp.verify_ecdsa(public, flipped(digest, bit), signature)
    der = secp.der_encode(signature)
    assert len(der) <= 70
    assert secp.der_decode(der) == signature
    assert ec.PublicKey.parse(public).verify(ec.Signature.parse(der), digest)


@QUICK
@given(SECRETS, DIGESTS, st.integers(0, 511))
def test_schnorr_signs_as_embit_does_and_verifies(secret, digest, bit):
    xonly = secp.public_key(secret)[1:]
    signature = secp.sign_schnorr(secret, digest)
    assert secp.verify_schnorr(xonly, digest, signature)
    assert not secp.verify_schnorr(xonly, digest, flipped(signature, bit))
    assert not secp.verify_schnorr(xonly, flipped(digest, bit), signature)
    key = ec.PrivateKey(secret)
    assert key.get_public_key().sec() == secp.public_key(secret)
    assert key.get_public_key().schnorr_verify(ec.SchnorrSig.parse(signature), digest)


def test_blinding_changes_no_signature():
    before = secp.sign_ecdsa(KEY, DIGEST), secp.sign_schnorr(KEY, DIGEST), secp.public_key(KEY)
    secp.blind(bytes(range(32)))
    after = secp.sign_ecdsa(KEY, DIGEST), secp.sign_schnorr(KEY, DIGEST), secp.public_key(KEY)
    assert after == before


def test_high_s_is_not_verified():
    signature = secp.sign_ecdsa(KEY, DIGEST)
    high = signature[:32] + (ORDER - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
    assert not secp.is_low_s(high)
    assert not secp.verify_ecdsa(PUBLIC, DIGEST, high)
    assert secp.der_decode(secp.der_encode(high)) == high


@pytest.mark.parametrize(
    "public", [b"", b"\x02" * 32, b"\x06" + bytes(64), bytes(33), PUBLIC + b"\0"]
)
def test_odd_keys_verify_nothing(public):
    assert not secp.is_public_key(public)
    assert not secp.verify_ecdsa(public, DIGEST, secp.sign_ecdsa(KEY, DIGEST))
    assert not secp.verify_schnorr(public, DIGEST, secp.sign_schnorr(KEY, DIGEST))
    for convert in (secp.compress, secp.uncompress):
        with pytest.raises(MalformedError, match="public key"):
            convert(public)


def test_odd_signatures_and_digests_are_no_crash():
    assert not secp.verify_ecdsa(PUBLIC, b"", secp.sign_ecdsa(KEY, DIGEST))
    assert not secp.verify_ecdsa(PUBLIC, DIGEST, b"")
    assert not secp.verify_schnorr(PUBLIC[1:], DIGEST, bytes(64))
    assert not secp.verify_schnorr(PUBLIC, DIGEST, secp.sign_schnorr(KEY, DIGEST))
    for sign in (secp.sign_ecdsa, secp.sign_schnorr):
        for secret, digest in ((bytes(32), DIGEST), (KEY, b"short"), (b"", DIGEST)):
            with pytest.raises(MalformedError, match="cannot sign"):
                sign(secret, digest)
    with pytest.raises(MalformedError, match="64 bytes"):
        secp.der_encode(b"short")
    with pytest.raises(MalformedError, match="64 bytes"):
        secp.der_encode(b"\xff" * 64)


def test_hybrid_keys_are_refused():
    full = secp.uncompress(PUBLIC)
    hybrid = bytes((6 + (full[64] & 1),)) + full[1:]
    assert secp.is_public_key(full)
    assert not secp.is_public_key(hybrid)
    assert secp.uncompress(full) == full
    assert secp.compress(full) == PUBLIC == secp.compress(PUBLIC)


def test_points_off_the_curve_are_refused():
    off = (5).to_bytes(32, "big")  # no y for x = 5
    assert not secp.is_public_key(b"\x02" + off)
    assert not secp.is_xonly(off)
    assert not secp.is_xonly(PUBLIC)
    assert secp.is_xonly(PUBLIC[1:])
    with pytest.raises(MalformedError, match="output key"):
        secp.taproot_output(off, None)
    with pytest.raises(MalformedError, match="32 bytes"):
        secp.taproot_output(PUBLIC, None)


@pytest.mark.parametrize(
    ("secret", "valid"),
    [
        (bytes(32), False),
        (ORDER.to_bytes(32, "big"), False),
        (b"\xff" * 32, False),
        (KEY + b"\0", False),
        (b"", False),
        ((1).to_bytes(32, "big"), True),
        ((ORDER - 1).to_bytes(32, "big"), True),
    ],
)
def test_the_range_of_secrets(secret, valid):
    assert secp.is_secret(secret) is valid
    if valid:
        assert secp.is_public_key(secp.public_key(secret))
    else:
        with pytest.raises(MalformedError, match="secret key"):
            secp.public_key(secret)
        with pytest.raises(MalformedError, match="taproot secret"):
            secp.taproot_secret(secret, None)


@QUICK
@given(SECRETS, SECRETS)
def test_tweaks_agree_on_both_sides(secret, tweak):
    if (int.from_bytes(secret, "big") + int.from_bytes(tweak, "big")) % ORDER == 0:
        return
    both = secp.tweak_secret(secret, tweak)
    assert (
        int.from_bytes(both, "big")
        == (int.from_bytes(secret, "big") + int.from_bytes(tweak, "big")) % ORDER
    )
    assert secp.public_key(both) == secp.tweak_public(secp.public_key(secret), tweak)


@pytest.mark.parametrize("tweak", [ORDER.to_bytes(32, "big"), b"\xff" * 32, b"", b"short"])
def test_tweaks_out_of_range(tweak):
    with pytest.raises(MalformedError):
        secp.tweak_secret(KEY, tweak)
    with pytest.raises(MalformedError):
        secp.tweak_public(PUBLIC, tweak)


def test_a_tweak_to_nothing():
    opposite = (ORDER - int.from_bytes(KEY, "big")).to_bytes(32, "big")
    with pytest.raises(MalformedError):
        secp.tweak_secret(KEY, opposite)
    with pytest.raises(MalformedError):
        secp.tweak_public(PUBLIC, opposite)


@QUICK
@given(SECRETS, st.none() | DIGESTS)
def test_taproot_keys_agree_on_both_sides(secret, root):
    output, parity = secp.taproot_output(secp.public_key(secret)[1:], root)
    assert secp.public_key(secp.taproot_secret(secret, root))[1:] == output
    assert parity in {0, 1}


def test_bip341_output_keys():
    vectors = json.loads(vector_file("bip-0341-wallet.json").read_text())["scriptPubKey"]
    assert len(vectors) == 7
    for case in vectors:
        root = case["intermediary"].get("merkleRoot")
        internal = bytes.fromhex(case["given"]["internalPubkey"])
        output, parity = secp.taproot_output(internal, bytes.fromhex(root) if root else None)
        assert output.hex() == case["intermediary"]["tweakedPubkey"]
        for block in case["expected"].get("scriptPathControlBlocks", []):
            assert int(block[:2], 16) & 1 == parity


def test_bip340_vectors():
    with vector_file("bip-0340.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 19
    for row in rows:
        key, message, signature = (
            bytes.fromhex(row[column]) for column in ("public key", "message", "signature")
        )
        expected = row["verification result"] == "TRUE" and len(message) == 32
        assert secp.verify_schnorr(key, message, signature) is expected, row["index"]
        if row["secret key"] and len(message) == 32:
            secret = bytes.fromhex(row["secret key"])
            assert secp.public_key(secret)[1:] == key
            if not int(row["aux_rand"], 16):
                assert secp.sign_schnorr(secret, message) == signature


def wycheproof_accepts(public, digest, der):
    try:
        signature = secp.der_decode(der)
    except MalformedError:
        return False
    return secp.is_low_s(signature) and secp.verify_ecdsa(public, digest, signature)


def test_wycheproof_vectors():
    path = vector_file("wycheproof-ecdsa-secp256k1-sha256-bitcoin.json")
    seen = {"valid": 0, "invalid": 0}
    for group in json.loads(path.read_text())["testGroups"]:
        public = bytes.fromhex(group["publicKey"]["uncompressed"])
        for case in group["tests"]:
            digest = hashlib.sha256(bytes.fromhex(case["msg"])).digest()
            accepted = wycheproof_accepts(public, digest, bytes.fromhex(case["sig"]))
            assert accepted is (case["result"] == "valid"), case["tcId"]
            seen[case["result"]] += 1
    assert sum(seen.values()) == 463
    assert seen["valid"] > 100


@QUICK
@given(st.binary(max_size=80))
def test_any_bytes_are_der_or_malformed(data):
    try:
        signature = secp.der_decode(data)
    except MalformedError:
        return
    assert secp.der_encode(signature) == data


@QUICK
@given(SECRETS, DIGESTS, st.integers(0, 600))
def test_a_flipped_der_is_the_same_encoding_or_malformed(secret, digest, bit):
    der = flipped(secp.der_encode(secp.sign_ecdsa(secret, digest)), bit)
    try:
        signature = secp.der_decode(der)
    except MalformedError:
        return
    assert secp.der_encode(signature) == der


@pytest.mark.parametrize(
    "der",
    [
        "3006020100020101",  # r = 0
        "3006020101020100",  # s = 0
        "300702020001020101",  # padded r
        "3006020181020101",  # negative r
        "3006020101030101",  # not an integer
        "300602010102010100",  # a byte too many
        "30060201010201",
        "3005020002010101",  # empty r
        "30060201010202010",
    ],
)
def test_der_that_is_not_strict(der):
    with pytest.raises(MalformedError):
        secp.der_decode(bytes.fromhex(der if len(der) % 2 == 0 else der + "1"))


def test_der_numbers_end_below_the_order():
    def der(r, s):
        numbers = b"".join(
            b"\x02\x21" + number.to_bytes(33, "big") for number in (r, s)
        )  # both have the top bit set: a zero byte in front
        return bytes((0x30, len(numbers))) + numbers

    last = ORDER - 1
    assert secp.der_decode(der(last, last)) == last.to_bytes(32, "big") * 2
    for r, s in ((ORDER, last), (last, ORDER), (ORDER + 1, last)):
        with pytest.raises(MalformedError, match="out of range"):
            secp.der_decode(der(r, s))


def test_the_library_loads_where_warnings_are_errors():
    program = "import coldsign.primitives.secp as s; print(s.public_key(bytes(31) + b'a').hex())"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert len(run.stdout.strip()) == 66
