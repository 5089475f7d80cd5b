"""The address audit: prove for each address of a list that the registered wallet derives it.

Streaming: memory does not grow with the list. With an index the proof is one derivation; without,
the wallet's branches are searched up to a window, and what was derived is kept. All cores work
where the list is long; the processes share nothing but pipes, and none ever held a key.
"""

import hashlib
import json
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice
from typing import Final, NamedTuple

from coldsign.controls.audit_rows import AuditRow, header_of, parse_rows, read_lines
from coldsign.controls.entry import Body
from coldsign.controls.remember import wallet_id
from coldsign.errors import MalformedError
from coldsign.primitives.address import to_address, to_script
from coldsign.primitives.fileio import Readable
from coldsign.wallet.wallet import Wallet

DEFAULT_WINDOW: Final = 100_000
"""Addresses of each branch that are searched for one without an index: a minute of one core."""
_CHUNK: Final = 1000  # rows a task: a tenth of a second of one core
_SCAN_STEP: Final = 1000  # addresses of a branch derived by one task
_MOST_INDEX: Final = (1 << 31) - 1  # BIP-32: the last unhardened child


class Proven(NamedTuple):
    """An address that is ours."""

    row: AuditRow
    branch: int
    index: int  # type: ignore[assignment]  # the field's word; tuple.index is not used


class Foreign(NamedTuple):
    """An address that is not proven to be ours.

    Attributes:
        row: It, with its line.
        reason: In words.
    """

    row: AuditRow
    reason: str


class _Unplaced(NamedTuple):
    """An address without an index, still to be searched for."""

    row: AuditRow
    script: bytes


_Outcome = Proven | Foreign | _Unplaced


def audit(
    wallet: Wallet,
    stream: Readable,
    *,
    workers: int,
    window: int = DEFAULT_WINDOW,
    progress: Callable[[int], None] = lambda _rows: None,
) -> Iterator[Proven | Foreign]:
    """Judge the rows of a list, in their order, up to the first that is foreign.

    Args:
        wallet: The registered wallet.
        stream: CSV (``address[,index[,branch]]``, a header is welcome) or JSON lines.
        workers: Processes to use; 1 works in this one.
        window: How far each branch is searched for an address without an index.
        progress: Told the number of rows judged, now and then.

    Raises:
        MalformedError: A line is not as it must be, or no address of this network.
    """
    lines = read_lines(stream)
    first = next(lines, None)
    if first is None:
        raise MalformedError("the list is empty")
    columns = header_of(first)
    if columns is None:
        lines, start, columns = chain([first], lines), 1, ("address", "index", "branch")
    else:
        start = 2
    tasks = _tasks(lines, start, columns)
    ahead = list(islice(tasks, 2))
    rest = chain(ahead, tasks)
    if workers > 1 and len(ahead) > 1:
        with _pool(wallet, workers) as pool:
            yield from _judge(rest, _Search(wallet, window, pool), progress, workers)
            pool.shutdown(cancel_futures=True)
    else:
        yield from _judge(rest, _Search(wallet, window, None), progress, 1)


def to_json_line(outcome: Proven | Foreign) -> bytes:
    """An outcome as a filter gives it out: the row's own members and the verdict."""
    row = outcome.row
    document: dict[str, object] = {"line": row.line, "address": row.address}
    if row.id is not None:
        document["id"] = row.id
    if isinstance(outcome, Proven):
        document |= {"ours": True, "branch": outcome.branch, "index": outcome.index}
    else:
        document |= {"ours": False, "reason": outcome.reason}
    return json.dumps(document).encode("ascii") + b"\n"


class AuditTally:
    """What an audit came to, for the journal and for a report that can be signed."""

    def __init__(self, wallet: Wallet) -> None:
        self._wallet = wallet
        self._proven = 0
        self._highest: dict[int, int] = {}
        self._digest = hashlib.sha256()
        self._foreign: Foreign | None = None

    def add(self, outcome: Proven | Foreign) -> None:
        """Count one outcome."""
        if isinstance(outcome, Foreign):
            self._foreign = outcome
            return
        self._proven += 1
        self._digest.update(f"{outcome.row.address}\n".encode("ascii"))
        branch, index = outcome.branch, outcome.index
        self._highest[branch] = max(index, self._highest.get(branch, 0))

    def body(self) -> Body:
        """For the journal; ``addresses`` is the SHA-256 of the proven ones, one a line."""
        foreign = self._foreign
        return {
            "wallet": self._wallet.name,
            "wallet_id": wallet_id(self._wallet),
            "proven": self._proven,
            "addresses": self._digest.hexdigest(),
            "highest": [[branch, index] for branch, index in sorted(self._highest.items())],
            "foreign": None if foreign is None else _named(foreign),
        }

    def text(self) -> str:
        """For people: a few lines, each ended by a line feed."""
        body, foreign = self.body(), self._foreign
        verdict = f"all {self._proven} addresses are the wallet's own"
        if foreign is not None:
            row = foreign.row
            verdict = f"line {row.line}: {row.address} is not the wallet's: {foreign.reason}"
        lines = [
            "coldsign address audit 1",
            f"wallet: {self._wallet.name}",
            f"wallet-id: {body['wallet_id']}",
            f"proven: {self._proven}",
            f"sha256-of-addresses: {body['addresses']}",
            f"result: {verdict}",
        ]
        return "\n".join([*lines, ""])


def _named(foreign: Foreign) -> Body:
    row = foreign.row
    return {"line": row.line, "address": row.address, "reason": foreign.reason}


class _Task(NamedTuple):
    """Some lines to judge."""

    lines: list[bytes]
    first: int
    columns: tuple[str, ...]


def _tasks(lines: Iterator[bytes], start: int, columns: tuple[str, ...]) -> Iterator[_Task]:
    while some := list(islice(lines, _CHUNK)):
        yield _Task(some, start, columns)
        start += len(some)


def _judge(
    tasks: Iterator[_Task], search: "_Search", progress: Callable[[int], None], workers: int
) -> Iterator[Proven | Foreign]:
    done = 0
    for outcomes in _in_order(tasks, search, workers):
        for outcome in outcomes:
            judged = search.place(outcome) if isinstance(outcome, _Unplaced) else outcome
            yield judged
            if isinstance(judged, Foreign):
                return
        done += len(outcomes)
        progress(done)


def _in_order(tasks: Iterator[_Task], search: "_Search", workers: int) -> Iterator[list[_Outcome]]:
    """The outcomes of the tasks in their order, a few tasks being worked on at any time."""
    if search.pool is None:
        yield from (prove_rows(search.wallet, task) for task in tasks)
        return
    running: deque[Future[list[_Outcome]]] = deque()
    for task in tasks:
        running.append(search.pool.submit(_prove_here, task))
        if len(running) > 2 * workers:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()


class _Search:
    """The scripts of both branches derived so far, by which an address is placed."""

    def __init__(self, wallet: Wallet, window: int, pool: ProcessPoolExecutor | None) -> None:
        self.wallet = wallet
        self.pool = pool
        self._window = window if wallet.descriptor.ranged else 1
        self._places: dict[bytes, tuple[int, int]] = {}
        self._reached = 0

    def place(self, unplaced: _Unplaced) -> Proven | Foreign:
        row, script = unplaced
        while script not in self._places and self._reached < self._window:
            self._extend()
        place = self._places.get(script)
        if place is None:
            words = f"not among the first {self._window} addresses of the wallet's branches"
            return Foreign(row, words)
        return Proven(row, *place)

    def _extend(self) -> None:
        upto = min(self._window, self._reached + _SCAN_STEP)
        spans = [(branch, self._reached, upto) for branch in range(self.wallet.branches)]
        if self.pool is None:
            derived = [derive_span(self.wallet, *span) for span in spans]
        else:
            derived = list(self.pool.map(_derive_here, *zip(*spans, strict=True)))
        for (branch, start, _), scripts in zip(spans, derived, strict=True):
            for index, script in enumerate(scripts, start=start):
                self._places[script] = (branch, index)
        self._reached = upto


def prove_rows(wallet: Wallet, task: _Task) -> list[_Outcome]:
    """Judge some lines; rows without an index come back still to be placed.

    Raises:
        MalformedError: A line is not as it must be.
    """
    return [_prove(wallet, row) for row in parse_rows(task.lines, task.first, task.columns)]


def derive_span(wallet: Wallet, branch: int, start: int, stop: int) -> list[bytes]:
    """The scripts of consecutive places."""
    return [wallet.derive(branch, index).script_pubkey for index in range(start, stop)]


def _prove(wallet: Wallet, row: AuditRow) -> _Outcome:
    if row.index is None:
        return _Unplaced(row, _script(wallet, row))
    if row.branch >= wallet.branches or row.index > _MOST_INDEX:
        return Foreign(row, f"the wallet has no address {row.branch}/{row.index}")
    if row.index and not wallet.descriptor.ranged:
        return Foreign(row, f"the wallet has no address {row.branch}/{row.index}")
    script = wallet.derive(row.branch, row.index).script_pubkey
    # Comparing texts is the fast way; an address in capitals is understood the slow way.
    if row.address == to_address(script, wallet.network) or _script(wallet, row) == script:
        return Proven(row, row.branch, row.index)
    return Foreign(row, f"not the wallet's address {row.branch}/{row.index}")


def _script(wallet: Wallet, row: AuditRow) -> bytes:
    try:
        return to_script(row.address, wallet.network)
    except MalformedError as error:
        words = f"line {row.line}: {row.address}: {error.message}"
        raise MalformedError(words, hint=error.hint) from None


def _pool(wallet: Wallet, workers: int) -> ProcessPoolExecutor:
    # Spawned, not forked: a fork would copy whatever this process holds in memory.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, initializer=_adopt, initargs=(wallet,))


_ADOPTED: list[Wallet] = []  # in a worker: the wallet it works for, handed over once


def _adopt(wallet: Wallet) -> None:
    _ADOPTED[:] = [wallet]


def _prove_here(task: _Task) -> list[_Outcome]:
    return prove_rows(_ADOPTED[0], task)


def _derive_here(branch: int, start: int, stop: int) -> list[bytes]:
    return derive_span(_ADOPTED[0], branch, start, stop)
