"""SeedQR: a mnemonic of 12 or 24 words as the text or the bytes of one QR code.

Standard SeedQR writes each word's place in the list as four digits; CompactSeedQR is the entropy
itself.
"""

import re
from typing import Final

from coldsign.errors import MalformedError
from coldsign.keys.mnemonic import Mnemonic
from coldsign.primitives.words import word, word_list

DIGITS: Final = (48, 96)
COMPACT: Final = (16, 32)
_FOUR: Final = 4


def parse(payload: bytes) -> Mnemonic:
    """Read either form, told apart by its length.

    Raises:
        MalformedError: Neither form, a place beyond the list, or a wrong checksum. No message
            quotes the payload.
    """
    if len(payload) in COMPACT:
        return Mnemonic.from_entropy(payload)
    if len(payload) not in DIGITS:
        raise MalformedError(
            f"{len(payload)} bytes are no SeedQR: 48 or 96 digits, or 16 or 32 bytes"
        )
    if not re.fullmatch(rb"[0-9]+", payload):
        raise MalformedError("a SeedQR of this length has digits only")
    places = [int(payload[at : at + _FOUR]) for at in range(0, len(payload), _FOUR)]
    for position, place in enumerate(places, 1):
        if place >= len(word_list()):
            raise MalformedError(
                f"the four digits of word {position} are no place in the word list"
            )
    return Mnemonic.parse(" ".join(word(place) for place in places))


def digits(mnemonic: Mnemonic) -> str:
    """The text of a standard SeedQR: a secret.

    Raises:
        MalformedError: The mnemonic has neither 12 nor 24 words.
    """
    _demand_size(mnemonic)
    places = {text: place for place, text in enumerate(word_list())}
    return "".join(f"{places[text]:04d}" for text in mnemonic.words)


def compact(mnemonic: Mnemonic) -> bytes:
    """The bytes of a CompactSeedQR: a secret.

    Raises:
        MalformedError: The mnemonic has neither 12 nor 24 words.
    """
    _demand_size(mnemonic)
    return mnemonic.entropy


def _demand_size(mnemonic: Mnemonic) -> None:
    if len(mnemonic.entropy) not in COMPACT:
        raise MalformedError("a SeedQR holds 12 or 24 words")
