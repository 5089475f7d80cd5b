"""Words as a person types them, looked up in a list whose words are named by four letters."""

from collections.abc import Iterable, Sequence
from typing import Final

from coldsign.errors import MalformedError

PREFIX: Final = 4
"""First letters that name a word (BIP-39, "Wordlist"; SLIP-39, "Wordlist"): steel backups keep these."""


class WordList:
    """A standard's list of words.

    Args:
        name: What messages call it.
        words: In the standard's order.
    """

    __slots__ = ("_name", "_places")

    def __init__(self, name: str, words: Sequence[str]) -> None:
        self._name = name
        self._places = {word[:PREFIX]: place for place, word in enumerate(words)}
        self._places |= {word: place for place, word in enumerate(words)}

    def places(self, typed: Iterable[str]) -> tuple[int, ...]:
        """Where in the list each word stands, counted from 0; its first four letters are enough.

        The message names a word by its position, never by itself: it is a part of a secret.

        Raises:
            MalformedError: Words that are not in the list (code ``unknown-word``).
        """
        found = [self._places.get(word) for word in typed]
        known = tuple([place for place in found if place is not None])
        if len(known) == len(found):
            return known
        unknown = [str(position) for position, place in enumerate(found, 1) if place is None]
        which = f"word {unknown[0]} is" if len(unknown) == 1 else f"words {', '.join(unknown)} are"
        raise MalformedError(
            f"{which} not in the {self._name} list",
            hint="check the spelling; the first four letters of a word are enough",
            code="unknown-word",
        )
