"""BIP-39: a backup in words, and the seed it stands for."""

import hashlib
import unicodedata
from functools import cache
from typing import Final, Self

from coldsign.errors import MalformedError
from coldsign.keys.secret import NotCopied, Secret, wipe
from coldsign.keys.wordlist import WordList
from coldsign.primitives.text import counted
from coldsign.primitives.words import WORD_BITS, in_words, word_list

WORD_COUNTS: Final = (12, 15, 18, 21, 24)
ENTROPY_SIZES: Final = (16, 20, 24, 28, 32)
SEED_ROUNDS: Final = 2048  # BIP-39, "From mnemonic to seed"
MAX_TEXT: Final = 4096  # characters; 24 words with generous blanks are far below
MAX_PASSPHRASE: Final = 1024  # characters; more is a wrong file, not a passphrase


class Mnemonic(NotCopied):
    """The entropy behind the words, with a checksum that was right. It does not print.

    Args:
        entropy: 16, 20, 24, 28 or 32 bytes; copied.

    Raises:
        MalformedError: Another length.
    """

    __slots__ = ("_entropy",)

    def __init__(self, entropy: bytes | bytearray) -> None:
        if len(entropy) not in ENTROPY_SIZES:
            raise MalformedError(
                f"{len(entropy)} bytes of entropy; BIP-39 has 16, 20, 24, 28 or 32"
            )
        self._entropy = Secret(bytes(entropy))

    @classmethod
    def from_entropy(cls, entropy: bytes | bytearray) -> Self:
        """The mnemonic of 16 to 32 bytes.

        Raises:
            MalformedError: A length BIP-39 does not have.
        """
        return cls(entropy)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 12 to 24 English words, in any case; the first four letters of a word are enough.

        Messages name a word by its position, never by itself.

        Raises:
            MalformedError: A word that is not in the list (code ``unknown-word``), another number
                of words, or a wrong checksum (code ``wrong-checksum``).
        """
        words = _split(text)
        if len(words) not in WORD_COUNTS:
            raise MalformedError(f"{counted(len(words), 'word')}; BIP-39 has 12, 15, 18, 21 or 24")
        number = 0
        for place in _english().places(words):
            number = number << WORD_BITS | place
        checksum_bits = len(words) * WORD_BITS // 33
        size = checksum_bits * 4
        entropy = (number >> checksum_bits).to_bytes(size, "big")
        if _checksum(entropy) != number & ((1 << checksum_bits) - 1):
            raise MalformedError(
                "the checksum of the words is wrong",
                hint="a word is wrong, or two words changed places",
                code="wrong-checksum",
            )
        mnemonic = cls(entropy)
        wipe(entropy)
        return mnemonic

    @property
    def entropy(self) -> bytes:
        """The 16 to 32 bytes the words stand for: a secret."""
        return self._entropy.reveal()

    @property
    def words(self) -> tuple[str, ...]:
        """The words: a secret, shown once when a key is made."""
        entropy = self._entropy.buffer
        count = len(entropy) * 3 // 4
        bits = len(entropy) // 4
        return in_words(int.from_bytes(entropy, "big") << bits | _checksum(entropy), count)

    def seed(self, passphrase: str = "") -> Secret:
        """The 64 bytes BIP-32 starts from.

        Args:
            passphrase: BIP-39's optional passphrase, in any Unicode form: NFKD is applied.

        Raises:
            MalformedError: The passphrase is longer than 1024 characters or holds what is not text.
        """
        salt = bytearray(b"mnemonic") + normalized_passphrase(passphrase)
        words = bytearray(" ".join(self.words), "ascii")
        seed = hashlib.pbkdf2_hmac("sha512", words, salt, SEED_ROUNDS)
        secret = Secret(seed)
        for copy in (words, salt, seed):
            wipe(copy)
        return secret

    def wipe(self) -> None:
        """Overwrite the entropy."""
        self._entropy.wipe()

    def __repr__(self) -> str:
        return "Mnemonic(…)"


def normalized_passphrase(passphrase: str) -> bytearray:
    """A BIP-39 passphrase in NFKD and UTF-8.

    Raises:
        MalformedError: It is longer than 1024 characters or holds what is not text.
    """
    if len(passphrase) > MAX_PASSPHRASE:
        raise MalformedError(f"a passphrase of more than {MAX_PASSPHRASE} characters")
    try:
        return bytearray(unicodedata.normalize("NFKD", passphrase), "utf-8")
    except UnicodeEncodeError:
        raise MalformedError("the passphrase holds bytes that are not UTF-8 text") from None


@cache
def _english() -> WordList:
    return WordList("BIP-39 English", word_list())


def _split(text: str) -> list[str]:
    if len(text) > MAX_TEXT:
        raise MalformedError(f"{len(text)} characters are no mnemonic")
    return unicodedata.normalize("NFKD", text).lower().split()


def _checksum(entropy: bytes | bytearray) -> int:
    """The first bit in 32 of the entropy's SHA-256."""
    return hashlib.sha256(entropy).digest()[0] >> (8 - len(entropy) // 4)
