import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.primitives import secp
from coldsign.primitives.cursor import Cursor
from coldsign.primitives.digests import Digests, Sighash
from coldsign.primitives.tx import OutPoint, Transaction, TxIn, TxOut, bitcoinlib_digest
from tests.vectors import vector_file

QUICK = settings(max_examples=200, deadline=None)
U32 = st.integers(0, 2**32 - 1)
COINS = st.builds(TxOut, st.integers(0, 21 * 10**14), st.binary(max_size=40))
INPUTS = st.builds(
    TxIn, st.builds(OutPoint, st.binary(min_size=32, max_size=32), U32), st.just(b""), U32
)
TYPES = st.sampled_from([1, 2, 3, 0x81, 0x82, 0x83])
CODES = st.binary(max_size=110).filter(lambda code: b"\xab" not in code).map(lambda c: b"\x51" + c)
LOCKTIMES = st.integers(0, 2**31 - 1)
TRANSACTIONS = st.builds(
    Transaction,
    st.integers(-(2**31), 2**31 - 1),
    st.lists(INPUTS, min_size=1, max_size=5).map(tuple),
    st.lists(COINS, max_size=5).map(tuple),
    LOCKTIMES,
)


@QUICK
@given(TRANSACTIONS, CODES, TYPES, st.integers(0, 21 * 10**14))
def test_bip143_is_bitcoinlibs(tx, code, sighash, sats):
    digests = Digests(tx)
    for index in range(len(tx.inputs)):
        expected = bitcoinlib_digest(tx.serialize(), index, code, sighash=sighash, sats=sats)
        assert digests.segwit_v0(index, code, sats, sighash) == expected


@QUICK
@given(TRANSACTIONS, st.lists(st.sampled_from(["76a9", "51", "ac88", "4c", "6a"])), TYPES)
def test_legacy_is_bitcoinlibs(tx, parts, sighash):
    code = b"\x76" + bytes.fromhex("".join(parts)).replace(b"\x4c", b"\x02xy")
    digests = Digests(tx)
    for index in range(len(tx.inputs)):
        if sighash & 3 == 3 and index >= len(tx.outputs):
            with pytest.raises(MalformedError, match="SINGLE"):
                digests.legacy(index, code, sighash)
            continue
        expected = bitcoinlib_digest(tx.serialize(), index, code, sighash=sighash, sats=None)
        assert digests.legacy(index, code, sighash) == expected


def bip341_cases():
    text = vector_file("bip-0341-wallet.json").read_text()
    return json.loads(text)["keyPathSpending"]


def test_bip341_wallet_vectors():
    seen = set()
    for case in bip341_cases():
        tx = Transaction.parse_unsigned(bytes.fromhex(case["given"]["rawUnsignedTx"]))
        prevouts = tuple(
            TxOut(coin["amountSats"], bytes.fromhex(coin["scriptPubKey"]))
            for coin in case["given"]["utxosSpent"]
        )
        digests = Digests(tx, prevouts)
        for spend in case["inputSpending"]:
            given_, expected = spend["given"], spend["intermediary"]
            sighash = given_["hashType"]
            digest = digests.taproot(given_["txinIndex"], sighash)
            assert digest.hex() == expected["sigHash"]
            root = given_["merkleRoot"]
            secret = secp.taproot_secret(
                bytes.fromhex(given_["internalPrivkey"]), bytes.fromhex(root) if root else None
            )
            assert secret.hex() == expected["tweakedPrivkey"]
            signature = secp.sign_schnorr(secret, digest)
            witness = signature + (bytes((sighash,)) if sighash else b"")
            assert witness.hex() == spend["expected"]["witness"][0]
            seen.add(sighash)
    assert seen == {0, 1, 2, 3, 0x81, 0x82, 0x83}


@QUICK
@given(TRANSACTIONS, st.data())
def test_a_leafs_digest_is_another_message(tx, data):
    prevouts = tuple(data.draw(COINS) for _ in tx.inputs)
    digests = Digests(tx, prevouts)
    leaf = data.draw(st.binary(min_size=32, max_size=32))
    found = set()
    for index in range(len(tx.inputs)):
        for sighash in (0, 1, 2, 0x81, 0x82):
            found |= {digests.taproot(index, sighash, leaf), digests.taproot(index, sighash)}
    distinct_inputs = len({(txin, coin) for txin, coin in zip(tx.inputs, prevouts, strict=True)})
    assert len(found) == 2 * (3 * len(tx.inputs) + 2 * distinct_inputs)


TX = Transaction(2, (TxIn(OutPoint(bytes(32), 0), b"", 0),), (), 0)


def test_types_that_do_not_exist():
    digests = Digests(TX, (TxOut(1, b""),))
    for sighash in (4, 0x80, 0x41, 0xFF, 256, -1):
        with pytest.raises(MalformedError, match="sighash type"):
            digests.taproot(0, sighash)
        with pytest.raises(MalformedError, match="sighash type"):
            digests.segwit_v0(0, b"", 1, sighash)
        with pytest.raises(MalformedError, match="sighash type"):
            digests.legacy(0, b"", sighash)
    for sign in (lambda: digests.segwit_v0(0, b"", 1, 0), lambda: digests.legacy(0, b"", 0)):
        with pytest.raises(MalformedError, match="sighash type 0x00"):
            sign()
    with pytest.raises(MalformedError, match="no output for a SINGLE"):
        digests.taproot(0, Sighash.SINGLE)


def test_taproot_needs_every_coin():
    with pytest.raises(MalformedError, match="coins of all inputs"):
        Digests(TX).taproot(0, 0)


def test_the_largest_numbers():
    tx = Transaction(
        -(2**31), (TxIn(OutPoint(b"\xff" * 32, 2**32 - 1), b"", 2**32 - 1),), (), 2**32 - 1
    )
    digests = Digests(tx, (TxOut(2**63 - 1, b"\x51"),))
    assert (
        len({digests.taproot(0, 0), digests.legacy(0, b"", 1), digests.segwit_v0(0, b"", -1, 1)})
        == 3
    )


def test_the_reader_of_a_script_with_a_long_length():
    code = bytes(300)
    assert Digests(TX).legacy(0, code, 1) == bitcoinlib_digest(
        TX.serialize(), 0, code, sighash=1, sats=None
    )
    assert Cursor(b"\xfd\x2c\x01").compact_size() == 300
