"""Which scripts are refused: those that cannot be spent, or by others, or not surely (BIP-379)."""

from typing import Final

from coldsign.errors import MalformedError
from coldsign.wallet.miniscript.ast import MULTISIGS, Context, Node
from coldsign.wallet.miniscript.limits import demand_within_limits
from coldsign.wallet.miniscript.types import infer

_REASONS: Final = (
    ("s", "a path needs no signature: anyone could spend by it"),
    ("m", "a witness could be changed by third parties (malleable)"),
    ("k", "one path mixes locks by height and by time, which cannot both be met"),
)


def demand_sane(node: Node, context: Context, key_sizes: list[int]) -> None:
    """Refuse a script that is not worth trusting coins to.

    Args:
        node: The whole script expression.
        context: Where it runs.
        key_sizes: Bytes of the key at each position of the descriptor.

    Raises:
        MalformedError: It has a type error, a path without a signature, is malleable, mixes kinds
            of locks, or is larger than consensus or standardness allow.
    """
    if node.fragment not in MULTISIGS:
        found = infer(node, context)
        if "B" not in found:
            raise MalformedError("descriptor: the script as a whole is not of type B (BIP-379)")
        for letter, reason in _REASONS:
            if letter not in found:
                raise MalformedError(f"descriptor: {reason} (BIP-379)", code="script-insane")
    demand_within_limits(node, context, key_sizes)
