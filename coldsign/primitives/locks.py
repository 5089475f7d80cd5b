"""Time locks: what nLockTime and nSequence say, by Bitcoin Core's constants (BIP-65, 68, 112, 125)."""

from typing import Final, NamedTuple

LOCKTIME_THRESHOLD: Final = 500_000_000
"""A locktime below is a block height, from here on a Unix time."""
SEQUENCE_FINAL: Final = 0xFFFF_FFFF
"""Where every input has this sequence, the locktime has no effect."""
MAX_RBF_SEQUENCE: Final = 0xFFFF_FFFD
"""An input with this sequence or a lower one says that the transaction may be replaced."""
SEQUENCE_DISABLE_FLAG: Final = 1 << 31
"""A sequence with this bit is no relative lock."""
SEQUENCE_TYPE_FLAG: Final = 1 << 22
"""A relative lock with this bit counts units of time, without it blocks."""
SEQUENCE_MASK: Final = 0xFFFF
"""The bits of a relative lock that are its length."""
SEQUENCE_UNIT: Final = 512
"""Seconds in one unit of time."""


class Locks(NamedTuple):
    """What one input of a transaction says about time.

    Attributes:
        version: Of the transaction; relative locks count from 2 on (BIP-68).
        sequence: Of the input.
        locktime: Of the transaction.
    """

    version: int
    sequence: int
    locktime: int

    def older(self, lock: int) -> bool:
        """Whether OP_CHECKSEQUENCEVERIFY lets this lock pass (BIP-112)."""
        if self.version & 0xFFFF_FFFF < 2 or self.sequence & SEQUENCE_DISABLE_FLAG:
            return False
        same_kind = not (self.sequence ^ lock) & SEQUENCE_TYPE_FLAG
        return same_kind and self.sequence & SEQUENCE_MASK >= lock & SEQUENCE_MASK

    def after(self, lock: int) -> bool:
        """Whether OP_CHECKLOCKTIMEVERIFY lets this lock pass (BIP-65)."""
        same_kind = (self.locktime < LOCKTIME_THRESHOLD) == (lock < LOCKTIME_THRESHOLD)
        return same_kind and self.locktime >= lock and self.sequence != SEQUENCE_FINAL
