"""What satisfies a script expression: the cheapest stack that no third party can change (BIP-379).

Every expression has a best way to be satisfied and a best way to be left unsatisfied, each put
together from those of its arguments, as the BIP's tables of satisfactions have it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Final, NamedTuple

from coldsign.primitives.locks import Locks
from coldsign.wallet.miniscript.ast import HASH_SIZES, Fragment, Node
from coldsign.wallet.miniscript.stack import (
    NO_PREIMAGE,
    NOTHING,
    ONE,
    PREIMAGE,
    ZERO,
    Stack,
    better,
    flat,
    item,
    join,
    spoiled,
)


@dataclass(frozen=True, slots=True)
class Supply:
    """What is at hand to satisfy a script with.

    Attributes:
        keys: The public keys of the place, by their position in the descriptor.
        signatures: The signatures there are, by the position of their key.
        preimages: The preimages there are, by their digest.
        locks: Of the input that is to be satisfied.
    """

    keys: tuple[bytes, ...]
    signatures: Mapping[int, bytes]
    preimages: Mapping[bytes, bytes]
    locks: Locks


class _Ways(NamedTuple):
    """The best way to leave an expression unsatisfied, and the best to satisfy it; None if there is none."""

    no: Stack | None
    yes: Stack | None


def satisfy(node: Node, supply: Supply) -> tuple[bytes, ...] | None:
    """The stack items that satisfy a whole script, the lowest first; None if not enough is at hand.

    Args:
        node: The script expression; a sane one, which needs a signature on every path.
        supply: Signatures, preimages and locks.
    """
    best = _ways(node, supply).yes
    if best is None or best.malleable or not best.signed:
        return None
    return tuple(flat(best.parts))


def _ways(node: Node, supply: Supply) -> _Ways:
    alone = _ALONE.get(node.fragment)
    if alone is not None:
        return alone(node, supply)
    subs = [_ways(sub, supply) for sub in node.subs]
    if node.fragment is Fragment.THRESH:
        return _thresh(node.number, subs)
    return _TOGETHER[node.fragment](*subs)


def _signature(position: int, supply: Supply) -> Stack | None:
    found = supply.signatures.get(position)
    return None if found is None else item(found, signed=True)


def _pk_k(node: Node, supply: Supply) -> _Ways:
    return _Ways(ZERO, _signature(node.keys[0], supply))


def _pk_h(node: Node, supply: Supply) -> _Ways:
    key = item(supply.keys[node.keys[0]])
    return _Ways(join(ZERO, key), join(_signature(node.keys[0], supply), key))


def _chosen(needed: int, keys: Sequence[int], supply: Supply) -> frozenset[int] | None:
    """The keys whose signatures are taken: the smallest ones, of these the first; None if too few have signed."""
    signed = [key for key in keys if key in supply.signatures]
    signed.sort(key=lambda key: len(supply.signatures[key]))
    return frozenset(signed[:needed]) if len(signed) >= needed else None


def _multi(node: Node, supply: Supply) -> _Ways:
    keys = _in_order(node, supply)
    no = join(*[ZERO] * (node.number + 1))
    chosen = _chosen(node.number, keys, supply)
    if chosen is None:
        return _Ways(no, None)
    taken = [_signature(key, supply) for key in keys if key in chosen]
    return _Ways(no, join(ZERO, *taken))  # OP_CHECKMULTISIG pops one item too many


def _multi_a(node: Node, supply: Supply) -> _Ways:
    keys = _in_order(node, supply)[::-1]  # the first key's signature lies on top
    no = join(*[ZERO] * len(keys))
    chosen = _chosen(node.number, keys, supply)
    if chosen is None:
        return _Ways(no, None)
    return _Ways(no, join(*[_signature(key, supply) if key in chosen else ZERO for key in keys]))


def _in_order(node: Node, supply: Supply) -> tuple[int, ...]:
    """The positions of a multisig's keys in the order of its script (BIP-67)."""
    if node.fragment in {Fragment.SORTEDMULTI, Fragment.SORTEDMULTI_A}:
        return tuple(sorted(node.keys, key=supply.keys.__getitem__))
    return node.keys


def _preimage(node: Node, supply: Supply) -> _Ways:
    found = supply.preimages.get(node.data)
    fits = found is not None and len(found) == PREIMAGE
    return _Ways(NO_PREIMAGE, item(found) if found is not None and fits else None)


def _older(node: Node, supply: Supply) -> _Ways:
    return _Ways(None, NOTHING if supply.locks.older(node.number) else None)


def _after(node: Node, supply: Supply) -> _Ways:
    return _Ways(None, NOTHING if supply.locks.after(node.number) else None)


_ALONE: Final[dict[Fragment, Callable[[Node, Supply], _Ways]]] = {
    Fragment.FALSE: lambda _node, _supply: _Ways(NOTHING, None),
    Fragment.TRUE: lambda _node, _supply: _Ways(None, NOTHING),
    Fragment.PK_K: _pk_k,
    Fragment.PK_H: _pk_h,
    Fragment.MULTI: _multi,
    Fragment.SORTEDMULTI: _multi,
    Fragment.MULTI_A: _multi_a,
    Fragment.SORTEDMULTI_A: _multi_a,
    Fragment.OLDER: _older,
    Fragment.AFTER: _after,
    **dict.fromkeys(HASH_SIZES, _preimage),
}


def _same(x: _Ways) -> _Ways:
    return x


def _and_v(x: _Ways, y: _Ways) -> _Ways:
    return _Ways(join(y.no, x.yes), join(y.yes, x.yes))


def _and_b(x: _Ways, y: _Ways) -> _Ways:
    half = [spoiled(join(y.yes, x.no)), spoiled(join(y.no, x.yes))]
    return _Ways(reduce(better, half, join(y.no, x.no)), join(y.yes, x.yes))


def _or_b(x: _Ways, z: _Ways) -> _Ways:
    one = better(join(z.no, x.yes), join(z.yes, x.no))
    return _Ways(join(z.no, x.no), better(one, spoiled(join(z.yes, x.yes))))


def _or_c(x: _Ways, z: _Ways) -> _Ways:
    return _Ways(None, better(x.yes, join(z.yes, x.no)))


def _or_d(x: _Ways, z: _Ways) -> _Ways:
    return _Ways(join(z.no, x.no), better(x.yes, join(z.yes, x.no)))


def _or_i(x: _Ways, z: _Ways) -> _Ways:
    return _Ways(
        better(join(x.no, ONE), join(z.no, ZERO)),
        better(join(x.yes, ONE), join(z.yes, ZERO)),
    )


def _andor(x: _Ways, y: _Ways, z: _Ways) -> _Ways:
    return _Ways(
        better(join(y.no, x.yes), join(z.no, x.no)),
        better(join(y.yes, x.yes), join(z.yes, x.no)),
    )


def _wrap_j(x: _Ways) -> _Ways:
    """Where the argument itself can be left unsatisfied without a signature, that is a second way."""
    second = x.no is not None and not x.no.signed
    return _Ways(ZERO._replace(malleable=second), x.yes)


def _thresh(needed: int, subs: Sequence[_Ways]) -> _Ways:
    """The best stacks with none, one, two … of the arguments satisfied, from the last argument back."""
    best: list[Stack | None] = [NOTHING]
    for sub in reversed(subs):
        more = [
            better(join(with_one, sub.no), join(without, sub.yes))
            for without, with_one in pairwise(best)
        ]
        best = [join(best[0], sub.no), *more, join(best[-1], sub.yes)]
    other = [spoiled(stack) for n, stack in enumerate(best) if n not in {0, needed}]
    return _Ways(reduce(better, other, best[0]), best[needed])


_TOGETHER: Final[dict[Fragment, Callable[..., _Ways]]] = {
    Fragment.WRAP_A: _same,
    Fragment.WRAP_S: _same,
    Fragment.WRAP_C: _same,
    Fragment.WRAP_N: _same,
    Fragment.WRAP_D: lambda x: _Ways(ZERO, join(x.yes, ONE)),
    Fragment.WRAP_V: lambda x: _Ways(None, x.yes),
    Fragment.WRAP_J: _wrap_j,
    Fragment.AND_V: _and_v,
    Fragment.AND_B: _and_b,
    Fragment.OR_B: _or_b,
    Fragment.OR_C: _or_c,
    Fragment.OR_D: _or_d,
    Fragment.OR_I: _or_i,
    Fragment.ANDOR: _andor,
}
