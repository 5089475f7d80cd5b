"""Signatures held against what the PSBT itself claims: a false one stops, what cannot be told is let be."""

import pytest

from coldsign.errors import RefusedError
from coldsign.primitives.secp import der_encode, sign_ecdsa, sign_schnorr
from coldsign.psbt.fields import In
from coldsign.psbt.finalize import finalize
from coldsign.psbt.model import Psbt
from coldsign.psbt.signatures import demand_valid
from tests.psbt.samples import fixture, recorded
from tests.psbt.test_finalize import joined

SECRET = bytes(31) + b"\x09"
ECDSA = der_encode(sign_ecdsa(SECRET, bytes(32)))
SCHNORR = sign_schnorr(SECRET, bytes(32))
SIGNATURES = {In.PARTIAL_SIG, In.TAP_KEY_SIG, In.TAP_SCRIPT_SIG}
SMALL = [path for path in recorded() if "20x50" not in path.name]
small = pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)


def everything(psbt):
    return range(len(psbt.inputs))


def signatures(psbt):
    """Every signature: its input, and its pair."""
    for index, found in enumerate(psbt.inputs):
        for key, value in found.map.pairs:
            if key.type in SIGNATURES:
                yield index, key, value


def rebuilt(psbt, index, change):
    maps = [found.map for found in psbt.inputs]
    maps[index] = change(maps[index])
    return Psbt.of_maps(psbt.global_map.map, maps, [out.map for out in psbt.outputs])


def forged(psbt, index, key, sighash):
    """The PSBT with a signature of another message in the place of one, and whose it is said to be."""
    if key.type == In.PARTIAL_SIG:
        value = ECDSA + bytes((sighash,))
    else:
        value = SCHNORR + (bytes((sighash,)) if sighash else b"")
    return rebuilt(psbt, index, lambda m: m.setting(key, value))


def signer(psbt, index, key):
    if key.type == In.TAP_KEY_SIG:
        return psbt.inputs[index].witness_utxo.script[2:]
    return key.data[:32] if key.type == In.TAP_SCRIPT_SIG else key.data


@pytest.mark.parametrize("path", recorded(), ids=lambda path: path.stem)
def test_what_the_node_signed_holds(path):
    psbt = joined(fixture(path))
    assert list(signatures(psbt))
    demand_valid(psbt, everything(psbt))


@small
@pytest.mark.parametrize("sighash", [1, 3, 0x83])
def test_every_forged_signature_is_named(path, sighash):
    psbt = joined(fixture(path))
    for index, key, _ in signatures(psbt):
        false = forged(psbt, index, key, sighash)
        with pytest.raises(RefusedError) as caught:
            demand_valid(false, everything(false))
        name = signer(psbt, index, key).hex()
        start = f"input {index}: the signature of key {name} "
        assert caught.value.message == f"{start}is not a signature of this transaction"
        assert "combine" in caught.value.hint
        demand_valid(false, [other for other in everything(false) if other != index])


@small
def test_a_sighash_type_that_does_not_exist_is_no_signature(path):
    psbt = joined(fixture(path))
    index, key, value = next(signatures(psbt))
    signature = value[:-1] if key.type == In.PARTIAL_SIG else value[:64]
    false = rebuilt(psbt, index, lambda m: m.setting(key, signature + b"\x41"))
    name = signer(psbt, index, key).hex()
    with pytest.raises(RefusedError, match=f"input {index}: the signature of key {name}"):
        demand_valid(false, [index])


@small
def test_without_its_coin_or_scripts_nothing_can_be_told(path):
    psbt = joined(fixture(path))
    index, key, _ = next(signatures(psbt))
    false = forged(psbt, index, key, 1)
    for types in ({In.WITNESS_UTXO, In.NON_WITNESS_UTXO}, {In.REDEEM_SCRIPT}, {In.WITNESS_SCRIPT}):
        if types.isdisjoint(false.inputs[index].map.fields):
            continue
        less = rebuilt(
            false, index, lambda m, t=types: m.keeping(lambda pair: pair[0].type not in t)
        )
        demand_valid(less, [index])
        with pytest.raises(RefusedError, match=f"input {index} cannot be finished"):
            finalize(less)
        for script in types & {In.REDEEM_SCRIPT, In.WITNESS_SCRIPT}:
            place = next(key for key, _ in false.inputs[index].map.pairs if key.type == script)
            other = rebuilt(false, index, lambda m, p=place: m.setting(p, b"\x51"))
            demand_valid(other, [index])
            with pytest.raises(RefusedError, match=f"input {index} cannot be finished"):
                finalize(other)
