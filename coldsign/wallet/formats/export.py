"""A registered wallet written in the formats of other programs."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from coldsign.wallet.formats import bip388, bsms, caravan, coldcard, specter, ur_registry
from coldsign.wallet.wallet import Wallet


class Format(StrEnum):
    """A format to write; the value is the word for the command line."""

    DESCRIPTOR = "descriptor"
    BSMS = "bsms"
    BIP388 = "bip388"
    COLDCARD = "coldcard"
    CARAVAN = "caravan"
    SPECTER = "specter"
    CRYPTO_OUTPUT = "crypto-output"
    OUTPUT_DESCRIPTOR = "output-descriptor"


UR_TYPES: Final = frozenset({Format.CRYPTO_OUTPUT, Format.OUTPUT_DESCRIPTOR})
"""Formats that are the CBOR of a UR of that name, and no text."""

_WRITERS: Final[dict[Format, Callable[[Wallet], str | bytes]]] = {
    Format.DESCRIPTOR: lambda wallet: f"{wallet.descriptor}\n",
    Format.BSMS: bsms.serialize,
    Format.BIP388: bip388.serialize,
    Format.COLDCARD: coldcard.serialize,
    Format.CARAVAN: caravan.serialize,
    Format.SPECTER: specter.serialize,
    Format.CRYPTO_OUTPUT: ur_registry.serialize,
    Format.OUTPUT_DESCRIPTOR: ur_registry.serialize_template,
}


def export(wallet: Wallet, form: Format) -> bytes:
    """The wallet as a file of that format.

    Raises:
        MalformedError: The format cannot say this wallet; the message says why.
    """
    made = _WRITERS[form](wallet)
    return made.encode() if isinstance(made, str) else made
