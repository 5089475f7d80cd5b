"""In which order a fountain sender shows its parts, so that a reader needs the fewest looks.

Two readers look at once: ours, which solves linear systems, and the peers', which only strip known fragments from a
part. Passes of plain parts alternate with passes of mixed ones, and every mixed part is chosen, among the endless ones
that the specification offers, so that any ``count`` parts in a row are independent: a reader that loses nothing is
done after ``count`` looks wherever it comes in, and after a loss nearly every further part helps.
"""

from collections.abc import Iterator, Sequence

from coldsign.qr.ur.chooser import Xoshiro, choose_degree, shuffled

MAX_WINDOW = 256  # choosing costs the square of the count; beyond it a pass lasts a minute anyway
# Eight digits: room is kept for them in every frame, and at three passes a minute they last for days.
MAX_NUMBER = 99_999_999
_MAX_PEELED = 80  # up to here the search also looks for parts that peers' readers can strip at once
_PEEL_TRIES = 40
_TRIES = 400  # candidates looked at for one place; one in four or so fits


def loop_length(count: int) -> int:
    """Parts in one finite loop, for files: every plain part, and half as many mixed ones."""
    return count + count // 2 if count > 1 else 1


def numbers(count: int, checksum: int) -> Iterator[int]:
    """Sequence numbers without end: all plain parts first, then mixed ones, and so on in turn.

    Args:
        count: Fragments of the message.
        checksum: CRC-32 of the message.
    """
    order = list(range(count))
    fresh = count
    while count > 1:
        yield from (index + 1 for index in order)
        if count > MAX_WINDOW:
            for _ in range(count // 2):
                fresh, _ = next(_mixed(fresh, order, checksum))
                yield fresh
            continue
        masks: list[int] = []
        for number, mask in _independent(fresh, order, checksum):
            masks.append(mask)
            yield number
            fresh = number
        order = _next_order(order, masks)
    while True:
        yield 1


def _mixed(number: int, order: Sequence[int], checksum: int) -> Iterator[tuple[int, int]]:
    """Parts after ``number`` that mix at least two fragments, each with the places in ``order`` it mixes."""
    count = len(order)
    place = {fragment: 1 << position for position, fragment in enumerate(order)}
    while True:
        number = number + 1 if number < MAX_NUMBER else count + 1
        rng = Xoshiro(number.to_bytes(4, "big") + checksum.to_bytes(4, "big"))
        degree = choose_degree(count, rng)
        if degree > 1:
            yield number, sum(place[f] for f in shuffled(range(count), rng, degree))


def _independent(number: int, order: Sequence[int], checksum: int) -> Iterator[tuple[int, int]]:
    """A pass of mixed parts: the j-th, with those before it, determines the first j fragments of ``order``.

    Those are the plain parts that have left a window of ``count`` looks by then. This is the LU decomposition
    without pivoting: row j, reduced by the rows before it, must keep its bit j.
    """
    rows: list[int] = []
    reduced: list[int] = []
    candidates = _mixed(number, order, checksum)
    for position in range(len(order)):
        found: tuple[int, int, int] | None = None
        for tries in range(_TRIES):
            candidate, mask = next(candidates)
            rest = _reduce(mask, reduced)
            if not rest >> position & 1:
                continue
            found = found or (candidate, mask, rest)
            if _strips([*rows, mask], position):
                found = (candidate, mask, rest)
                break
            if tries >= _PEEL_TRIES or len(order) > _MAX_PEELED:
                break
        if found is None:
            return
        rows.append(found[1])
        reduced.append(found[2])
        yield found[0], found[1]


def _reduce(mask: int, reduced: Sequence[int]) -> int:
    """The row without the bits below ``len(reduced)``."""
    low = (1 << len(reduced)) - 1
    while bits := mask & low:
        mask ^= reduced[(bits & -bits).bit_length() - 1]
    return mask


def _strips(rows: Sequence[int], position: int) -> bool:
    """Whether a reader that knows all places above ``position`` gets the others by stripping alone."""
    unknown = (1 << position + 1) - 1
    left = [row & unknown for row in rows]
    while unknown:
        single = next((row for row in left if row and not row & (row - 1)), 0)
        if not single:
            return False
        unknown ^= single
        left = [row & unknown for row in left]
    return True


def _next_order(order: Sequence[int], masks: Sequence[int]) -> list[int]:
    """The order of the next pass of plain parts: each restores what the part leaving the window took away.

    Plain part p may come when row i leaves if p, written as a sum of the rows in the window, contains row i.
    """
    count = len(order)
    rows = [*masks, *(1 << position for position in range(len(masks), count))]
    sums = _inverse(rows)
    later = list(
        range(len(masks), count)
    )  # plain parts still in the window follow in their old turn
    waiting = list(range(len(masks)))
    entered = []
    for leaving in range(len(masks)):
        bit = 1 << leaving
        entering = next(p for p in waiting if sums[p] & bit)
        waiting.remove(entering)
        entered.append(entering)
        for p in waiting:
            if sums[p] & bit:
                sums[p] = (sums[p] ^ sums[entering]) | bit
        sums[entering] = bit
    return [order[p] for p in (*later, *entered)]


def _inverse(rows: Sequence[int]) -> list[int]:
    """For every place, which rows sum to it; the rows are independent."""
    count = len(rows)
    work = [row | 1 << count + i for i, row in enumerate(rows)]
    for column in range(count):
        bit = 1 << column
        pivot = next(i for i in range(column, count) if work[i] & bit)
        work[column], work[pivot] = work[pivot], work[column]
        for i in range(count):
            if i != column and work[i] & bit:
                work[i] ^= work[column]
    return [row >> count for row in work]
