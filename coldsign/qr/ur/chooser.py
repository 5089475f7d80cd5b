"""Which fragments a fountain part mixes: Xoshiro256**, the alias sampler and the shuffle of BCR-2024-001.

Every step is fixed by the specification to the last bit of a double, because sender and receiver choose
independently and must agree.
"""

import hashlib
from collections.abc import Iterable
from functools import lru_cache

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_TWO64 = 18446744073709551616.0


class Xoshiro:
    """The generator xoshiro256**, seeded by the SHA-256 of ``seed``."""

    __slots__ = ("_s",)

    def __init__(self, seed: bytes) -> None:
        digest = hashlib.sha256(seed).digest()
        self._s = tuple(int.from_bytes(digest[i : i + 8], "big") for i in range(0, 32, 8))

    def next(self) -> int:
        """The next 64-bit number."""
        s0, s1, s2, s3 = self._s
        five = s1 * 5 & _MASK
        result = ((five << 7 | five >> 57) & _MASK) * 9 & _MASK
        shifted = s1 << 17 & _MASK
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= shifted
        self._s = (s0, s1, s2, (s3 << 45 | s3 >> 19) & _MASK)
        return result

    def next_double(self) -> float:
        """The next number in [0, 1)."""
        return float(self.next()) / _TWO64


class Sampler:
    """Walker's alias method over unnormalised weights, in the exact order of the specification."""

    __slots__ = ("_aliases", "_chances")

    def __init__(self, weights: Iterable[float]) -> None:
        chances = list(weights)
        total = 0.0
        for weight in chances:  # not sum(): Python 3.12 compensates it, the specification does not
            total += weight
        size = len(chances)
        scaled = [weight * size / total for weight in chances]
        self._aliases = list(range(size))
        self._chances = [1.0] * size
        small = [i for i in reversed(range(size)) if scaled[i] < 1]
        large = [i for i in reversed(range(size)) if scaled[i] >= 1]
        while small and large:
            less, more = small.pop(), large.pop()
            self._chances[less] = scaled[less]
            self._aliases[less] = more
            scaled[more] += scaled[less] - 1
            (small if scaled[more] < 1 else large).append(more)

    def next(self, rng: Xoshiro) -> int:
        """One index, drawn by the weights."""
        first, second = rng.next_double(), rng.next_double()
        index = int(len(self._chances) * first)
        return index if second < self._chances[index] else self._aliases[index]


@lru_cache(maxsize=8)
def _degree_sampler(count: int) -> Sampler:
    return Sampler(1 / (i + 1) for i in range(count))


def choose_degree(count: int, rng: Xoshiro) -> int:
    """How many of ``count`` fragments a part mixes: the harmonic distribution."""
    return _degree_sampler(count).next(rng) + 1


def shuffled(items: Iterable[int], rng: Xoshiro, wanted: int) -> list[int]:
    """The first ``wanted`` items of the specification's shuffle; later draws would change nothing before them."""
    left = list(items)
    take, draw, size = left.pop, rng.next, len(left)
    return [take(int(draw() / _TWO64 * (size - taken))) for taken in range(wanted)]


@lru_cache(maxsize=256)
def choose_fragments(number: int, count: int, checksum: int) -> tuple[int, ...]:
    """The fragments in part ``number`` (from 1) of a message of ``count`` fragments, ascending."""
    if number <= count:
        return (number - 1,)
    rng = Xoshiro(number.to_bytes(4, "big") + checksum.to_bytes(4, "big"))
    degree = choose_degree(count, rng)
    return tuple(sorted(shuffled(range(count), rng, degree)))
