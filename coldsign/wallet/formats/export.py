"""A registered wallet written in the formats of other programs."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from coldsign.wallet.formats import bip388, bsms, caravan, coldcard, specter
from coldsign.wallet.wallet import Wallet


class Format(StrEnum):
    """A format to write; the value is the word for the command line."""

    DESCRIPTOR = "descriptor"
    BSMS = "bsms"
    BIP388 = "bip388"
    COLDCARD = "coldcard"
    CARAVAN = "caravan"
    SPECTER = "specter"


_WRITERS: Final[dict[Format, Callable[[Wallet], str]]] = {
    Format.DESCRIPTOR: lambda wallet: f"{wallet.descriptor}\n",
    Format.BSMS: bsms.serialize,
    Format.BIP388: bip388.serialize,
    Format.COLDCARD: coldcard.serialize,
    Format.CARAVAN: caravan.serialize,
    Format.SPECTER: specter.serialize,
}


def export(wallet: Wallet, form: Format) -> bytes:
    """The wallet as a file of that format.

    Raises:
        MalformedError: The format cannot say this wallet; the message says why.
    """
    return _WRITERS[form](wallet).encode()
