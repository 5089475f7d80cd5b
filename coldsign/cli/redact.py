"""The last line of defence of secrets: what looks like one is not repeated in an error.

A file given in the wrong place is quoted by whoever could not read it; it may be the paper's copy of the words.
"""

import re
from itertools import groupby

from coldsign.primitives.words import word_list

_LEFT_OUT = "(left out: it looks like a secret)"
_EXTENDED = re.compile(r"[a-zA-Z]prv[1-9A-HJ-NP-Za-km-z]{8,}")
_WIF = re.compile(r"\b[59KLc][1-9A-HJ-NP-Za-km-z]{24,}")
_DIGITS = re.compile(r"[0-9]{24,}")  # a SeedQR, whole or cut; amounts and heights are shorter
_SHARE = re.compile(r"\b[mM][sS]1[02-9ac-hj-np-zAC-HJ-NP-Z]{20,}")  # codex32
# Only from a word's first letter: from each of its letters, one long word would be read a million times.
_RUN = re.compile(r"(?<![a-z])[a-z]{3,}(?: +[a-z]{3,})+")
_FEWEST = 5  # words in a row that our own sentences do not hold


def redact(text: str) -> str:
    """The text without private keys and without words of a mnemonic in a row."""
    for pattern in (_EXTENDED, _WIF, _DIGITS, _SHARE):
        text = pattern.sub(_LEFT_OUT, text)
    return _RUN.sub(_without_words, text)


def _without_words(run: re.Match[str]) -> str:
    """A run of words less the mnemonics in it, mistyped words among them."""
    known = frozenset(word_list())
    rows = [list(row) for _, row in groupby(run[0].split(), known.__contains__)]
    secret = {at for at, row in enumerate(rows) if row[0] in known and len(row) >= _FEWEST}
    for ahead in (1, -1):
        for at in sorted(secret, reverse=ahead < 0):
            beside = at + ahead
            # One unknown word is a typing error, and what is known behind it is the mnemonic's rest.
            while 0 <= beside < len(rows) and (len(rows[beside]) == 1 or rows[beside][0] in known):
                secret.add(beside)
                beside += ahead
    kept: list[str] = []
    for at, row in enumerate(rows):
        if at not in secret:
            kept += row
        elif not kept or kept[-1] != _LEFT_OUT:
            kept.append(_LEFT_OUT)
    return " ".join(kept)
