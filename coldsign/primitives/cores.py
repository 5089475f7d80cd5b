"""All processor cores for one long computation on public data: copies of this process, a share each.

A copy knows all that this process knows, so little is handed over, and the answers come back through
a pipe as plain values that cannot act. A copy that dies or fails is an error, never a gap in the
answer. Whoever calls this holds no unlocked key, since the copies would hold it too.
"""

import contextlib
import marshal
import os
import signal
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, BinaryIO, Final, Generic, NoReturn, TypeVar

from coldsign.errors import UnfitError

T = TypeVar("T")
R = TypeVar("R")
Work = Callable[[Sequence[T]], list[R]]

LEAST: Final = 100
"""Items of a share: a copy takes some milliseconds to make, a share should take longer."""

PART: Final = 25
"""Items that are handed over at a time, so that neither side waits long for the other."""


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

    def share(self, work: Work[T, R], items: Sequence[T], *, own: float = 1.0) -> Generator[R]:
        """What ``work`` gives for all items, in their order.

        This process's own results come first, then those of each copy as it makes them, so that
        whatever is done with them is done while the copies still work. Close the generator where it
        may be left before its end.

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
        helpers: list[_Helper] = []
        try:
            for start, stop in pairwise(cuts):
                parts = [items[at : min(at + PART, stop)] for at in range(start, stop, PART)]
                helpers.append(_start(work, parts))
            yield from work(items[:first])
            for helper, (start, stop) in zip(helpers, pairwise(cuts), strict=True):
                yield from helper.answers(stop - start)
        finally:
            for helper in helpers:
                helper.end()

    @contextmanager
    def aside(self, work: Work[T, R], *, expected: int) -> "Iterator[Aside[T, R]]":
        """A copy made now, that works on what it is given from here on while this process goes on.

        Args:
            work: As in ``share``; the items, too, are plain values.
            expected: How many items there will be; for too few no copy is made, and this process
                does the work when it wants the results.

        Raises:
            UnfitError: A copy of this process could not be made.
        """
        if self.count < 2 or expected < 2 * LEAST or _has_threads():
            yield Aside(work, None)
            return
        helper = _start(work, None)
        try:
            yield Aside(work, helper)
        finally:
            helper.end()


ALONE: Final = Cores(1)
"""This process does all the work."""


class Aside(Generic[T, R]):
    """What one copy is given to do, and what came of it."""

    __slots__ = ("_given", "_helper", "_waiting", "_work")

    def __init__(self, work: Work[T, R], helper: "_Helper | None") -> None:
        self._work = work
        self._helper = helper
        self._waiting: list[T] = []
        self._given = 0

    def give(self, item: T) -> None:
        """One more to work on.

        Raises:
            UnfitError: The copy died.
        """
        self._waiting.append(item)
        self._given += 1
        if self._helper is not None and len(self._waiting) == PART:
            self._helper.give(self._waiting)
            self._waiting = []

    def results(self) -> list[R]:
        """Those of all items, in the order they were given; nothing can be given afterwards.

        Raises:
            UnfitError: The copy died or failed.
        """
        if self._helper is None:
            return self._work(self._waiting)
        self._helper.give(self._waiting, last=True)
        return list(self._helper.answers(self._given))


def _has_threads() -> bool:
    """Whether a copy could be made in the middle of another thread's work."""
    import threading

    return threading.active_count() > 1


def _start(work: Work[T, R], parts: Iterable[Sequence[T]] | None) -> "_Helper":
    """A copy that works on these parts, or on those that it is given later."""
    asking, telling = os.pipe(), os.pipe()
    try:
        pid = os.fork()
    except OSError as error:
        for end in (*asking, *telling):
            os.close(end)
        raise UnfitError(f"no second process can be started: {error.strerror}") from error
    if not pid:
        os.close(asking[1])  # so that this copy sees when nobody is left to ask
        serve(work, _received(asking[0]) if parts is None else parts, telling[1])
    os.close(asking[0])
    os.close(telling[1])
    return _Helper(pid, os.fdopen(asking[1], "wb"), os.fdopen(telling[0], "rb"))


def _received(reading: int) -> Iterator[Sequence[Any]]:
    """Parts as they come through a pipe, to the one that is marked as the last."""
    with open(reading, "rb") as pipe:
        last = False
        while not last:
            last, part = marshal.load(pipe)  # noqa: S302 - the process that we are a copy of wrote it
            yield part


def serve(work: Work[T, R], parts: Iterable[Sequence[T]], writing: int) -> NoReturn:
    """All that a copy does: part after part, and the end, without a word on a failure."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
        with open(writing, "wb") as pipe:
            for part in parts:
                pipe.write(marshal.dumps(work(part)))
                pipe.flush()
        status = 0
    finally:
        os._exit(status)


class _Helper:
    """A copy at work."""

    __slots__ = ("_asking", "_pid", "_telling", "_works")

    def __init__(self, pid: int, asking: BinaryIO, telling: BinaryIO) -> None:
        self._pid = pid
        self._asking = asking
        self._telling = telling
        self._works = True

    def give(self, part: list[Any], *, last: bool = False) -> None:
        """Hand over a part.

        Raises:
            UnfitError: It died.
        """
        try:
            self._asking.write(marshal.dumps((last, part)))
            self._asking.flush()
        except BrokenPipeError:
            raise _failed() from None

    def answers(self, count: int) -> Iterator[Any]:
        """Its results as they come: so many.

        Raises:
            UnfitError: It died or failed.
        """
        while count > 0:
            try:
                part = marshal.load(self._telling)  # noqa: S302 - our own copy wrote it
            except (EOFError, ValueError, TypeError):
                raise _failed() from None
            count -= len(part)
            yield from part
        if self._wait() != 0 or count:
            raise _failed()

    def end(self) -> None:
        """Stop it if it still works; nothing of it is left."""
        with contextlib.suppress(BrokenPipeError):
            self._asking.close()
        self._telling.close()
        if self._works:
            os.kill(self._pid, signal.SIGKILL)
            self._wait()

    def _wait(self) -> int:
        """Its exit status, or the signal that ended it."""
        _, status = os.waitpid(self._pid, 0)
        self._works = False
        return status


def _failed() -> UnfitError:
    return UnfitError(
        "a helping process failed",
        hint="try again; if it happens again, do not rely on this machine",
        code="helper-failed",
    )
