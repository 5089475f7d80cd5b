"""What PSBT version 2 adds: the determined locktime and the modifiable flags (BIP-370)."""

from collections.abc import Iterable
from enum import IntEnum

from coldsign.errors import MalformedError
from coldsign.primitives.digests import ANYONECANPAY, Sighash


class Modifiable(IntEnum):
    """The bits of PSBT_GLOBAL_TX_MODIFIABLE that BIP-370 defines."""

    INPUTS = 1
    OUTPUTS = 2
    HAS_SIGHASH_SINGLE = 4


def locktime(required: Iterable[tuple[int | None, int | None]], fallback: int | None) -> int:
    """Determine the transaction's locktime (BIP-370, "Determining Lock Time").

    Args:
        required: Each input's required time and required height.
        fallback: The global fallback locktime.

    Raises:
        MalformedError: One input needs a time and another a height.
    """
    asking = [pair for pair in required if pair != (None, None)]
    if not asking:
        return fallback or 0
    heights = [height for _, height in asking if height is not None]
    if len(heights) == len(asking):
        return max(heights)
    times = [time for time, _ in asking if time is not None]
    if len(times) == len(asking):
        return max(times)
    raise MalformedError("one input requires a time and another a height as locktime")


def flags_after(flags: int, sighash: int) -> int:
    """The modifiable flags after a signature of this sighash type was added (BIP-370, "Signer").

    Bits without a meaning stay as they are.
    """
    if not sighash & ANYONECANPAY:
        flags &= ~Modifiable.INPUTS
    base = sighash & ~ANYONECANPAY
    if base != Sighash.NONE:
        flags &= ~Modifiable.OUTPUTS
    if base == Sighash.SINGLE:
        flags |= Modifiable.HAS_SIGHASH_SINGLE
    return flags
