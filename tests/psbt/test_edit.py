"""Adding signatures changes nothing else; trimming keeps what a coordinator needs; differences are named."""

import base64

import pytest

from coldsign.errors import MalformedError, SelfCheckError
from coldsign.psbt.combine import combine
from coldsign.psbt.edit import (
    SIGNATURES,
    ReplyLevel,
    add_signatures,
    differences,
    partial_sig_key,
    sighash_of,
    tap_key_sig_key,
    tap_script_sig_key,
    trim,
)
from coldsign.psbt.fields import Global, In, Out
from coldsign.psbt.model import Psbt
from coldsign.psbt.raw import Key
from tests.psbt.samples import KEYS, OFF_CURVE, ORIGIN, XONLY, attack, fixture, recorded, v0, v2

DER = bytes.fromhex("3006020101020101")
LEAF = bytes(32)
MODIFIABLE = 0x06


def ecdsa(number: int = 0, sighash: int = 1):
    return (partial_sig_key(KEYS[number]), DER + bytes((sighash,)))


def modifiable(flags: int) -> Psbt:
    return Psbt.parse(v2(extra=[(MODIFIABLE, b"", bytes((flags,)))]))


@pytest.mark.parametrize("path", recorded(), ids=lambda path: path.stem)
def test_adding_a_nodes_signatures_gives_its_psbt(path):
    found = fixture(path)
    request = Psbt.parse(base64.b64decode(found["psbt"]))
    for text in found["signed_by_node"]:
        signed = Psbt.parse(base64.b64decode(text))
        added = {
            index: tuple(pair for pair in part.map.pairs if pair[0].type in SIGNATURES)
            for index, part in enumerate(signed.inputs)
        }
        ours = add_signatures(request, added)
        assert differences(request, ours) == ()
        assert combine([request, signed]).raw == combine([ours, signed]).raw
        again = Psbt.parse(ours.serialize())
        assert [part.partial_sigs for part in again.inputs] == [p.partial_sigs for p in ours.inputs]
        assert [part.tap_key_sig for part in again.inputs] == [p.tap_key_sig for p in ours.inputs]
        assert [part.tap_script_sigs for part in again.inputs] == [
            part.tap_script_sigs for part in ours.inputs
        ]
        assert ours.raw.startswith(request.raw[:100])


def test_where_signatures_go():
    assert partial_sig_key(KEYS[0]) == Key(In.PARTIAL_SIG, KEYS[0])
    assert tap_key_sig_key() == Key(In.TAP_KEY_SIG, b"")
    assert tap_script_sig_key(XONLY[0], LEAF) == Key(In.TAP_SCRIPT_SIG, XONLY[0] + LEAF)


def test_which_sighash_a_signature_has():
    assert sighash_of(ecdsa(0, 0x83)) == 0x83
    assert sighash_of((tap_key_sig_key(), bytes(64))) == 0
    assert sighash_of((tap_key_sig_key(), bytes(64) + b"\x81")) == 0x81


def test_the_psbt_that_was_read_stays_as_it_is():
    before = Psbt.parse(v0())
    after = add_signatures(before, {0: (ecdsa(),)})
    assert before.raw == v0()
    assert before.inputs[0].partial_sigs == {}
    assert after.raw == v0([[(0x02, KEYS[0], DER + b"\1")]])
    assert after.inputs[0].partial_sigs == {KEYS[0]: DER + b"\1"}


def test_taproot_signatures_are_added():
    pairs = ((tap_key_sig_key(), bytes(64)), (tap_script_sig_key(XONLY[0], LEAF), bytes(65)))
    with pytest.raises(MalformedError):
        add_signatures(Psbt.parse(v0()), {0: pairs})
    good = (pairs[0], (pairs[1][0], bytes(64)))
    after = add_signatures(Psbt.parse(v0()), {0: good}).inputs[0]
    assert after.tap_key_sig == bytes(64)
    assert after.tap_script_sigs == {(XONLY[0], LEAF): bytes(64)}


def test_a_signature_is_never_replaced():
    signed = add_signatures(Psbt.parse(v0()), {0: (ecdsa(),)})
    with pytest.raises(MalformedError, match="this PSBT_IN_PARTIAL_SIG is already there"):
        add_signatures(signed, {0: (ecdsa(),)})
    with pytest.raises(MalformedError, match="already there"):
        add_signatures(Psbt.parse(v0()), {0: (ecdsa(), ecdsa())})
    assert len(add_signatures(signed, {0: (ecdsa(1),)}).inputs[0].partial_sigs) == 2


@pytest.mark.parametrize("index", [-1, 1])
def test_only_inputs_that_exist_are_signed(index):
    with pytest.raises(SelfCheckError):
        add_signatures(Psbt.parse(v0()), {index: (ecdsa(),)})


def test_only_signatures_are_added():
    script = (Key(In.WITNESS_SCRIPT, b""), b"")
    for pairs in ((script,), (ecdsa(), script)):
        with pytest.raises(SelfCheckError, match="input 0: only signatures"):
            add_signatures(Psbt.parse(v0()), {0: pairs})


@pytest.mark.parametrize(
    ("before", "sighash", "after"),
    [
        (3, 0x01, 0),
        (3, 0x81, 1),
        (3, 0x02, 2),
        (3, 0x82, 3),
        (3, 0x03, 4),
        (3, 0x83, 5),
        (0xFF, 0x01, 0xFC),
        (0, 0x01, 0),
        (8, 0x01, 8),
    ],
)
def test_signing_settles_what_others_may_change(before, sighash, after):
    request = modifiable(before)
    signed = add_signatures(request, {0: (ecdsa(0, sighash),)})
    assert signed.tx_modifiable == after
    assert Psbt.parse(signed.raw).tx_modifiable == after
    assert differences(request, signed) == ()


def test_signing_a_single_where_nothing_was_said():
    signed = add_signatures(Psbt.parse(v2()), {0: (ecdsa(0, 3),)})
    assert signed.tx_modifiable == 4
    assert add_signatures(Psbt.parse(v2()), {0: (ecdsa(),)}).tx_modifiable is None
    assert add_signatures(Psbt.parse(v0()), {0: (ecdsa(0, 3),)}).tx_modifiable is None


def test_an_attack_of_modifiable_flags_is_settled_by_signing():
    request = Psbt.parse(attack("V-08"))
    assert request.tx_modifiable == 3
    assert add_signatures(request, {0: (ecdsa(),)}).tx_modifiable == 0


def test_flags_settled_without_a_signature_are_a_difference():
    assert differences(modifiable(3), modifiable(0)) == (
        "global map: PSBT_GLOBAL_TX_MODIFIABLE was changed",
    )


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (v0(), v0([[(0x05, b"", b"w")]]), "input 0: PSBT_IN_WITNESS_SCRIPT was added"),
        (v0([[(0x05, b"", b"w")]]), v0(), "input 0: PSBT_IN_WITNESS_SCRIPT was removed"),
        (
            v0([[(0x05, b"", b"w")]]),
            v0([[(0x05, b"", b"v")]]),
            "input 0: PSBT_IN_WITNESS_SCRIPT was changed",
        ),
        (
            v0(),
            v0([[(0x02, KEYS[0], DER + b"\1"), (0x05, b"", b"w")]]),
            "input 0: PSBT_IN_WITNESS_SCRIPT was added",
        ),
        (v0(), v0(outputs=[[(0xF0, b"", b"")]]), "output 0: PSBT_OUT_0xf0 was added"),
        (
            v0(),
            v0(outputs=[[(0x02, KEYS[0], ORIGIN)]]),
            "output 0: PSBT_OUT_BIP32_DERIVATION was added",
        ),
        (v0(), v0(extra=[(0xFB, b"", bytes(4))]), "global map: PSBT_GLOBAL_VERSION was added"),
        (
            v0([[(0xF0, b"", b""), (0xF1, b"", b"")]]),
            v0([[(0xF1, b"", b""), (0xF0, b"", b"")]]),
            "input 0: the pairs are in another order",
        ),
        (
            v0([[(0x02, KEYS[0], DER + b"\1")]]),
            v0([[(0x02, KEYS[0], DER + b"\2")]]),
            "input 0: PSBT_IN_PARTIAL_SIG was changed",
        ),
    ],
)
def test_differences_are_named(before, after, words):
    assert differences(Psbt.parse(before), Psbt.parse(after)) == (words,)


def test_other_numbers_of_maps_are_a_difference():
    words = "the number of inputs or outputs changed"
    for other in (v0([(), ()]), v0(outputs=[(), ()])):
        assert differences(Psbt.parse(v0()), Psbt.parse(other))[0] == words


def test_other_bytes_than_the_maps_are_a_difference():
    from dataclasses import replace

    psbt = Psbt.parse(v0())
    assert differences(psbt, replace(psbt, raw=b"")) == ("the bytes are not those of the maps",)


@pytest.mark.parametrize("level", list(ReplyLevel))
@pytest.mark.parametrize("path", recorded(), ids=lambda path: path.stem)
def test_trimmed_replies_combine_to_the_same(path, level):
    found = fixture(path)
    request = Psbt.parse(base64.b64decode(found["psbt"]))
    signed = Psbt.parse(base64.b64decode(found["signed_by_node"][0]))
    trimmed = trim(signed, level)
    assert combine([request, trimmed]).raw == combine([request, signed]).raw
    assert trimmed.unique_id() == request.unique_id()
    assert [part.partial_sigs for part in trimmed.inputs] == [p.partial_sigs for p in signed.inputs]
    assert len(trimmed.raw) <= len(signed.raw)


def test_a_full_reply_is_the_psbt_itself():
    psbt = Psbt.parse(v0())
    assert trim(psbt, ReplyLevel.FULL) is psbt


@pytest.mark.parametrize("name", ["OK-02", "OK-04", "OK-05"])
def test_what_a_trimmed_reply_keeps(name):
    psbt = Psbt.parse(attack(name))
    trimmed = trim(psbt, ReplyLevel.TRIMMED)
    for before, after in zip(psbt.inputs, trimmed.inputs, strict=True):
        assert after.non_witness_utxo is None
        assert after.witness_utxo == before.witness_utxo is not None
        assert after.bip32_derivations == before.bip32_derivations
        assert after.tap_bip32_derivations == before.tap_bip32_derivations
        assert after.redeem_script == before.redeem_script
        assert after.witness_script == before.witness_script
    assert [out.bip32_derivations for out in trimmed.outputs] == [
        out.bip32_derivations for out in psbt.outputs
    ]


def test_a_trimmed_reply_keeps_previous_transactions_of_legacy_inputs():
    found = fixture(next(path for path in recorded() if path.stem.startswith("sh-sortedmulti")))
    psbt = Psbt.parse(base64.b64decode(found["psbt"]))
    trimmed = trim(psbt, ReplyLevel.TRIMMED)
    assert all(part.non_witness_utxo is not None for part in trimmed.inputs)
    assert all(part.non_witness_utxo is None for part in trim(psbt, ReplyLevel.SIGNATURES).inputs)


def test_what_is_unknown_is_trimmed():
    rare = [(0xFC, b"\3abc\1data", b"x"), (0xF0, b"", b"")]
    psbt = trim(Psbt.parse(v0([rare], [rare], extra=rare)), ReplyLevel.TRIMMED)
    assert psbt.raw == v0()


def test_only_the_transaction_and_signatures_of_version_2_are_left():
    inputs = [[(0x10, b"", b"\1\0\0\0"), (0x02, KEYS[0], DER + b"\1"), (0x05, b"", b"w")]]
    extra = [(0x03, b"", b"\1\0\0\0"), (0x06, b"", b"\1")]
    psbt = Psbt.parse(v2(inputs, [[(0x01, b"", b"w")]], extra=extra))
    assert trim(psbt, ReplyLevel.SIGNATURES).raw == v2([inputs[0][:2]], extra=extra)
    assert Global.XPUB not in trim(psbt, ReplyLevel.SIGNATURES).global_map.map.fields
    assert Out.WITNESS_SCRIPT in trim(psbt, ReplyLevel.TRIMMED).outputs[0].map.fields


def test_signatures_of_keys_that_are_not_on_the_curve_are_not_added():
    with pytest.raises(MalformedError, match="not a public key"):
        add_signatures(Psbt.parse(v0()), {0: ((partial_sig_key(OFF_CURVE), DER + b"\1"),)})
    pair = (tap_script_sig_key(b"\xff" * 32, LEAF), bytes(64))
    with pytest.raises(MalformedError, match="not an x-only public key"):
        add_signatures(Psbt.parse(v0()), {0: (pair,)})
