"""The 2048 English words of BIP-39: eleven bits said as one word."""

from functools import cache

from coldsign.primitives.secp import english_words

WORD_BITS = 11


@cache
def word_list() -> tuple[str, ...]:
    """All 2048 words, in BIP-39's order; read from libwally once, when first needed."""
    return english_words()


def word(index: int) -> str:
    """The word that stands for an eleven-bit number (0 … 2047)."""
    return word_list()[index]


def in_words(number: int, count: int) -> tuple[str, ...]:
    """A number of ``count`` times 11 bits as words, the highest bits first."""
    shifts = range((count - 1) * WORD_BITS, -1, -WORD_BITS)
    return tuple(word((number >> shift) & 0x7FF) for shift in shifts)
