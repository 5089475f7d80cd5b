"""Finishing inputs and extracting the transaction, against the node's own and against what is missing."""

import base64

import pytest

from coldsign.errors import RefusedError
from coldsign.primitives.cursor import var_bytes
from coldsign.primitives.hashes import hash160, tagged_hash
from coldsign.primitives.script import multisig, p2pkh, p2sh, p2tr, p2wpkh, p2wsh
from coldsign.primitives.secp import taproot_output
from coldsign.primitives.tx import Transaction, TxIn, TxOut
from coldsign.psbt.combine import combine
from coldsign.psbt.finalize import extract, finalize
from coldsign.psbt.model import Psbt
from coldsign.psbt.satisfy import parse_multi_a
from tests.psbt.samples import (
    KEYS,
    XONLY,
    a_map,
    bip_vectors,
    by_name,
    fixture,
    in_v2,
    recorded,
    v0,
    v2,
)

UNSUPPORTED = {"wsh-miniscript-recovery"}
DER = bytes.fromhex("3006020101020101")
SIGS = tuple(DER + bytes((n,)) for n in (1, 1, 1))
SCHNORR = tuple(bytes((n,)) * 64 for n in (1, 2, 3))


def utxo(script: bytes) -> tuple[int, bytes, bytes]:
    return (0x01, b"", (5000).to_bytes(8, "little") + var_bytes(script))


def sig(number: int, sighash: int = 1) -> tuple[int, bytes, bytes]:
    return (0x02, KEYS[number], DER + bytes((sighash,)))


def final(*pairs, build=v0) -> Transaction:
    finished = finalize(Psbt.parse(build([pairs])))
    assert Psbt.parse(finished.raw).raw == finished.raw
    return extract(finished)


def why_not(*pairs) -> str:
    with pytest.raises(RefusedError) as refused:
        finalize(Psbt.parse(v0([pairs])))
    assert refused.value.message.startswith("input 0 cannot be finished: ")
    return refused.value.message.removeprefix("input 0 cannot be finished: ")


def joined(found: dict) -> Psbt:
    signed = [found["signed_by_node"][n] for n in found["final"]["signers"]]
    return combine([Psbt.parse(base64.b64decode(text)) for text in signed])


@pytest.mark.parametrize(
    "path",
    [p for p in recorded() if fixture(p)["kind"] not in UNSUPPORTED],
    ids=lambda path: path.stem,
)
def test_recorded_signatures_give_the_nodes_transaction(path):
    found = fixture(path)
    finished = finalize(joined(found))
    tx = extract(finished)
    assert tx.serialize().hex() == found["final"]["hex"]
    assert tx.txid_hex() == found["final"]["txid"]
    assert finalize(finished).raw == finished.raw


def test_a_script_we_do_not_finish_is_named():
    with pytest.raises(RefusedError, match="no way to finish the script OP_2 ") as refused:
        finalize(joined(by_name("wsh-miniscript-recovery-1x4")))
    assert "finalizepsbt" in refused.value.hint
    assert len(refused.value.message) < 300


def test_the_bips_final_psbt():
    found = {v["section"]: base64.b64decode(v["psbt"]) for v in bip_vectors() if v["bip"] == 174}
    signed = Psbt.parse(found["Given both of the above PSBTs, a combiner must create this PSBT"])
    must = found["Given the above PSBT, an input finalizer must create this PSBT"]
    assert finalize(signed).raw == must
    assert extract(Psbt.parse(must)).serialize().hex().startswith("0200000000010258e87a21b56daf0c")


def test_a_key_hash():
    tx = final(utxo(p2wpkh(hash160(KEYS[0]))), sig(1), sig(0))
    assert tx.witnesses == ((SIGS[0], KEYS[0]),)
    assert tx.inputs[0].script_sig == b""


def test_a_nested_key_hash():
    redeem = p2wpkh(hash160(KEYS[0]))
    tx = final(utxo(p2sh(redeem)), (0x04, b"", redeem), sig(0))
    assert tx.witnesses == ((SIGS[0], KEYS[0]),)
    assert tx.inputs[0].script_sig == var_bytes(redeem)


def test_legacy_scripts():
    tx = final(utxo(p2pkh(hash160(KEYS[0]))), sig(0))
    assert tx.inputs[0].script_sig == var_bytes(SIGS[0]) + var_bytes(KEYS[0])
    assert tx.witnesses == ()
    tx = final(utxo(var_bytes(KEYS[0]) + b"\xac"), sig(0))
    assert tx.inputs[0].script_sig == var_bytes(SIGS[0])
    tx = final(utxo(multisig(1, KEYS[:2])), sig(1))
    assert tx.inputs[0].script_sig == b"\0" + var_bytes(SIGS[1])


def test_more_signatures_than_needed_are_left_out():
    script = multisig(2, KEYS[:3])
    tx = final(utxo(p2wsh(script)), (0x05, b"", script), sig(2), sig(1), sig(0))
    assert tx.witnesses == ((b"", SIGS[0], SIGS[1], script),)


def test_version_2_keeps_its_fields():
    pairs = [
        utxo(p2wpkh(hash160(KEYS[0]))),
        (0x10, b"", b"\5\0\0\0"),
        (0x12, b"", b"\x09\0\0\0"),
        sig(0),
    ]
    finished = finalize(Psbt.parse(v2([pairs])))
    kept = a_map(
        sorted([*in_v2(), *pairs[:3], (0x08, b"", b"\2" + var_bytes(SIGS[0]) + var_bytes(KEYS[0]))])
    )
    assert kept in finished.raw
    tx = extract(finished)
    assert (tx.inputs[0].sequence, tx.locktime) == (5, 9)


def test_unknown_pairs_survive():
    rare = ((0xFC, b"\3abc\1data", b"x"), (0xF0, b"", b""))
    finished = finalize(Psbt.parse(v0([[utxo(p2wpkh(hash160(KEYS[0]))), sig(0), *rare]])))
    assert finished.inputs[0].unknown_count == 2
    assert finished.inputs[0].partial_sigs == {}


def test_the_taproot_key_path():
    tx = final(utxo(p2tr(XONLY[0])), (0x13, b"", SCHNORR[0]))
    assert tx.witnesses == ((SCHNORR[0],),)


def leaf_hash(script: bytes) -> bytes:
    return tagged_hash("TapLeaf", b"\xc0" + var_bytes(script))


def leaf(script: bytes, beside: bytes = b"", *, at: int = 0) -> list[tuple[int, bytes, bytes]]:
    """A coin locked to a leaf, or to two, and the one leaf script."""
    root, steps = leaf_hash(script), b""
    if beside:
        steps = leaf_hash(beside)
        root = tagged_hash("TapBranch", b"".join(sorted((root, steps))))
    key, parity = taproot_output(XONLY[at], root)
    block = bytes((0xC0 | parity,)) + XONLY[at] + steps
    return [utxo(p2tr(key)), (0x15, block, script + b"\xc0")]


def leaf_sig(number: int, script: bytes) -> tuple[int, bytes, bytes]:
    return (0x14, XONLY[number] + leaf_hash(script), SCHNORR[number])


def multi_a(needed: int, count: int) -> bytes:
    ops = [b"\xac"] + [b"\xba"] * (count - 1)
    pushes = b"".join(b"\x20" + key + op for key, op in zip(XONLY[:count], ops, strict=True))
    return pushes + bytes((0x50 + needed, 0x9C))


def test_a_taproot_leaf_of_one_key():
    script = b"\x20" + XONLY[1] + b"\xac"
    coin, found = leaf(script)
    tx = final(coin, found, leaf_sig(1, script))
    assert tx.witnesses == ((SCHNORR[1], script, found[1]),)


def test_a_taproot_leaf_of_several_keys():
    script = multi_a(2, 3)
    sigs = [leaf_sig(0, script), leaf_sig(2, script)]
    tx = final(*leaf(script), *sigs)
    assert tx.witnesses[0][:3] == (SCHNORR[2], b"", SCHNORR[0])
    tx = final(*leaf(script), *sigs, leaf_sig(1, script))
    assert tx.witnesses[0][:3] == (b"", SCHNORR[1], SCHNORR[0])


def test_the_smallest_leaf_is_taken():
    large, small = multi_a(1, 3), b"\x20" + XONLY[1] + b"\xac"
    both = [*leaf(large, small), leaf(small, large)[1]]
    tx = final(*both, leaf_sig(1, large), leaf_sig(1, small))
    assert tx.witnesses[0][1] == small
    assert final(*both, leaf_sig(1, large)).witnesses[0][3] == large


@pytest.mark.parametrize(
    "script", [b"", b"\x51", multi_a(3, 3) + b"\x51", multi_a(1, 2)[:-2], multi_a(4, 3)]
)
def test_leaves_we_do_not_finish(script):
    assert parse_multi_a(script) is None
    assert "no signature of the key path, and no leaf to finish" in why_not(
        *leaf(script), leaf_sig(0, script), leaf_sig(1, script)
    )


def test_a_leaf_of_another_key_order_is_another_script():
    assert parse_multi_a(b"\x20" + XONLY[0] + b"\xba") is None
    assert parse_multi_a(multi_a(2, 3)) == (2, XONLY[:3])


def test_an_unknown_leaf_version_is_not_finished():
    script = b"\x20" + XONLY[1] + b"\xac"
    odd = (0x15, b"\xc2" + XONLY[0], script + b"\xc2")
    assert "no leaf to finish" in why_not(utxo(p2tr(XONLY[0])), odd, leaf_sig(1, script))


def test_what_is_missing_is_named():
    key_hash, script = p2wpkh(hash160(KEYS[0])), multisig(2, KEYS[:3])
    assert why_not(sig(0)) == "the coin it spends is not in the PSBT"
    assert why_not(utxo(key_hash), sig(1)) == "the signature is missing"
    assert why_not(utxo(var_bytes(KEYS[0]) + b"\xac")) == "the signature is missing"
    assert "redeem script is missing" in why_not(utxo(p2sh(script)))
    assert "redeem script is missing" in why_not(utxo(p2sh(script)), (0x04, b"", key_hash))
    assert "witness script is missing" in why_not(utxo(p2wsh(script)))
    assert "witness script is missing" in why_not(utxo(p2wsh(script)), (0x05, b"", key_hash))
    assert why_not(utxo(p2wsh(script)), (0x05, b"", script), sig(0)) == (
        "2 signatures needed, 1 present"
    )
    assert why_not(utxo(b"\x51")) == "no way to finish the script OP_1"


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        ((utxo(p2wpkh(hash160(KEYS[0]))), sig(1)), "not-complete"),
        ((utxo(p2wsh(multisig(2, KEYS[:3]))), (0x05, b"", multisig(2, KEYS[:3]))), "not-complete"),
        ((utxo(p2tr(XONLY[0])),), "not-complete"),
        (leaf(multi_a(2, 3)), "not-complete"),
        (leaf(b"\x51"), "refused"),
        ((sig(0),), "refused"),
        ((utxo(b"\x51"),), "refused"),
    ],
)
def test_a_script_is_told_whether_to_wait_for_signatures(pairs, code):
    with pytest.raises(RefusedError) as refused:
        finalize(Psbt.parse(v0([pairs])))
    assert refused.value.code == code


def test_a_nested_witness_script():
    script = multisig(1, KEYS[:2])
    redeem = p2wsh(script)
    tx = final(utxo(p2sh(redeem)), (0x04, b"", redeem), (0x05, b"", script), sig(1))
    assert tx.inputs[0].script_sig == var_bytes(redeem)
    assert tx.witnesses == ((b"", SIGS[1], script),)


@pytest.mark.parametrize(
    "signature", [sig(0, 2), (0x13, b"", SCHNORR[0]), (0x13, b"", SCHNORR[0] + b"\3")]
)
def test_signatures_have_the_sighash_type_that_is_asked_for(signature):
    asked = (0x03, b"", b"\1\0\0\0")
    words = "a signature is not of the sighash type the input asks for"
    assert why_not(utxo(p2wpkh(hash160(KEYS[0]))), asked, signature) == words


def test_the_sighash_type_that_is_asked_for_is_finished():
    tx = final(utxo(p2wpkh(hash160(KEYS[0]))), (0x03, b"", b"\2\0\0\0"), sig(0, 2))
    assert tx.witnesses[0][0][-1] == 2


def test_the_previous_transaction_is_the_coins():
    source = Psbt.parse(v0()).tx
    previous = Transaction(2, source.inputs, (TxOut(9000, p2wpkh(hash160(KEYS[0]))),), 0)
    outpoint = (0x0E, b"", previous.txid())
    right = v2([[(0x00, b"", previous.serialize()), sig(0)]]).replace(
        a_map([in_v2()[0]])[:-1], a_map([outpoint])[:-1]
    )
    assert extract(finalize(Psbt.parse(right))).witnesses == ((SIGS[0], KEYS[0]),)
    beyond = right.replace(a_map([in_v2()[1]])[:-1], a_map([(0x0F, b"", b"\1\0\0\0")])[:-1])
    with pytest.raises(RefusedError, match="the coin it spends"):
        finalize(Psbt.parse(beyond))
    assert why_not((0x00, b"", previous.serialize()), sig(0)) == (
        "the coin it spends is not in the PSBT"
    )


def test_only_a_finished_psbt_is_extracted():
    with pytest.raises(RefusedError, match="input 0 is not finished"):
        extract(Psbt.parse(v0()))


def test_a_finished_input_of_legacy_is_extracted():
    tx = extract(Psbt.parse(v0([[(0x07, b"", b"\x51")]])))
    assert tx.inputs[0] == TxIn(tx.inputs[0].outpoint, b"\x51", 0xFFFFFFFF)
    assert tx.witnesses == ()
