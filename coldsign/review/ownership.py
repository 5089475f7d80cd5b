"""Which scripts are ours, and whether the PSBT's claims about them are true.

A PSBT's key origins only hint where to derive. A script is ours if the registered descriptor gives
exactly this script at that place; what the PSBT claims beside it must then agree with it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import chain, islice
from typing import NamedTuple

from coldsign.primitives.cores import ALONE, Cores
from coldsign.primitives.keypath import KeyOrigin, KeyPath
from coldsign.psbt.input_map import PsbtInput
from coldsign.psbt.output_map import PsbtOutput
from coldsign.wallet.derive import Derived
from coldsign.wallet.keyexpr import KeyExpression
from coldsign.wallet.wallet import Place, Wallet

MAX_PLACES = 4
"""Places tried for one script: honest hints all name one, and each try costs a derivation."""

_OWN_SHARE = 0.8
"""Of an equal share of deriving; this process has more to do with every key."""


class Hint(NamedTuple):
    """A claimed key with its claimed origin, and for taproot the leaves it is said to sign."""

    key: bytes
    origin: KeyOrigin
    leaves: tuple[bytes, ...] = ()


class ClaimFault(Enum):
    """How a claim about one of our scripts is false."""

    FOREIGN_KEY = "foreign key"
    WRONG_ORIGIN = "wrong origin"
    WRONG_LEAF = "wrong leaf"
    SCRIPT_MISSING = "script missing"
    SCRIPT_DIFFERS = "script differs"
    TAPROOT_DIFFERS = "taproot data differs"


class FalseClaim(NamedTuple):
    """One false claim: how it is false, and about what."""

    fault: ClaimFault
    about: str


class Ownership(NamedTuple):
    """What was established about one script.

    Attributes:
        place: Where in the wallet it stands; None if it is not ours.
        derived: What the wallet derives there.
        false_claims: What the PSBT says about it that is not so; only of scripts that are ours.
        names_our_keys: Whether the PSBT's claims name a key of this wallet by its fingerprint.
    """

    place: Place | None
    derived: Derived | None
    false_claims: tuple[FalseClaim, ...]
    names_our_keys: bool


STRANGER = Ownership(None, None, (), False)  # noqa: FBT003 - a field, not a switch
"""A script that is not ours and is not said to be."""


def hints_of(given: PsbtInput | PsbtOutput) -> tuple[Hint, ...]:
    """Every key one map claims, with its origin."""
    plain, taproot = given.bip32_derivations, given.tap_bip32_derivations
    hints = [Hint(key, origin) for key, origin in plain.items()] if plain else []
    if taproot:
        hints += [Hint(key, origin, leaves) for key, (leaves, origin) in taproot.items()]
    return tuple(hints)


def origins_of(given: PsbtInput | PsbtOutput) -> Iterable[KeyOrigin]:
    """The key origins of the same claims, in their order."""
    plain, taproot = given.bip32_derivations.values(), given.tap_bip32_derivations.values()
    return chain(plain, [origin for _, origin in taproot]) if taproot else plain


class Owner:
    """A wallet made ready to be asked about many scripts: what never changes is worked out once."""

    __slots__ = (
        *("_ahead", "_everywhere", "_fingerprints", "_keys", "_places_ahead", "_starts"),
        "wallet",
    )

    def __init__(self, wallet: Wallet) -> None:
        self.wallet = wallet
        keys = wallet.descriptor.keys
        self._fingerprints = frozenset(key.fingerprint for key in keys)
        branches = range(wallet.branches)
        self._everywhere = (
            () if wallet.descriptor.ranged else tuple(Place(branch, 0) for branch in branches)
        )
        self._starts = [[_start(key, branch) for key in keys] for branch in branches]
        self._keys: dict[Place, tuple[bytes, ...]] = {}
        self._ahead = ALONE.share(self._keys_of, ())
        self._places_ahead: Iterator[Place] = iter(())

    def derive_ahead(self, givens: Iterable[PsbtInput | PsbtOutput], cores: Cores) -> None:
        """Begin to derive the keys of every place that the maps' first hints name, on all cores."""
        first = chain.from_iterable(islice(origins_of(given), 1) for given in givens)
        named = [self.wallet.places([(b"", origin)]) for origin in first]
        places = list(dict.fromkeys(chain(self._everywhere, *named)))
        self._places_ahead = iter(places)
        self._ahead = cores.share(self._keys_of, places, own=_OWN_SHARE)

    def _keys_of(self, places: Sequence[Place]) -> list[tuple[bytes, ...]]:
        return [self.wallet.keys(branch, index) for branch, index in places]

    def _keys_at(self, place: Place) -> tuple[bytes, ...]:
        """The keys of a place: derived ahead, or else now."""
        while place not in self._keys:
            keys = next(self._ahead, None)
            if keys is None:
                return self.wallet.keys(*place)
            self._keys[next(self._places_ahead)] = keys
        return self._keys[place]

    def derived_keys(self) -> frozenset[bytes]:
        """All public keys that were derived ahead."""
        return frozenset(chain(*self._keys.values(), *self._ahead))

    def close(self) -> None:
        """Stop deriving ahead."""
        self._ahead.close()

    def find(self, hints: tuple[Hint, ...], script: bytes) -> tuple[Place, Derived] | None:
        """The place whose derived script is exactly this one, looked for where the hints point."""
        for place in islice(self._places(hints), MAX_PLACES):
            derived = self.wallet.scripts(place, self._keys_at(place))
            if derived.script_pubkey == script:
                return place, derived
        return None

    def _places(self, hints: tuple[Hint, ...]) -> Iterable[Place]:
        """The place the first hint names; only if it was wrong, those the others name.

        A wallet without a wildcard has so few places that no hint is needed.
        """
        yield from self._everywhere
        if not hints or self._everywhere:
            return
        first = self.wallet.places([(hints[0].key, hints[0].origin)])
        yield from first
        others = self.wallet.places([(hint.key, hint.origin) for hint in hints])
        yield from (place for place in others if place not in first)

    def has_origin(self, position: int, place: Place, origin: KeyOrigin) -> bool:
        """Whether this is the whole origin of a key of the wallet at a place."""
        fingerprint, path, ranged = self._starts[place.branch][position]
        if origin.fingerprint != fingerprint:
            return False
        return origin.path == ((*path, place.index) if ranged else path)

    def is_named_in(self, hints: tuple[Hint, ...]) -> bool:
        """Whether any claim names a key of this wallet by its fingerprint."""
        return any(hint.origin.fingerprint in self._fingerprints for hint in hints)


def _start(key: KeyExpression, branch: int) -> tuple[bytes, KeyPath, bool]:
    """A key's fingerprint, its path up to the wildcard, and whether there is one."""
    start, tail = key.expected_origin, key.path(branch, 0)
    return start.fingerprint, start.path + (tail[:-1] if key.ranged else tail), key.ranged


def own_input(owner: Owner, given: PsbtInput, script: bytes) -> Ownership:
    """Establish whether an input's script is ours, and check all that is claimed about it."""
    hints = hints_of(given)
    found = owner.find(hints, script)
    if found is None:
        return Ownership(None, None, (), owner.is_named_in(hints))
    place, derived = found
    false = [
        *_false_keys(owner, place, derived, hints),
        *_false_input_scripts(given, derived),
        *_false_taproot_input(given, derived),
    ]
    return Ownership(place, derived, tuple(false), names_our_keys=True)


def own_output(owner: Owner, given: PsbtOutput, script: bytes) -> Ownership:
    """Establish whether an output's script is ours, and check all that is claimed about it."""
    hints = hints_of(given)
    found = owner.find(hints, script)
    if found is None:
        return Ownership(None, None, (), owner.is_named_in(hints)) if hints else STRANGER
    place, derived = found
    false = [
        *_false_keys(owner, place, derived, hints),
        *_false_output_data(given, derived),
    ]
    return Ownership(place, derived, tuple(false), names_our_keys=True)


def positions(derived: Derived) -> Mapping[bytes, tuple[int, ...]]:
    """Where in the descriptor each derived public key stands; a key may stand there twice."""
    found: dict[bytes, tuple[int, ...]] = {}
    for position, key in enumerate(derived.keys):
        found[key] = (*found.get(key, ()), position)
    return found


def _false_keys(
    owner: Owner, place: Place, derived: Derived, hints: tuple[Hint, ...]
) -> Iterable[FalseClaim]:
    known = positions(derived)
    for hint in hints:
        key = hint.key[1:] if derived.taproot and len(hint.key) == 33 else hint.key
        at = known.get(key)
        if at is None:
            yield FalseClaim(ClaimFault.FOREIGN_KEY, f"key {hint.key.hex()} {hint.origin}")
            continue
        if not any(owner.has_origin(position, place, hint.origin) for position in at):
            yield FalseClaim(ClaimFault.WRONG_ORIGIN, f"key {hint.key.hex()} {hint.origin}")
        if hint.leaves and not _signs(derived, at, hint.leaves):
            yield FalseClaim(ClaimFault.WRONG_LEAF, f"key {hint.key.hex()}")


def _signs(derived: Derived, at: tuple[int, ...], leaves: tuple[bytes, ...]) -> bool:
    """Whether a key stands in every one of these leaves."""
    tree = derived.taproot.leaves if derived.taproot is not None else ()
    real = {leaf.leaf_hash for leaf in tree if not set(at).isdisjoint(leaf.keys)}
    return real.issuperset(leaves)


def _false_input_scripts(given: PsbtInput, derived: Derived) -> Iterable[FalseClaim]:
    """An input must carry exactly the scripts we derive: the next signer goes by them."""
    for name, there, due in (
        ("redeem script", given.redeem_script, derived.redeem_script),
        ("witness script", given.witness_script, derived.witness_script),
    ):
        if there is None and due is not None:
            yield FalseClaim(ClaimFault.SCRIPT_MISSING, name)
        elif there != due:
            yield FalseClaim(ClaimFault.SCRIPT_DIFFERS, name)


def _false_taproot_input(given: PsbtInput, derived: Derived) -> Iterable[FalseClaim]:
    tree = derived.taproot
    internal, root = given.tap_internal_key, given.tap_merkle_root
    if internal is not None and (tree is None or internal != tree.internal_key):
        yield FalseClaim(ClaimFault.TAPROOT_DIFFERS, "internal key")
    if root is not None and (tree is None or root != tree.merkle_root):
        yield FalseClaim(ClaimFault.TAPROOT_DIFFERS, "merkle root")
    if not given.tap_leaf_scripts:
        return
    leaves = tree.leaves if tree is not None else ()
    real = {leaf.control_block: (leaf.script, leaf.version) for leaf in leaves}
    for control_block, leaf_script in given.tap_leaf_scripts.items():
        if real.get(control_block) != leaf_script:
            yield FalseClaim(ClaimFault.TAPROOT_DIFFERS, "leaf script or control block")


def _false_output_data(given: PsbtOutput, derived: Derived) -> Iterable[FalseClaim]:
    """An output may leave out what we derive anyway; what it carries must be true."""
    for name, there, due in (
        ("redeem script", given.redeem_script, derived.redeem_script),
        ("witness script", given.witness_script, derived.witness_script),
    ):
        if there is not None and there != due:
            yield FalseClaim(ClaimFault.SCRIPT_DIFFERS, name)
    tree = derived.taproot
    internal = given.tap_internal_key
    if internal is not None and (tree is None or internal != tree.internal_key):
        yield FalseClaim(ClaimFault.TAPROOT_DIFFERS, "internal key")
    if given.tap_tree is not None and sorted(given.tap_tree) != _tree(derived):
        yield FalseClaim(ClaimFault.TAPROOT_DIFFERS, "script tree")


def _tree(derived: Derived) -> list[tuple[int, int, bytes]]:
    """Depth, version and script of every leaf; the output key proves how they hang together."""
    leaves = derived.taproot.leaves if derived.taproot is not None else ()
    return sorted(
        ((len(leaf.control_block) - 33) // 32, leaf.version, leaf.script) for leaf in leaves
    )
