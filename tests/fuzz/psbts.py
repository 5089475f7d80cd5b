"""What must hold of any bytes given to the PSBT codec."""

from coldsign.errors import MalformedError, RefusedError
from coldsign.psbt.combine import combine
from coldsign.psbt.edit import ReplyLevel, differences, trim
from coldsign.psbt.finalize import extract, finalize
from coldsign.psbt.model import Psbt, joined


def parse(data: bytes) -> Psbt | None:
    """A value that writes the same bytes, or None for ``MalformedError``; nothing else."""
    try:
        psbt = Psbt.parse(data)
    except MalformedError:
        return None
    if psbt.serialize() != data or joined(psbt.maps()) != data:
        raise AssertionError(f"parsed, but written otherwise: {data.hex()}")
    return psbt


def holds(data: bytes) -> bool:
    """The contract of the parser; whether it accepts."""
    return parse(data) is not None


def edits(data: bytes) -> bool:
    """The contract of what reads a PSBT that was accepted: trimming, combining, finishing."""
    psbt = parse(data)
    if psbt is None:
        return False
    if differences(psbt, psbt):
        raise AssertionError("a PSBT differs from itself")
    for level in ReplyLevel:
        small = trim(psbt, level)
        if parse(small.serialize()) is None or small.unique_id() != psbt.unique_id():
            raise AssertionError(f"trimmed to another PSBT: {level}")
    once = combine((psbt, psbt))
    if combine((once, psbt)).serialize() != once.serialize():
        raise AssertionError("combining is not idempotent")
    try:
        finished = finalize(psbt)
    except RefusedError:
        return True
    try:
        extract(finished)
    except RefusedError:
        return True
    return True
