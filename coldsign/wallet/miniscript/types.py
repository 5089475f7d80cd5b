"""Miniscript's type system (BIP-379): correctness, malleability, signatures, mixed timelocks.

A type is a set of letters. Base types B V K W; modifiers z o n d u; malleability f s e m. Beside
BIP-379's, as in Bitcoin Core: g and h for relative locks by time and by height, i and j for
absolute ones, k for "no path mixes them".
"""

from collections.abc import Callable
from typing import Final

from coldsign.errors import MalformedError
from coldsign.primitives.locks import LOCKTIME_THRESHOLD, SEQUENCE_MASK, SEQUENCE_TYPE_FLAG
from coldsign.wallet.miniscript.ast import HASH_SIZES, Context, Fragment, Node

Type = frozenset[str]

_LOCKS: Final = frozenset("ghij")
_CONFLICTS: Final = (("g", "h"), ("i", "j"))
_NOTHING: Final[Type] = frozenset()

_LEAVES: Final = {
    Fragment.FALSE: frozenset("Bzudemsk"),
    Fragment.TRUE: frozenset("Bzufmk"),
    Fragment.PK_K: frozenset("Kondusemk"),
    Fragment.PK_H: frozenset("Knudsemk"),
    Fragment.MULTI: frozenset("Bnudsemk"),
    Fragment.MULTI_A: frozenset("Budsemk"),
    **dict.fromkeys(HASH_SIZES, frozenset("Bonudmk")),
}


def infer(node: Node, context: Context) -> Type:
    """The type of an expression.

    Raises:
        MalformedError: An argument has not the type that its place needs, or a lock has no meaning.
    """
    fixed = _LEAVES.get(node.fragment)
    if fixed is not None:
        return fixed
    if node.fragment in {Fragment.OLDER, Fragment.AFTER}:
        return _lock(node)
    subs = [infer(sub, context) for sub in node.subs]
    if node.fragment is Fragment.THRESH:
        found = _thresh(node.number, subs)
    elif node.fragment is Fragment.WRAP_D:
        found = _wrap_d(subs[0], context)
    else:
        found = _RULES[node.fragment](*subs)
    if not found & frozenset("BVKW"):
        raise MalformedError(
            f"descriptor: the arguments of {node.fragment.value} have the wrong types (BIP-379)"
        )
    return found


def _lock(node: Node) -> Type:
    if node.fragment is Fragment.AFTER:
        return frozenset("Bzfmki" if node.number >= LOCKTIME_THRESHOLD else "Bzfmkj")
    is_time = bool(node.number & SEQUENCE_TYPE_FLAG)
    meaning = node.number & (SEQUENCE_MASK | SEQUENCE_TYPE_FLAG)
    if meaning != node.number or not node.number & SEQUENCE_MASK:
        raise MalformedError(
            f"descriptor: older({node.number}) does not mean the time it says (BIP-68)"
        )
    return frozenset("Bzfmkg" if is_time else "Bzfmkh")


def _has(found: Type, letters: str) -> bool:
    return found.issuperset(letters)


def _pick(found: Type, letters: str, *, when: bool = True) -> Type:
    return found & frozenset(letters) if when else _NOTHING


def _give(letters: str, *, when: bool) -> Type:
    return frozenset(letters) if when else _NOTHING


def _mixes(x: Type, y: Type) -> bool:
    return any((a in x and b in y) or (b in x and a in y) for a, b in _CONFLICTS)


def _wrap_a(x: Type) -> Type:
    return _give("W", when="B" in x) | _pick(x, "ghijkudfems")


def _wrap_s(x: Type) -> Type:
    return _give("W", when=_has(x, "Bo")) | _pick(x, "ghijkudfems")


def _wrap_c(x: Type) -> Type:
    return _give("B", when="K" in x) | _pick(x, "ghijkondfem") | frozenset("us")


def _wrap_d(x: Type, context: Context) -> Type:
    return (
        _give("Bo", when=_has(x, "Vz"))
        | _give("e", when="f" in x)
        | _give("u", when=context is Context.TAPSCRIPT)
        | _pick(x, "ghijkms")
        | frozenset("nd")
    )


def _wrap_v(x: Type) -> Type:
    return _give("V", when="B" in x) | _pick(x, "ghijkzonms") | frozenset("f")


def _wrap_j(x: Type) -> Type:
    return (
        _give("B", when=_has(x, "Bn"))
        | _give("e", when="f" in x)
        | _pick(x, "ghijkoums")
        | frozenset("nd")
    )


def _wrap_n(x: Type) -> Type:
    return _pick(x, "ghijkBzondfems") | frozenset("u")


def _both(x: Type, y: Type) -> Type:
    """What holds when both are satisfied: their locks, and whether one path mixes them."""
    return _pick(x | y, "ghij") | _give("k", when="k" in x & y and not _mixes(x, y))


def _either(*subs: Type) -> Type:
    """What holds when one of them is satisfied."""
    every = frozenset.intersection(*subs)
    return _pick(frozenset.union(*subs), "ghij") | _pick(every, "k")


def _and_v(x: Type, y: Type) -> Type:
    return (
        _pick(y, "KVB", when="V" in x)
        | _pick(x, "n")
        | _pick(y, "n", when="z" in x)
        | _pick(x | y, "o", when="z" in x | y)
        | _pick(x & y, "dmz")
        | _pick(x | y, "s")
        | _give("f", when="f" in y or "s" in x)
        | _pick(y, "u")
        | _both(x, y)
    )


def _and_b(x: Type, y: Type) -> Type:
    return (
        _pick(x, "B", when="W" in y)
        | _pick(x | y, "o", when="z" in x | y)
        | _pick(x, "n")
        | _pick(y, "n", when="z" in x)
        | _pick(x & y, "e", when="s" in x & y)
        | _pick(x & y, "dzm")
        | _give("f", when="f" in x & y or _has(x, "sf") or _has(y, "sf"))
        | _pick(x | y, "s")
        | frozenset("u")
        | _both(x, y)
    )


def _or_b(x: Type, y: Type) -> Type:
    return (
        _give("B", when=_has(x, "Bd") and _has(y, "Wd"))
        | _pick(x | y, "o", when="z" in x | y)
        | _pick(x & y, "m", when="s" in x | y and "e" in x & y)
        | _pick(x & y, "zse")
        | frozenset("du")
        | _either(x, y)
    )


def _or_d(x: Type, y: Type) -> Type:
    return (
        _pick(y, "B", when=_has(x, "Bdu"))
        | _pick(x, "o", when="z" in y)
        | _pick(x & y, "m", when="e" in x and "s" in x | y)
        | _pick(x & y, "zs")
        | _pick(y, "ufde")
        | _either(x, y)
    )


def _or_c(x: Type, y: Type) -> Type:
    return (
        _pick(y, "V", when=_has(x, "Bdu"))
        | _pick(x, "o", when="z" in y)
        | _pick(x & y, "m", when="e" in x and "s" in x | y)
        | _pick(x & y, "zs")
        | frozenset("f")
        | _either(x, y)
    )


def _or_i(x: Type, y: Type) -> Type:
    return (
        _pick(x & y, "VBKufs")
        | _give("o", when="z" in x & y)
        | _pick(x | y, "e", when="f" in x | y)
        | _pick(x & y, "m", when="s" in x | y)
        | _pick(x | y, "d")
        | _either(x, y)
    )


def _andor(x: Type, y: Type, z: Type) -> Type:
    final = "s" in x or "f" in y
    locks = _pick(x | y | z, "ghij")
    return (
        _pick(y & z, "BKV", when=_has(x, "Bdu"))
        | _pick(x & y & z, "z")
        | _pick(x | (y & z), "o", when="z" in x | (y & z))
        | _pick(y & z, "u")
        | _pick(z, "f", when=final)
        | _pick(z, "d")
        | _pick(z, "e", when=final)
        | _pick(x & y & z, "m", when="e" in x and "s" in x | y | z)
        | _pick(z & (x | y), "s")
        | locks
        | _give("k", when="k" in x & y & z and not _mixes(x, y))
    )


def _thresh(threshold: int, subs: list[Type]) -> Type:
    if not _has(subs[0], "Bdu") or not all(_has(sub, "Wdu") for sub in subs[1:]):
        return _NOTHING
    count = len(subs)
    signed = sum("s" in sub for sub in subs)
    every = frozenset.intersection(*subs)
    arguments = sum(0 if "z" in sub else 1 if "o" in sub else 2 for sub in subs)
    locks, clean = subs[0], "k" in every
    for sub in subs[1:]:
        clean = clean and (threshold <= 1 or not _mixes(locks, sub))
        locks |= sub
    return (
        frozenset("Bdu")
        | _give("z", when=arguments == 0)
        | _give("o", when=arguments == 1)
        | _give("e", when="e" in every and signed == count)
        | _give("m", when=_has(every, "em") and signed >= count - threshold)
        | _give("s", when=signed >= count - threshold + 1)
        | (locks & _LOCKS)
        | _give("k", when=clean)
    )


_RULES: Final[dict[Fragment, Callable[..., Type]]] = {
    Fragment.WRAP_A: _wrap_a,
    Fragment.WRAP_S: _wrap_s,
    Fragment.WRAP_C: _wrap_c,
    Fragment.WRAP_V: _wrap_v,
    Fragment.WRAP_J: _wrap_j,
    Fragment.WRAP_N: _wrap_n,
    Fragment.AND_V: _and_v,
    Fragment.AND_B: _and_b,
    Fragment.OR_B: _or_b,
    Fragment.OR_C: _or_c,
    Fragment.OR_D: _or_d,
    Fragment.OR_I: _or_i,
    Fragment.ANDOR: _andor,
}
