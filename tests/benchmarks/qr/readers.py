"""Fountain readers: ours, and one that only strips known fragments, as every peer ships.

A part is the set of the fragments it mixes, one bit each.
"""


class Solving:
    """Gaussian elimination, as ``coldsign.qr.ur.fountain.Solver`` does, without the data."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.rows: dict[int, int] = {}

    def add(self, part: int) -> bool:
        """Take a part; whether the message is there."""
        while part:
            length = part.bit_length()
            if length not in self.rows:
                self.rows[length] = part
                break
            part ^= self.rows[length]
        return len(self.rows) == self.count


class Stripping:
    """Reduces parts by known fragments and by parts that are subsets (BCR-2020-005's own decoder)."""

    def __init__(self, count: int) -> None:
        self.unknown = (1 << count) - 1
        self.mixed: list[int] = []

    def add(self, part: int) -> bool:
        """Take a part; whether the message is there."""
        waiting = [part]
        while waiting:
            part = self._reduced(waiting.pop())
            if not part:
                continue
            kept = []
            for other in self.mixed:
                if part & ~other:
                    kept.append(other)
                else:
                    waiting.append(other & ~part)
            self.mixed = kept
            if part & (part - 1):
                kept.append(part)
            else:
                self.unknown &= ~part
        return not self.unknown

    def _reduced(self, part: int) -> int:
        part &= self.unknown
        while part & (part - 1):
            smaller = next((m for m in self.mixed if not m & ~part), 0)
            if not smaller:
                break
            part &= ~smaller
        return part
