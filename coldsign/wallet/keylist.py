"""The keys of one descriptor, collected in the order in which they stand in it."""

from typing import Final

from coldsign.errors import MalformedError
from coldsign.primitives.network import Network
from coldsign.wallet.keyexpr import KeyExpression, KeyRule
from coldsign.wallet.reader import TextReader

MAX_KEYS: Final = 1100
"""A tapscript leaf holds 999 keys (BIP-342's stack of 1000); a whole descriptor needs few more."""


class KeyList:
    """Reads key expressions and numbers them from 0."""

    __slots__ = ("_network", "found")

    def __init__(self, network: Network) -> None:
        self._network = network
        self.found: list[KeyExpression] = []

    def read(self, reader: TextReader, rule: KeyRule) -> int:
        """Read the key expression that stands here; return its position.

        Raises:
            MalformedError: It is none, or not allowed here.
        """
        if len(self.found) >= MAX_KEYS:
            raise reader.error(f"more than {MAX_KEYS} keys")
        text = reader.key()
        position = len(self.found)
        if text == "musig":
            raise MalformedError(
                "descriptor: musig() keys (BIP-390): coldsign cannot sign for MuSig2 wallets yet",
                code="musig-unsupported",
            )
        if not text:
            raise reader.error(f"key {position + 1} is missing")
        try:
            self.found.append(KeyExpression.parse(text, self._network, rule))
        except MalformedError as error:
            raise MalformedError(
                f"descriptor: key {position + 1}: {error.message}", hint=error.hint, code=error.code
            ) from None
        return position

    def closed(self) -> tuple[KeyExpression, ...]:
        """All keys, when the descriptor has been read.

        Raises:
            MalformedError: Their multipaths have different numbers of alternatives (BIP-389).
        """
        counts = {len(key.branches) for key in self.found} - {1}
        if len(counts) > 1:
            raise MalformedError(
                "descriptor: the multipath steps of its keys have different lengths (BIP-389)"
            )
        return tuple(self.found)
