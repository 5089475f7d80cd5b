"""Fountain readers: ours, and one that only strips known fragments, as every peer ships."""

from collections.abc import Iterable


class Solving:
    """Gaussian elimination, as ``coldsign.qr.ur.fountain.Solver`` does, on masks alone."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.rows: dict[int, int] = {}

    def add(self, fragments: Iterable[int]) -> bool:
        mask = sum(1 << f for f in fragments)
        while mask:
            length = mask.bit_length()
            if length not in self.rows:
                self.rows[length] = mask
                break
            mask ^= self.rows[length]
        return len(self.rows) == self.count


class Stripping:
    """Reduces parts by known fragments and by parts that are subsets (BCR-2020-005's own decoder)."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.known: set[int] = set()
        self.mixed: set[frozenset[int]] = set()

    def add(self, fragments: Iterable[int]) -> bool:
        waiting = [frozenset(fragments)]
        while waiting:
            part = self._reduced(waiting.pop())
            if len(part) == 1:
                self.known |= part
            elif part:
                self.mixed.add(part)
            else:
                continue
            kept = set()
            for other in self.mixed:
                rest = other - part if part < other else other
                if rest == other:
                    kept.add(other)
                else:
                    waiting.append(rest)
            self.mixed = kept
        return len(self.known) == self.count

    def _reduced(self, part: frozenset[int]) -> frozenset[int]:
        part -= self.known
        while len(part) > 1:
            smaller = next((m for m in self.mixed if m <= part), None)
            if smaller is None:
                break
            part -= smaller
        return part
