"""Verifying the signatures in a PSBT by its own claims alone: for inputs that no registered wallet knows."""

from collections.abc import Collection, Iterator
from itertools import chain
from typing import NamedTuple

from coldsign.errors import MalformedError, RefusedError
from coldsign.primitives.digests import Digests
from coldsign.primitives.script import ScriptType, classify, p2pkh, p2sh, p2wsh
from coldsign.primitives.secp import der_decode, verify_ecdsa, verify_schnorr
from coldsign.primitives.tx import TxOut
from coldsign.psbt.edit import schnorr_sighash
from coldsign.psbt.input_map import PsbtInput
from coldsign.psbt.model import Psbt
from coldsign.psbt.scripts import claimed_utxo


class _Spent(NamedTuple):
    """One input, the coin it is said to spend, and the digests of its transaction."""

    number: int
    found: PsbtInput
    coin: TxOut
    digests: Digests


def demand_valid(psbt: Psbt, inputs: Collection[int]) -> None:
    """Stop at a signature that is not valid for the coin and the scripts that the PSBT claims.

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
        spent = _Spent(index, psbt.inputs[index], coin, digests)
        key = next(chain(_invalid_ecdsa(spent), _invalid_schnorr(spent)), None)
        if key is not None:
            raise RefusedError(
                f"input {index}: the signature of key {key.hex()} is not a signature of this transaction",
                hint="combine the cosigners' replies again without it",
            )


def _invalid_ecdsa(spent: _Spent) -> Iterator[bytes]:
    """The keys whose ECDSA signatures do not verify."""
    signed = _script_code(spent)
    if signed is None:
        return
    for key, signature in spent.found.partial_sigs.items():
        if not _verifies_ecdsa(spent, signed, key, signature):
            yield key


def _verifies_ecdsa(
    spent: _Spent, signed: tuple[bool, bytes], key: bytes, signature: bytes
) -> bool:
    (is_segwit, code), sighash = signed, signature[-1]
    try:
        if is_segwit:
            digest = spent.digests.segwit_v0(spent.number, code, spent.coin.sats, sighash)
        else:
            digest = spent.digests.legacy(spent.number, code, sighash)
    except MalformedError:  # no such sighash type
        return False
    return verify_ecdsa(key, digest, der_decode(signature[:-1]))


def _script_code(spent: _Spent) -> tuple[bool, bytes] | None:
    """Whether an ECDSA signature signs as BIP-143 says, and its script code; None where it is not known."""
    found, script = spent.found, spent.coin.script
    if classify(script) is ScriptType.P2SH:
        if found.redeem_script is None or p2sh(found.redeem_script) != script:
            return None
        script = found.redeem_script
    kind = classify(script)
    if kind is ScriptType.P2WPKH:
        return True, p2pkh(script[2:])
    if kind is ScriptType.P2WSH:
        inner = found.witness_script
        return (True, inner) if inner is not None and p2wsh(inner) == script else None
    return None if kind is ScriptType.P2TR else (False, script)


def _invalid_schnorr(spent: _Spent) -> Iterator[bytes]:
    """The keys whose BIP-340 signatures do not verify; of the key path, the output key."""
    found, script = spent.found, spent.coin.script
    if classify(script) is not ScriptType.P2TR:
        return
    signed: list[tuple[tuple[bytes, bytes | None], bytes]] = [*found.tap_script_sigs.items()]
    if found.tap_key_sig is not None:
        signed.insert(0, ((script[2:], None), found.tap_key_sig))
    for (key, leaf_hash), signature in signed:
        if not _verifies_schnorr(spent, key, leaf_hash, signature):
            yield key


def _verifies_schnorr(spent: _Spent, key: bytes, leaf_hash: bytes | None, signature: bytes) -> bool:
    try:
        digest = spent.digests.taproot(spent.number, schnorr_sighash(signature), leaf_hash)
    except MalformedError:  # no such sighash type
        return False
    return verify_schnorr(key, digest, signature[:64])
