"""From the tree of a script expression to the script, as a template (BIP-379, "Translation table")."""

from collections.abc import Callable
from typing import Final

from coldsign.primitives.script import number, push
from coldsign.wallet.miniscript.ast import HASH_SIZES, Fragment, Node
from coldsign.wallet.template import Hole, Slot, Template, compact

Parts = list[bytes | Slot]

_IF, _NOTIF, _ELSE, _ENDIF = b"\x63", b"\x64", b"\x67", b"\x68"
_VERIFY, _DUP, _SWAP, _IFDUP, _SIZE = b"\x69", b"\x76", b"\x7c", b"\x73", b"\x82"
_TOALT, _FROMALT = b"\x6b", b"\x6c"
_EQUAL, _EQUALVERIFY = b"\x87", b"\x88"
_0NOTEQUAL, _ADD, _BOOLAND, _BOOLOR, _NUMEQUAL = b"\x92", b"\x93", b"\x9a", b"\x9b", b"\x9c"
_HASH160, _CHECKSIG, _CHECKMULTISIG, _CHECKSIGADD = b"\xa9", b"\xac", b"\xae", b"\xba"
_CLTV, _CSV = b"\xb1", b"\xb2"
_VERIFY_FORMS: Final = {0xAC: 0xAD, 0xAE: 0xAF, 0x87: 0x88, 0x9C: 0x9D}
_HASH_OPCODES: Final = {
    Fragment.SHA256: b"\xa8",
    Fragment.HASH256: b"\xaa",
    Fragment.RIPEMD160: b"\xa6",
    Fragment.HASH160: b"\xa9",
}


def compile_script(node: Node) -> Template:
    """The script of an expression with holes for its keys."""
    return compact(_parts(node))


def merges_verify(node: Node) -> bool:
    """Whether ``v:`` turns the last opcode into its VERIFY form instead of adding one."""
    fragment = node.fragment
    if fragment in {Fragment.AND_V, Fragment.WRAP_S}:
        return merges_verify(node.subs[-1])
    return fragment in _MERGING


_MERGING: Final = frozenset(
    {
        Fragment.WRAP_C,
        Fragment.MULTI,
        Fragment.MULTI_A,
        Fragment.THRESH,
        *HASH_SIZES,
    }
)


def _parts(node: Node) -> Parts:
    return _TRANSLATIONS[node.fragment](node)


def _multi(node: Node) -> Parts:
    slots: Parts = [Slot(Hole.KEY, (key,)) for key in node.keys]
    if node.fragment is Fragment.SORTEDMULTI:
        slots = [Slot(Hole.SORTED, node.keys)]
    return [number(node.number), *slots, number(len(node.keys)), _CHECKMULTISIG]


def _multi_a(node: Node) -> Parts:
    parts: Parts = []
    for i, key in enumerate(node.keys):
        parts += [Slot(Hole.KEY, (key,)), _CHECKSIGADD if i else _CHECKSIG]
    if node.fragment is Fragment.SORTEDMULTI_A:
        parts = [Slot(Hole.SORTED_A, node.keys)]
    return [*parts, number(node.number), _NUMEQUAL]


def _digest(node: Node) -> Parts:
    check = [_SIZE, number(32), _EQUALVERIFY, _HASH_OPCODES[node.fragment]]
    return [*check, push(node.data), _EQUAL]


def _thresh(node: Node) -> Parts:
    parts = _parts(node.subs[0])
    for sub in node.subs[1:]:
        parts += [*_parts(sub), _ADD]
    return [*parts, number(node.number), _EQUAL]


def _verified(node: Node) -> Parts:
    parts = list(compact(_parts(node.subs[0])))
    last = parts[-1]
    if merges_verify(node.subs[0]) and isinstance(last, bytes):
        parts[-1] = last[:-1] + bytes((_VERIFY_FORMS[last[-1]],))
        return parts
    return [*parts, _VERIFY]


def _around(before: bytes, after: bytes) -> Callable[[Node], Parts]:
    return lambda node: [before, *_parts(node.subs[0]), after]


def _between(*opcodes: bytes) -> Callable[[Node], Parts]:
    """Opcodes before, between and after the arguments."""

    def translate(node: Node) -> Parts:
        parts: Parts = [opcodes[0]]
        for sub, opcode in zip(node.subs, opcodes[1:], strict=True):
            parts += [*_parts(sub), opcode]
        return parts

    return translate


def _andor(node: Node) -> Parts:
    test, then, otherwise = map(_parts, node.subs)
    return [*test, _NOTIF, *otherwise, _ELSE, *then, _ENDIF]


_TRANSLATIONS: Final[dict[Fragment, Callable[[Node], Parts]]] = {
    Fragment.FALSE: lambda _: [b"\x00"],
    Fragment.TRUE: lambda _: [b"\x51"],
    Fragment.PK_K: lambda node: [Slot(Hole.KEY, node.keys)],
    Fragment.PK_H: lambda node: [_DUP, _HASH160, Slot(Hole.KEY_HASH, node.keys), _EQUALVERIFY],
    Fragment.OLDER: lambda node: [number(node.number), _CSV],
    Fragment.AFTER: lambda node: [number(node.number), _CLTV],
    **dict.fromkeys(HASH_SIZES, _digest),
    Fragment.ANDOR: _andor,
    Fragment.AND_V: _between(b"", b"", b""),
    Fragment.AND_B: _between(b"", b"", _BOOLAND),
    Fragment.OR_B: _between(b"", b"", _BOOLOR),
    Fragment.OR_C: _between(b"", _NOTIF, _ENDIF),
    Fragment.OR_D: _between(b"", _IFDUP + _NOTIF, _ENDIF),
    Fragment.OR_I: _between(_IF, _ELSE, _ENDIF),
    Fragment.THRESH: _thresh,
    Fragment.MULTI: _multi,
    Fragment.SORTEDMULTI: _multi,
    Fragment.MULTI_A: _multi_a,
    Fragment.SORTEDMULTI_A: _multi_a,
    Fragment.WRAP_A: _around(_TOALT, _FROMALT),
    Fragment.WRAP_S: _around(_SWAP, b""),
    Fragment.WRAP_C: _around(b"", _CHECKSIG),
    Fragment.WRAP_D: _around(_DUP + _IF, _ENDIF),
    Fragment.WRAP_V: _verified,
    Fragment.WRAP_J: _around(_SIZE + _0NOTEQUAL + _IF, _ENDIF),
    Fragment.WRAP_N: _around(b"", _0NOTEQUAL),
}
