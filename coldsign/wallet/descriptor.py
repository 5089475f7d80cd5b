"""Output descriptors (BIP-380 to 387, 389): which scripts a wallet has, as text and as a tree."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from coldsign.errors import MalformedError
from coldsign.primitives.network import Network
from coldsign.wallet.checksum import checksum, strip_checksum
from coldsign.wallet.keyexpr import KeyExpression, KeyRule
from coldsign.wallet.keylist import KeyList
from coldsign.wallet.miniscript.ast import MULTISIGS, Context, Node
from coldsign.wallet.miniscript.parse import ScriptParser, to_text
from coldsign.wallet.miniscript.sanity import demand_sane
from coldsign.wallet.reader import TextReader
from coldsign.wallet.taptree import Tree, leaves, parse_tree, tree_text

MAX_TEXT: Final = 256 * 1024
"""Characters of a descriptor: 999 keys with their origins are about 150,000."""


class Form(Enum):
    """The outer functions of a descriptor; the value is how it opens."""

    PKH = "pkh("
    WPKH = "wpkh("
    SH_WPKH = "sh(wpkh("
    SH = "sh("
    SH_WSH = "sh(wsh("
    WSH = "wsh("
    TR = "tr("


_ORDER: Final = (
    Form.SH_WPKH,
    Form.SH_WSH,
    Form.SH,
    Form.PKH,
    Form.WPKH,
    Form.WSH,
    Form.TR,
)
_KEY_RULES: Final = {
    Form.PKH: KeyRule.LEGACY,
    Form.WPKH: KeyRule.SEGWIT,
    Form.SH_WPKH: KeyRule.SEGWIT,
    Form.TR: KeyRule.TAPROOT,
}
_CONTEXTS: Final = {Form.SH: Context.P2SH, Form.SH_WSH: Context.P2WSH, Form.WSH: Context.P2WSH}
_KINDS: Final = {
    Form.PKH: "pkh",
    Form.WPKH: "wpkh",
    Form.SH_WPKH: "sh-wpkh",
    Form.SH: "sh-multi",
    Form.SH_WSH: "sh-wsh-",
    Form.WSH: "wsh-",
    Form.TR: "tr",
}
_REFUSED: Final = {
    "raw": "raw() names a script, not its keys: nothing can be derived from it or proven ours",
    "addr": "addr() names an address, not its keys: nothing can be derived from it or proven ours",
    "combo": "combo() stands for several kinds of addresses: register the one that is used",
    "rawtr": "rawtr() hides what the output key commits to",
    "pk": "pk() has no address: use pkh() or wpkh()",
    "multi": "a bare multi() has no address: put it in sh() or wsh()",
    "sortedmulti": "a bare sortedmulti() has no address: put it in sh() or wsh()",
    "multi_a": "multi_a() stands only in a leaf of tr() (BIP-387)",
    "sortedmulti_a": "sortedmulti_a() stands only in a leaf of tr() (BIP-387)",
    "musig": "musig() keys (BIP-390): coldsign cannot sign for MuSig2 wallets yet",
}


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A descriptor whose scripts exist, can be spent, and need a signature on every path.

    Attributes:
        network: Of its extended keys and addresses.
        form: The outer functions.
        keys: Every key expression in the order of the text; a position is an index into it.
        script: The expression inside sh() or wsh(); None for single keys and taproot.
        tree: The script tree of tr(), if it has one. Position 0 is then the internal key.
    """

    network: Network
    form: Form
    keys: tuple[KeyExpression, ...]
    script: Node | None = None
    tree: Tree | None = None

    @classmethod
    def parse(cls, text: str, network: Network, *, require_checksum: bool = True) -> "Descriptor":
        """Read a descriptor, with ``h`` or ``'`` as hardened marks.

        Args:
            text: The descriptor; white space only at its ends.
            network: Where its keys must belong.
            require_checksum: Whether it must carry its checksum; a wrong one is refused anyway.

        Raises:
            MalformedError: It is no descriptor, of another network, of a kind that cannot be signed
                for, or its script cannot be spent safely; the message says why.
        """
        if len(text) > MAX_TEXT:
            raise MalformedError(f"descriptor: longer than {MAX_TEXT} characters")
        body, has_checksum = strip_checksum(text.strip(" \t\r\n"))
        if require_checksum and not has_checksum:
            raise MalformedError(
                "descriptor: its checksum is missing",
                hint="copy it with the # and the eight characters after it",
                code="descriptor-checksum",
            )
        reader = TextReader(body)
        keys = KeyList(network)
        form = _form(reader, keys)
        inside = _inside(form, reader, keys)
        for _ in range(form.value.count("(")):
            reader.expect(")")
        reader.finish()
        result = cls(network, form, keys.closed(), *inside)
        for node, context in result.scripts():
            demand_sane(node, context, [_size(key) for key in result.keys])
        return result

    def scripts(self) -> tuple[tuple[Node, Context], ...]:
        """Every script expression in it with where it runs; taproot leaves from left to right."""
        if self.script is not None:
            return ((self.script, _CONTEXTS[self.form]),)
        if self.tree is not None:
            return tuple((leaf, Context.TAPSCRIPT) for leaf in leaves(self.tree))
        return ()

    @property
    def body(self) -> str:
        """The canonical text without its checksum."""
        return self.with_keys([key.text(self.network) for key in self.keys])

    def with_keys(self, texts: list[str]) -> str:
        """The text with these words in the place of its keys."""
        if self.script is not None:
            inner = to_text(self.script, texts.__getitem__)
        elif self.tree is not None:
            inner = f"{texts[0]},{tree_text(self.tree, texts.__getitem__)}"
        else:
            inner = texts[0]
        return self.form.value + inner + ")" * self.form.value.count("(")

    def __str__(self) -> str:
        body = self.body
        return f"{body}#{checksum(body)}"

    @property
    def script_kind(self) -> str:
        """One word for the kind of its scripts, such as ``sh-wsh-multi``."""
        kind = _KINDS[self.form]
        if not kind.endswith("-") or self.script is None:
            return kind
        return kind + ("multi" if self.script.fragment in MULTISIGS else "miniscript")

    @property
    def branch_count(self) -> int:
        """How many branches its multipath has; 1 without one."""
        return max(len(key.branches) for key in self.keys)

    @property
    def ranged(self) -> bool:
        """Whether it has a wildcard, thus more than one address on a branch."""
        return any(key.ranged for key in self.keys)


def _form(reader: TextReader, keys: KeyList) -> Form:
    for form in _ORDER:
        if reader.take(form.value):
            return form
    name = reader.function()
    if name in {"multi", "sortedmulti"}:  # what is wrong inside it is said first
        ScriptParser(reader, keys, Context.P2SH).script()
    if name in _REFUSED:
        raise MalformedError(f"descriptor: {_REFUSED[name]}", code="descriptor-kind")
    raise MalformedError(
        f"descriptor: {name or 'this'} is no function that a wallet can start with",
        hint="pkh, wpkh, sh, wsh and tr descriptors can be registered",
    )


def _inside(form: Form, reader: TextReader, keys: KeyList) -> tuple[Node | None, Tree | None]:
    if form not in _KEY_RULES:
        node = ScriptParser(reader, keys, _CONTEXTS[form]).script()
        if form is Form.SH and node.fragment not in MULTISIGS:
            raise MalformedError(
                "descriptor: sh() can hold multi(), sortedmulti(), wpkh() or wsh() here",
                code="descriptor-kind",
            )
        return node, None
    keys.read(reader, _KEY_RULES[form])
    if form is Form.TR and reader.take(","):
        return None, parse_tree(reader, keys)
    return None, None


def _size(key: KeyExpression) -> int:
    return len(key.public) if isinstance(key.public, bytes) else 33
