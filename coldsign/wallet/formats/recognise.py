"""The one way into the formats: what a wallet file is, is seen from its content, never from its name."""

from typing import Any, Final

from coldsign.errors import MalformedError
from coldsign.primitives.network import Network
from coldsign.wallet.formats import (
    bip388,
    bsms,
    caravan,
    coldcard,
    electrum,
    sparrow,
    specter,
    text,
    ur_registry,
)
from coldsign.wallet.formats.imported import Imported
from coldsign.wallet.strictjson import parse_object

MAX_FILE: Final = 8 * 1024 * 1024
"""Bytes: an Electrum file also holds the wallet's history; everything else is below 512 KiB."""

_JSON: Final = (
    (caravan.is_caravan, caravan.parse),
    (sparrow.is_sparrow, sparrow.parse),
    (electrum.is_electrum, electrum.parse),
    (bip388.is_policy, bip388.parse),
    (specter.is_specter, specter.parse),
)
# What Coldcard, BlueWallet, Jade and SeedSigner write to tell a coordinator their keys.
_DEVICE_FIELDS: Final = frozenset(
    {"xpub", "xfp", "ExtPubKey", "p2wsh", "p2sh_p2wsh", "bip84", "bip44"}
)


def recognise(data: bytes, network: Network, *, script_kind: str = "") -> Imported:
    """Read a wallet file of any format, or the CBOR of a UR registry type.

    Args:
        data: The whole file.
        network: Where its keys must belong.
        script_kind: The kind of scripts that is wanted, such as ``wpkh``; needed for a UR account
            that offers several wallets.

    Raises:
        MalformedError: It is none that is known, it is damaged, or it is of another kind; one clear
            reason each.
    """
    found = _recognise(data, network, script_kind)
    if script_kind and found.descriptor.script_kind != script_kind:
        raise MalformedError(
            f"wallet file: its wallet is of the kind {found.descriptor.script_kind}, not {script_kind}",
            code="other-script",
        )
    return found


def _recognise(data: bytes, network: Network, script_kind: str) -> Imported:
    if len(data) > MAX_FILE:
        raise MalformedError(f"wallet file: more than {MAX_FILE} bytes")
    if ur_registry.is_cbor(data):
        return ur_registry.parse(data, network, script_kind=script_kind)
    try:
        content = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8").strip()
    except UnicodeDecodeError:
        raise MalformedError(
            "wallet file: neither text nor CBOR of a wallet", hint=text.READABLE
        ) from None
    if content.startswith("{"):
        return _from_json(parse_object(content, "wallet file"), network)
    if bsms.is_bsms(content):
        return bsms.parse(content, network)
    if coldcard.is_coldcard(content):
        return coldcard.parse(content, network)
    return text.parse(content, network)


def _from_json(fields: dict[str, Any], network: Network) -> Imported:
    for is_kind, parse in _JSON:
        if is_kind(fields):
            return parse(fields, network)
    if not _DEVICE_FIELDS.isdisjoint(fields):
        raise MalformedError(
            "wallet file: JSON with the keys of a signing device, not a wallet",
            hint="give it to the coordinator, and have that export the whole wallet:"
            " its descriptor, or a BSMS or Coldcard file",
        )
    raise MalformedError(
        "wallet file: JSON of a kind that is not known",
        hint=text.READABLE,
    )
