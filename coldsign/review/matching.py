"""Outputs against the manifest: each row is paid by one output, exactly, and once."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from coldsign.primitives.script import ScriptType
from coldsign.review.context import Manifest, ManifestRow
from coldsign.review.items import OutputFacts


class Matching(NamedTuple):
    """Who pays what.

    Attributes:
        ids: The withdrawal id of each output that pays a row, by output number.
        unpaid: The rows no output pays.
        extra: The outputs that leave the wallet and pay no row; data outputs are not among them.
    """

    ids: Mapping[int, str]
    unpaid: tuple[ManifestRow, ...]
    extra: tuple[OutputFacts, ...]


NO_MANIFEST = Matching({}, (), ())
"""Without a manifest nothing is due and nothing is extra."""


def match(
    outputs: tuple[OutputFacts, ...], manifest: Manifest, rank: Callable[[ManifestRow], int]
) -> Matching:
    """Match rows and outputs by script and amount, both in order.

    Payments come first, so that a row is never spent on an output of our own while a payment to
    the same script needs it.

    Args:
        outputs: Of the transaction.
        manifest: What must be paid.
        rank: Of rows alike in script and amount, those of the lowest rank are paid first.
    """
    due: dict[tuple[bytes, int], list[ManifestRow]] = {}
    for row in reversed(manifest.rows):
        due.setdefault((row.script, row.sats), []).append(row)
    for alike in due.values():
        if len(alike) > 1:
            alike.sort(key=rank, reverse=True)  # stable; they are taken from the end
    ids: dict[int, str] = {}
    extra: list[OutputFacts] = []
    for output in sorted(outputs, key=lambda output: output.ours):
        rows = due.get((output.script, output.sats))
        if rows:
            ids[output.index] = rows.pop().id
        elif not output.ours and output.form is not ScriptType.OP_RETURN:
            extra.append(output)
    left = {row.id for alike in due.values() for row in alike}
    return Matching(ids, tuple(row for row in manifest.rows if row.id in left), tuple(extra))
