"""Caravan's wallet configuration (Unchained): JSON with a quorum and the cosigners' keys."""

import json
from typing import Any, Final

from coldsign.errors import MalformedError
from coldsign.keys.bip32 import ExtendedPublicKey
from coldsign.primitives.keypath import format_path
from coldsign.primitives.network import Network
from coldsign.primitives.text import printable
from coldsign.wallet.descriptor import Form
from coldsign.wallet.formats.imported import (
    Cosigner,
    Imported,
    parse_fingerprint,
    parse_origin_path,
    sorted_multisig,
    usable_name,
)
from coldsign.wallet.miniscript.ast import Fragment
from coldsign.wallet.strictjson import integer_field, list_field, object_of, text_field
from coldsign.wallet.wallet import Wallet

_WHAT: Final = "Caravan file"
_TYPES: Final = {"P2SH": Form.SH, "P2SH-P2WSH": Form.SH_WSH, "P2WSH": Form.WSH}
_NETWORKS: Final = {"mainnet": "main", "testnet": "test", "regtest": "test", "signet": "test"}


def is_caravan(fields: dict[str, Any]) -> bool:
    """Whether a JSON object is Caravan's."""
    return "quorum" in fields and "extendedPublicKeys" in fields


def parse(fields: dict[str, Any], network: Network) -> Imported:
    """Read a configuration. Caravan sorts the keys and uses the branches 0 and 1.

    Raises:
        MalformedError: A field is missing or of another kind, it is for another network, or a key
            does not fit.
    """
    kind = text_field(fields, "addressType", _WHAT)
    if kind not in _TYPES:
        raise MalformedError(f"{_WHAT}: the address type {printable(kind)} is unknown")
    named = text_field(fields, "network", _WHAT)
    if _NETWORKS.get(named) != network.group:
        raise MalformedError(
            f"{_WHAT}: it is for {printable(named)}, not {network.name}",
            hint="choose the right --network",
            code="wrong-network",
        )
    quorum = object_of(fields["quorum"], f"{_WHAT}: quorum")
    needed = integer_field(quorum, "requiredSigners", _WHAT)
    keys = list_field(fields, "extendedPublicKeys", _WHAT)
    if quorum.get("totalSigners", len(keys)) != len(keys):
        raise MalformedError(f"{_WHAT}: totalSigners is not the number of its {len(keys)} keys")
    cosigners = [_cosigner(key, number) for number, key in enumerate(keys, 1)]
    descriptor = sorted_multisig(needed, cosigners, _TYPES[kind], network, _WHAT)
    return Imported(descriptor, usable_name(fields.get("name")), "a Caravan wallet file")


def _cosigner(value: object, number: int) -> Cosigner:
    what = f"{_WHAT}: key {number}"
    key = object_of(value, what)
    fingerprint = key.get("xfp") or "00000000"
    known = isinstance(fingerprint, str) and fingerprint.lower() != "unknown"
    path = key.get("bip32Path") or ""
    return Cosigner(
        text_field(key, "xpub", what),
        parse_fingerprint(str(fingerprint), what) if known else None,
        parse_origin_path(path if isinstance(path, str) else "?", what),
    )


def serialize(wallet: Wallet) -> str:
    """The configuration of a wallet.

    Raises:
        MalformedError: Caravan cannot say it: only sorted multisig of extended keys on the branches
            0 and 1.
    """
    descriptor, script = wallet.descriptor, wallet.descriptor.script
    if script is None or script.fragment is not Fragment.SORTEDMULTI:
        raise MalformedError(f"{_WHAT}: only a sorted multisig can be written as one")
    keys = []
    for number, key in enumerate(descriptor.keys, 1):
        public = key.public
        if not isinstance(public, ExtendedPublicKey) or not key.has_usual_branches:
            raise MalformedError(f"{_WHAT}: every key must be an extended key ending in <0;1>/*")
        origin = key.origin
        path = format_path(origin.path).replace("h", "'") if origin else ""
        keys.append(
            {
                "name": f"Key {number}",
                "bip32Path": (path if path == "m" else f"m/{path}") if origin else "Unknown",
                "xpub": public.serialize(wallet.network),
                "xfp": origin.fingerprint.hex() if origin else "00000000",
                "method": "text",
            }
        )
    needed, count = wallet.threshold
    network = wallet.network.name
    fields = {
        "name": wallet.name,
        "addressType": {form: name for name, form in _TYPES.items()}[descriptor.form],
        "network": "testnet" if network.startswith("testnet") else network,
        "client": {"type": "public"},
        "quorum": {"requiredSigners": needed, "totalSigners": count},
        "extendedPublicKeys": keys,
        "startingAddressIndex": 0,
    }
    return json.dumps(fields, indent=2) + "\n"
