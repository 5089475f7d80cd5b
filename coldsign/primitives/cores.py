"""All processor cores for one long computation on public data: copies of this process, a share each.

A copy knows all that this process knows, so nothing is handed over and only the answer comes back,
through a pipe, as plain values that cannot act. A copy that dies or fails is an error, never a gap
in the answer. Whoever calls this holds no unlocked key, since the copies would hold it too.
"""

import marshal
import os
import signal
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Generic, NoReturn, TypeVar

from coldsign.errors import UnfitError

T = TypeVar("T")
R = TypeVar("R")

LEAST: Final = 100
"""Items of a share: a copy takes some milliseconds to make, a share should take longer."""


@dataclass(frozen=True, slots=True)
class Cores:
    """So many processes may work at a time, this one among them."""

    count: int

    @classmethod
    def here(cls) -> "Cores":
        """As many as this process may run on; one where a process cannot be copied."""
        if not hasattr(os, "fork"):
            return ALONE
        affinity = getattr(os, "sched_getaffinity", None)
        return cls(len(affinity(0)) if affinity else os.cpu_count() or 1)

    def share(
        self, work: Callable[[Sequence[T]], list[R]], items: Sequence[T], *, own: float = 1.0
    ) -> Generator[R]:
        """What ``work`` gives for all items, in their order.

        This process's own results come first, so that whatever is done with them is done while the
        copies still work. Close the generator where it may be left before its end.

        Args:
            work: Gives a result for each item of any part; results are numbers, bytes, text, None,
                and lists and tuples of them. It must not depend on the other items.
            items: What is shared out; too few are not.
            own: The part of an equal share that this process takes: less, where it has more to do.

        Raises:
            UnfitError: A copy of this process died, failed, or could not be made.
        """
        shares = min(self.count, len(items) // LEAST)
        if shares < 2 or _has_threads():
            yield from work(items)
            return
        first = int(len(items) * own / shares)
        cuts = [first + (len(items) - first) * number // (shares - 1) for number in range(shares)]
        helpers: list[_Helper[R]] = []
        try:
            for start, stop in pairwise(cuts):
                helpers.append(_start(work, items[start:stop]))
            yield from work(items[:first])
            for helper in helpers:
                yield from helper.answer()
        finally:
            for helper in helpers:
                helper.end()


ALONE: Final = Cores(1)
"""This process does all the work."""


def _has_threads() -> bool:
    """Whether a copy could be made in the middle of another thread's work."""
    import threading

    return threading.active_count() > 1


def _start(work: Callable[[Sequence[T]], list[R]], items: Sequence[T]) -> "_Helper[R]":
    reading, writing = os.pipe()
    try:
        pid = os.fork()
    except OSError as error:
        os.close(reading)
        os.close(writing)
        raise UnfitError(f"no second process can be started: {error.strerror}") from error
    if not pid:
        serve(work, items, writing)
    os.close(writing)
    return _Helper(pid, reading)


def serve(work: Callable[[Sequence[T]], list[R]], items: Sequence[T], writing: int) -> NoReturn:
    """All that a copy does: its share, the answer, and the end, without a word on a failure."""
    status = 1
    try:
        with open(writing, "wb") as pipe:
            pipe.write(marshal.dumps(work(items)))
        status = 0
    finally:
        os._exit(status)


class _Helper(Generic[R]):
    """A copy at work."""

    __slots__ = ("_pid", "_reading", "_works")

    def __init__(self, pid: int, reading: int) -> None:
        self._pid = pid
        self._reading = reading
        self._works = True

    def answer(self) -> list[R]:
        """Wait for its results.

        Raises:
            UnfitError: It gave none.
        """
        chunks: list[bytes] = []
        while chunk := os.read(self._reading, 1 << 20):
            chunks.append(chunk)
        if self._wait() != 0:
            raise UnfitError(
                "a helping process failed",
                hint="try again; if it happens again, do not rely on this machine",
                code="helper-failed",
            )
        found: list[R] = marshal.loads(b"".join(chunks))  # noqa: S302 - our own copy wrote it
        return found

    def end(self) -> None:
        """Stop it if it still works; nothing of it is left."""
        os.close(self._reading)
        if self._works:
            os.kill(self._pid, signal.SIGKILL)
            self._wait()

    def _wait(self) -> int:
        """Its exit status, or the signal that ended it."""
        _, status = os.waitpid(self._pid, 0)
        self._works = False
        return status
