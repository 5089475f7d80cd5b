"""The known answers are recomputed with embit and hashlib; none of coldsign's code takes part."""

import functools
import hashlib
import hmac

import pytest
from embit import bip32, bip39, ec, script
from embit.networks import NETWORKS
from embit.transaction import SIGHASH, Transaction, TransactionInput, TransactionOutput

from coldsign.ceremony import selftest
from coldsign.ceremony.selftest import KNOWN, TESTS, run
from coldsign.errors import LockedError, MalformedError
from coldsign.keys import agefile
from tests.quickage import sealed

SUBJECT = b"coldsign self-test"


@pytest.fixture(autouse=True)
def _one_key_file_is_opened_once(monkeypatch):
    """Opening takes a tenth of a second, on purpose."""
    monkeypatch.setattr(selftest, "unseal", opened)


@functools.cache
def tried(data, passphrase):
    try:
        return agefile.unseal(data, passphrase)
    except LockedError as error:
        return error


def opened(data, passphrase):
    found = tried(data, passphrase)
    if isinstance(found, LockedError):
        raise found
    return found


def sha256(data):
    return hashlib.sha256(data).digest()


def hash160(data):
    return hashlib.new("ripemd160", sha256(data)).digest()


SECRET = sha256(SUBJECT)
DIGEST = sha256(sha256(SUBJECT))
KEY = ec.PrivateKey(SECRET)
MAIN = NETWORKS["main"]


def transaction():
    inputs = [
        TransactionInput(sha256(sha256(SUBJECT + bytes([n])))[::-1], n, sequence=0xFFFFFFFD)
        for n in range(2)
    ]
    first = script.Script(b"\x00\x14" + hash160(SUBJECT))
    second = script.p2sh(script.Script(SUBJECT))
    outputs = [TransactionOutput(150_000, first), TransactionOutput(49_000, second)]
    return Transaction(2, inputs, outputs, 900_000)


def pkh(data):
    return script.Script(b"\x76\xa9\x14" + hash160(data) + b"\x88\xac")


def taproot():
    return script.Script(b"\x51\x20" + KEY.xonly())


def oracle():
    tag = sha256(b"coldsign")
    hashes = [sha256(SUBJECT), DIGEST, hash160(SUBJECT), sha256(tag + tag + SUBJECT)]
    hashes.append(hmac.digest(b"coldsign", SUBJECT, "sha512"))
    account = bip32.HDKey.from_seed(SUBJECT).derive("m/84h/0h/1h/0/7").to_public()
    words = bip39.mnemonic_from_bytes(SECRET)
    addresses = [pkh(SUBJECT), script.p2sh(script.Script(SUBJECT))]
    addresses += [script.Script(b"\x00\x14" + hash160(SUBJECT)), taproot()]
    tx = transaction()
    coins = [pkh(KEY.sec()), taproot()]
    compact = ec.secp256k1.ecdsa_signature_serialize_compact
    return {
        "hashes": sha256(b"".join(hashes)).hex(),
        "public key": KEY.sec().hex(),
        "ECDSA, low R": compact(KEY.sign(DIGEST)._sig).hex(),
        "BIP-340 signature": ec.secp256k1.schnorrsig_sign(DIGEST, SECRET, None, bytes(32)).hex(),
        "BIP-341 tweak": KEY.get_public_key().taproot_tweak(DIGEST).xonly().hex(),
        "BIP-32 derivation": account.to_base58(version=MAIN["xpub"]),
        "BIP-39 words and seed": bip39.mnemonic_to_seed(words, "coldsign").hex(),
        "addresses": " ".join(one.address(MAIN) for one in addresses),
        "transaction id": tx.txid().hex(),
        "legacy digest": tx.sighash_legacy(0, coins[0], SIGHASH.ALL).hex(),
        "BIP-143 digest": tx.sighash_segwit(1, pkh(SUBJECT), 100_000, SIGHASH.ALL).hex(),
        "BIP-341 digest": tx.sighash_taproot(1, coins, [100_000] * 2, SIGHASH.DEFAULT).hex(),
        "age key file": SUBJECT.hex(),
    }


def test_other_libraries_give_the_known_answers():
    assert oracle() == KNOWN


def test_the_key_file_is_as_the_specification_makes_it():
    assert sealed(SUBJECT, SUBJECT.decode()) == selftest._KEY_FILE


def test_a_key_file_that_opens_altered_is_noticed(monkeypatch):
    monkeypatch.setattr(selftest, "unseal", lambda *_: SUBJECT)
    failed = {result.name: result.detail for result in run() if not result.ok}
    assert failed == {"age key file": "an altered key file opens"}


def test_all_is_well_here():
    results = run()
    assert [result.name for result in results] == list(TESTS) == list(KNOWN)
    assert all(result.ok and not result.detail for result in results), results


@pytest.mark.parametrize("name", list(TESTS))
def test_another_answer_is_noticed(name):
    wrong = KNOWN | {name: KNOWN[name][:-1] + "?"}
    results = run(wrong)
    assert [result.name for result in results if not result.ok] == [name]
    assert all(result.ok for result in run(KNOWN))


def test_an_unknown_answer_is_a_failure():
    assert not any(result.ok for result in run({}))


def test_an_error_inside_is_a_failure(monkeypatch):
    def broken(_):
        raise MalformedError("the curve is gone")

    monkeypatch.setattr(selftest.secp, "public_key", broken)
    failed = {result.name: result.detail for result in run() if not result.ok}
    assert failed["public key"] == "the curve is gone"


@pytest.mark.parametrize(
    ("function", "replacement", "name", "detail"),
    [
        ("verify_ecdsa", lambda *_: True, "ECDSA, low R", "the verification is wrong"),
        ("verify_ecdsa", lambda *_: False, "ECDSA, low R", "the verification is wrong"),
        ("der_decode", lambda _: b"", "ECDSA, low R", "the DER encoding is wrong"),
        ("verify_schnorr", lambda *_: True, "BIP-340 signature", "a bad signature is accepted"),
        ("verify_schnorr", lambda *_: False, "BIP-340 signature", "a good signature is refused"),
        ("compress", lambda _: b"", "public key", "the encodings differ"),
        ("taproot_secret", lambda *_: b"\x01" * 32, "BIP-341 tweak", "the two tweaks differ"),
    ],
    ids=["ecdsa all", "ecdsa none", "der", "schnorr all", "schnorr none", "forms", "tweak"],
)
def test_a_lying_curve_is_noticed(monkeypatch, function, replacement, name, detail):
    monkeypatch.setattr(selftest.secp, function, replacement)
    failed = {result.name: result.detail for result in run() if not result.ok}
    assert failed[name] == detail


@pytest.mark.parametrize(
    ("target", "attribute", "value", "name"),
    [
        (selftest.ExtendedPublicKey, "parse", lambda _: (None, None), "BIP-32 derivation"),
        (selftest.Mnemonic, "entropy", b"", "BIP-39 words and seed"),
        (selftest, "to_script", lambda *_: b"", "addresses"),
        (selftest.Transaction, "parse", lambda _: None, "transaction id"),
    ],
    ids=["bip32", "bip39", "addresses", "txid"],
)
def test_round_trips_that_fail_are_noticed(monkeypatch, target, attribute, value, name):
    monkeypatch.setattr(target, attribute, value)
    failed = {result.name: result.detail for result in run() if not result.ok}
    assert set(failed) == {name}
    assert " " in failed[name]
