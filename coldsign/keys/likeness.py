"""What a secret looks like by its shape alone, so that a wrong ``--from`` can be named without repeating any of it."""

import re
from enum import Enum
from typing import Final

from coldsign.keys.mnemonic import WORD_COUNTS
from coldsign.keys.slip39 import MAX_WORDS, MIN_WORDS

_SHARE_SIZES: Final = frozenset(range(MIN_WORDS, MAX_WORDS + 1)) - {*WORD_COUNTS}
"""A share has never 21 or 24 words: its value has whole units of 16 bits."""
_FORMS: Final = {
    "SEEDQR": re.compile(r"(?:\d{4}){12}(?:(?:\d{4}){12})?", re.ASCII),
    "XPRV": re.compile(r"[xyzYZtuvUV]prv[1-9A-HJ-NP-Za-km-z]{60,}"),
    "PUBLIC": re.compile(r"[xyzYZtuvUV]pub[1-9A-HJ-NP-Za-km-z]{60,}"),
    "CODEX32": re.compile(r"(?:ms1|MS1)[0-9A-Za-z]{40,}"),
    "WIF": re.compile(r"[59KLc][1-9A-HJ-NP-Za-km-z]{50,51}"),
}


class Likeness(Enum):
    """A form of secret; the value is its ``--from`` and what a person calls it."""

    MNEMONIC = ("mnemonic", "BIP-39 words")
    SEEDQR = ("seedqr", "the digits of a SeedQR")
    XPRV = ("xprv", "an extended secret key")
    WIF = ("wif", "a single key in WIF")
    SLIP39 = ("slip39", "a SLIP-39 share")
    CODEX32 = ("codex32", "a codex32 share")
    PUBLIC = ("", "an extended public key, which holds no secret")

    @property
    def source(self) -> str:
        """The ``--from`` that reads it; empty where none does."""
        return self.value[0]

    @property
    def words(self) -> str:
        """What a person calls it."""
        return self.value[1]

    @classmethod
    def of(cls, text: str) -> "Likeness | None":
        """What the first line of a text looks like; ``None`` where it looks like nothing known."""
        lines = text.strip().splitlines()
        line = lines[0].strip() if lines else ""
        words = line.split()
        if len(words) > 1 and all(word.isalpha() for word in words):
            if len(words) in WORD_COUNTS:
                return cls.MNEMONIC
            return cls.SLIP39 if len(words) in _SHARE_SIZES else None
        return next((cls[name] for name, form in _FORMS.items() if form.fullmatch(line)), None)
