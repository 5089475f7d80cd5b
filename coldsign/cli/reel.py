"""The codes of one message in the order they are shown, each read back by the decoder before anybody sees it."""

from collections import deque

from coldsign.qr.splitter import Frames
from coldsign.qr.symbol import Matrix
from coldsign.qr.write import Proof, matrix

_KEPT = 500  # codes that can be stepped back through: a minute and a half at five a second


class Reel:
    """Frames being shown; begins at the first.

    Args:
        frames: The frames of the message.
        proof: Reads them back.
        sent: How many codes were shown before.
    """

    def __init__(self, frames: Frames, proof: Proof, sent: int = 0) -> None:
        self._frames = frames
        self._proof = proof
        self._stream = frames.numbered()
        self._shown: deque[tuple[int, Matrix]] = deque(maxlen=_KEPT)
        self._behind = 0
        self.sent = sent
        self.parts = frames.need
        self.version = frames.version
        self.dialect = frames.dialect
        self.sha256_short = frames.sha256_short
        self.forward()

    @property
    def symbol(self) -> Matrix:
        """The code to be on the screen now."""
        return self._shown[-1 - self._behind][1]

    @property
    def where(self) -> str:
        """Which part this is; a number beyond their count, of one that mixes several, would only puzzle."""
        number = self._shown[-1 - self._behind][0]
        return f"{f'part {number}' if number <= self.parts else 'mix'} of {self.parts}"

    def forward(self) -> None:
        """The next code.

        Raises:
            SelfCheckError: It does not read back as what it should say.
        """
        self.sent += 1
        if self._behind:
            self._behind -= 1
            return
        number, frame = next(self._stream)
        symbol = matrix(self._frames, frame)
        self._proof.demand(symbol, frame)
        self._shown.append((number, symbol))

    def back(self) -> None:
        """The code before, as far as they are kept."""
        self._behind = min(self._behind + 1, len(self._shown) - 1)
