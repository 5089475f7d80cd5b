"""Audit a list of deposit addresses: every one is proven ours, or everything halts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from coldsign.ceremony.desk import Desk
from coldsign.controls.audit import AuditTally, Foreign, Proven, audit
from coldsign.controls.entry import Kind
from coldsign.errors import RefusedError
from coldsign.primitives.fileio import Readable
from coldsign.primitives.text import printable
from coldsign.wallet.wallet import Wallet


@dataclass(frozen=True, slots=True)
class Effort:
    """How an audit is done.

    Attributes:
        workers: Processes to use.
        window: How far each branch is searched for an address without an index.
        outcome: Told every judged row, in order.
        progress: Told the number of rows judged, now and then.
    """

    workers: int
    window: int
    outcome: Callable[[Proven | Foreign], None]
    progress: Callable[[int], None]


def audit_walk(wallet: Wallet, desk: Desk, stream: Readable, effort: Effort) -> AuditTally:
    """Judge a list to its end, record it, and return what it came to.

    Raises:
        RefusedError: An address is not proven ours (code ``foreign-address``); the latch is engaged.
        MalformedError: A line is not as it must be; nothing is proven by this list.
    """
    tally = AuditTally(wallet)
    for outcome in audit(
        wallet, stream, workers=effort.workers, window=effort.window, progress=effort.progress
    ):
        tally.add(outcome)
        effort.outcome(outcome)
        if isinstance(outcome, Foreign):
            _halt(desk, wallet, outcome, tally)
    desk.journal.append(Kind.AUDITED, tally.body(), now=desk.now())
    return tally


def _halt(desk: Desk, wallet: Wallet, foreign: Foreign, tally: AuditTally) -> NoReturn:
    address = printable(foreign.row.address, limit=100)
    desk.halt(f"audit of wallet {wallet.name}: line {foreign.row.line}: {address} is not ours")
    desk.journal.append(Kind.AUDITED, tally.body(), now=desk.now())
    raise RefusedError(
        f"line {foreign.row.line}: {address} is not proven ours: {foreign.reason}",
        hint="the latch is engaged: accept no deposit and sign nothing until this is explained",
        code="foreign-address",
    )
