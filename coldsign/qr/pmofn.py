"""``p1of3 text``: Specter's frames, base64 or a wallet's JSON in numbered pieces; peers' code is the document."""

import re
from dataclasses import dataclass

from coldsign.errors import MalformedError
from coldsign.qr.room import too_small

# Four digits are the most any peer writes (Sparrow); 2 MB at Specter's 300 characters a frame.
MAX_PARTS = 9999
_FRAME = re.compile(r"p([0-9]{1,4})of([0-9]{1,4}) ([\t\n\r -~]+)\Z")
PREFIX = re.compile(r"p[0-9]+of[0-9]+(?: |\Z)")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; ``index`` counts from 0."""

    total: int
    index: int
    body: str

    @classmethod
    def parse(cls, text: str) -> "Frame":
        """A frame from its text.

        Raises:
            MalformedError: Not of that form, or a part that cannot be.
        """
        match = _FRAME.match(text)
        if not match or match[1].startswith("0") or match[2].startswith("0"):
            raise MalformedError("not a pMofN frame of plain text")
        total, index = int(match[2]), int(match[1]) - 1
        if index >= total:
            raise MalformedError(f"part {index + 1} of {total}")
        return cls(total, index, match[3])

    @property
    def session(self) -> tuple[int]:
        """All that the parts of one message share: how many they are."""
        return (self.total,)


def split(text: str, capacity: int) -> tuple[str, ...]:
    """The frames of a base64 text.

    Args:
        text: The whole base64.
        capacity: Characters that fit one frame.

    Raises:
        UsageError: More parts than any peer reads.
    """
    for digits in range(1, 5):
        room = capacity - 4 - 2 * digits
        total = -(-len(text) // room) if room > 0 else MAX_PARTS + 1
        if total < 10**digits:
            size = -(-len(text) // total)
            parts = [text[i : i + size] for i in range(0, len(text), size)]
            return tuple(f"p{i}of{len(parts)} {part}" for i, part in enumerate(parts, 1))
    raise too_small(f"more than the {MAX_PARTS} parts of pMofN")
