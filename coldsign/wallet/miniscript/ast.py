"""The tree of a script expression: miniscript's fragments (BIP-379) and the sorted multisigs beside them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Fragment(Enum):
    """What a node does; the value is its name in text."""

    FALSE = "0"
    TRUE = "1"
    PK_K = "pk_k"
    PK_H = "pk_h"
    OLDER = "older"
    AFTER = "after"
    SHA256 = "sha256"
    HASH256 = "hash256"
    RIPEMD160 = "ripemd160"
    HASH160 = "hash160"
    ANDOR = "andor"
    AND_V = "and_v"
    AND_B = "and_b"
    OR_B = "or_b"
    OR_C = "or_c"
    OR_D = "or_d"
    OR_I = "or_i"
    THRESH = "thresh"
    MULTI = "multi"
    MULTI_A = "multi_a"
    SORTEDMULTI = "sortedmulti"
    SORTEDMULTI_A = "sortedmulti_a"
    WRAP_A = "a"
    WRAP_S = "s"
    WRAP_C = "c"
    WRAP_D = "d"
    WRAP_V = "v"
    WRAP_J = "j"
    WRAP_N = "n"


WRAPPERS = {f.value: f for f in Fragment if f.name.startswith("WRAP_")}
HASH_SIZES = {
    Fragment.SHA256: 32,
    Fragment.HASH256: 32,
    Fragment.RIPEMD160: 20,
    Fragment.HASH160: 20,
}
MULTISIGS = frozenset(
    {Fragment.MULTI, Fragment.MULTI_A, Fragment.SORTEDMULTI, Fragment.SORTEDMULTI_A}
)


@dataclass(frozen=True, slots=True)
class Node:
    """One fragment with its arguments.

    Attributes:
        fragment: What it does.
        subs: The expressions under it.
        keys: Positions of its keys in the descriptor.
        number: The threshold of a multisig or ``thresh``, or the lock of ``older`` and ``after``.
        data: The digest of a hash fragment.
    """

    fragment: Fragment
    subs: tuple["Node", ...] = ()
    keys: tuple[int, ...] = ()
    number: int = 0
    data: bytes = b""

    def walk(self) -> Iterator["Node"]:
        """This node and every one under it."""
        yield self
        for sub in self.subs:
            yield from sub.walk()


class Context(Enum):
    """Where a script runs: the fragments, key encodings and limits differ."""

    P2SH = "sh"
    P2WSH = "wsh"
    TAPSCRIPT = "tr"


FALSE = Node(Fragment.FALSE)
TRUE = Node(Fragment.TRUE)
