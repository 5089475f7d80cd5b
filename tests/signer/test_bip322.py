"""BIP-322's vectors: their transactions, digests and signatures, by our primitives (coldsign signs no messages)."""

import base64
import json

import pytest

from coldsign.keys.wif import WifKey
from coldsign.primitives.address import to_script
from coldsign.primitives.cursor import Cursor
from coldsign.primitives.digests import Digests
from coldsign.primitives.hashes import hash160, tagged_hash
from coldsign.primitives.network import MAINNET
from coldsign.primitives.script import ScriptType, classify, p2pkh, p2wsh, parse_multisig
from coldsign.primitives.secp import (
    der_decode,
    der_encode,
    sign_ecdsa,
    sign_schnorr,
    taproot_secret,
    verify_ecdsa,
    verify_schnorr,
)
from coldsign.primitives.tx import OutPoint, Transaction, TxIn, TxOut
from coldsign.psbt.model import Psbt
from tests.vectors import vector_file

BASIC, GENERATED = "bip-0322-basic.json", "bip-0322-generated.json"


def vectors(name, group):
    found = json.loads(vector_file(name).read_text())[group]
    assert found
    return found


def to_spend(vector):
    digest = tagged_hash("BIP0322-signed-message", vector["message"].encode())
    script = to_script(vector["address"], MAINNET)
    spent = TxIn(OutPoint(bytes(32), 0xFFFFFFFF), b"\0\x20" + digest, 0)
    return Transaction(0, (spent,), (TxOut(0, script),), 0)


def to_sign(vector):
    spent = TxIn(OutPoint(to_spend(vector).txid(), 0), b"", 0)
    return Transaction(0, (spent,), (TxOut(0, b"\x6a"),), 0)


def stack(text):
    cursor = Cursor(base64.b64decode(text.removeprefix("smp")), "witness")
    items = tuple(cursor.var_bytes() for _ in range(cursor.compact_size()))
    cursor.finish()
    return items


def holds(vector, text):
    """Whether a simple signature signs the message for the address, by our digests."""
    prevout = to_spend(vector).outputs[0]
    digests = Digests(to_sign(vector), (prevout,))
    items, kind = stack(text), classify(prevout.script)
    if not items:
        return False
    if kind is ScriptType.P2TR:
        sighash = items[0][64] if len(items[0]) == 65 else 0
        return verify_schnorr(prevout.script[2:], digests.taproot(0, sighash), items[0][:64])
    if kind is ScriptType.P2WPKH:
        if hash160(items[1]) != prevout.script[2:]:
            return False
        return _signed(items[0], items[1], digests.segwit_v0(0, p2pkh(prevout.script[2:]), 0, 1))
    assert kind is ScriptType.P2WSH
    if p2wsh(items[-1]) != prevout.script:
        return False
    needed, keys = parse_multisig(items[-1])
    digest = digests.segwit_v0(0, items[-1], 0, 1)
    signers = [[key for key in keys if _signed(item, key, digest)] for item in items[1:-1]]
    return len(signers) == needed and all(signers)


def _signed(signature, key, digest):
    return signature[-1] == 1 and verify_ecdsa(key, digest, der_decode(signature[:-1]))


def test_transactions_have_the_published_ids():
    for vector in vectors(BASIC, "tx_hashes"):
        digest = tagged_hash("BIP0322-signed-message", vector["message"].encode())
        assert digest.hex() == vector["message_hash"]
        assert to_spend(vector).txid_hex() == vector["to_spend_tx_hash"]
        assert to_sign(vector).txid_hex() == vector["to_sign_tx_hash"]


@pytest.mark.parametrize("name", [BASIC, GENERATED])
def test_published_signatures_hold(name):
    for vector in vectors(name, "simple"):
        for text in vector["bip322_signatures"]:
            assert holds(vector, text), vector["type"]


@pytest.mark.parametrize("name", [BASIC, GENERATED])
def test_single_keys_give_a_published_signature(name):
    tried = 0
    for vector in vectors(name, "simple"):
        if len(vector["private_keys"]) > 1:
            continue
        prevout = to_spend(vector).outputs[0]
        digests = Digests(to_sign(vector), (prevout,))
        secret = WifKey.parse(vector["private_keys"][0]).secret.reveal()
        if vector["type"] == "p2tr":
            digest = digests.taproot(0, 0)
            signature = sign_schnorr(taproot_secret(secret, None), digest)
        elif vector["type"] == "p2wpkh":
            code = p2pkh(prevout.script[2:])
            digest = digests.segwit_v0(0, code, 0, 1)
            signature = der_encode(sign_ecdsa(secret, digest)) + b"\1"
        else:
            continue
        tried += 1
        if vector["type"] == "p2tr":
            assert verify_schnorr(prevout.script[2:], digest, signature)
        published = {stack(text)[0] for text in vector["bip322_signatures"]}
        low_r = {one for one in published if one[0] == 0x30 and one[3] == 32}
        assert not low_r or signature in low_r
    assert tried


@pytest.mark.parametrize("name", [BASIC, GENERATED])
def test_signatures_of_something_else_do_not_hold(name):
    tried = 0
    for vector in vectors(name, "error"):
        if vector["error_substr"] != "invalid signature" or not vector["signature"].startswith(
            "smp"
        ):
            continue
        tried += 1
        assert not holds(vector, vector["signature"]), vector["description"]
    assert tried


def test_full_signatures_are_strict_transactions():
    for vector in vectors(GENERATED, "full"):
        (text,) = vector["bip322_signatures"]
        raw = base64.b64decode(text.removeprefix("ful"))
        tx = Transaction.parse(raw)
        assert tx.serialize() == raw
        assert tx.inputs[0].outpoint.txid == to_spend(vector).txid()
        assert (tx.version, tx.locktime) == (vector["tx_version"], vector["lock_time"])


def test_proofs_of_funds_are_strict_psbts():
    for vector in vectors(GENERATED, "proof_of_funds"):
        (text,) = vector["bip322_signatures"]
        raw = base64.b64decode(text.removeprefix("pof"))
        psbt = Psbt.parse(raw)
        assert psbt.serialize() == raw
        assert psbt.tx.inputs[0].outpoint.txid == to_spend(vector).txid()
