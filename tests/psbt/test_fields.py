"""Every field of the three maps: what it accepts, what it refuses, and how the refusal names it."""

import pytest

from coldsign.errors import MalformedError
from coldsign.primitives.hashes import hash160, ripemd160, sha256, sha256d
from coldsign.primitives.keypath import HARDENED, KeyOrigin
from coldsign.psbt import memory
from coldsign.psbt.memory import MAX_PREVIOUS_TX, Musig2Key
from coldsign.psbt.model import Psbt
from tests.psbt.samples import KEYS, OFF_CURVE, ORIGIN, SCRIPT, XONLY, by_name, v0, v2

OUT = (1000).to_bytes(8, "little") + b"\x16" + SCRIPT
PREIMAGE = b"preimage"
LEAF = bytes(32)
DER = bytes.fromhex("3006020101020101")


def one(pair, *, version=0):
    """The input of a PSBT with this pair."""
    return Psbt.parse((v2 if version else v0)([[pair]])).inputs[0]


def out(pair):
    return Psbt.parse(v0(outputs=[[pair]])).outputs[0]


def refusal(*, globals_=(), inputs=(), outputs=(), version=0) -> str:
    build = v2 if version else v0
    with pytest.raises(MalformedError) as refused:
        Psbt.parse(build([inputs], [outputs], extra=globals_))
    return refused.value.message


def xpub(depth: int = 1, rest: bytes = bytes(8), key: bytes = KEYS[0]) -> bytes:
    return b"\x04\x88\xb2\x1e" + bytes((depth,)) + rest + bytes(32) + key


def test_an_extended_key_has_its_origin():
    found = Psbt.parse(v0(extra=[(0x01, xpub(2), ORIGIN)])).global_map
    assert found.xpubs == {xpub(2): KeyOrigin(b"\1\2\3\4", (HARDENED, 7))}


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        (xpub(2)[:-1], ORIGIN, "78 bytes, not 77"),
        (b"", ORIGIN, "78 bytes, not 0"),
        (xpub(1), ORIGIN, "the path is not as long as the key is deep"),
        (xpub(0, b"\1" + bytes(7)), ORIGIN[:4], "a master key has no parent"),
        (xpub(2, key=OFF_CURVE), ORIGIN, "not a public key"),
        (xpub(2), ORIGIN[:3], "4 bytes and 4 for each step"),
    ],
)
def test_a_wrong_extended_key(key, value, why):
    assert why in refusal(globals_=[(0x01, key, value)])


def test_what_the_simple_input_fields_mean():
    assert one((0x01, b"", OUT)).witness_utxo == (1000, SCRIPT)
    assert one((0x02, KEYS[0], DER + b"\1")).partial_sigs == {KEYS[0]: DER + b"\1"}
    assert one((0x03, b"", b"\x01\0\0\0")).sighash_type == 1
    assert one((0x04, b"", b"r")).redeem_script == b"r"
    assert one((0x05, b"", b"w")).witness_script == b"w"
    assert one((0x06, KEYS[0], ORIGIN)).bip32_derivations[KEYS[0]].path == (HARDENED, 7)
    assert one((0x07, b"", b"s")).final_script_sig == b"s"
    assert one((0x08, b"", b"\1\1x")).final_script_witness == b"\1\1x"
    assert one((0x09, b"", "é".encode())).por_commitment == "é"
    assert one((0x13, b"", bytes(64))).tap_key_sig == bytes(64)
    assert one((0x13, b"", bytes(64) + b"\1")).tap_key_sig == bytes(64) + b"\1"
    assert one((0x14, XONLY[0] + LEAF, bytes(64))).tap_script_sigs == {(XONLY[0], LEAF): bytes(64)}
    assert one((0x17, b"", XONLY[0])).tap_internal_key == XONLY[0]
    assert one((0x18, b"", LEAF)).tap_merkle_root == LEAF


def test_what_the_fields_of_version_2_mean():
    found = one((0x10, b"", b"\5\0\0\0"), version=2)
    assert (found.previous_txid, found.output_index, found.sequence) == (b"\1" * 32, 0, 5)
    assert one((0x11, b"", b"\xff" * 4), version=2).required_time_locktime == 0xFFFFFFFF
    assert one((0x12, b"", b"\1\0\0\0"), version=2).required_height_locktime == 1
    assert Psbt.parse(v2()).outputs[0].amount == 1000
    assert Psbt.parse(v2()).outputs[0].script == SCRIPT


def test_a_previous_transaction_is_read_once_for_equal_bytes():
    previous = Psbt.parse(v0()).tx.serialize()
    psbt = Psbt.parse(v0([[(0x00, b"", previous)], [(0x00, b"", previous)]]))
    assert psbt.inputs[0].non_witness_utxo is psbt.inputs[1].non_witness_utxo
    assert psbt.inputs[0].non_witness_utxo_txid == psbt.inputs[0].non_witness_utxo.txid()


def test_previous_transactions_have_limits(monkeypatch):
    assert "more than a previous transaction may have" in refusal(
        inputs=[(0x00, b"", bytes(MAX_PREVIOUS_TX + 1))]
    )
    previous = Psbt.parse(v0()).tx.serialize()
    monkeypatch.setattr(memory, "MAX_PARTS", 1)
    assert "more than 1 outputs" in refusal(inputs=[(0x00, b"", previous)])


@pytest.mark.parametrize(
    ("number", "digest"), [(0x0A, ripemd160), (0x0B, sha256), (0x0C, hash160), (0x0D, sha256d)]
)
def test_a_preimage_must_have_its_hash(number, digest):
    assert one((number, digest(PREIMAGE), PREIMAGE)).preimages == {digest(PREIMAGE): PREIMAGE}
    assert "not the hash's preimage" in refusal(inputs=[(number, digest(b"other"), PREIMAGE)])
    assert "bytes wanted" in refusal(inputs=[(number, b"short", PREIMAGE)])


@pytest.mark.parametrize(
    ("number", "value", "why"),
    [
        (0x00, b"", "previous transaction"),
        (0x01, OUT + b"\0", "1 bytes too many"),
        (0x01, b"\xff" * 8 + OUT[8:], "no amount of bitcoin"),
        (0x01, OUT[:-1], "bytes wanted"),
        (0x03, b"\1", "4 bytes wanted, not 1"),
        (0x08, b"", "bytes wanted"),
        (0x08, b"\1\1xy", "too many"),
        (0x08, b"\xfd\xec\x03", "more than any script can use"),
        (0x09, b"\xff", "not UTF-8"),
        (0x13, bytes(63), "a taproot signature has 64 bytes"),
        (0x13, bytes(66), "a taproot signature has 64 bytes"),
        (0x13, bytes(65), "sighash byte that is not 0"),
        (0x17, KEYS[0], "not an x-only public key"),
        (0x17, b"\xff" * 32, "not an x-only public key"),
        (0x18, bytes(31), "32 bytes wanted, not 31"),
    ],
)
def test_a_wrong_value_of_an_input_field(number, value, why):
    message = refusal(inputs=[(number, b"", value)])
    assert message.startswith("input 0: PSBT_IN_")
    assert why in message


@pytest.mark.parametrize("number", [0, 1, 3, 4, 5, 7, 8, 9, 0x13, 0x17, 0x18])
def test_input_fields_that_take_no_key_data(number):
    assert "takes no key data" in refusal(inputs=[(number, b"x", b"")])
    assert "takes no key data" in refusal(inputs=[(number, b"", b""), (number, b"x", b"")])


@pytest.mark.parametrize("number", [0, 1, 5, 6])
def test_output_fields_that_take_no_key_data(number):
    assert "takes no key data" in refusal(outputs=[(number, b"x", b"")])


@pytest.mark.parametrize(
    "value", [b"", b"\1", DER, DER + b"\1\1", b"\x31" + DER[1:] + b"\1"], ids=lambda v: v.hex()
)
def test_a_partial_signature_is_strict_der_and_a_sighash_byte(value):
    assert "PSBT_IN_PARTIAL_SIG" in refusal(inputs=[(0x02, KEYS[0], value)])


@pytest.mark.parametrize(
    "key", [b"", KEYS[0][:-1], KEYS[0] + b"\0", OFF_CURVE, b"\x06" + bytes(64), b"\x04" + bytes(64)]
)
@pytest.mark.parametrize(("number", "value"), [(0x02, DER + b"\1"), (0x06, ORIGIN)])
def test_a_public_key_is_on_the_curve(number, value, key):
    assert "not a public key on secp256k1" in refusal(inputs=[(number, key, value)])


@pytest.mark.parametrize(
    "value", [b"", ORIGIN[:3], ORIGIN + b"\0", ORIGIN[:4] + bytes(4 * 256)], ids=len
)
def test_an_origin_is_a_fingerprint_and_whole_steps(value):
    assert "key origin" in refusal(inputs=[(0x06, KEYS[0], value)])
    assert "key origin" in refusal(outputs=[(0x02, KEYS[0], value)])


def test_the_locktimes_of_version_2_are_in_range():
    below, zero, at = b"\xff\x64\xcd\x1d", bytes(4), b"\x00\x65\xcd\x1d"
    assert "no Unix time" in refusal(inputs=[(0x11, b"", below)], version=2)
    assert "no block height" in refusal(inputs=[(0x12, b"", zero)], version=2)
    assert "no block height" in refusal(inputs=[(0x12, b"", at)], version=2)
    assert one((0x12, b"", below), version=2).required_height_locktime == 499_999_999


def test_musig2_fields_are_read_and_kept():
    keys, nonce = KEYS[1] + KEYS[2], KEYS[3] + KEYS[4]
    found = one((0x1A, KEYS[0], keys))
    assert found.musig2_participants == {KEYS[0]: (KEYS[1], KEYS[2])}
    assert found.unknown_count == 0
    giver = Musig2Key(KEYS[1], KEYS[0], None)
    assert one((0x1B, KEYS[1] + KEYS[0], nonce)).musig2_pub_nonces == {giver: nonce}
    in_leaf = Musig2Key(KEYS[1], KEYS[0], LEAF)
    found = one((0x1C, KEYS[1] + KEYS[0] + LEAF, bytes(32)))
    assert found.musig2_partial_sigs == {in_leaf: bytes(32)}
    assert out((0x08, KEYS[0], keys)).musig2_participants == {KEYS[0]: (KEYS[1], KEYS[2])}


@pytest.mark.parametrize(
    ("number", "key", "value", "why"),
    [
        (0x1A, XONLY[0], KEYS[1], "33 bytes, not 32"),
        (0x1A, KEYS[0], b"", "33 bytes each, not 0 in all"),
        (0x1A, KEYS[0], XONLY[1], "33 bytes each, not 32 in all"),
        (0x1A, KEYS[0], OFF_CURVE, "not a public key"),
        (0x1B, KEYS[0] + XONLY[0], KEYS[1] * 2, "66 or 98 bytes, not 65"),
        (0x1B, KEYS[0] * 2, KEYS[1] * 2 + b"\0", "66 bytes, not 67"),
        (0x1B, KEYS[0] * 2, KEYS[1] + OFF_CURVE, "not a public key"),
        (0x1B, KEYS[0] * 2, OFF_CURVE + KEYS[1], "not a public key"),
        (0x1C, KEYS[0] * 2 + b"\0", bytes(32), "66 or 98 bytes, not 67"),
        (0x1C, KEYS[0] * 2, bytes(31), "32 bytes wanted, not 31"),
    ],
)
def test_a_wrong_musig2_field(number, key, value, why):
    assert why in refusal(inputs=[(number, key, value)])


def test_unknown_and_proprietary_pairs_are_kept_and_counted():
    pairs = [
        (0xFC, b"\3abc\1data", b"x"),
        (0xF0, b"", b""),
        (0xFD00, b"k", b"v"),
        (0x1D, KEYS[0], b""),
    ]
    data = v0([pairs], [pairs], extra=pairs)
    psbt = Psbt.parse(data)
    assert psbt.serialize() == data
    assert psbt.global_map.unknown_count == 4
    assert psbt.inputs[0].unknown_count == 4
    assert psbt.outputs[0].unknown_count == 4
    assert psbt.inputs[0].map.pairs[2][0] == (0xFD00, b"k")


@pytest.mark.parametrize("key", [b"", b"\4abc", b"\3abc", b"\3abc\xfd\1\0", b"\xfd\3\0abc\1"])
def test_a_proprietary_key_is_well_formed(key):
    assert "PSBT_IN_PROPRIETARY" in refusal(inputs=[(0xFC, key, b"")])
    assert "PSBT_OUT_PROPRIETARY" in refusal(outputs=[(0xFC, key, b"")])
    assert "PSBT_GLOBAL_PROPRIETARY" in refusal(globals_=[(0xFC, key, b"")])


def test_what_the_output_fields_mean():
    assert out((0x00, b"", b"r")).redeem_script == b"r"
    assert out((0x01, b"", b"w")).witness_script == b"w"
    assert out((0x02, KEYS[0], ORIGIN)).bip32_derivations[KEYS[0]].fingerprint == b"\1\2\3\4"
    assert out((0x05, b"", XONLY[0])).tap_internal_key == XONLY[0]


def test_key_origins_of_a_recording_are_those_of_its_descriptor():
    import base64

    found = by_name("wsh-sortedmulti-2of3-4x4")
    psbt = Psbt.parse(base64.b64decode(found["psbt"]))
    origins = [str(origin) for origin in psbt.inputs[0].bip32_derivations.values()]
    assert len(origins) == 3
    assert all(origin[1:20] in found["descriptor"] for origin in origins)


def test_a_witness_utxo_with_a_long_script():
    long = (7).to_bytes(8, "little") + b"\xfd\x2c\x01" + bytes(300)
    assert one((0x01, b"", long)).witness_utxo == (7, bytes(300))
    assert "bytes too many" in refusal(inputs=[(0x01, b"", long + b"\0")])
    assert "non-minimal" in refusal(inputs=[(0x01, b"", bytes(8) + b"\xfd\x01\x00\x51")])


def test_an_extended_secret_key_is_no_extended_public_key():
    assert "not a public key" in refusal(globals_=[(0x01, xpub(2, key=b"\0" + XONLY[0]), ORIGIN)])
