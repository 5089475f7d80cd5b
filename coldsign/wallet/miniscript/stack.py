"""Stacks that satisfy a part of a script: joined, compared, and marked where a third party could change them."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from coldsign.primitives.cursor import compact_size

PREIMAGE: Final = 32
"""Bytes: miniscript's hash fragments ask for exactly so many, so that no preimage is too long to relay."""

Parts = bytes | tuple["Parts", ...]


class Stack(NamedTuple):
    """Stack items, the lowest first.

    Attributes:
        size: Bytes they take in a witness.
        signed: Whether a signature is among them, which only a key's holder could have put there.
        malleable: Whether a third party could put others in their place.
        parts: The items in nested tuples, so that joining costs nothing.
    """

    size: int
    signed: bool
    malleable: bool
    parts: Parts


def witness_size(items: Iterable[bytes]) -> int:
    """Bytes that stack items take in a witness."""
    return sum([len(compact_size(len(one))) + len(one) for one in items])


def flat(parts: Parts) -> Iterable[bytes]:
    """The items of nested parts; their depth is that of the script and may be the number of its keys."""
    waiting = [parts]
    while waiting:
        part = waiting.pop()
        if isinstance(part, bytes):
            yield part
        else:
            waiting.extend(reversed(part))


def item(data: bytes, *, signed: bool = False, malleable: bool = False) -> Stack:
    """One item."""
    return Stack(witness_size((data,)), signed, malleable, data)


NOTHING: Final = Stack(0, signed=False, malleable=False, parts=())
ZERO: Final = item(b"")
ONE: Final = item(b"\1")
NO_PREIMAGE: Final = item(bytes(PREIMAGE), malleable=True)


def join(*stacks: Stack | None) -> Stack | None:
    """One stack upon the other, from the lowest up."""
    found: list[Stack] = []
    for stack in stacks:
        if stack is None:
            return None
        found.append(stack)
    return Stack(
        sum([stack.size for stack in found]),
        any(stack.signed for stack in found),
        any(stack.malleable for stack in found),
        tuple([stack.parts for stack in found]),
    )


def better(one: Stack | None, other: Stack | None) -> Stack | None:
    """The choice that nobody can undo (BIP-379, "Malleable satisfactions"); then the smaller; then the first.

    What needs no signature could be put there by anyone, so it must be what is there already; and
    where there are two such ways, either can be made the other.
    """
    if one is None or other is None:
        return other if one is None else one
    if one.signed != other.signed:
        return other if one.signed else one
    if not one.signed:
        one, other = one._replace(malleable=True), other._replace(malleable=True)
    elif one.malleable != other.malleable:
        return other if one.malleable else one
    return one if one.size <= other.size else other


def spoiled(stack: Stack | None) -> Stack | None:
    """A stack that does more than is needed: a third party can take the surplus away."""
    return None if stack is None else stack._replace(malleable=True)
