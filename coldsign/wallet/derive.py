"""From a descriptor to its scripts, fast: branch keys are computed once, an address costs one tweak a key."""

from typing import Final, NamedTuple

from coldsign.errors import MalformedError
from coldsign.keys.bip32 import ExtendedPublicKey
from coldsign.keys.children import Children
from coldsign.primitives.hashes import hash160, sha256
from coldsign.primitives.keypath import HARDENED
from coldsign.primitives.script import ScriptType, classify, p2pkh
from coldsign.primitives.secp import taproot_output
from coldsign.wallet.descriptor import Descriptor, Form
from coldsign.wallet.keyexpr import KeyExpression
from coldsign.wallet.miniscript.script import compile_script
from coldsign.wallet.taptree import LEAF_VERSION, LeafCommitment, commit
from coldsign.wallet.template import Template, fill

_P2SH: Final = b"\xa9\x14"
_EQUAL: Final = b"\x87"


class Leaf(NamedTuple):
    """One leaf of a taproot output (BIP-341, BIP-342).

    Attributes:
        script: The tapscript.
        version: Its leaf version, always 0xc0.
        leaf_hash: What a signature for this leaf commits to.
        control_block: Proves that the output key commits to the leaf.
        keys: Positions in the descriptor of the keys in it.
    """

    script: bytes
    version: int
    leaf_hash: bytes
    control_block: bytes
    keys: tuple[int, ...]


class Taproot(NamedTuple):
    """What a taproot output is made of; keys are x-only."""

    internal_key: bytes
    output_key: bytes
    merkle_root: bytes | None
    leaves: tuple[Leaf, ...]


class ScriptCode(NamedTuple):
    """What an ECDSA signature commits to as the script of its input.

    Attributes:
        is_segwit: Whether it is signed as BIP-143 says.
        code: The script code.
    """

    is_segwit: bool
    code: bytes


class Derived(NamedTuple):
    """Everything about the script at one place of a wallet.

    Attributes:
        branch: 0 receive, 1 change.
        index: The address number on the branch.
        script_pubkey: What an output of ours carries.
        redeem_script: Of sh() kinds, else None.
        witness_script: Of wsh() kinds, else None.
        keys: The public key for each position in the descriptor: 33 or 65 bytes, 32 in taproot.
        taproot: Of tr() kinds, else None.
    """

    branch: int
    index: int  # type: ignore[assignment]  # the field's word; tuple.index is not used
    script_pubkey: bytes
    redeem_script: bytes | None
    witness_script: bytes | None
    keys: tuple[bytes, ...]
    taproot: Taproot | None

    @property
    def script_code(self) -> ScriptCode:
        """What ECDSA signatures commit to here; without a meaning in taproot."""
        if self.witness_script is not None:
            return ScriptCode(is_segwit=True, code=self.witness_script)
        script = self.redeem_script or self.script_pubkey
        if classify(script) is ScriptType.P2WPKH:
            return ScriptCode(is_segwit=True, code=p2pkh(script[2:]))
        return ScriptCode(is_segwit=False, code=script)


class Deriver:
    """A descriptor made ready to derive: its script as a template, its keys at the level of the branches."""

    __slots__ = (
        "_bare",
        "_branches",
        "_build",
        "_leaf_keys",
        "_taproot",
        "_templates",
        "descriptor",
    )

    def __init__(self, descriptor: Descriptor) -> None:
        self.descriptor = descriptor
        nodes = [node for node, _ in descriptor.scripts()]
        self._templates: list[Template] = [compile_script(node) for node in nodes]
        self._leaf_keys = [
            tuple(sorted({key for part in node.walk() for key in part.keys})) for node in nodes
        ]
        self._taproot = descriptor.form is Form.TR
        self._bare = descriptor.script is None
        self._branches = tuple(
            tuple(self._prepared(branch_key(key, branch)) for key in descriptor.keys)
            for branch in range(descriptor.branch_count)
        )
        self._build = _BUILDERS.get(descriptor.form, self._build_taproot)

    def _prepared(self, key: ExtendedPublicKey | bytes) -> Children | bytes:
        """A key without children in the form that the script takes; else its children."""
        if isinstance(key, ExtendedPublicKey):
            return Children(key)
        return key[-32:] if self._taproot else key

    def __reduce__(self) -> tuple[type["Deriver"], tuple[Descriptor]]:
        """What an audit's processes are handed: the descriptor, made ready again over there."""
        return Deriver, (self.descriptor,)

    def keys(self, branch: int, index: int) -> tuple[bytes, ...]:
        """The public keys of a place, by their position in the descriptor.

        Raises:
            MalformedError: The wallet has no such place.
        """
        if not 0 <= branch < len(self._branches):
            raise MalformedError(f"the wallet has no branch {branch}")
        if not 0 <= index < HARDENED or (index and not self.descriptor.ranged):
            raise MalformedError(f"the wallet has no address {index} on branch {branch}")
        found = [
            key if type(key) is bytes else key.pubkey_at(index)  # type: ignore[union-attr]
            for key in self._branches[branch]
        ]
        return tuple([key[-32:] for key in found] if self._taproot else found)

    def derive(self, branch: int, index: int) -> Derived:
        """The scripts of a place.

        Raises:
            MalformedError: The wallet has no such place.
        """
        return self.scripts(branch, index, self.keys(branch, index))

    def scripts(self, branch: int, index: int, keys: tuple[bytes, ...]) -> Derived:
        """The scripts of a place whose keys are known already."""
        script = b"" if self._bare else fill(self._templates[0], keys)
        return self._build(branch, index, keys, script)

    def _build_taproot(self, branch: int, index: int, keys: tuple[bytes, ...], _: bytes) -> Derived:
        root, commitments = self._tree(keys)
        output_key, parity = taproot_output(keys[0], root)
        head = bytes((LEAF_VERSION | parity,)) + keys[0]
        found = tuple(
            Leaf(
                leaf.script, LEAF_VERSION, leaf.leaf_hash, head + b"".join(leaf.siblings), positions
            )
            for leaf, positions in zip(commitments, self._leaf_keys, strict=True)
        )
        taproot = Taproot(keys[0], output_key, root, found)
        return Derived(branch, index, b"\x51\x20" + output_key, None, None, keys, taproot)

    def _tree(self, keys: tuple[bytes, ...]) -> tuple[bytes | None, tuple[LeafCommitment, ...]]:
        """The root of the script tree, None without one, and its leaves."""
        tree = self.descriptor.tree
        if tree is None:
            return None, ()
        return commit(tree, iter([fill(template, keys) for template in self._templates]))


def branch_key(key: KeyExpression, branch: int) -> ExtendedPublicKey | bytes:
    """The key from which a branch's addresses follow in one step; bytes where there is no wildcard."""
    if isinstance(key.public, bytes):
        return key.public
    steps = key.branches[branch if len(key.branches) > 1 else 0]
    derived = key.public.derive(steps)
    return derived if key.ranged else derived.pubkey


def _pkh(branch: int, index: int, keys: tuple[bytes, ...], _: bytes) -> Derived:
    script = b"\x76\xa9\x14" + hash160(keys[0]) + b"\x88\xac"
    return Derived(branch, index, script, None, None, keys, None)


def _wpkh(branch: int, index: int, keys: tuple[bytes, ...], _: bytes) -> Derived:
    script = b"\x00\x14" + hash160(keys[0])
    return Derived(branch, index, script, None, None, keys, None)


def _sh_wpkh(branch: int, index: int, keys: tuple[bytes, ...], _: bytes) -> Derived:
    redeem = b"\x00\x14" + hash160(keys[0])
    script = _P2SH + hash160(redeem) + _EQUAL
    return Derived(branch, index, script, redeem, None, keys, None)


def _sh(branch: int, index: int, keys: tuple[bytes, ...], redeem: bytes) -> Derived:
    script = _P2SH + hash160(redeem) + _EQUAL
    return Derived(branch, index, script, redeem, None, keys, None)


def _wsh(branch: int, index: int, keys: tuple[bytes, ...], witness: bytes) -> Derived:
    script = b"\x00\x20" + sha256(witness)
    return Derived(branch, index, script, None, witness, keys, None)


def _sh_wsh(branch: int, index: int, keys: tuple[bytes, ...], witness: bytes) -> Derived:
    redeem = b"\x00\x20" + sha256(witness)
    script = _P2SH + hash160(redeem) + _EQUAL
    return Derived(branch, index, script, redeem, witness, keys, None)


_BUILDERS: Final = {
    Form.PKH: _pkh,
    Form.WPKH: _wpkh,
    Form.SH_WPKH: _sh_wpkh,
    Form.SH: _sh,
    Form.WSH: _wsh,
    Form.SH_WSH: _sh_wsh,
}
