"""Audit a list of deposit addresses: every one is proven ours, or everything halts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from coldsign.ceremony.desk import Desk
from coldsign.controls.audit import DEFAULT_WINDOW, Foreign, Proven, audit
from coldsign.controls.entry import Kind
from coldsign.errors import RefusedError
from coldsign.primitives.fileio import Readable
from coldsign.primitives.text import printable
from coldsign.wallet.wallet import Wallet


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told of an audit's progress.

    Attributes:
        outcome: Told every judged row, in order.
        progress: Told the number of rows judged, now and then.
    """

    outcome: Callable[[Proven | Foreign], None]
    progress: Callable[[int], None]


def audit_walk(
    wallet: Wallet,
    desk: Desk,
    stream: Readable,
    listener: Listener,
    *,
    workers: int,
    window: int = DEFAULT_WINDOW,
) -> dict[str, Any]:
    """Judge a list to its end, record it, and return what was found.

    Raises:
        RefusedError: An address is not proven ours (code ``foreign-address``); the latch is engaged.
        MalformedError: A line is not as it must be; nothing is proven by this list.
    """
    proven = 0
    found = audit(wallet, stream, workers=workers, window=window, progress=listener.progress)
    for outcome in found:
        listener.outcome(outcome)
        if isinstance(outcome, Foreign):
            _halt(desk, wallet, outcome, proven)
        proven += 1
    body = {"wallet": wallet.name, "registration": wallet.digest.hex(), "proven": proven}
    desk.journal.append(Kind.AUDITED, body, now=desk.now())
    return body


def _halt(desk: Desk, wallet: Wallet, foreign: Foreign, proven: int) -> None:
    address = printable(foreign.row.address, limit=100)
    body = {
        "wallet": wallet.name,
        "registration": wallet.digest.hex(),
        "proven": proven,
        "foreign": address,
        "line": foreign.row.line,
        "why": foreign.reason,
    }
    desk.halt(f"audit of wallet {wallet.name}: line {foreign.row.line}: {address} is not ours")
    desk.journal.append(Kind.AUDITED, body, now=desk.now())
    raise RefusedError(
        f"line {foreign.row.line}: {address} is not proven ours: {foreign.reason}",
        hint="the latch is engaged: accept no deposit and sign nothing until this is explained",
        code="foreign-address",
    )
