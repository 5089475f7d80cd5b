"""What is believed of a spent coin, decided from one input map alone."""

import pytest

from coldsign.primitives.script import multisig, p2pkh, p2sh, p2tr
from coldsign.primitives.tx import TxOut
from coldsign.review.prevouts import AmountFault, Proof, prove
from tests.review.build import STRANGER, Coin, Draft, G

FALSE = TxOut(1, STRANGER)


def proven(coin, *, taproot_wallet=False, wallet_is_legacy=False):
    psbt = Draft(coins=(coin,)).psbt()
    return prove(
        psbt.inputs[0],
        psbt.tx.inputs[0],
        taproot_wallet=taproot_wallet,
        wallet_is_legacy=wallet_is_legacy,
    )


def test_the_previous_transaction_is_believed_and_not_the_claim_beside_it():
    true = TxOut(7_000, p2tr(G[1:]))
    found = proven(Coin(None, *true, change={b"\x01": FALSE.serialize()}))
    assert found.out == true
    assert found.claimed == FALSE
    assert found.proof is Proof.PREVIOUS
    assert found.faults == (AmountFault.AMOUNT_DIFFERS, AmountFault.SCRIPT_DIFFERS)


@pytest.mark.parametrize(
    "script",
    [p2pkh(bytes(20)), b"\x21" + G + b"\xac", multisig(1, (G,))],
    ids=["pkh", "pk", "multi"],
)
def test_a_legacy_coin_with_a_witness_utxo_is_named_in_every_wallet(script):
    assert proven(Coin(None, 7_000, script)).faults == (AmountFault.LEGACY_WITNESS_UTXO,)
    assert not proven(Coin(None, 7_000, script, drop=(1,))).faults


def test_a_p2sh_coin_is_legacy_where_the_wallet_is():
    coin = Coin(None, 7_000, p2sh(b"\x51"))
    assert not proven(coin).faults
    assert proven(coin, wallet_is_legacy=True).faults == (AmountFault.LEGACY_WITNESS_UTXO,)


def test_only_a_taproot_coin_in_a_taproot_wallet_is_proven_by_its_claim():
    taproot = Coin(None, 7_000, p2tr(G[1:]), drop=(0,))
    assert proven(taproot, taproot_wallet=True).proof is Proof.TAPROOT
    assert proven(taproot).proof is Proof.CLAIMED
    witness = Coin(None, 7_000, STRANGER, drop=(0,))
    assert proven(witness, taproot_wallet=True).proof is Proof.CLAIMED
    assert proven(Coin(None, 7_000, drop=(0, 1)), taproot_wallet=True).proof is Proof.ABSENT
