"""A second implementation signs the same request: its bytes must be ours (embit, RFC 6979 and low R)."""

from embit import ec
from embit.bip32 import HDKey
from embit.psbt import PSBT as EmbitPsbt  # noqa: N811 - not a constant
from embit.script import Script

from tests.attacks.box import Tx, split

SIGNATURES = frozenset({0x02, 0x13, 0x14})


def signatures(psbt: bytes) -> dict[tuple[int, bytes], bytes]:
    """Every signature by map number and key."""
    return {
        (number, bytes(key)): bytes(value)
        for number, pairs in enumerate(split(psbt))
        for key, value in pairs
        if number and key[0] in SIGNATURES
    }


class Said(int):
    """A sequence of 0, which embit takes for none at all and signs as the final one."""

    def __bool__(self) -> bool:
        return True


def parsed(request: bytes) -> EmbitPsbt:
    """A request as the other program understands it."""
    psbt = EmbitPsbt.parse(request)
    key, unsigned = split(request)[0][0]
    if key == b"\x00":
        for found, spent in zip(psbt.inputs, Tx.parse(unsigned).ins, strict=True):
            found.sequence = Said(spent.sequence)
    return psbt


def signed_elsewhere(request: bytes, xprv: str) -> dict[tuple[int, bytes], bytes]:
    """The signatures another program makes of the same request with the same key.

    A finished key path (embit writes the witness at once) counts as its signature.
    """
    psbt = parsed(request)
    psbt.sign_with(HDKey.from_string(xprv), sighash=None)
    made = signatures(psbt.serialize())
    for number, found in enumerate(psbt.inputs, start=1):
        if found.final_scriptwitness is not None:
            made[number, b"\x13"] = found.final_scriptwitness.items[0]
    return made


def agrees(request: bytes, reply: bytes, xprv: str) -> bool:
    """Whether the other program makes the same ECDSA bytes, and the same Schnorr signatures but for the nonce.

    Those it verifies with its own digests, because it draws BIP-340's nonce another way.
    """
    ours, before = signatures(reply), signatures(request)
    theirs = before | signed_elsewhere(request, xprv)
    psbt = parsed(request)
    same = {where for where in ours if ours[where] == theirs.get(where)}
    return ours.keys() == theirs.keys() and all(
        _schnorr_holds(psbt, where, ours[where]) for where in ours.keys() - same
    )


def _schnorr_holds(psbt: EmbitPsbt, where: tuple[int, bytes], signature: bytes) -> bool:
    (number, key), coins = where, [psbt.utxo(n) for n in range(len(psbt.inputs))]
    if key[0] not in {0x13, 0x14}:
        return False
    scripts, sats = [coin.script_pubkey for coin in coins], [coin.value for coin in coins]
    xonly, more = scripts[number - 1].data[2:], {}
    if key[0] == 0x14:
        (leaf,) = [pair[1] for pair in split(psbt.serialize())[number] if pair[0][0] == 0x15]
        xonly, more = key[1:33], {"ext_flag": 1, "script": Script(leaf[:-1])}
    kind = signature[64] if len(signature) == 65 else 0
    digest = psbt.sighash_taproot(number - 1, scripts, sats, sighash=kind, **more)
    sig = ec.SchnorrSig.parse(signature[:64])
    return bool(ec.PublicKey.from_xonly(xonly).schnorr_verify(sig, digest))
