"""The address audit: prove for each address of a list that the registered wallet derives it.

Streaming: memory does not grow with the list. With an index the proof is one derivation; without,
the wallet's branches are searched up to a window, and what was derived is kept. All cores work
where the list is long; the processes share nothing but pipes, and none ever held a key.

It is a filter too: what a slow writer has sent so far is judged and given out before the next line
is waited for.
"""

import multiprocessing
import select
import signal
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Final, NamedTuple, Self

from coldsign.controls.audit_prove import (
    Batch,
    Chunk,
    Foreign,
    Pending,
    Proven,
    Unplaced,
    judge,
    summed,
)
from coldsign.controls.audit_rows import COLUMNS, Stream, header_of, read_blocks
from coldsign.errors import MalformedError, UnfitError
from coldsign.primitives.text import other_form
from coldsign.wallet.wallet import Wallet

DEFAULT_WINDOW: Final = 100_000
"""Addresses of each branch that are searched for one without an index: a minute of one core."""
_MANY: Final = 32 << 10  # bytes at once, some 450 rows: from here on more processes pay
_SCAN_STEP: Final = 500  # addresses of a branch derived by one task: a twentieth of a second


class Effort(NamedTuple):
    """How an audit is done.

    Attributes:
        workers: Processes to use; 1 works in this one.
        window: How far each branch is searched for an address without an index.
        with_lines: Whether a JSON line is wanted for every row.
        searching: Told how many addresses were derived in search of one without an index.
    """

    workers: int = 1
    window: int = DEFAULT_WINDOW
    with_lines: bool = False
    searching: Callable[[int], None] | None = None


def audit(wallet: Wallet, stream: Stream, effort: Effort) -> Iterator[Batch]:
    """Judge the rows of a list, in their order, up to the first that is foreign.

    Args:
        wallet: The registered wallet.
        stream: CSV (``address[,index[,branch]]``, a header is welcome) or JSON lines.
        effort: How it is done.

    Raises:
        MalformedError: A line is not as it must be, or no address of this network. What stands
            before it was given out.
        UnfitError: A worker was ended from outside.
    """
    with _Crew(wallet, effort.workers) as crew:
        search = _Search(crew, effort)
        for batch in map(search.settled, _in_order(stream, crew, effort)):
            yield batch
            if batch.fault is not None:
                raise batch.fault
            if batch.foreign is not None:
                return


def _in_order(stream: Stream, crew: "_Crew", effort: Effort) -> Iterator[Batch | Pending]:
    """What comes of the chunks in their order, a few of them being worked on at any time."""
    running: deque[Future[Batch | Pending]] = deque()
    for chunk in _chunks(stream, with_lines=effort.with_lines):
        running.append(crew.judge(chunk))
        while running and (
            running[0].done() or len(running) > 2 * effort.workers or not _has_more(stream)
        ):
            yield _result(running.popleft())
    while running:
        yield _result(running.popleft())


def _chunks(stream: Stream, *, with_lines: bool) -> Iterator[Chunk]:
    columns: tuple[str, ...] | None = None
    for block in read_blocks(stream):
        data, first = block
        if columns is None:
            data = _text(data)
            head, _, rest = data.partition(b"\n")
            columns = header_of(head)
            if columns is not None:
                data, first = rest, first + 1
            columns = columns or COLUMNS
        if data:
            yield Chunk(data, first, columns, with_lines)
    if columns is None:
        raise MalformedError("the list is empty")


def _text(data: bytes) -> bytes:
    """The beginning of a list, without the mark that some editors put there."""
    if form := other_form(data):
        hint = "save it as CSV in UTF-8, or as JSON lines"
        raise MalformedError(f"the list is {form}", hint=hint)
    return data.removeprefix(b"\xef\xbb\xbf")


def _has_more(stream: Stream) -> bool:
    """Whether reading on would not wait; what cannot be asked (a file, memory) never waits."""
    fileno = getattr(stream, "fileno", None)
    try:
        return fileno is None or bool(select.select([fileno()], [], [], 0)[0])
    except (ValueError, OSError):
        return True


def _result(future: "Future[Batch | Pending]") -> Batch | Pending:
    try:
        return future.result()
    except BrokenProcessPool:
        raise _broken() from None


def _broken() -> UnfitError:
    return UnfitError(
        "a process of the audit was ended from outside",
        hint="there may be too little memory: try --workers 1",
        code="worker-ended",
    )


class _Crew:
    """The processes that derive: this one alone until there is much to do."""

    def __init__(self, wallet: Wallet, workers: int) -> None:
        self.wallet = wallet
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def judge(self, chunk: Chunk) -> "Future[Batch | Pending]":
        """What comes of a chunk, now or later."""
        if pool := self._helpers(much=len(chunk.data) >= _MANY):
            return pool.submit(_judge_here, chunk)
        done: Future[Batch | Pending] = Future()
        done.set_result(judge(self.wallet, chunk))
        return done

    def scripts(self, branch: int, start: int, stop: int) -> list[bytes]:
        """The scripts of consecutive places."""
        pool = self._helpers(much=start > _SCAN_STEP)
        if pool is None:
            return derive_span(self.wallet, branch, start, stop)
        size = -(-(stop - start) // self.workers)
        spans = [(branch, at, min(at + size, stop)) for at in range(start, stop, size)]
        try:
            parts = list(pool.map(_derive_here, *zip(*spans, strict=True)))
        except BrokenProcessPool:
            raise _broken() from None
        return [script for part in parts for script in part]

    def _helpers(self, *, much: bool) -> ProcessPoolExecutor | None:
        if self._pool is None and much and self.workers > 1:
            # Spawned, not forked: a fork would copy whatever this process holds in memory.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(
                self.workers, context, initializer=_adopt, initargs=(self.wallet,)
            )
        return self._pool


class _Search:
    """The scripts derived so far, by which an address without an index is placed."""

    def __init__(self, crew: _Crew, effort: Effort) -> None:
        wallet = crew.wallet
        self._crew = crew
        self._told = effort.searching
        self._window = effort.window if wallet.descriptor.ranged else 1
        self._places: dict[bytes, tuple[int, int]] = {}
        self._reached = [0] * wallet.branches
        self._latest = 0  # the branch of the last find: a list is of one branch more often than not

    def settled(self, found: Batch | Pending) -> Batch:
        """What came of a chunk once everything in it is placed."""
        if isinstance(found, Batch):
            return found
        outcomes = (
            self._placed(one) if isinstance(one, Unplaced) else one for one in found.outcomes
        )
        return summed(outcomes, found.fault, with_lines=found.with_lines)

    def _placed(self, unplaced: Unplaced) -> Proven | Foreign:
        row, script = unplaced
        while script not in self._places:
            if not self._extend(script):
                words = f"not among the first {self._window} addresses of the wallet's branches"
                return Foreign(row, words)
        branch, index = self._places[script]
        self._latest = branch
        return Proven(row, branch, index)

    def _extend(self, script: bytes) -> bool:
        """Derive further, first where the last address was found; false at the window's end."""
        others = [branch for branch in range(len(self._reached)) if branch != self._latest]
        is_further = False
        for branch in (self._latest, *others):
            start = self._reached[branch]
            stop = min(self._window, start + _SCAN_STEP * self._crew.workers)
            if start == stop or script in self._places:
                continue
            scripts = self._crew.scripts(branch, start, stop)
            self._places |= {one: (branch, index) for index, one in enumerate(scripts, start)}
            self._reached[branch] = stop
            is_further = True
            if self._told is not None:
                self._told(sum(self._reached))
        return is_further


def derive_span(wallet: Wallet, branch: int, start: int, stop: int) -> list[bytes]:
    """The scripts of consecutive places."""
    return [wallet.derive(branch, index).script_pubkey for index in range(start, stop)]


_ADOPTED: list[Wallet] = []  # in a worker: the wallet it works for, handed over once


def _adopt(wallet: Wallet) -> None:
    _ADOPTED[:] = [wallet]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's; it ends the workers


def _judge_here(chunk: Chunk) -> Batch | Pending:
    return judge(_ADOPTED[0], chunk)


def _derive_here(branch: int, start: int, stop: int) -> list[bytes]:
    return derive_span(_ADOPTED[0], branch, start, stop)
