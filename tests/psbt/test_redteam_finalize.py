"""A reply whose signature commits to less than the transaction: nobody asked for it, so it is not used."""

import pytest

from coldsign.errors import RefusedError
from coldsign.primitives.cursor import var_bytes
from coldsign.primitives.hashes import hash160
from coldsign.primitives.script import multisig, p2tr, p2wpkh, p2wsh
from coldsign.psbt.finalize import finalize
from coldsign.psbt.model import Psbt
from tests.psbt.samples import KEYS, XONLY, v0

DER = bytes.fromhex("3006020101020101")


def utxo(script):
    return (0x01, b"", (5000).to_bytes(8, "little") + var_bytes(script))


def sig(number, sighash):
    return (0x02, KEYS[number], DER + bytes((sighash,)))


def finished(*pairs):
    return finalize(Psbt.parse(v0([pairs])))


@pytest.mark.parametrize("sighash", [0x02, 0x03, 0x81, 0x82, 0x83])
def test_a_loose_signature_that_nobody_asked_for_is_not_used(sighash):
    coin = utxo(p2wpkh(hash160(KEYS[0])))
    with pytest.raises(RefusedError, match="sighash type the input asks for"):
        finished(coin, sig(0, sighash))
    asked = (0x03, b"", bytes((sighash, 0, 0, 0)))
    assert finished(coin, asked, sig(0, sighash))


def test_not_even_beside_enough_others():
    script = multisig(2, KEYS[:3])
    pairs = (utxo(p2wsh(script)), (0x05, b"", script), sig(0, 1), sig(1, 1))
    assert finished(*pairs)
    with pytest.raises(RefusedError, match="sighash"):
        finished(*pairs, sig(2, 0x83))


def test_taproot_signs_the_whole_by_default_or_by_name():
    coin = utxo(p2tr(XONLY[0]))
    for signature in (bytes(64), bytes(64) + b"\x01"):
        assert finished(coin, (0x13, b"", signature))
    with pytest.raises(RefusedError, match="sighash"):
        finished(coin, (0x13, b"", bytes(64) + b"\x82"))
