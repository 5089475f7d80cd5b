"""A strict reader over the text of a descriptor: no white space, no recursion of its own."""

import re
from typing import Final

from coldsign.errors import MalformedError

MAX_DEPTH: Final = 128
"""Brackets within brackets: BIP-341 allows trees of 128 levels; more only serves to exhaust the stack."""

_WORD = re.compile(r"[a-z0-9_]*", re.ASCII)
_CALL = re.compile(r"([a-z0-9_]{1,16})\(", re.ASCII)
_KEY = re.compile(r"[^,(){}]*")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)
_HEX = re.compile(r"[0-9a-fA-F]*", re.ASCII)


class TextReader:
    """A cursor over descriptor text whose failures name the place."""

    __slots__ = ("_text", "depth", "offset")

    def __init__(self, text: str) -> None:
        self._text = text
        self.offset = 0
        self.depth = 0

    def error(self, problem: str) -> MalformedError:
        """The error for a problem here, to be raised by the caller."""
        # The text itself is never shown: what stands here could be a secret in the wrong place.
        place = f"offset {self.offset}" if self.offset < len(self._text) else "the end"
        return MalformedError(f"descriptor: {problem} at {place}")

    def take(self, literal: str) -> bool:
        """Whether the literal stands here; if so it is passed."""
        if not self._text.startswith(literal, self.offset):
            return False
        self.offset += len(literal)
        return True

    def expect(self, literal: str) -> None:
        """Pass the literal.

        Raises:
            MalformedError: Something else stands here.
        """
        if not self.take(literal):
            raise self.error(f"'{literal}' is due")

    def enter(self, literal: str) -> None:
        """Pass an opening bracket and go one level deeper.

        Raises:
            MalformedError: Something else stands here, or the nesting is too deep.
        """
        self.expect(literal)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"brackets are nested more than {MAX_DEPTH} deep")

    def leave(self, literal: str) -> None:
        """Pass a closing bracket.

        Raises:
            MalformedError: Something else stands here.
        """
        self.expect(literal)
        self.depth -= 1

    def word(self) -> str:
        """The name of a function or a run of wrapper letters; may be empty."""
        return self._match(_WORD)

    def function(self) -> str:
        """The name of the function that is called here, for a message; empty if none is."""
        found = _CALL.match(self._text, self.offset)
        return found.group(1) if found else ""

    def key(self) -> str:
        """The text of a key expression, up to the next comma or bracket."""
        return self._match(_KEY)

    def number(self) -> int:
        """A decimal number below 2^31, without leading zeros.

        Raises:
            MalformedError: There is none.
        """
        digits = self._match(_NUMBER)
        if not digits or int(digits) >= 1 << 31:
            raise self.error("a number below 2^31 is due")
        return int(digits)

    def hex(self, size: int) -> bytes:
        """That many bytes in hexadecimal.

        Raises:
            MalformedError: There are more or fewer.
        """
        digits = self._match(_HEX)
        if len(digits) != 2 * size:
            raise self.error(f"{size} bytes in hexadecimal are due")
        return bytes.fromhex(digits)

    def finish(self) -> None:
        """Nothing may be left.

        Raises:
            MalformedError: Something is.
        """
        if self.offset != len(self._text):
            raise self.error("text is left over")

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self.offset)
        text = found.group() if found else ""
        self.offset += len(text)
        return text
