"""The last line of defence of secrets: what looks like one is not repeated in an error.

A file given in the wrong place is quoted by whoever could not read it; it may be the paper's copy of the words.
"""

import re

from coldsign.primitives.words import word_list

_LEFT_OUT = "(left out: it looks like a secret)"
_EXTENDED = re.compile(r"[a-zA-Z]prv[1-9A-HJ-NP-Za-km-z]{8,}")
_WIF = re.compile(r"\b[59KLc][1-9A-HJ-NP-Za-km-z]{24,}")
_DIGITS = re.compile(r"\b[0-9]{40,}")  # a SeedQR in numbers; amounts and heights are shorter
_SHARE = re.compile(r"\b[mM][sS]1[02-9ac-hj-np-zAC-HJ-NP-Z]{20,}")  # codex32
_RUN = re.compile(r"[a-z]{4,8}(?: +[a-z]{3,8})+")
_FEWEST = 5  # words in a row that our own sentences do not hold


def redact(text: str) -> str:
    """The text without private keys and without words of a mnemonic in a row."""
    for pattern in (_EXTENDED, _WIF, _DIGITS, _SHARE):
        text = pattern.sub(_LEFT_OUT, text)
    return _RUN.sub(_without_words, text)


def _without_words(run: re.Match[str]) -> str:
    known = frozenset(word_list())
    kept: list[str] = []
    row: list[str] = []
    for word in [*run[0].split(), ""]:
        if word in known:
            row.append(word)
            continue
        kept += row if len(row) < _FEWEST else [_LEFT_OUT]
        row = []
        kept.append(word)
    return " ".join(kept).rstrip()
