"""The taproot fields of BIP-371: leaf hashes, control blocks and script trees."""

import pytest

from coldsign.errors import MalformedError
from coldsign.psbt import memory
from coldsign.psbt.memory import Memory
from coldsign.psbt.model import Psbt
from coldsign.psbt.taproot import TreeLeaf, leaf_origin, tap_tree
from tests.psbt.samples import ORIGIN, XONLY, v0

BLOCK = b"\xc1" + XONLY[0]


def leaf(depth: int, version: int = 0xC0, script: bytes = b"\x51") -> bytes:
    return bytes((depth, version, len(script))) + script


def read(pair, *, output=False):
    pairs = [[pair]]
    psbt = Psbt.parse(v0(outputs=pairs) if output else v0(pairs))
    return psbt.outputs[0] if output else psbt.inputs[0]


def refusal(pair, *, output=False) -> str:
    with pytest.raises(MalformedError) as refused:
        read(pair, output=output)
    return refused.value.message


@pytest.mark.parametrize(
    "depths",
    [[0], [1, 1], [1, 2, 2], [2, 2, 1], [2, 2, 2, 2], [1, 2, 3, 3], [3, 3, 2, 1], [2, 3, 3, 1]],
)
def test_whole_trees(depths):
    data = b"".join(map(leaf, depths))
    found = read((0x06, b"", data), output=True).tap_tree
    assert [item.depth for item in found] == depths
    assert found[0] == TreeLeaf(depths[0], 0xC0, b"\x51")


def test_the_deepest_tree():
    data = b"".join(leaf(depth) for depth in [*range(1, 129), 128])
    assert len(tap_tree(Memory(), data)) == 129


@pytest.mark.parametrize(
    ("depths", "why"),
    [
        ([], "whole binary tree"),
        ([1], "whole binary tree"),
        ([1, 1, 1], "depth-first order"),
        ([0, 0], "depth-first order"),
        ([0, 1, 1], "depth-first order"),
        ([2, 2], "whole binary tree"),
        ([2, 1, 2], "depth-first order"),
        ([1, 2], "whole binary tree"),
        ([2, 2, 2], "whole binary tree"),
        ([129, 129], "deeper than 128"),
    ],
)
def test_broken_trees(depths, why):
    assert why in refusal((0x06, b"", b"".join(map(leaf, depths))), output=True)


def test_a_tree_of_odd_leaves():
    assert "0xc1 is no leaf version" in refusal((0x06, b"", leaf(0, 0xC1)), output=True)
    assert "PSBT_OUT_TAP_TREE" in refusal((0x06, b"", leaf(0)[:-1]), output=True)


def test_trees_have_a_limit(monkeypatch):
    monkeypatch.setattr(memory, "MAX_PARTS", 1)
    with pytest.raises(MalformedError, match="more than 1 outputs, witness items and leaves"):
        tap_tree(Memory(), leaf(1) + leaf(1))


def test_leaf_hashes_and_origin():
    hashes, origin = leaf_origin(b"\2" + b"a" * 32 + b"b" * 32 + ORIGIN)
    assert hashes == (b"a" * 32, b"b" * 32)
    assert origin.fingerprint == b"\1\2\3\4"
    found = read((0x16, XONLY[0], b"\0" + ORIGIN)).tap_bip32_derivations
    assert found == {XONLY[0]: ((), origin)}
    assert read((0x07, XONLY[0], b"\0" + ORIGIN), output=True).tap_bip32_derivations == found


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"", "bytes wanted"),
        (b"\xff" + b"\xff" * 8 + ORIGIN, "leaf hashes in 12 bytes"),
        (b"\xfe\x00\x00\x00\x01" + ORIGIN, "16777216 leaf hashes in 12 bytes"),
        (b"\1" + bytes(31), "1 leaf hashes in 31 bytes"),
        (b"\1" + bytes(32), "key origin"),
        (b"\0" + ORIGIN[:-1], "key origin"),
    ],
)
def test_wrong_leaf_hashes(value, why):
    assert why in refusal((0x16, XONLY[0], value))
    assert why in refusal((0x07, XONLY[0], value), output=True)


@pytest.mark.parametrize("steps", [0, 1, 128])
def test_a_control_block(steps):
    block = BLOCK + bytes(32 * steps)
    assert read((0x15, block, b"\x51\xc0")).tap_leaf_scripts == {block: (b"\x51", 0xC0)}


@pytest.mark.parametrize(
    ("block", "why"),
    [
        (b"", "33 bytes and 32 for each step, not 0"),
        (BLOCK[:-1], "not 32"),
        (BLOCK + b"\0", "not 34"),
        (BLOCK + bytes(32 * 129), "not 4161"),
        (b"\xc0" + b"\xff" * 32, "not an x-only public key"),
    ],
)
def test_a_wrong_control_block(block, why):
    assert why in refusal((0x15, block, b"\x51\xc0"))


def test_a_leaf_has_the_version_of_its_control_block():
    assert "the leaf version is missing" in refusal((0x15, BLOCK, b""))
    assert "not the control block's leaf version" in refusal((0x15, BLOCK, b"\x51\xc2"))
    assert "not the control block's leaf version" in refusal((0x15, BLOCK, b"\x51\xc1"))


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (XONLY[0] + bytes(33), "64 bytes, not 65"),
        (XONLY[0], "64 bytes, not 32"),
        (b"\xff" * 32 + bytes(32), "not an x-only public key"),
    ],
)
def test_a_wrong_script_signature_key(key, why):
    assert why in refusal((0x14, key, bytes(64)))
