"""In which order a fountain sender shows its parts, so that a reader needs the fewest looks."""

from collections.abc import Iterator

from coldsign.qr.ur.chooser import Xoshiro, choose_degree


def loop_length(count: int) -> int:
    """Parts in one finite loop, for files: every plain part, and half as many mixed ones."""
    return count + count // 2 if count > 1 else 1


def numbers(count: int, checksum: int) -> Iterator[int]:
    """Sequence numbers without end: all plain parts, then half as many new mixed ones, and again.

    The specification's own order has a part in ``ln(count)`` repeat a plain fragment; those are skipped. A
    pass of plain parts now and then lets readers that only strip known fragments get going.

    Args:
        count: Fragments of the message.
        checksum: CRC-32 of the message.
    """
    fresh = count
    while True:
        yield from range(1, count + 1)
        for _ in range(count // 2):
            fresh = _next_mixed(fresh, count, checksum)
            yield fresh


def _next_mixed(number: int, count: int, checksum: int) -> int:
    """The next sequence number whose part mixes at least two fragments."""
    while True:
        number = number + 1 if number < 0xFFFF_FFFF else count + 1
        rng = Xoshiro(number.to_bytes(4, "big") + checksum.to_bytes(4, "big"))
        if choose_degree(count, rng) > 1:
            return number
