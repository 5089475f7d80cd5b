"""Decoders of the taproot fields (BIP-371), bounded before anything is allocated.

Each raises ``MalformedError`` with the reason; the map adds which field it was and where.
"""

from typing import NamedTuple

from coldsign.errors import MalformedError
from coldsign.primitives.cursor import Cursor
from coldsign.primitives.keypath import KeyOrigin
from coldsign.psbt.memory import Memory

MAX_DEPTH = 128
"""Merkle steps of a control block (BIP-341, "Script validation rules")."""

LEAF_VERSION_MASK = 0xFE
"""The lowest bit of a control block's first byte is the parity of the output key (BIP-341)."""

LeafOrigin = tuple[tuple[bytes, ...], KeyOrigin]


class TreeLeaf(NamedTuple):
    """One leaf of an output's script tree, in depth-first order.

    Attributes:
        depth: Steps from the root.
        version: The leaf version.
        script: The leaf's script.
    """

    depth: int
    version: int
    script: bytes


def script_sig_key(memory: Memory, data: bytes) -> tuple[bytes, bytes]:
    """The x-only public key and the leaf hash a script path signature is for."""
    if len(data) != 64:
        raise MalformedError(f"an x-only key and a leaf hash have 64 bytes, not {len(data)}")
    return memory.xonly_key(data[:32]), data[32:]


def control_block(memory: Memory, data: bytes) -> bytes:
    """Leaf version and parity, the internal key, and up to 128 merkle steps (BIP-341)."""
    steps, rest = divmod(len(data) - 33, 32)
    if rest or not 0 <= steps <= MAX_DEPTH:
        raise MalformedError(f"a control block has 33 bytes and 32 for each step, not {len(data)}")
    memory.xonly_key(data[1:33])
    return data


def leaf_script(data: bytes) -> tuple[bytes, int]:
    """A leaf's script and, from the byte after it, its version."""
    if not data:
        raise MalformedError("the leaf version is missing")
    return data[:-1], data[-1]


def same_leaf_version(block: bytes, leaf: bytes) -> bool:
    """Whether the version byte after a leaf's script is the one its control block commits to."""
    return block[0] & LEAF_VERSION_MASK == leaf[-1]


def leaf_origin(data: bytes) -> LeafOrigin:
    """The leaves a key signs in, then its origin."""
    cursor = Cursor(data, "leaf hashes")
    leaves = cursor.compact_size()
    if leaves > cursor.remaining // 32:
        raise MalformedError(f"{leaves} leaf hashes in {cursor.remaining} bytes")
    hashes = tuple([cursor.read(32) for _ in range(leaves)])
    return hashes, KeyOrigin.parse_bytes(cursor.read(cursor.remaining))


def tap_tree(memory: Memory, data: bytes) -> tuple[TreeLeaf, ...]:
    """The leaves of a whole binary tree, in depth-first order.

    The subtrees that still wait for their sibling have ever greater depths; a leaf joins each it is
    the sibling of. The tree is whole when one subtree of depth 0 is left.
    """
    cursor = Cursor(data, "script tree")
    leaves: list[TreeLeaf] = []
    open_depths: list[int] = []
    while cursor.remaining:
        leaf = TreeLeaf(cursor.u8(), cursor.u8(), cursor.var_bytes())
        _demand_leaf(leaf, open_depths)
        leaves.append(leaf)
        memory.spend(1)
        depth = leaf.depth
        while open_depths and open_depths[-1] == depth:
            open_depths.pop()
            depth -= 1
        open_depths.append(depth)
    if open_depths != [0]:
        raise MalformedError("the leaves do not form a whole binary tree")
    return tuple(leaves)


def _demand_leaf(leaf: TreeLeaf, open_depths: list[int]) -> None:
    if leaf.depth > MAX_DEPTH:
        raise MalformedError(f"a leaf at depth {leaf.depth}, deeper than {MAX_DEPTH}")
    if leaf.version & ~LEAF_VERSION_MASK:
        raise MalformedError(f"{leaf.version:#04x} is no leaf version")
    if open_depths and (open_depths[-1] > leaf.depth or open_depths == [0]):
        raise MalformedError("the leaves are not in depth-first order")
