"""Finishing transactions of registered wallets: the node's own bytes, the cheapest path, and what is missing."""

import base64
import json

import pytest

from coldsign.ceremony.finish import finish
from coldsign.errors import RefusedError
from coldsign.keys.keyring import Keyring
from coldsign.keys.mnemonic import Mnemonic
from coldsign.primitives.keypath import format_path, parse_path
from coldsign.primitives.network import REGTEST
from coldsign.primitives.secp import public_key
from coldsign.psbt.combine import combine
from coldsign.psbt.edit import SIGNATURES, ReplyLevel, trim
from coldsign.psbt.fields import Global, In
from coldsign.psbt.finalize import extract, finalize
from coldsign.psbt.model import Psbt
from coldsign.psbt.raw import Key, Map
from coldsign.signer.sign import sign
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.ceremony.stage import fixture, fixture_names
from tests.cli.laptop import Laptop
from tests.signer.common import clearance, spending, with_pairs

MINISCRIPT = "wsh-miniscript-recovery-1x4"
NUMS = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0"
WORDS = [fixture("wsh-sortedmulti-8of15-2x3").raw["cosigners"][n]["mnemonic"] for n in range(4)]
PATH = "48h/1h/0h/2h"


def joined(name, signers=None):
    found = fixture(name)
    return combine([found.signed_by_node(n) for n in signers or found.raw["final"]["signers"]])


def ring(number):
    return Keyring.from_mnemonic(Mnemonic.parse(WORDS[number]), "")


def vault(template):
    """A wallet of the test's four cosigners."""
    keys = []
    for number in range(4):
        with ring(number) as cosigner:
            xpub = cosigner.xpub(parse_path(PATH)).serialize(REGTEST)
            origin = f"{cosigner.fingerprint.hex()}/{format_path(parse_path(PATH))}"
            keys.append(f"[{origin}]{xpub}/<0;1>/*")
    text = template.format(*keys, nums=NUMS)
    return Wallet.create("vault", Descriptor.parse(text, REGTEST, require_checksum=False))


def with_sequences(psbt, sequence):
    inputs = tuple(txin._replace(sequence=sequence) for txin in psbt.tx.inputs)
    tx = type(psbt.tx)(psbt.tx.version, inputs, psbt.tx.outputs, psbt.tx.locktime)
    globals_ = Map.of(Global, 0, [(Key(Global.UNSIGNED_TX, b""), tx.serialize())])
    return Psbt.of_maps(globals_, [i.map for i in psbt.inputs], [o.map for o in psbt.outputs])


def signed(wallet, signers, *, sequence=0xFFFFFFFD):
    psbt = with_sequences(spending(wallet, 2), sequence)
    replies = [psbt]
    for number in signers:
        with ring(number) as cosigner:
            replies.append(sign(psbt, cosigner, clearance(psbt, wallet)))
    return combine(replies)


def sizes(psbt, wallet):
    """The sizes of the first input's witness items."""
    return [len(item) for item in extract(finish(psbt, wallet)).witnesses[0]]


@pytest.mark.parametrize("name", fixture_names())
def test_every_recorded_spend_becomes_the_nodes_transaction(name):
    finished = finish(joined(name), fixture(name).wallet)
    assert extract(finished).serialize().hex() == fixture(name).raw["final"]["hex"]
    assert Psbt.parse(finished.raw).raw == finished.raw
    assert finish(finished, fixture(name).wallet).raw == finished.raw


def test_a_trimmed_reply_is_finished_too():
    psbts = [trim(fixture(MINISCRIPT).signed_by_node(n), ReplyLevel.TRIMMED) for n in (0, 1)]
    tx = extract(finish(combine(psbts), fixture(MINISCRIPT).wallet))
    assert tx.serialize().hex() == fixture(MINISCRIPT).raw["final"]["hex"]


def test_another_wallets_inputs_are_finished_by_their_keys_alone():
    other = fixture("wpkh-1x2").wallet
    name = "wsh-sortedmulti-2of3-4x4"
    assert finish(joined(name), other).raw == finalize(joined(name)).raw
    with pytest.raises(RefusedError, match="no way to finish the script"):
        finish(joined(MINISCRIPT), other)


def test_an_unfinished_miniscript_says_who_signed_and_what_is_asked():
    wallet = fixture(MINISCRIPT).wallet
    with pytest.raises(RefusedError, match="no spending path of wallet fixture is complete") as no:
        finish(joined(MINISCRIPT, (1,)), wallet)
    name = wallet.descriptor.keys[1].fingerprint.hex()
    assert f"signed by {name}, sequence 0x" in no.value.message
    assert "2 of 3 keys" in no.value.hint
    assert "4032 blocks" in no.value.hint
    with pytest.raises(RefusedError, match="signed by nobody"):
        finish(Psbt.parse(fixture(MINISCRIPT).psbt), wallet)


def test_a_signature_of_another_transaction_is_not_finished():
    wallet = fixture(MINISCRIPT).wallet
    psbt = joined(MINISCRIPT)
    first, second = psbt.inputs[0].partial_sigs
    pairs = [
        (Key(In.PARTIAL_SIG, first), psbt.inputs[0].partial_sigs[second]),
        (Key(In.PARTIAL_SIG, second), psbt.inputs[0].partial_sigs[second]),
    ]
    bad = with_pairs(psbt, 0, pairs, without={In.PARTIAL_SIG})
    with pytest.raises(RefusedError, match="is not a signature of this transaction"):
        finish(bad, wallet)
    high_s = with_pairs(
        psbt, 0, [(Key(In.PARTIAL_SIG, first), _high_s(psbt, first))], without={In.PARTIAL_SIG}
    )
    with pytest.raises(RefusedError, match="has a high S"):
        finish(high_s, wallet)


def _high_s(psbt, key):
    from coldsign.primitives.secp import der_decode, der_encode

    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    compact = der_decode(psbt.inputs[0].partial_sigs[key][:-1])
    s = order - int.from_bytes(compact[32:], "big")
    return der_encode(compact[:32] + s.to_bytes(32, "big")) + b"\1"


@pytest.mark.parametrize(
    ("sighash", "words"), [(1, "has a high S"), (0x83, "does not commit to the whole")]
)
def test_a_signature_that_was_never_verified_is_not_finished_with(sighash, words):
    """Rubbish in a form whose digest nobody computes, in the place of the first cosigner's signature."""
    name = "wsh-sortedmulti-2of3-4x4"
    psbt, wallet = joined(name, (0, 1)), fixture(name).wallet
    pairs = [(Key(In.PARTIAL_SIG, key), _rubbish(sighash)) for key in psbt.inputs[0].partial_sigs]
    asked = [(Key(In.SIGHASH_TYPE, b""), bytes((sighash, 0, 0, 0)))]
    without = {In.PARTIAL_SIG, In.SIGHASH_TYPE}
    hostile = with_pairs(psbt, 0, [*pairs, *asked], without=without)
    assert extract(finalize(hostile))  # by shape alone nothing is wrong
    with pytest.raises(RefusedError, match=words):
        finish(hostile, wallet)


RUBBISH = [(Key(In.FINAL_SCRIPTWITNESS, b""), b"\2\1\1\1\1")]


def test_what_is_called_final_hides_no_bad_signature_and_makes_up_for_none():
    name = "wsh-sortedmulti-2of3-4x4"
    psbt, wallet = joined(name, (0, 1)), fixture(name).wallet
    (first, one), (second, _) = psbt.inputs[0].partial_sigs.items()
    hiding = with_pairs(psbt, 0, [(Key(In.PARTIAL_SIG, second), one), *RUBBISH], without={2})
    lacking = with_pairs(psbt, 0, [(Key(In.PARTIAL_SIG, first), one), *RUBBISH], without={2})
    for hostile, words in ((hiding, "is not a signature of"), (lacking, "2 signatures needed")):
        with pytest.raises(RefusedError, match=words):
            finish(hostile, wallet)
    beside = with_pairs(psbt, 0, RUBBISH)
    assert finish(beside, wallet).raw == finish(psbt, wallet).raw


DERIVATIONS = {In.BIP32_DERIVATION, In.TAP_BIP32_DERIVATION}
ALWAYS_KNOWN = "sh-multi-3of4-uncompressed-3x5"  # a wallet of one address needs no origins
HIDDEN = [name for name in fixture_names() if "20x50" not in name]


def hidden(psbt):
    """The first input without key origins: no wallet knows it then."""
    return with_pairs(psbt, 0, [], without=DERIVATIONS)


def forged(psbt, key, signature):
    """The first input with another signature, and with the sighash type of that asked for."""
    taproot = key.type != In.PARTIAL_SIG
    sighash = (signature[64:] or b"\0")[0] if taproot else signature[-1]
    asked = Key(In.SIGHASH_TYPE, b"")
    kept = [pair for pair in psbt.inputs[0].map.pairs if pair[0] not in {key, asked}]
    pairs = [*kept, (key, signature), (asked, bytes((sighash, 0, 0, 0)))]
    return with_pairs(psbt, 0, pairs, without=range(256))


@pytest.mark.parametrize("name", [n for n in HIDDEN if n not in {MINISCRIPT, ALWAYS_KNOWN}])
def test_signatures_are_verified_where_origins_are_left_out_too(name):
    psbt, wallet = joined(name), fixture(name).wallet
    assert finish(hidden(psbt), wallet).raw == finish(psbt, wallet).raw
    filed = [key for key, _ in psbt.inputs[0].map.pairs if key.type in SIGNATURES]
    assert filed
    for key in filed:
        ecdsa, schnorr = (_rubbish(1), _rubbish(4)), (b"\1" * 64, b"\1" * 64 + b"\4")
        for signature in ecdsa if key.type == In.PARTIAL_SIG else schnorr:
            with pytest.raises(RefusedError, match="is not a signature of this transaction"):
                finish(forged(hidden(psbt), key, signature), wallet)


def test_what_cannot_be_told_is_not_finished():
    name = "sh-wsh-sortedmulti-2of3-4x4"
    psbt, wallet = hidden(joined(name)), fixture(name).wallet
    for missing, words in (
        ({In.REDEEM_SCRIPT}, "redeem script is missing"),
        ({In.WITNESS_SCRIPT}, "witness script is missing"),
        ({In.NON_WITNESS_UTXO, In.WITNESS_UTXO}, "the coin it spends"),
    ):
        with pytest.raises(RefusedError, match=words):
            finish(with_pairs(psbt, 0, [], without=missing), wallet)
    taproot = hidden(joined("tr-key-3x3"))
    stray = [(Key(In.PARTIAL_SIG, public_key(bytes(31) + b"\1")), _rubbish(1))]
    mixed = with_pairs(taproot, 0, stray)
    assert (
        extract(finish(mixed, wallet)).serialize().hex()
        == fixture("tr-key-3x3").raw["final"]["hex"]
    )


def _rubbish(sighash):
    from coldsign.primitives.secp import der_encode

    return der_encode(b"\x11" * 32 + b"\x99" * 32) + bytes((sighash,))


RECOVERY = "or_d(multi(2,{0},{1},{2}),and_v(v:pkh({3}),older(144)))"


@pytest.mark.parametrize("outer", ["wsh({})", "sh(wsh({}))"])
def test_the_recovery_path_opens_with_its_lock(outer):
    wallet = vault(outer.format(RECOVERY))
    script = len(wallet.derive(0, 0).witness_script)
    assert sizes(signed(wallet, (3,), sequence=144), wallet)[1:] == [33, 0, 0, 0, script]
    assert sizes(signed(wallet, (0, 2)), wallet)[0::3] == [0, script]
    with pytest.raises(RefusedError, match="sequence 0x0000008f"):
        finish(signed(wallet, (3,), sequence=143), wallet)
    redeem = wallet.derive(0, 0).redeem_script or b""
    tx = extract(finish(signed(wallet, (0, 1)), wallet))
    assert tx.inputs[0].script_sig == (bytes((len(redeem),)) + redeem if redeem else b"")


def test_the_smallest_complete_leaf_is_taken():
    wallet = vault("tr({nums},{{multi_a(2,{0},{1}),{{pk({2}),and_v(v:pk({3}),older(144))}}}})")
    pair, single, late = [len(leaf.script) for leaf in wallet.derive(0, 0).taproot.leaves]
    assert sizes(signed(wallet, (0, 1, 2)), wallet) == [64, single, 97]
    assert sizes(signed(wallet, (0, 1, 3)), wallet) == [64, 64, pair, 65]
    assert sizes(signed(wallet, (0, 1, 3), sequence=144), wallet) == [64, late, 97]
    with pytest.raises(RefusedError, match="no spending path"):
        finish(signed(wallet, (3,)), wallet)


def test_the_key_path_is_taken_where_it_is_signed():
    wallet = vault("tr({0},{{pk({1}),multi_a(2,{2},{3})}})")
    assert sizes(signed(wallet, (0, 1)), wallet) == [64]
    assert sizes(signed(wallet, (1, 2)), wallet)[0] == 64


def test_the_command_finishes_a_registered_wallets_miniscript(tmp_path):
    laptop = Laptop(tmp_path)
    laptop.equip(MINISCRIPT, wallet="vault", key=None, files="m")
    source = laptop.write("joined.psbt", joined(MINISCRIPT).raw)
    expected = fixture(MINISCRIPT).raw["final"]
    outcome = laptop.good("finalize", source, "--wallet", "vault")
    assert outcome.out.strip() == expected["hex"]
    document = json.loads(laptop.good("--json", "finalize", source, "--wallet", "vault").out)
    assert document == {
        "txid": expected["txid"],
        "hex": expected["hex"],
        "vsize": expected["vsize"],
    }
    without = laptop.run("finalize", source)
    assert without.code == 4
    assert "no way to finish the script" in without.errors[0]
    assert "name the registered wallet" in without.hints[0]
    half = laptop.write("half.txt", base64.b64encode(joined(MINISCRIPT, (0,)).raw))
    assert laptop.run("finalize", half, "--wallet", "vault").code == 4
    assert laptop.run("finalize", source, "--wallet", "other").code == 2


@pytest.mark.parametrize("name", fixture_names())
def test_without_its_wallet_a_transaction_is_finished_by_signatures_that_hold(name):
    if name == MINISCRIPT:
        pytest.skip("more than keys and a threshold: it needs its wallet")
    psbt = joined(name)
    assert extract(finish(psbt)).serialize() == extract(finalize(psbt)).serialize()
    index = len(psbt.inputs) - 1
    pairs = psbt.inputs[index].map.pairs
    key, value = next((key, value) for key, value in pairs if key.type in SIGNATURES)
    other = next(v for k, v in psbt.inputs[index - 1].map.pairs if k.type in SIGNATURES)
    if other == value:  # one input alone: the same signature of another amount
        return
    changed = psbt.inputs[index].map.setting(key, other)
    maps = [*[i.map for i in psbt.inputs[:index]], changed]
    false = Psbt.of_maps(psbt.global_map.map, maps, [o.map for o in psbt.outputs])
    with pytest.raises(
        RefusedError, match=f"input {index}: .* is not a signature of this transaction"
    ):
        finish(false)
