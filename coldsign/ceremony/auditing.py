"""Audit a list of deposit addresses: every one is proven ours, or everything halts."""

from collections.abc import Callable

from coldsign.ceremony.desk import Desk
from coldsign.controls.audit import Effort, audit
from coldsign.controls.audit_prove import Foreign
from coldsign.controls.audit_rows import Stream
from coldsign.controls.audit_tally import AuditTally
from coldsign.controls.entry import EntryKind
from coldsign.errors import ColdsignError, MalformedError, RefusedError, hinting
from coldsign.primitives.text import printable
from coldsign.wallet.wallet import Wallet

_FORM = 'a line is ADDRESS, or ADDRESS,INDEX,BRANCH with commas, or {"address": "...", "index": 0}'


def audit_walk(
    wallet: Wallet,
    desk: Desk,
    stream: Stream,
    effort: Effort,
    *,
    told: Callable[[int, bytes], None],
) -> AuditTally:
    """Judge a list up to its end or to an address that is not ours, and record what it came to.

    At an address that is not ours the latch is engaged before anything else happens. It is named
    even where the disk takes neither latch nor journal.

    Args:
        wallet: The registered wallet.
        desk: This machine's records.
        stream: The list.
        effort: How it is done.
        told: Told how many are proven so far, and the verdicts if wanted, as soon as they are known.

    Returns:
        What it came to, for :func:`demand_ours`.

    Raises:
        MalformedError: A line is not as it must be; nothing is proven by this list.
    """
    tally = AuditTally(wallet)
    with hinting(_FORM, MalformedError):
        for batch in audit(wallet, stream, effort):
            tally.add(batch)
            if batch.foreign is not None:
                tally.trouble += _halt(desk, wallet, batch.foreign)
            told(tally.proven, batch.lines)
    if not tally.proven and tally.foreign is None:
        raise MalformedError(
            "the list names no address: nothing is proven by it",
            hint="look at what wrote the list: it has a heading and nothing below",
        )
    try:
        desk.journal.append(EntryKind.AUDITED, tally.body(), now=desk.now())
    except ColdsignError as lost:
        if tally.foreign is None:
            raise
        tally.trouble += (f"the journal could not record it ({lost.message})",)
    return tally


def demand_ours(tally: AuditTally) -> None:
    """Let only an audit pass in which every address was proven ours.

    Raises:
        RefusedError: One was not (code ``foreign-address``); it is named.
    """
    if tally.foreign is None:
        return
    row, reason = tally.foreign
    address = printable(row.address, limit=100)
    known = "; ".join(tally.trouble) or "the latch is engaged"
    raise RefusedError(
        f"line {row.line}: {address} is not proven ours: {reason}",
        hint=f"{known}: accept no deposit and sign nothing until this is explained",
        code="foreign-address",
    )


def _halt(desk: Desk, wallet: Wallet, foreign: Foreign) -> tuple[str, ...]:
    """Engage the latch; what hindered it, for the address must be named whatever the disk says."""
    address = printable(foreign.row.address, limit=100)
    try:
        desk.halt(f"audit of wallet {wallet.name}: line {foreign.row.line}: {address} is not ours")
    except ColdsignError as lost:
        return (f"THE LATCH IS NOT ENGAGED ({lost.message})",)
    return ()
