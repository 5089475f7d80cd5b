"""Addresses: an output script as text, and back, for one network."""

from coldsign.errors import MalformedError
from coldsign.primitives.encoding import (
    base58check_decode,
    base58check_encode,
    bech32_decode,
    bech32_encode,
)
from coldsign.primitives.network import NETWORKS, Network
from coldsign.primitives.script import ScriptType, classify, witness_program


def to_address(script: bytes, network: Network) -> str | None:
    """The address of an output script; None for a script that has none."""
    if (witness := witness_program(script)) is not None:
        version, program = witness
        if version == 0 and len(program) not in {20, 32}:  # BIP-141: it can never be spent
            return None
        return bech32_encode(network.hrp, version, program)
    kind = classify(script)
    if kind is ScriptType.P2PKH:
        return base58check_encode(bytes((network.p2pkh,)) + script[3:23])
    if kind is ScriptType.P2SH:
        return base58check_encode(bytes((network.p2sh,)) + script[2:22])
    return None


def _wrong_network(owners: list[str], network: Network) -> MalformedError:
    named = " or ".join(owners) if owners else "no network coldsign knows"
    return MalformedError(
        f"the address belongs to {named}, not to {network.name}",
        hint="check --network and where the address comes from",
    )


def to_script(address: str, network: Network) -> bytes:
    """The output script of an address of this network.

    Raises:
        MalformedError: It is no address, or one of another network.
    """
    prefix = address.lower().rpartition("1")[0]
    if any(prefix == known.hrp for known in NETWORKS):
        return _segwit_script(address, network)
    try:
        payload = base58check_decode(address)
    except MalformedError as problem:
        raise MalformedError(f"not an address: {problem.message}") from None
    if len(payload) != 21:
        raise MalformedError(f"not an address: {len(payload)} bytes of base58 data, not 21")
    return _base58_script(payload, network)


def _segwit_script(address: str, network: Network) -> bytes:
    try:
        hrp, version, program = bech32_decode(address)
    except MalformedError as problem:
        raise MalformedError(f"not an address: {problem.message}") from None
    if hrp != network.hrp:
        raise _wrong_network([known.name for known in NETWORKS if known.hrp == hrp], network)
    return bytes((version + 0x50 if version else 0, len(program))) + program


def _base58_script(payload: bytes, network: Network) -> bytes:
    version, digest = payload[0], payload[1:]
    if version == network.p2pkh:
        return b"\x76\xa9\x14" + digest + b"\x88\xac"
    if version == network.p2sh:
        return b"\xa9\x14" + digest + b"\x87"
    owners = [known.name for known in NETWORKS if version in {known.p2pkh, known.p2sh}]
    raise _wrong_network(owners, network)
