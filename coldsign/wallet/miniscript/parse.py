"""Script expressions between text and tree (BIP-379, BIP-383, BIP-387)."""

from collections.abc import Callable
from typing import ClassVar, Final

from coldsign.wallet.keyexpr import KeyRule
from coldsign.wallet.keylist import KeyList
from coldsign.wallet.miniscript.ast import (
    FALSE,
    HASH_SIZES,
    MULTISIGS,
    TRUE,
    WRAPPERS,
    Context,
    Fragment,
    Node,
)
from coldsign.wallet.reader import TextReader

RULES: Final = {
    Context.P2SH: KeyRule.LEGACY,
    Context.P2WSH: KeyRule.SEGWIT,
    Context.TAPSCRIPT: KeyRule.TAPROOT,
}
MAX_MULTI: Final = {Context.P2SH: 15, Context.P2WSH: 20, Context.TAPSCRIPT: 999}
"""BIP-383 (520 bytes of redeemScript; OP_CHECKMULTISIG's 20 keys) and BIP-387 (a stack of 1000)."""
MAX_THRESH: Final = 999
"""More arguments than a tapscript's stack can satisfy."""

_ARITY: Final = {
    "andor": 3,
    "and_v": 2,
    "and_b": 2,
    "and_n": 2,
    "or_b": 2,
    "or_c": 2,
    "or_d": 2,
    "or_i": 2,
}
_FRAGMENTS: Final = {fragment.value: fragment for fragment in Fragment}
_SUGAR_WRAPPERS: Final = frozenset("tlu")


class ScriptParser:
    """Reads script expressions of one context; keys go to the shared list."""

    __slots__ = ("_context", "_keys", "_reader")

    def __init__(self, reader: TextReader, keys: KeyList, context: Context) -> None:
        self._reader = reader
        self._keys = keys
        self._context = context

    def script(self) -> Node:
        """A whole script: an expression, or one of the sorted multisigs that stand only here.

        Raises:
            MalformedError: Not a script expression of this context.
        """
        start = self._reader.offset
        word = self._reader.word()
        if word in {"sortedmulti", "sortedmulti_a"}:
            return self._multisig(word)
        self._reader.offset = start
        return self._expression()

    def _expression(self) -> Node:
        reader = self._reader
        word = reader.word()
        if not reader.take(":"):
            return self._named(word)
        reader.depth += len(word)
        if reader.depth > 128:
            raise reader.error("wrappers are nested too deep")
        unknown = [letter for letter in word if letter not in WRAPPERS.keys() | _SUGAR_WRAPPERS]
        if unknown or not word:
            raise reader.error("a letter before the colon is no wrapper")
        node = self._named(reader.word())
        reader.depth -= len(word)
        for letter in reversed(word):
            node = _wrap(letter, node)
        return node

    def _named(self, name: str) -> Node:
        if name in {"0", "1"}:
            return TRUE if name == "1" else FALSE
        read = self._READERS.get(name)
        if read is not None:
            return read(self, name)
        reader = self._reader
        shown = f"{name}()" if len(name) <= 16 and name and reader.take("(") else "this"
        raise reader.error(f"{shown} is no expression of {self._where()}")

    def _digest(self, name: str) -> Node:
        fragment = _FRAGMENTS[name]
        self._reader.enter("(")
        data = self._reader.hex(HASH_SIZES[fragment])
        self._reader.leave(")")
        return Node(fragment, data=data)

    def _where(self) -> str:
        return (
            "a taproot leaf" if self._context is Context.TAPSCRIPT else f"{self._context.value}()"
        )

    def _key_check(self, name: str) -> Node:
        self._reader.enter("(")
        key = self._keys.read(self._reader, RULES[self._context])
        self._reader.leave(")")
        node = Node(Fragment.PK_H if name in {"pkh", "pk_h"} else Fragment.PK_K, keys=(key,))
        return Node(Fragment.WRAP_C, (node,)) if name in {"pk", "pkh"} else node

    def _lock(self, name: str) -> Node:
        self._reader.enter("(")
        number = self._reader.number()
        if number == 0:
            raise self._reader.error(f"{name}(0) locks nothing (BIP-379)")
        self._reader.leave(")")
        return Node(_FRAGMENTS[name], number=number)

    def _multisig(self, name: str) -> Node:
        reader, context = self._reader, self._context
        if name.endswith("_a") != (context is Context.TAPSCRIPT):
            raise reader.error(f"{name}() is not allowed in {self._where()} (BIP-383, BIP-387)")
        reader.enter("(")
        threshold = reader.number()
        keys: list[int] = []
        while reader.take(","):
            keys.append(self._keys.read(reader, RULES[context]))
        reader.leave(")")
        if not 1 <= threshold <= len(keys):
            raise reader.error(f"a quorum of {threshold} of {len(keys)} keys")
        if len(keys) > MAX_MULTI[context]:
            raise reader.error(
                f"{len(keys)} keys, where {self._where()} can have {MAX_MULTI[context]}"
            )
        return Node(_FRAGMENTS[name], keys=tuple(keys), number=threshold)

    def _thresh(self, _: str) -> Node:
        reader = self._reader
        reader.enter("(")
        threshold = reader.number()
        subs: list[Node] = []
        while reader.take(","):
            subs.append(self._expression())
            if len(subs) > MAX_THRESH:
                raise reader.error(f"a thresh() of more than {MAX_THRESH}")
        reader.leave(")")
        if not 1 <= threshold <= len(subs):
            raise reader.error(f"a threshold of {threshold} of {len(subs)}")
        return Node(Fragment.THRESH, tuple(subs), number=threshold)

    def _combination(self, name: str) -> Node:
        reader = self._reader
        reader.enter("(")
        subs = [self._expression()]
        for _ in range(_ARITY[name] - 1):
            reader.expect(",")
            subs.append(self._expression())
        reader.leave(")")
        if name == "and_n":
            return Node(Fragment.ANDOR, (*subs, FALSE))
        return Node(_FRAGMENTS[name], tuple(subs))

    _READERS: ClassVar[dict[str, Callable[["ScriptParser", str], Node]]] = {
        **dict.fromkeys(("pk", "pkh", "pk_k", "pk_h"), _key_check),
        **dict.fromkeys(("older", "after"), _lock),
        **dict.fromkeys(("multi", "multi_a"), _multisig),
        **dict.fromkeys((fragment.value for fragment in HASH_SIZES), _digest),
        **dict.fromkeys(_ARITY, _combination),
        "thresh": _thresh,
    }


def _wrap(letter: str, node: Node) -> Node:
    if letter == "t":
        return Node(Fragment.AND_V, (node, TRUE))
    if letter == "l":
        return Node(Fragment.OR_I, (FALSE, node))
    if letter == "u":
        return Node(Fragment.OR_I, (node, FALSE))
    return Node(WRAPPERS[letter], (node,))


def to_text(node: Node, key_text: Callable[[int], str]) -> str:
    """The canonical text of an expression, with the abbreviations that Bitcoin Core writes.

    Args:
        node: The expression.
        key_text: The text of the key at a position.
    """
    wrappers = ""
    while (step := _unwrapped(node)) is not None:
        wrappers += step[0]
        node = step[1]
    return (wrappers + ":" if wrappers else "") + _body(node, key_text)


def _unwrapped(node: Node) -> tuple[str, Node] | None:
    """The outermost wrapper letter and what is under it."""
    fragment, subs = node.fragment, node.subs
    if fragment is Fragment.WRAP_C and subs[0].fragment in {Fragment.PK_K, Fragment.PK_H}:
        return None
    if fragment.value in WRAPPERS:
        return fragment.value, subs[0]
    if fragment is Fragment.AND_V and subs[1] == TRUE:
        return "t", subs[0]
    if fragment is Fragment.OR_I and subs[0] == FALSE:
        return "l", subs[1]
    if fragment is Fragment.OR_I and subs[1] == FALSE:
        return "u", subs[0]
    return None


def _body(node: Node, key_text: Callable[[int], str]) -> str:
    fragment, subs = node.fragment, node.subs
    if fragment in {Fragment.FALSE, Fragment.TRUE}:
        return str(fragment.value)
    if fragment is Fragment.WRAP_C:
        name = "pk" if subs[0].fragment is Fragment.PK_K else "pkh"
        return f"{name}({key_text(subs[0].keys[0])})"
    if fragment in HASH_SIZES:
        return f"{fragment.value}({node.data.hex()})"
    name = fragment.value
    if fragment is Fragment.ANDOR and subs[2] == FALSE:
        name, subs = "and_n", subs[:2]
    arguments = [to_text(sub, key_text) for sub in subs] + [key_text(key) for key in node.keys]
    if fragment in MULTISIGS or fragment in {Fragment.THRESH, Fragment.OLDER, Fragment.AFTER}:
        arguments.insert(0, str(node.number))
    return f"{name}({','.join(arguments)})"
