import dataclasses
import json
import struct

import pytest
from bitcoin.core import CTransaction
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.primitives import tx as tx_module
from coldsign.primitives.cursor import compact_size
from coldsign.primitives.tx import (
    OutPoint,
    Transaction,
    TxIn,
    TxOut,
    bitcoinlib_digest,
)
from tests.vectors import ROOT

QUICK = settings(max_examples=200, deadline=None)
U32 = st.integers(0, 2**32 - 1)
SCRIPT = st.binary(max_size=30) | st.binary(min_size=252, max_size=256)
INPUTS = st.builds(TxIn, st.builds(OutPoint, st.binary(min_size=32, max_size=32), U32), SCRIPT, U32)
OUTPUTS = st.builds(TxOut, st.integers(-(2**63), 2**63 - 1), SCRIPT)


@st.composite
def transactions(draw):
    inputs = tuple(draw(st.lists(INPUTS, min_size=1, max_size=4)))
    outputs = tuple(draw(st.lists(OUTPUTS, max_size=4)))
    stack = st.lists(st.binary(max_size=20) | st.binary(min_size=252, max_size=254), max_size=3)
    witnesses = draw(st.lists(stack.map(tuple), min_size=len(inputs), max_size=len(inputs)))
    version = draw(st.integers(-(2**31), 2**31 - 1))
    return Transaction(
        version, inputs, outputs, draw(U32), tuple(witnesses) if any(witnesses) else ()
    )


@QUICK
@given(transactions())
def test_round_trip(tx):
    data = tx.serialize()
    again = Transaction.parse(data)
    assert again == tx
    assert again.serialize() == data
    assert again.txid() == tx.txid()
    assert again.weight() == tx.weight() == 3 * len(tx.serialize_without_witness()) + len(data)
    stripped = Transaction.parse_unsigned(tx.serialize_without_witness())
    assert stripped == dataclasses.replace(tx, witnesses=())
    assert CTransaction.deserialize(data).GetTxid() == tx.txid()


@QUICK
@given(transactions(), st.data())
def test_changed_bytes_read_back_the_same_or_are_malformed(tx, data):
    raw = bytearray(tx.serialize())
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    for mutant in (bytes(raw), cut):
        for parse in (Transaction.parse, Transaction.parse_unsigned):
            try:
                parsed = parse(mutant)
            except MalformedError:
                continue
            assert parsed.serialize() == mutant
            assert dataclasses.replace(parsed).serialize() == mutant


@QUICK
@given(st.binary(max_size=200))
def test_any_bytes_are_a_transaction_or_malformed(data):
    for raw in (data, b"\2\0\0\0\0\1" + data, b"\2\0\0\0\1" + data):
        try:
            tx = Transaction.parse(raw)
        except MalformedError:
            continue
        assert tx.serialize() == raw


@QUICK
@given(transactions())
def test_every_truncation_and_any_excess_is_malformed(tx):
    raw = tx.serialize()
    for size in range(0, len(raw), max(1, len(raw) // 40)):
        with pytest.raises(MalformedError):
            Transaction.parse(raw[:size])
    with pytest.raises(MalformedError, match="1 bytes too many"):
        Transaction.parse(raw + b"\0")


def test_the_nodes_transactions():
    files = sorted((ROOT / "tests/data/regtest").glob("*.json"))
    assert len(files) == 18
    for file in files:
        final = json.loads(file.read_text())["final"]
        raw = bytes.fromhex(final["hex"])
        tx = Transaction.parse(raw)
        assert tx.serialize() == raw
        assert tx.txid_hex() == final["txid"]
        assert -(-tx.weight() // 4) == final["vsize"]
        assert CTransaction.deserialize(raw).GetTxid() == tx.txid()
        rebuilt = dataclasses.replace(tx)
        assert rebuilt.serialize() == raw
        assert rebuilt.txid() == tx.txid()


def test_an_unsigned_transaction_may_have_no_inputs():
    raw = b"\2\0\0\0\0\1" + TxOut(5, b"\x51").serialize() + bytes(4)
    tx = Transaction.parse_unsigned(raw)
    assert tx.inputs == ()
    assert tx.outputs == (TxOut(5, b"\x51"),)
    assert tx.serialize() == raw
    with pytest.raises(MalformedError):
        Transaction.parse(raw)
    with pytest.raises(MalformedError, match="python-bitcoinlib cannot read"):
        bitcoinlib_digest(raw, 0, b"\x51", sighash=1, sats=None)


def coin(script=b""):
    return TxIn(OutPoint(bytes(32), 0), script, 0)


def test_the_witness_form_needs_a_witness():
    tx = Transaction(2, (coin(),), (), 0)
    raw = tx.serialize()
    empty = raw[:4] + b"\0\1" + raw[4:-4] + b"\0" + raw[-4:]
    with pytest.raises(MalformedError, match="without any witness"):
        Transaction.parse(empty)
    with pytest.raises(MalformedError, match="witness marker at offset 4"):
        Transaction.parse(empty.replace(b"\0\1\1", b"\0\2\1", 1))
    with pytest.raises(MalformedError):
        Transaction.parse(b"\2\0\0\0\0\1\0\0" + bytes(4))
    with pytest.raises(MalformedError, match="marker"):
        Transaction.parse(b"\2\0\0\0\0\0" + bytes(4))


@pytest.mark.parametrize("count", [b"\xfd\x01\x00", b"\xfe\x01\x00\x00\x00"])
def test_counts_are_canonical(count):
    raw = Transaction(2, (coin(),), (), 0).serialize()
    with pytest.raises(MalformedError, match="non-minimal"):
        Transaction.parse(raw[:4] + count + raw[5:])
    with pytest.raises(MalformedError, match="non-minimal"):
        Transaction.parse(raw[:-5] + count[:1] + bytes(len(count) - 1) + raw[-4:])


@pytest.mark.parametrize("count", [2, 0xFC, 0xFFFF, 2**32 - 1, 2**64 - 1])
def test_counts_beyond_the_data_allocate_nothing(count):
    raw = Transaction(2, (coin(),), (), 0).serialize()
    with pytest.raises(MalformedError, match="items cannot follow offset 4"):
        Transaction.parse(raw[:4] + compact_size(count) + raw[5:])
    for size in (compact_size(count), b"\xff" + b"\xff" * 8):
        with pytest.raises(MalformedError):
            Transaction.parse(raw[:41] + size + raw[42:])


def test_size_cap(monkeypatch):
    monkeypatch.setattr(tx_module, "MAX_TRANSACTION", 50)
    raw = Transaction(2, (coin(),), (), 0).serialize()
    assert len(raw) == 51
    for parse in (Transaction.parse, Transaction.parse_unsigned):
        with pytest.raises(MalformedError, match=r"^here: 51 bytes are more"):
            parse(raw, "here")


def test_amounts_are_kept_as_claimed():
    outputs = (TxOut(-1, b""), TxOut(2**63 - 1, b""), TxOut(-(2**63), b"\0"))
    tx = Transaction(-5, (coin(),), outputs, 2**32 - 1)
    assert Transaction.parse(tx.serialize()) == tx


def test_an_edited_copy_has_its_own_bytes():
    tx = Transaction.parse(Transaction(2, (coin(),), (), 0).serialize())
    edited = dataclasses.replace(tx, locktime=7)
    assert edited.serialize()[-4:] == struct.pack("<I", 7)
    assert edited.txid() != tx.txid()


def test_outpoints_as_people_write_them():
    assert str(OutPoint(b"\x01" + bytes(31), 3)) == "00" * 31 + "01:3"


def test_second_opinion_on_digests_has_limits():
    tx = Transaction(2, (coin(),), (TxOut(1, b"\x51"),), 0)
    raw = tx.serialize()
    legacy = bitcoinlib_digest(raw, 0, b"\x51", sighash=1, sats=None)
    segwit = bitcoinlib_digest(raw, 0, b"\x51", sighash=1, sats=5)
    assert len(legacy) == len(segwit) == 32
    assert legacy != segwit
    late = dataclasses.replace(tx, locktime=2**31).serialize()
    with pytest.raises(MalformedError, match="cannot compute"):
        bitcoinlib_digest(late, 0, b"\x51", sighash=1, sats=5)
    for script in (b"\x02a", b"\x00\x14" + bytes(20)):
        with pytest.raises(MalformedError, match="python-bitcoinlib"):
            bitcoinlib_digest(raw, 0, script, sighash=1, sats=None)
    alone = dataclasses.replace(tx, outputs=()).serialize()
    with pytest.raises(MalformedError, match="cannot compute"):
        bitcoinlib_digest(alone, 0, b"\x51", sighash=3, sats=None)
    with pytest.raises(MalformedError, match="cannot read"):
        bitcoinlib_digest(b"", 0, b"\x51", sighash=1, sats=None)
