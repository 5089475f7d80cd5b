"""The ways to spend that a descriptor gives, taken out of its scripts (the abstract policy of BIP-379)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice, product
from typing import Final, NamedTuple

from coldsign.errors import MalformedError
from coldsign.wallet.miniscript.ast import HASH_SIZES, Fragment, Node

MAX_PATHS: Final = 256
"""More than a person reads; a policy with more ways to spend than this is not one to register."""


class Quorum(NamedTuple):
    """This many of the keys at these positions."""

    needed: int
    keys: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to satisfy an expression: all of this together.

    Attributes:
        quorums: Signatures needed.
        older: Relative locks as in nSequence (BIP-68).
        after: Absolute locks as in nLockTime (BIP-65).
        hashes: Hash function and digest of each preimage needed.
    """

    quorums: tuple[Quorum, ...] = ()
    older: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    hashes: tuple[tuple[str, bytes], ...] = ()

    def __add__(self, other: "Way") -> "Way":
        return Way(
            self.quorums + other.quorums,
            self.older + other.older,
            self.after + other.after,
            self.hashes + other.hashes,
        )


def ways(node: Node) -> tuple[Way, ...]:
    """Every way to satisfy an expression.

    Raises:
        MalformedError: There are more than 256.
    """
    found = tuple(islice(_ways(node), MAX_PATHS + 1))
    demand_reviewable(len(found))
    return found


def demand_reviewable(count: int) -> None:
    """Let only so many ways to spend pass as a person can review.

    Raises:
        MalformedError: There are more than 256.
    """
    if count > MAX_PATHS:
        raise MalformedError(
            f"descriptor: more than {MAX_PATHS} ways to spend: nobody could review them"
        )


def _ways(node: Node) -> Iterator[Way]:
    fragment, subs = node.fragment, node.subs
    alone = _alone(node)
    if alone is not None:
        yield alone
    elif fragment is Fragment.THRESH:
        yield from _threshold(node)
    elif fragment in {Fragment.AND_V, Fragment.AND_B}:
        yield from _all(subs)
    elif fragment is Fragment.ANDOR:
        yield from _all(subs[:2])
        yield from _ways(subs[2])
    elif fragment is not Fragment.FALSE:  # or_… and the wrappers
        for sub in subs:
            yield from _ways(sub)


def _alone(node: Node) -> Way | None:
    """The way of a fragment without others under it."""
    fragment = node.fragment
    if node.keys:
        return Way(quorums=(Quorum(node.number or 1, node.keys),))
    if fragment in HASH_SIZES:
        return Way(hashes=((fragment.value, node.data),))
    if fragment is Fragment.OLDER:
        return Way(older=(node.number,))
    if fragment is Fragment.AFTER:
        return Way(after=(node.number,))
    return Way() if fragment is Fragment.TRUE else None


def _all(subs: tuple[Node, ...]) -> Iterator[Way]:
    for parts in product(*(ways(sub) for sub in subs)):
        yield sum(parts, Way())


def _threshold(node: Node) -> Iterator[Way]:
    """Arguments that are one key each are counted together; the others are chosen one by one."""
    options = [found for found in map(ways, node.subs) if found]
    single = [found[0].quorums[0].keys[0] for found in options if _is_key(found)]
    others = [found for found in options if not _is_key(found)]
    for chosen in range(len(others), -1, -1) if not single else range(len(others) + 1):
        needed = node.number - chosen
        if not 0 <= needed <= len(single):
            continue
        keys = Way(quorums=(Quorum(needed, tuple(single)),)) if needed else Way()
        for choice in combinations(others, chosen):
            for parts in product(*choice):
                yield sum(parts, keys)


def _is_key(found: tuple[Way, ...]) -> bool:
    way = found[0] if len(found) == 1 else Way()
    return way == Way(quorums=way.quorums) and [len(q.keys) for q in way.quorums] == [1]
