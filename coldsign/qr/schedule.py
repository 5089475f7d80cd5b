"""In which order a fountain sender shows its parts, so that a reader needs the fewest looks.

Any ``count`` parts in a row give the whole message, even to the peers' readers, which only strip known fragments from
a part: a reader that loses nothing is done after ``count`` looks wherever it comes in, as with a plain cycle. Unlike
in a cycle most parts are mixed ones that were never shown before, so that after a loss nearly every further part
helps. Mixed parts are chosen for that among the endless ones that the specification offers.
"""

from collections.abc import Iterator, Sequence

from coldsign.qr.ur.chooser import Xoshiro, choose_degree, shuffled

MAX_WINDOW = 256  # choosing costs the square of the count; beyond it a pass lasts a minute anyway
# Eight digits: room is kept for them in every frame, and at three passes a minute they last for days.
MAX_NUMBER = 99_999_999
_TRIES = 10  # candidates looked at for one place; one in five or so fits, else a plain part does


def loop_length(count: int) -> int:
    """Parts in one finite loop, for files: every plain part, and half as many mixed ones."""
    return count + count // 2 if count > 1 else 1


def numbers(count: int, checksum: int) -> Iterator[int]:
    """Sequence numbers without end: all plain parts first, then mostly mixed ones.

    Args:
        count: Fragments of the message.
        checksum: CRC-32 of the message.
    """
    yield from range(1, count + 1)
    if count == 1 or count > MAX_WINDOW:
        yield from _passes(count, checksum)
    mixed = _mixed(count, checksum)
    window = [1 << fragment for fragment in range(count)]
    shown = [0] * count
    for turn in range(1, MAX_NUMBER):
        place = (turn - 1) % count  # of the oldest part, which leaves
        unknown, rows = _strip(window[:place] + window[place + 1 :], (1 << count) - 1)
        for _ in range(_TRIES):
            number, mask = next(mixed)
            if _completes(mask, unknown, rows):
                break
        else:
            number = _plain(unknown, rows, shown) + 1
            shown[number - 1], mask = turn, 1 << number - 1
        window[place] = mask
        yield number


def _passes(count: int, checksum: int) -> Iterator[int]:
    """Mixed parts and plain ones in turn, for messages of one part or of very many."""
    mixed = _mixed(count, checksum)
    while True:
        for _ in range(count // 2):
            yield next(mixed)[0]
        yield from range(1, count + 1)


def _mixed(count: int, checksum: int) -> Iterator[tuple[int, int]]:
    """Parts that mix at least two fragments, each with the set of fragments it mixes."""
    number = count
    while True:
        number = number + 1 if number < MAX_NUMBER else count + 1
        rng = Xoshiro(number.to_bytes(4, "big") + checksum.to_bytes(4, "big"))
        degree = choose_degree(count, rng)
        if degree > 1:
            yield number, sum(1 << fragment for fragment in shuffled(range(count), rng, degree))


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


def _completes(mask: int, unknown: int, rows: Sequence[int]) -> bool:
    """Whether one more part gives such a reader everything."""
    rest = mask & unknown
    return bool(rest) and not rest & (rest - 1) and not _strip(rows, unknown & ~rest)[0]


def _plain(unknown: int, rows: Sequence[int], shown: Sequence[int]) -> int:
    """The plain part that completes and was not shown for longest.

    There is one: the fragment that the part which left had given is at least as good as that part.
    """
    fragments = [f for f in range(len(shown)) if unknown >> f & 1]
    fragments.sort(key=shown.__getitem__)
    return next(f for f in fragments if _completes(1 << f, unknown, rows))
