"""In which order a fountain sender shows its parts, so that a reader needs the fewest looks.

Any ``count`` parts in a row give the whole message, even to the peers' readers, which only strip known fragments from
a part: a reader that loses nothing is done after ``count`` looks wherever it comes in, as with a plain cycle. So each
part must complete the ``count - 1`` before it. Of the parts that do, the one is shown that is worth most to readers
who lost some looks and are nearly done: it holds the fragments that they most likely lack, and mixes few others.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from math import sqrt
from typing import NamedTuple

from coldsign.qr.ur.chooser import Xoshiro, choose_degree, shuffled

MAX_WINDOW = 1024  # choosing costs the square of the count: here up to 30 ms a part
# Eight digits: room is kept for them in every frame, and at three passes a minute they last for days.
MAX_NUMBER = 99_999_999
# The share of looks lost by the readers for whom a part is chosen, and how many they are.
_READERS = ((0.1, 1.0), (0.3, 1.0), (0.5, 0.5))
_PLAIN = 1.3  # times as much is a plain part worth, since it helps at once
# Mixed parts to choose from: with more of them little is found that is better. Most are made while the show runs.
_FIRST_OFFERS = 240
_MORE_OFFERS = 20  # for each part that is shown
_OFFERS = 30  # for each fragment, in the end
_MAX_OFFERS = 1200


class _Part(NamedTuple):
    number: int
    fragments: Sequence[int]
    mask: int


def loop_length(count: int) -> int:
    """Parts in one loop, for files: every plain part, and half as many further ones."""
    return count + count // 2


def loop(count: int, checksum: int) -> Iterator[int]:
    """The sequence numbers of one loop: every plain part, and the first of those that follow.

    Args:
        count: Fragments of the message.
        checksum: CRC-32 of the message.
    """
    yield from range(1, count + 1)
    yield from islice(numbers(count, checksum), loop_length(count) - count)


def numbers(count: int, checksum: int) -> Iterator[int]:
    """Sequence numbers without end, as if all plain parts had just been shown.

    Args:
        count: Fragments of the message.
        checksum: CRC-32 of the message.
    """
    if count == 1 or count > MAX_WINDOW:
        yield from _passes(count, checksum)
    plain = [_Part(fragment + 1, (fragment,), 1 << fragment) for fragment in range(count)]
    mixed = _mixed(count, checksum)
    most = min(_OFFERS * count, _MAX_OFFERS)
    offers = list(islice(mixed, min(_FIRST_OFFERS, most)))
    window, lacking = list(plain), _Lacking(count, plain)
    while True:
        for place, oldest in enumerate(window):
            others = [part.mask for part in window[:place] + window[place + 1 :]]
            part = _best([*plain, *offers], others, lacking, oldest)
            if part.number > count and part is not oldest:
                offers.remove(part)
            offers += islice(mixed, min(_MORE_OFFERS, most - len(offers)))
            window[place] = part
            lacking.show(part)
            yield part.number


def _passes(count: int, checksum: int) -> Iterator[int]:
    """Plain parts and mixed ones in turn, for messages of one part or of very many."""
    mixed = _mixed(count, checksum)
    while True:
        yield from range(1, count + 1)
        for _ in range(count // 2):
            yield next(mixed).number


def _mixed(count: int, checksum: int) -> Iterator[_Part]:
    """The parts that mix at least two fragments."""
    number = count
    while True:
        number = number + 1 if number < MAX_NUMBER else count + 1
        rng = Xoshiro(number.to_bytes(4, "big") + checksum.to_bytes(4, "big"))
        degree = choose_degree(count, rng)
        if degree > 1:
            fragments = shuffled(range(count), rng, degree)
            yield _Part(number, fragments, sum(1 << fragment for fragment in fragments))


class _Lacking:
    """How likely readers lack each fragment that are nearly done.

    A reader that loses the share p of its looks is nearly done after count / (1 - p) of them. Of a fragment that k of
    these parts hold it has seen nothing with the chance p ** k.
    """

    def __init__(self, count: int, shown: Iterable[_Part]) -> None:
        self._readers = [
            (loss, many, int(count / (1 - loss)) - 1, [0] * count) for loss, many in _READERS
        ]
        self._shown: deque[_Part] = deque(maxlen=2 * count)
        self._chances = [0.0] * count
        for part in (*shown, *shown):
            self.show(part)

    def show(self, part: _Part) -> None:
        """Take note of a part that is shown."""
        self._shown.append(part)
        changed = set(part.fragments)
        for _, _, span, held in self._readers:
            for fragment in part.fragments:
                held[fragment] += 1
            if len(self._shown) > span:
                gone = self._shown[-1 - span].fragments
                changed.update(gone)
                for fragment in gone:
                    held[fragment] -= 1
        for fragment in changed:
            self._chances[fragment] = sum(
                [many * loss ** held[fragment] for loss, many, _, held in self._readers]
            )

    def worth(self, part: _Part) -> float:
        """What a part is worth to them; less where it mixes much, for that must be known to be stripped."""
        chances, fragments = self._chances, part.fragments
        if len(fragments) == 1:
            return _PLAIN * chances[fragments[0]]
        return sum([chances[f] for f in fragments]) / sqrt(len(fragments))


def _best(
    offers: Iterable[_Part], others: Sequence[int], lacking: _Lacking, oldest: _Part
) -> _Part:
    """The part worth most that completes the others; the oldest again only where there is no other."""
    unknown, rows = _strip(others, (1 << len(others) + 1) - 1)
    fitting = [
        (lacking.worth(part), rest, part)
        for part in offers
        if (rest := part.mask & unknown) and not rest & (rest - 1) and part is not oldest
    ]
    fitting.sort(key=lambda found: found[0], reverse=True)
    completes: dict[int, bool] = {}
    for _, rest, part in fitting:
        if rest not in completes:
            completes[rest] = not _strip(rows, unknown & ~rest)[0]
        if completes[rest]:
            return part
    return oldest


def _strip(rows: Sequence[int], unknown: int) -> tuple[int, list[int]]:
    """What stays unknown to a reader of these parts that only strips known fragments, and the parts left over."""
    left = list(rows)
    while True:
        known, kept = 0, []
        for row in left:
            rest = row & unknown
            if rest & (rest - 1):
                kept.append(rest)
            else:
                known |= rest
        if not known:
            return unknown, kept
        unknown &= ~known
        left = kept
