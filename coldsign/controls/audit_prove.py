"""Proving some rows of an address list: each is derived from the wallet and compared.

Pure work for one core: a chunk of lines in, what came of it out.
"""

import json
from collections.abc import Iterable
from typing import Final, NamedTuple

from coldsign.controls.audit_rows import AuditRow, parse_rows, quoted
from coldsign.errors import MalformedError
from coldsign.primitives.address import to_address, to_script
from coldsign.primitives.network import Network
from coldsign.wallet.wallet import Wallet

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


class Unplaced(NamedTuple):
    """An address without an index, still to be searched for."""

    row: AuditRow
    script: bytes


class Chunk(NamedTuple):
    """Some consecutive lines.

    Attributes:
        data: Whole lines, each but the last of a list ended by a line feed.
        first: The number of the first of them.
        columns: What the fields of a CSV line mean.
        with_lines: Whether a JSON line is wanted for every row.
    """

    data: bytes
    first: int
    columns: tuple[str, ...]
    with_lines: bool


class Batch(NamedTuple):
    """What came of a chunk, up to the first row that ended it.

    Attributes:
        proven: How many addresses are ours.
        addresses: They, each ended by a line feed.
        highest: The highest index of each branch among them.
        lines: A JSON line for every row judged, if wanted.
        foreign: The row that is not proven ours, where there is one: the last one judged.
        fault: Why the next line cannot be judged, where it cannot.
    """

    proven: int
    addresses: bytes
    highest: tuple[tuple[int, int], ...]
    lines: bytes
    foreign: Foreign | None
    fault: MalformedError | None


class Pending(NamedTuple):
    """What came of a chunk in which some rows are still to be searched for."""

    outcomes: list[Proven | Foreign | Unplaced]
    fault: MalformedError | None
    with_lines: bool


def judge(wallet: Wallet, chunk: Chunk) -> Batch | Pending:
    """Judge the rows of a chunk in their order, up to the first that is foreign or malformed."""
    outcomes: list[Proven | Foreign | Unplaced] = []
    fault = None
    is_placed = True
    lines = chunk.data.removesuffix(b"\n").split(b"\n")
    network, branches, derive = wallet.network, wallet.branches, wallet.derive
    last = _MOST_INDEX if wallet.descriptor.ranged else 0
    try:
        for row in parse_rows(lines, chunk.first, chunk.columns):
            _, address, index, branch, _ = row
            if index is None:
                outcomes.append(Unplaced(row, _script(row, network)))
                is_placed = False
                continue
            if branch >= branches or index > last:
                outcomes.append(Foreign(row, f"the wallet has no address {branch}/{index}"))
                break
            script = derive(branch, index).script_pubkey
            # Comparing texts is the fast way; an address in capitals is understood the slow way.
            if to_address(script, network) != address and _script(row, network) != script:
                outcomes.append(Foreign(row, f"not the wallet's address {branch}/{index}"))
                break
            outcomes.append(Proven(row, branch, index))
    except MalformedError as error:
        fault = error
    if is_placed:
        return summed(outcomes, fault, with_lines=chunk.with_lines)  # type: ignore[arg-type]
    return Pending(outcomes, fault, chunk.with_lines)


def summed(
    outcomes: Iterable[Proven | Foreign], fault: MalformedError | None, *, with_lines: bool
) -> Batch:
    """The sum of some outcomes, up to the first that is foreign."""
    addresses: list[str] = []
    highest: dict[int, int] = {}
    lines: list[bytes] = []
    foreign = None
    for outcome in outcomes:
        if with_lines:
            lines.append(to_json_line(outcome))
        if isinstance(outcome, Foreign):
            foreign, fault = outcome, None
            break
        row, branch, index = outcome
        addresses.append(row.address)
        highest[branch] = max(index, highest.get(branch, 0))
    texts = "\n".join([*addresses, ""]).encode("ascii")
    found = tuple(sorted(highest.items()))
    return Batch(len(addresses), texts, found, b"".join(lines), foreign, fault)


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


def _script(row: AuditRow, network: Network) -> bytes:
    try:
        return to_script(row.address, network)
    except MalformedError as error:
        words = f"line {row.line}: {quoted(row.address)}{error.message}"
        raise MalformedError(words, hint=error.hint) from None
