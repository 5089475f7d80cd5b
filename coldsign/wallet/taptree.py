"""Script trees of taproot descriptors (BIP-386, BIP-341)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from coldsign.primitives.cursor import compact_size
from coldsign.primitives.hashes import tagged_hash
from coldsign.wallet.keylist import KeyList
from coldsign.wallet.miniscript.ast import Context, Node
from coldsign.wallet.miniscript.parse import ScriptParser, to_text
from coldsign.wallet.reader import TextReader

LEAF_VERSION: Final = 0xC0
"""BIP-342's tapscript; every other version is spendable by anyone today."""


@dataclass(frozen=True, slots=True)
class TreeBranch:
    """Two trees side by side."""

    left: "Tree"
    right: "Tree"


Tree = Node | TreeBranch


class LeafCommitment(NamedTuple):
    """One leaf and how the root commits to it: the sibling hashes from the leaf up."""

    script: bytes
    leaf_hash: bytes
    siblings: tuple[bytes, ...]


def parse_tree(reader: TextReader, keys: KeyList) -> Tree:
    """Read a leaf, or two trees in braces.

    Raises:
        MalformedError: Neither stands here, or the tree is deeper than 128 levels.
    """
    if not reader.take("{"):
        return ScriptParser(reader, keys, Context.TAPSCRIPT).script()
    reader.offset -= 1
    reader.enter("{")
    left = parse_tree(reader, keys)
    reader.expect(",")
    right = parse_tree(reader, keys)
    reader.leave("}")
    return TreeBranch(left, right)


def tree_text(tree: Tree, key_text: Callable[[int], str]) -> str:
    """The canonical text of a tree."""
    if isinstance(tree, TreeBranch):
        return f"{{{tree_text(tree.left, key_text)},{tree_text(tree.right, key_text)}}}"
    return to_text(tree, key_text)


def leaves(tree: Tree) -> Iterator[Node]:
    """The leaves from left to right."""
    if isinstance(tree, TreeBranch):
        yield from leaves(tree.left)
        yield from leaves(tree.right)
    else:
        yield tree


def commit(tree: Tree, scripts: Iterator[bytes]) -> tuple[bytes, tuple[LeafCommitment, ...]]:
    """The root hash, and every leaf with its way up, from left to right (BIP-341).

    Args:
        tree: The shape.
        scripts: The leaves' scripts from left to right.
    """
    if not isinstance(tree, TreeBranch):
        script = next(scripts)
        data = bytes((LEAF_VERSION,)) + compact_size(len(script)) + script
        leaf_hash = tagged_hash("TapLeaf", data)
        return leaf_hash, (LeafCommitment(script, leaf_hash, ()),)
    left, on_left = commit(tree.left, scripts)
    right, on_right = commit(tree.right, scripts)
    root = tagged_hash("TapBranch", min(left, right) + max(left, right))
    return root, (
        *(leaf._replace(siblings=(*leaf.siblings, right)) for leaf in on_left),
        *(leaf._replace(siblings=(*leaf.siblings, left)) for leaf in on_right),
    )
