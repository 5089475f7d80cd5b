"""Locktimes and sequences: what they forbid, in numbers and in words (BIP-65, BIP-68, BIP-125)."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from coldsign.primitives.locks import (
    LOCKTIME_THRESHOLD,
    MAX_RBF_SEQUENCE,
    SEQUENCE_DISABLE_FLAG,
    SEQUENCE_FINAL,
    SEQUENCE_MASK,
    SEQUENCE_TYPE_FLAG,
    Locks,
)
from coldsign.primitives.tx import Transaction
from coldsign.wallet.words import SpendingPath, age_words


class RelativeLock(NamedTuple):
    """What a sequence demands of the coin's age: blocks, or units of 512 seconds."""

    is_time: bool
    value: int


def relative_lock(version: int, sequence: int) -> RelativeLock | None:
    """The relative lock of an input, None without one; a lock of zero locks nothing (BIP-68)."""
    if version & 0xFFFF_FFFF < 2 or sequence & SEQUENCE_DISABLE_FLAG:
        return None
    value = sequence & SEQUENCE_MASK
    return RelativeLock(bool(sequence & SEQUENCE_TYPE_FLAG), value) if value else None


def path_is_open(path: SpendingPath, tx: Transaction, sequences: Iterable[int]) -> bool:
    """Whether this transaction's locks let its inputs be spent this way."""
    every = [Locks(tx.version, sequence, tx.locktime) for sequence in sequences]
    return all(
        (path.after is None or locks.after(path.after))
        and (path.older is None or locks.older(path.older))
        for locks in every
    )


def locktime_words(tx: Transaction) -> str:
    """What the locktime forbids."""
    if tx.locktime == 0:
        return "none: valid at once"
    if all(txin.sequence == SEQUENCE_FINAL for txin in tx.inputs):
        return f"{tx.locktime}, but without effect: every sequence is final"
    if tx.locktime < LOCKTIME_THRESHOLD:
        return f"not before block {tx.locktime}"
    moment = datetime.fromtimestamp(tx.locktime, tz=UTC)
    return f"not before {moment:%Y-%m-%d %H:%M:%S} UTC"


def sequence_words(version: int, sequence: int) -> str:
    """What a sequence says: final, replaceable, locked by age."""
    words = [f"0x{sequence:08x}"]
    if sequence == SEQUENCE_FINAL:
        words.append("final")
    elif sequence <= MAX_RBF_SEQUENCE:
        words.append("replaceable")
    else:
        words.append("not replaceable")
    if relative_lock(version, sequence) is not None:
        words.append(f"only {age_words(sequence)} after the coin was confirmed")
    return ", ".join(words)


def is_replaceable(tx: Transaction) -> bool:
    """Whether any input signals that the transaction may be replaced (BIP-125)."""
    return any(txin.sequence <= MAX_RBF_SEQUENCE for txin in tx.inputs)
