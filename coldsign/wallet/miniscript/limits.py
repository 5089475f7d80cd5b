"""What consensus and standardness let a script cost: bytes, executed opcodes, witness items."""

from collections.abc import Callable
from typing import Final, NamedTuple

from coldsign.errors import MalformedError
from coldsign.wallet.miniscript.ast import HASH_SIZES, Context, Fragment, Node
from coldsign.wallet.miniscript.script import compile_script, merges_verify
from coldsign.wallet.template import fill

MAX_SCRIPT: Final = {Context.P2SH: 520, Context.P2WSH: 3600, Context.TAPSCRIPT: 350_000}
"""Bytes: MAX_SCRIPT_ELEMENT_SIZE, MAX_STANDARD_P2WSH_SCRIPT_SIZE (consensus: 10000), and in
tapscript what leaves room for the witness in a transaction of 400,000 weight units."""
MAX_OPS: Final = 201
"""MAX_OPS_PER_SCRIPT; BIP-342 lifted it for tapscript."""
MAX_ITEMS: Final = {Context.P2SH: 1000, Context.P2WSH: 100, Context.TAPSCRIPT: 999}
"""Items to satisfy the script: MAX_STANDARD_P2WSH_STACK_ITEMS; MAX_STACK_SIZE less the one that execution adds."""

_NEVER: Final = -1_000_000
"""Marks what cannot be: so low that no sum of real figures lifts it over zero."""


class Cost(NamedTuple):
    """The most that an expression can need.

    Attributes:
        ops: Opcodes counted whether executed or not.
        sat: Keys counted by CHECKMULTISIG when satisfied.
        dsat: The same when dissatisfied.
        items: Witness items to satisfy.
        no_items: Witness items to dissatisfy.
    """

    ops: int
    sat: int
    dsat: int
    items: int
    no_items: int


def demand_within_limits(node: Node, context: Context, key_sizes: list[int]) -> None:
    """Refuse a script that cannot be spent, or only by a miner.

    Raises:
        MalformedError: A limit is exceeded; the message has both figures.
    """
    size = len(fill(compile_script(node), tuple(map(bytes, key_sizes))))
    _require("bytes of script", size, MAX_SCRIPT[context])
    cost = measure(node)
    if cost.items < 0:
        raise MalformedError("descriptor: nothing can satisfy its script", code="script-insane")
    if context is not Context.TAPSCRIPT:
        _require("executed opcodes", cost.ops + max(cost.sat, 0), MAX_OPS)
    _require("witness items", cost.items, MAX_ITEMS[context])


def _require(what: str, figure: int, limit: int) -> None:
    if figure > limit:
        raise MalformedError(
            f"descriptor: {figure} {what}, where {limit} is the most", code="script-limits"
        )


def measure(node: Node) -> Cost:
    """The most an expression can need."""
    count = len(node.keys)
    if node.fragment in {Fragment.MULTI, Fragment.SORTEDMULTI}:
        return Cost(1, count, count, node.number + 1, node.number + 1)
    if node.fragment in {Fragment.MULTI_A, Fragment.SORTEDMULTI_A}:
        return Cost(count + 1, 0, 0, count, count)
    subs = [measure(sub) for sub in node.subs]
    if node.fragment is Fragment.THRESH:
        return _thresh(node.number, subs)
    if node.fragment is Fragment.WRAP_V:
        merged = merges_verify(node.subs[0])
        return Cost(subs[0].ops + (not merged), subs[0].sat, _NEVER, subs[0].items, _NEVER)
    return _COSTS[node.fragment](*subs)


def _wrapped(ops: int) -> Callable[[Cost], Cost]:
    return lambda x: x._replace(ops=x.ops + ops)


def _guarded(ops: int, extra: int) -> Callable[[Cost], Cost]:
    """``d:`` and ``j:``: one item dissatisfies."""
    return lambda x: Cost(x.ops + ops, x.sat, 0, x.items + extra, 1)


def _and_v(x: Cost, y: Cost) -> Cost:
    return Cost(x.ops + y.ops, x.sat + y.sat, _NEVER, x.items + y.items, _NEVER)


def _and_b(x: Cost, y: Cost) -> Cost:
    return Cost(
        1 + x.ops + y.ops,
        x.sat + y.sat,
        x.dsat + y.dsat,
        x.items + y.items,
        x.no_items + y.no_items,
    )


def _or_b(x: Cost, y: Cost) -> Cost:
    return Cost(
        1 + x.ops + y.ops,
        max(x.sat + y.dsat, x.dsat + y.sat),
        x.dsat + y.dsat,
        max(x.items + y.no_items, x.no_items + y.items),
        x.no_items + y.no_items,
    )


def _or_else(ops: int) -> Callable[[Cost, Cost], Cost]:
    """``or_c`` and ``or_d``."""
    return lambda x, y: Cost(
        ops + x.ops + y.ops,
        max(x.sat, x.dsat + y.sat),
        x.dsat + y.dsat,
        max(x.items, x.no_items + y.items),
        x.no_items + y.no_items,
    )


def _or_i(x: Cost, y: Cost) -> Cost:
    return Cost(
        3 + x.ops + y.ops,
        max(x.sat, y.sat),
        max(x.dsat, y.dsat),
        1 + max(x.items, y.items),
        1 + max(x.no_items, y.no_items),
    )


def _andor(x: Cost, y: Cost, z: Cost) -> Cost:
    return Cost(
        3 + x.ops + y.ops + z.ops,
        max(x.sat + y.sat, x.dsat + z.sat),
        x.dsat + z.dsat,
        max(x.items + y.items, x.no_items + z.items),
        x.no_items + z.no_items,
    )


def _thresh(threshold: int, subs: list[Cost]) -> Cost:
    """The dearest choice of ``threshold`` arguments to satisfy: those where satisfying adds most."""
    sat = sorted((sub.sat - sub.dsat for sub in subs), reverse=True)
    items = sorted((sub.items - sub.no_items for sub in subs), reverse=True)
    dsat = sum(sub.dsat for sub in subs)
    no_items = sum(sub.no_items for sub in subs)
    return Cost(
        len(subs) + sum(sub.ops for sub in subs),
        dsat + sum(sat[:threshold]),
        dsat,
        no_items + sum(items[:threshold]),
        no_items,
    )


_COSTS: Final[dict[Fragment, Callable[..., Cost]]] = {
    Fragment.FALSE: lambda: Cost(0, _NEVER, 0, _NEVER, 0),
    Fragment.TRUE: lambda: Cost(0, 0, _NEVER, 0, _NEVER),
    Fragment.PK_K: lambda: Cost(0, 0, 0, 1, 1),
    Fragment.PK_H: lambda: Cost(3, 0, 0, 2, 2),
    Fragment.OLDER: lambda: Cost(1, 0, _NEVER, 0, _NEVER),
    Fragment.AFTER: lambda: Cost(1, 0, _NEVER, 0, _NEVER),
    **dict.fromkeys(HASH_SIZES, lambda: Cost(4, 0, _NEVER, 1, _NEVER)),
    Fragment.WRAP_A: _wrapped(2),
    Fragment.WRAP_S: _wrapped(1),
    Fragment.WRAP_C: _wrapped(1),
    Fragment.WRAP_N: _wrapped(1),
    Fragment.WRAP_D: _guarded(3, 1),
    Fragment.WRAP_J: _guarded(4, 0),
    Fragment.AND_V: _and_v,
    Fragment.AND_B: _and_b,
    Fragment.OR_B: _or_b,
    Fragment.OR_C: _or_else(2),
    Fragment.OR_D: _or_else(3),
    Fragment.OR_I: _or_i,
    Fragment.ANDOR: _andor,
}
