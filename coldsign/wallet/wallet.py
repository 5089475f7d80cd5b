"""A registered wallet: the one authority on which scripts are ours."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from coldsign.errors import MalformedError
from coldsign.keys.bip32 import ExtendedPublicKey
from coldsign.primitives.address import to_address
from coldsign.primitives.cursor import var_bytes
from coldsign.primitives.hashes import tagged_hash
from coldsign.primitives.keypath import HARDENED, KeyOrigin, KeyPath
from coldsign.primitives.network import Network
from coldsign.primitives.text import NAME_RULE, is_safe_name, printable
from coldsign.wallet.derive import Derived, Deriver
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.registrable import demand_registrable
from coldsign.wallet.words import SpendingPath, cautions, policy_words, spending_paths

RECEIVE: Final = 0
CHANGE: Final = 1
MAX_CREATED_BY: Final = 200
"""Characters of the note on where a registration came from."""


class Place(NamedTuple):
    """A branch and an address number on it."""

    branch: int
    index: int  # type: ignore[assignment]  # the field's word; tuple.index is not used

    def __str__(self) -> str:
        return f"{self.branch}/{self.index}"


@dataclass(frozen=True, slots=True)
class Wallet:
    """A descriptor under a name, checked, with the keys that are ours; made by :meth:`create`.

    Attributes:
        name: Unique on this machine.
        network: Its chain.
        descriptor: Its scripts.
        our_keys: Positions of keys registered as ours; may be empty.
        created_by: Where the registration came from, in words.
        digest: What the registration is bound to: SHA-256 over all of the above.
    """

    name: str
    network: Network
    descriptor: Descriptor
    our_keys: tuple[int, ...]
    created_by: str
    digest: bytes
    _paths: tuple[SpendingPath, ...] = field(repr=False, compare=False)
    _deriver: Deriver = field(repr=False, compare=False)
    _prefixes: Mapping[tuple[bytes, KeyPath], int] = field(repr=False, compare=False)
    _singles: Mapping[tuple[bytes, KeyPath], Place] = field(repr=False, compare=False)

    @classmethod
    def create(
        cls,
        name: str,
        descriptor: Descriptor,
        *,
        our_keys: Iterable[int] = (),
        created_by: str = "",
    ) -> "Wallet":
        """Make a wallet of a descriptor, or say why it cannot be relied on.

        Raises:
            MalformedError: The name is unsafe, a position does not exist, or the descriptor is not
                fit to be registered (a key twice, a false origin, wrong branches, more ways to
                spend than can be reviewed).
        """
        if not is_safe_name(name):
            raise MalformedError(
                f"{printable(name) or 'an empty text'} is no name for a wallet",
                hint=NAME_RULE,
                code="wallet-name",
            )
        positions = tuple(sorted(set(our_keys)))
        if positions and not 0 <= positions[0] <= positions[-1] < len(descriptor.keys):
            raise MalformedError(f"wallet {name}: a key of ours is none of its keys")
        if len(created_by) > MAX_CREATED_BY or printable(created_by, MAX_CREATED_BY) != created_by:
            created_by = printable(created_by, MAX_CREATED_BY)[:MAX_CREATED_BY]
        demand_registrable(descriptor)
        paths = spending_paths(descriptor)
        digest = _digest(name, descriptor, positions, created_by)
        prefixes, singles = _lookup(descriptor)
        network, deriver = descriptor.network, Deriver(descriptor)
        return cls(
            name,
            network,
            descriptor,
            positions,
            created_by,
            digest,
            paths,
            deriver,
            prefixes,
            singles,
        )

    @property
    def script_kind(self) -> str:
        """One word for the kind of its scripts, such as ``wsh-multi``."""
        return self.descriptor.script_kind

    @property
    def branches(self) -> int:
        """How many branches it has: 2 with change, 1 without."""
        return self.descriptor.branch_count

    @property
    def threshold(self) -> tuple[int, int]:
        """Signatures and keys of its first way to spend, such as 2 and 3."""
        first = self.spending_paths()[0]
        return first.needed, len(first.keys)

    @property
    def words(self) -> str:
        """The whole policy in words."""
        return policy_words(self.descriptor)

    @property
    def cautions(self) -> tuple[str, ...]:
        """What must be noticed before this wallet is relied on."""
        return cautions(self.descriptor)

    def spending_paths(self) -> tuple[SpendingPath, ...]:
        """Every way to spend from it."""
        return self._paths

    def derive(self, branch: int, index: int) -> Derived:
        """The scripts of a place; about 35 µs a key.

        Raises:
            MalformedError: It has no such place.
        """
        return self._deriver.derive(branch, index)

    def keys(self, branch: int, index: int) -> tuple[bytes, ...]:
        """The public keys of a place, by position in the descriptor: nearly all the cost of ``derive``.

        Raises:
            MalformedError: It has no such place.
        """
        return self._deriver.keys(branch, index)

    def scripts(self, place: Place, keys: tuple[bytes, ...]) -> Derived:
        """The scripts of a place, of the keys that ``keys`` gave for it."""
        return self._deriver.scripts(place.branch, place.index, keys)

    def address(self, branch: int, index: int) -> str:
        """The address of a place.

        Raises:
            MalformedError: It has no such place.
        """
        return to_address(self.derive(branch, index).script_pubkey, self.network) or ""

    def tail(self, key_position: int, branch: int, index: int) -> KeyPath:
        """The steps from the key expression's own key to the key at a place."""
        return self.descriptor.keys[key_position].path(branch, index)

    def origin(self, key_position: int, branch: int, index: int) -> KeyOrigin:
        """The whole origin that a PSBT states for a key at a place."""
        key = self.descriptor.keys[key_position]
        start = key.expected_origin
        return KeyOrigin(start.fingerprint, start.path + key.path(branch, index))

    def places(self, origin_hints: Iterable[tuple[bytes, KeyOrigin]]) -> tuple[Place, ...]:
        """Every different place that key origins point to, in their order: hints, no evidence.

        Args:
            origin_hints: Public keys with the origins that a PSBT claims for them.
        """
        found: dict[Place, None] = {}
        for _, (fingerprint, path) in origin_hints:
            if path and path[-1] < HARDENED:
                branch = self._prefixes.get((fingerprint, path[:-1]))
                if branch is not None:
                    found[Place(branch, path[-1])] = None
                    continue
            single = self._singles.get((fingerprint, path))
            if single is not None:
                found[single] = None
        return tuple(found)


def _digest(name: str, descriptor: Descriptor, our_keys: tuple[int, ...], created_by: str) -> bytes:
    """One hash over every field, each behind its length, so that no two registrations encode alike."""
    positions = ",".join(map(str, our_keys))
    fields = (name, descriptor.network.name, str(descriptor), positions, created_by)
    return tagged_hash("coldsign/wallet", b"".join(var_bytes(text.encode()) for text in fields))


def _lookup(
    descriptor: Descriptor,
) -> tuple[dict[tuple[bytes, KeyPath], int], dict[tuple[bytes, KeyPath], Place]]:
    """Which branch the path before the index names; and the places of keys without a wildcard."""
    prefixes: dict[tuple[bytes, KeyPath], int] = {}
    singles: dict[tuple[bytes, KeyPath], Place] = {}
    for key in descriptor.keys:
        start = key.expected_origin
        for branch, steps in enumerate(key.branches):
            whole = (start.fingerprint, start.path + steps)
            if key.ranged and isinstance(key.public, ExtendedPublicKey):
                prefixes.setdefault(whole, branch)
            elif not descriptor.ranged:
                singles.setdefault(whole, Place(branch, 0))
    return prefixes, singles
