"""Whether the signatures in a PSBT hold, by its own claims alone: for inputs that no registered wallet knows."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from coldsign.errors import MalformedError, RefusedError
from coldsign.primitives.digests import Digests
from coldsign.primitives.script import Kind, classify, p2pkh, p2sh, p2wsh
from coldsign.primitives.secp import der_decode, verify_ecdsa, verify_schnorr
from coldsign.primitives.tx import TxOut
from coldsign.psbt.edit import partial_sig_key, sighash_of, tap_key_sig_key, tap_script_sig_key
from coldsign.psbt.input_map import PsbtInput
from coldsign.psbt.model import Psbt
from coldsign.psbt.scripts import claimed_utxo


class _Spent(NamedTuple):
    """One input, and the coin it is said to spend."""

    number: int
    found: PsbtInput
    coin: TxOut


def demand_holding(psbt: Psbt, inputs: Collection[int]) -> None:
    """Stop at a signature that does not hold for the coin and the scripts that the PSBT claims.

    What cannot be told is let be: an input without its coin or scripts is not finished anyway.

    Args:
        psbt: The PSBT with its signatures.
        inputs: The numbers of the inputs that are looked at.

    Raises:
        RefusedError: A signature is of something else; the message says whose.
    """
    pairs = zip(psbt.inputs, psbt.tx.inputs, strict=True)
    coins = [claimed_utxo(found, txin.outpoint) for found, txin in pairs]
    digests = Digests(psbt.tx, tuple([coin or TxOut(0, b"") for coin in coins]))
    for index, coin in enumerate(coins):
        if coin is None or index not in inputs:
            continue
        spent = _Spent(index, psbt.inputs[index], coin)
        for key in (*_false_ecdsa(spent, digests), *_false_schnorr(spent, digests)):
            raise RefusedError(
                f"input {index}: the signature of key {key.hex()} is not a signature of this transaction",
                hint="combine the cosigners' replies again without it",
            )


def _false_ecdsa(spent: _Spent, digests: Digests) -> Iterator[bytes]:
    signed = _signed_script(spent)
    if signed is None:
        return
    is_segwit, script = signed
    for key, signature in spent.found.partial_sigs.items():
        sighash = sighash_of((partial_sig_key(key), signature))
        try:
            if is_segwit:
                digest = digests.segwit_v0(spent.number, script, spent.coin.sats, sighash)
            else:
                digest = digests.legacy(spent.number, script, sighash)
        except MalformedError:  # no such sighash type
            yield key
            continue
        if not verify_ecdsa(key, digest, der_decode(signature[:-1])):
            yield key


def _signed_script(spent: _Spent) -> tuple[bool, bytes] | None:
    """What an ECDSA signature signs, and whether as BIP-143 says; None where it is not known."""
    found, script = spent.found, spent.coin.script
    if classify(script) is Kind.P2SH:
        if found.redeem_script is None or p2sh(found.redeem_script) != script:
            return None
        script = found.redeem_script
    kind = classify(script)
    if kind is Kind.P2WPKH:
        return True, p2pkh(script[2:])
    if kind is Kind.P2WSH:
        inner = found.witness_script
        return (True, inner) if inner is not None and p2wsh(inner) == script else None
    return None if kind is Kind.P2TR else (False, script)


def _false_schnorr(spent: _Spent, digests: Digests) -> Iterator[bytes]:
    found, script = spent.found, spent.coin.script
    if classify(script) is not Kind.P2TR:
        return
    given = [(script[2:], None, tap_key_sig_key(), found.tap_key_sig)] if found.tap_key_sig else []
    rest = [
        (key, leaf_hash, tap_script_sig_key(key, leaf_hash), signature)
        for (key, leaf_hash), signature in found.tap_script_sigs.items()
    ]
    for key, leaf_hash, filed, signature in (*given, *rest):
        try:
            digest = digests.taproot(spent.number, sighash_of((filed, signature)), leaf_hash)
        except MalformedError:  # no such sighash type
            yield key
            continue
        if not verify_schnorr(key, digest, signature[:64]):
            yield key
