"""Specter's wallet file, also Fully Noded's and others': JSON with a label and the receive descriptor."""

import json
from typing import Any, Final

from coldsign.errors import MalformedError
from coldsign.primitives.network import Network
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.formats.imported import Imported, usable_name
from coldsign.wallet.formats.text import as_receive_branch, pair
from coldsign.wallet.strictjson import text_field
from coldsign.wallet.wallet import Wallet

_WHAT: Final = "Specter file"


def is_specter(fields: dict[str, Any]) -> bool:
    """Whether a JSON object holds a descriptor as Specter writes it."""
    return "descriptor" in fields or "recv_descriptor" in fields


def parse(fields: dict[str, Any], network: Network) -> Imported:
    """Read a wallet file; a descriptor that ends in ``/0/*`` has its change at ``/1/*``.

    Raises:
        MalformedError: The descriptor is missing or no wallet's.
    """
    name = usable_name(fields.get("label", fields.get("name")))
    field = "descriptor" if "descriptor" in fields else "recv_descriptor"
    text = text_field(fields, field, _WHAT)
    descriptor = Descriptor.parse(text, network, require_checksum=False)
    if fields.get("change_descriptor") is not None:
        text = text_field(fields, "change_descriptor", _WHAT)
        change = Descriptor.parse(text, network, require_checksum=False)
        return Imported(pair(descriptor, change), name, "a Specter wallet file")
    try:
        both = as_receive_branch(descriptor) if descriptor.ranged else descriptor
    except MalformedError:
        raise MalformedError(
            f"{_WHAT}: its descriptor has neither <0;1>/* nor the receive branch /0/*"
        ) from None
    source = "a Specter wallet file"
    if both != descriptor:
        source += " (it names the receive branch; change is /1/*)"
    return Imported(both, name, source)


def serialize(wallet: Wallet) -> str:
    """The wallet file of a wallet, with its multipath descriptor."""
    fields = {"label": wallet.name, "blockheight": 0, "descriptor": str(wallet.descriptor)}
    return json.dumps(fields, indent=2) + "\n"
