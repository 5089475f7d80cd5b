import dataclasses
import struct
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import SelfCheckError
from coldsign.primitives import digests as digests_module
from coldsign.primitives import secp
from coldsign.primitives.digests import Digests
from coldsign.primitives.network import REGTEST
from coldsign.primitives.tx import TxOut, bitcoinlib_digest
from coldsign.psbt.edit import add_signatures
from coldsign.psbt.fields import Global, In, Out
from coldsign.psbt.model import Psbt
from coldsign.psbt.raw import Key, Map
from coldsign.signer import recompute
from coldsign.signer import verify as verify_module
from coldsign.signer.claim import all_that_hold
from coldsign.signer.recompute import Recomputed, unsigned_bytes
from coldsign.signer.sign import sign
from coldsign.signer.verify import Against, SignedInput, verify, verify_signature
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.signer.common import (
    as_version2,
    clearance,
    fixture,
    keyring,
    signatures,
    spending,
    unsigned,
    wallet,
    with_pairs,
)

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
KINDS = [
    "pkh-4x5",
    "wpkh-1x2",
    "sh-wpkh-4x4",
    "sh-multi-3of4-uncompressed-3x5",
    "sh-wsh-sortedmulti-2of3-4x4",
    "wsh-sortedmulti-2of3-4x4",
    "wsh-miniscript-recovery-1x4",
    "tr-key-3x3",
    "tr-multi_a-2of3-2x1",
    "tr-key-or-multi_a-1x2",
]


def made(name, cosigner=0, **how):
    """A PSBT, the same signed, and the clearance."""
    before = unsigned(name)
    cleared = clearance(before, wallet(name), **how)
    with keyring(fixture(name)["cosigners"][cosigner]) as ring:
        return before, sign(before, ring, cleared), cleared


def pairs_of(after):
    """The added pairs by input, to be tampered with."""
    found = {}
    for (index, key), value in signatures(after).items():
        found.setdefault(index, []).append((key, value))
    return {index: tuple(pairs) for index, pairs in found.items()}


def tampered(before, after, index, change):
    """The signed PSBT with the first signature of an input changed."""
    pairs = pairs_of(after)
    key, value = pairs[index][0]
    pairs[index] = (change(key, value), *pairs[index][1:])
    return add_signatures(before, pairs)


def test_a_fault_says_not_to_use_the_machine():
    before, _, cleared = made("wpkh-1x2")
    with pytest.raises(SelfCheckError, match="self-check: no signature was added") as caught:
        verify(before, before, cleared)
    assert "do not use this machine" in caught.value.hint


@pytest.mark.parametrize("name", KINDS)
def test_any_flipped_bit_of_a_signature_is_noticed(name):
    before, after, cleared = made(name)
    verify(before, after, cleared)
    last = max(pairs_of(after))

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 511))
    def flip(bit):
        def change(key, value):
            if key.type == In.PARTIAL_SIG:
                compact = bytearray(secp.der_decode(value[:-1]))
                compact[bit // 8] ^= 1 << bit % 8
                return key, secp.der_encode(bytes(compact)) + value[-1:]
            changed = bytearray(value)
            changed[bit // 8] ^= 1 << bit % 8
            return key, bytes(changed)

        with pytest.raises(SelfCheckError, match=f"input {last}: the signature"):
            verify(before, tampered(before, after, last, change), cleared)

    flip()


@pytest.mark.parametrize("name", KINDS)
def test_a_wrong_digest_is_noticed(name, monkeypatch):
    for method in ("legacy", "segwit_v0", "taproot"):
        right = getattr(Digests, method)

        def wrong(self, *args, right=right):
            digest = bytearray(right(self, *args))
            digest[31] ^= 1
            return bytes(digest)

        monkeypatch.setattr(digests_module.Digests, method, wrong)
    before, after, cleared = made(name)
    with pytest.raises(SelfCheckError, match="input 0: the signature does not verify"):
        verify(before, after, cleared)


def test_high_s_and_high_r_are_noticed():
    before, after, cleared = made("wpkh-1x2")

    def high_s(key, value):
        compact = secp.der_decode(value[:-1])
        s = ORDER - int.from_bytes(compact[32:], "big")
        return key, secp.der_encode(compact[:32] + s.to_bytes(32, "big")) + value[-1:]

    with pytest.raises(SelfCheckError, match="high r or s"):
        verify(before, tampered(before, after, 0, high_s), cleared)

    def high_r(key, value):
        compact = bytearray(secp.der_decode(value[:-1]))
        compact[0] = 0x80  # the lowest that is too high
        return key, secp.der_encode(bytes(compact)) + value[-1:]

    with pytest.raises(SelfCheckError, match="high r or s"):
        verify(before, tampered(before, after, 0, high_r), cleared)


@pytest.mark.parametrize("sighash", [b"\0", b"\2", b"\3", b"\x81"])
def test_another_sighash_byte_is_noticed(sighash):
    before, after, cleared = made("wsh-sortedmulti-2of3-4x4")
    with pytest.raises(SelfCheckError, match="input 2"):
        verify(
            before,
            tampered(before, after, 2, lambda key, value: (key, value[:-1] + sighash)),
            cleared,
        )


def test_a_taproot_signature_of_another_type_is_noticed():
    before, after, cleared = made("tr-key-3x3")
    with pytest.raises(SelfCheckError, match="input 1: the signature has another sighash type"):
        verify(
            before,
            tampered(before, after, 1, lambda key, value: (key, value + b"\1")),
            cleared,
        )
    asked = with_pairs(before, 0, [(Key(In.SIGHASH_TYPE, b""), b"\2\0\0\0")])
    known = clearance(asked, wallet("tr-key-3x3"))
    wrong = tampered(asked, after, 0, lambda key, value: (key, value + b"\2"))
    with pytest.raises(SelfCheckError, match="another sighash type"):
        verify(asked, wrong, known)


def test_another_clearance_is_noticed():
    before, after, cleared = made("wpkh-1x2")
    cleared.psbt_digest = bytes(32)
    with pytest.raises(SelfCheckError, match="not the one that was cleared"):
        verify(before, after, cleared)


def test_an_input_without_clearance_is_noticed():
    before, after, _ = made("wsh-sortedmulti-2of3-4x4")
    narrow = clearance(before, wallet("wsh-sortedmulti-2of3-4x4"), inputs=(0, 1, 2))
    with pytest.raises(SelfCheckError, match="input 3 was signed without clearance"):
        verify(before, after, narrow)
    other = clearance(before, wallet("wpkh-1x2"))
    with pytest.raises(SelfCheckError, match="input 0 was signed without clearance"):
        verify(before, after, other)
    other = clearance(unsigned("wpkh-1x2"), wallet("wpkh-1x2"))
    other.psbt_digest = before.digest
    with pytest.raises(SelfCheckError, match="transaction is not the one that was reviewed"):
        verify(before, after, other)


def test_two_cosigners_or_another_than_the_registered_one_are_noticed():
    name = "wsh-sortedmulti-2of3-4x4"
    before, first, cleared = made(name, 0)
    _, second, _ = made(name, 1)
    both = pairs_of(first)
    both[1] = pairs_of(second)[1]
    with pytest.raises(SelfCheckError, match="more than one cosigner's key"):
        verify(before, add_signatures(before, both), cleared)
    registered = clearance(before, wallet(name), our_keys=(1,))
    verify(before, second, registered)
    with pytest.raises(SelfCheckError, match="another key signed than the registered one"):
        verify(before, first, registered)
    registered = clearance(before, wallet(name, (1,)), our_keys=(0,))
    with pytest.raises(SelfCheckError, match="another key signed than the registered one"):
        verify(before, first, registered)


def test_anything_else_that_changed_is_noticed():
    before, after, cleared = made("wpkh-1x2")
    for changed in (
        with_pairs(after, 0, [(Key(0x77, b"x"), b"y")]),
        with_pairs(after, 0, (), without={In.BIP32_DERIVATION}),
        Psbt.of_maps(
            Map.of(Global, 0, [*after.global_map.map.pairs, (Key(0x77, b""), b"")]),
            [found.map for found in after.inputs],
            [out.map for out in after.outputs],
        ),
        Psbt.of_maps(
            after.global_map.map,
            [found.map for found in after.inputs],
            [
                Map.of(Out, n, [*out.map.pairs, (Key(0x77, b""), b"")])
                for n, out in enumerate(after.outputs)
            ],
        ),
    ):
        with pytest.raises(SelfCheckError, match="self-check: "):
            verify(before, changed, cleared)


def test_a_foreign_key_and_a_foreign_leaf_are_noticed():
    before, after, cleared = made("wpkh-1x2")
    stranger = secp.public_key(bytes(31) + b"\7")
    wrong = tampered(before, after, 0, lambda key, value: (Key(key.type, stranger), value))
    with pytest.raises(SelfCheckError, match="input 0: the signing key is not in the script"):
        verify(before, wrong, cleared)
    before, after, cleared = made("tr-multi_a-2of3-2x1")
    for data in (lambda old: old[:32] + bytes(32), lambda old: stranger[1:] + old[32:]):
        wrong = tampered(
            before, after, 0, lambda key, value, data=data: (Key(key.type, data(key.data)), value)
        )
        with pytest.raises(SelfCheckError, match="a script that is not the coin's"):
            verify(before, wrong, cleared)


def test_signatures_of_the_wrong_kind_are_noticed():
    before, after, cleared = made("tr-key-3x3")
    _, ecdsa, _ = made("wpkh-1x2")
    pair = pairs_of(ecdsa)[0]
    with pytest.raises(SelfCheckError, match="input 0: a signature of the wrong kind"):
        verify(before, add_signatures(before, {0: pair}), cleared)
    before, _, cleared = made("wpkh-1x2")
    for pair in (pairs_of(after)[0], pairs_of(made("tr-multi_a-2of3-2x1")[1])[0]):
        with pytest.raises(SelfCheckError, match="input 0: a signature of the wrong kind"):
            verify(before, add_signatures(before, {0: pair}), cleared)


def with_derived(cleared, *, more_sats=0, **changes):
    """The clearance with facts that are not so about input 0."""
    facts = cleared.report.facts
    first = facts.inputs[0]
    derived = first.derived._replace(**changes)
    known = SimpleNamespace(derived=derived, amount=first.amount + more_sats)
    wrong = SimpleNamespace(
        tx=facts.tx,
        inputs=(known, *facts.inputs[1:]),
        wallet=facts.wallet,
        our_keys=facts.our_keys,
    )
    return SimpleNamespace(
        report=SimpleNamespace(facts=wrong), psbt_digest=cleared.psbt_digest, inputs=cleared.inputs
    )


def test_facts_that_are_not_so_are_noticed():
    for name, changes, message in (
        ("wpkh-1x2", {"script_pubkey": b"\x51"}, "the coin is not the one that was reviewed"),
        ("wpkh-1x2", {"more_sats": 1}, "the coin is not the one that was reviewed"),
        ("sh-wpkh-4x4", {"redeem_script": b"\x51"}, "the redeem script is not the coin's"),
        ("wsh-sortedmulti-2of3-4x4", {"witness_script": b"\x51"}, "the witness script is not"),
        ("wsh-sortedmulti-2of3-4x4", {"witness_script": None}, "the witness script is not"),
        ("wsh-sortedmulti-2of3-4x4", {"keys": ()}, "a key that is not in the wallet"),
    ):
        before, after, cleared = made(name)
        with pytest.raises(SelfCheckError, match=f"input 0: .*{message}|{message}"):
            verify(before, after, with_derived(cleared, **changes))


def test_a_leaf_that_is_not_its_hash_is_noticed():
    before, after, cleared = made("tr-multi_a-2of3-2x1")
    tree = cleared.report.facts.inputs[0].derived.taproot
    leaf = tree.leaves[0]
    for wrong in (leaf._replace(version=0xC2), leaf._replace(script=leaf.script + b"\x51")):
        changed = with_derived(cleared, taproot=tree._replace(leaves=(wrong,)))
        with pytest.raises(SelfCheckError, match="a script that is not the coin's"):
            verify(before, after, changed)


def test_a_coin_without_an_amount_is_noticed():
    before, after, cleared = made("tr-key-3x3")
    bare = with_pairs(before, 0, (), without={In.WITNESS_UTXO})
    signed = add_signatures(bare, pairs_of(after))
    wrong = SimpleNamespace(report=cleared.report, psbt_digest=bare.digest, inputs=cleared.inputs)
    with pytest.raises(SelfCheckError, match="the coin is not the one that was reviewed"):
        verify(bare, signed, wrong)


def test_digests_of_bytes_that_are_no_transaction():
    raw = unsigned_bytes(unsigned("wpkh-1x2"))
    coin = TxOut(1, b"\x51")
    for bad, coins in (
        (raw[:-1], [coin]),
        (raw + b"\0", [coin]),
        (raw, []),
        (raw, [coin, coin]),
    ):
        with pytest.raises(SelfCheckError, match="self-check: "):
            Recomputed(bad, coins)


def test_bytes_that_are_signed_already():
    raw = unsigned_bytes(unsigned("wpkh-1x2"))
    with pytest.raises(SelfCheckError, match="a script in an input that is not signed yet"):
        Recomputed(raw[:41] + b"\1\0" + raw[42:], [TxOut(1, b"\x51")])


def test_the_library_disagrees(monkeypatch):
    for name in ("wpkh-1x2", "pkh-4x5"):
        before, after, cleared = made(name)
        with monkeypatch.context() as patch:
            patch.setattr(recompute, "bitcoinlib_digest", lambda *_, **__: bytes(32))
            with pytest.raises(SelfCheckError, match="input 0: two digests differ"):
                verify(before, after, cleared)


def test_the_library_cannot_hash_late_locktimes_and_is_not_asked_about_large_ones(monkeypatch):
    vault = wallet("wsh-sortedmulti-2of3-4x4")
    asked = []

    def digest(*words, **named):
        asked.append(words[1])
        return bitcoinlib_digest(*words, **named)

    monkeypatch.setattr(recompute, "bitcoinlib_digest", digest)
    with keyring(fixture("wsh-sortedmulti-2of3-4x4")["cosigners"][0]) as ring:
        for inputs, due in ((2, [0, 1]), (15, [])):
            before = spending(vault, inputs, 2, locktime=2**31)
            cleared = clearance(before, vault)
            verify(before, sign(before, ring, cleared), cleared)
            assert asked == due
            asked.clear()


@pytest.mark.parametrize("name", KINDS)
def test_both_ways_to_the_unsigned_bytes_agree(name):
    psbt = unsigned(name)
    second = as_version2(psbt)
    assert unsigned_bytes(psbt) == psbt.tx.serialize() == unsigned_bytes(second)
    final = with_pairs(second, 0, (), without={In.SEQUENCE})
    assert unsigned_bytes(final) == final.tx.serialize()


@settings(max_examples=200, deadline=None)
@given(
    st.tuples(
        st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**31 - 1), st.integers(0, 2**32 - 1)
    ),
    st.binary(min_size=1, max_size=300).map(lambda code: code.replace(b"\xab", b"\x51")),
    st.integers(0, 2**50),
    st.none() | st.binary(min_size=32, max_size=32),
)
def test_both_ways_to_a_digest_agree(numbers, code, sats, leaf):
    version, locktime, sequence = numbers
    tx = unsigned("wsh-sortedmulti-2of3-4x4").tx
    inputs = tuple(txin._replace(sequence=sequence) for txin in tx.inputs)
    tx = dataclasses.replace(tx, version=version, locktime=locktime, inputs=inputs)
    coins = tuple(TxOut(sats + n, code) for n in range(len(inputs)))
    first, second = Digests(tx, coins), Recomputed(tx.serialize(), coins)
    for index in range(len(inputs)):
        assert second.legacy(index, b"\x51" + code) == first.legacy(index, b"\x51" + code, 1)
        assert second.segwit_v0(index, code) == first.segwit_v0(index, code, sats + index, 1)
        for sighash in (0, 1):
            assert second.taproot(index, sighash, leaf) == first.taproot(index, sighash, leaf)


def test_many_outputs():
    descriptor = Descriptor.parse(fixture("wpkh-1x2")["descriptor"], REGTEST)
    psbt = spending(Wallet.create("v", descriptor), 1, 300)
    raw = unsigned_bytes(as_version2(psbt))
    assert raw == psbt.tx.serialize()
    assert struct.unpack_from("<B", raw, 46) == (0xFD,)
    Recomputed(raw, [TxOut(1, b"")])


def test_an_encoding_that_is_not_strict_is_noticed():
    before, after, cleared = made("wpkh-1x2")
    derived = cleared.report.facts.inputs[0].derived
    coins = [before.inputs[0].non_witness_utxo.outputs[before.tx.inputs[0].outpoint.vout]]
    key, value = pairs_of(after)[0][0]
    signed = SignedInput(0, coins[0], derived, None, ((key, value),))
    against = Against(Recomputed(unsigned_bytes(before), coins))
    assert verify_signature(signed, key, value, against) == 0
    for wrong in (b"", b"\1", value[:-2] + b"\1", value[:-1] + b"\0\1", value + b"\1"):
        with pytest.raises(SelfCheckError, match="input 0: the signature is not strict DER"):
            verify_signature(signed, key, wrong, against)


@pytest.mark.parametrize("name", KINDS)
def test_a_claim_that_is_known_to_hold_is_not_verified_again(name, monkeypatch):
    before, cleared, claims = unsigned(name), clearance(unsigned(name), wallet(name)), []
    with keyring(fixture(name)["cosigners"][0]) as ring:
        after = sign(before, ring, cleared, told=claims.append)
    assert len(claims) == sum(map(len, pairs_of(after).values()))
    assert all_that_hold(claims) == [True] * len(claims)
    monkeypatch.setattr(verify_module, "holds", lambda _: False)
    verify(before, after, cleared, held=frozenset(claims))
    for number, (public, digest, signature) in enumerate(claims):
        for other in (
            (public[:-1] + bytes([public[-1] ^ 1]), digest, signature),
            (public, digest[:-1] + bytes([digest[-1] ^ 1]), signature),
            (public, digest, signature[:-1] + bytes([signature[-1] ^ 1])),
        ):
            known = frozenset((*claims[:number], other, *claims[number + 1 :]))
            with pytest.raises(SelfCheckError, match="the signature does not verify"):
                verify(before, after, cleared, held=known)
