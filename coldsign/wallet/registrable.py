"""What a descriptor must be besides valid to be relied on: no key twice, no false origin.

Bitcoin Core imports such descriptors; a signing device must not, as each of them weakens the quorum
that the person believes in (attacks K-05, K-06, K-10, K-13 of our catalogue).
"""

from collections.abc import Iterator
from typing import Final

from coldsign.errors import MalformedError
from coldsign.keys.bip32 import ExtendedPublicKey
from coldsign.primitives.keypath import format_path
from coldsign.primitives.secp import compress
from coldsign.wallet.derive import branch_key
from coldsign.wallet.descriptor import Descriptor, Form
from coldsign.wallet.keyexpr import KeyExpression
from coldsign.wallet.miniscript.ast import MULTISIGS, Fragment
from coldsign.wallet.words import is_unspendable

UNKNOWN_FINGERPRINT: Final = bytes(4)
"""What exports write where they do not know the master key; it identifies nobody."""


def demand_registrable(descriptor: Descriptor) -> None:
    """Refuse a descriptor that no wallet should be registered with.

    Raises:
        MalformedError: Its branches are not receive and change, a key's origin contradicts the key,
            one key stands in two places, nobody can sign for a key, or nobody says whose the taproot
            key path is.
    """
    _demand_branches(descriptor)
    for number, key in enumerate(descriptor.keys, 1):
        _demand_origin(number, key)
    _demand_distinct(descriptor)
    for quorum in quorums(descriptor):
        _demand_distinct_cosigners(descriptor, quorum)
    _demand_signers(descriptor)
    _demand_owned_key_path(descriptor)


def _demand_branches(descriptor: Descriptor) -> None:
    if descriptor.branch_count > 2:
        raise MalformedError(
            f"descriptor: {descriptor.branch_count} branches, where a wallet has receive and change",
            hint="use <0;1>",
            code="wallet-branches",
        )
    for number, key in enumerate(descriptor.keys, 1):
        if len(key.branches) == 2 and key.branches[0] > key.branches[1]:
            raise MalformedError(
                f"descriptor: key {number}: the change branch comes before the receive branch",
                hint="use <0;1>",
                code="wallet-branches",
            )


def _demand_signers(descriptor: Descriptor) -> None:
    """BIP-341's point H closes a taproot key path; anywhere else it is a signer that does not exist."""
    closes = descriptor.form is Form.TR and descriptor.tree is not None
    for number, key in enumerate(descriptor.keys, 1):
        if is_unspendable(key) and not (closes and number == 1):
            raise MalformedError(
                f"descriptor: key {number} is one whose secret nobody can know: it would never sign",
                hint="coins sent to this wallet could be lost: find out who put it there",
                code="nobodys-key",
            )


def _demand_origin(number: int, key: KeyExpression) -> None:
    public, origin = key.public, key.origin
    if not isinstance(public, ExtendedPublicKey) or origin is None:
        return
    problem = ""
    depth = len(origin.path)
    if public.depth != depth:
        problem = f"its depth is {public.depth}, its origin has {depth} steps"
    elif depth and public.child_number != origin.path[-1]:
        is_at = format_path((public.child_number,))
        problem = f"it is child {is_at}, its origin ends with {format_path(origin.path[-1:])}"
    elif depth == 1 and public.parent_fingerprint != origin.fingerprint:
        problem = "its parent is not the master key of its origin"
    elif not depth and public.fingerprint != origin.fingerprint:
        problem = "it is a master key of another fingerprint than its origin's"
    if problem:
        raise MalformedError(
            f"descriptor: key {number}: {problem}",
            hint="ask its cosigner for the extended public key and its path again",
            code="key-origin",
        )


def _demand_owned_key_path(descriptor: Descriptor) -> None:
    """A bare point as internal key beside scripts is somebody's, who spends alone, or claims to be nobody's."""
    key = descriptor.keys[0]
    if descriptor.form is not Form.TR or descriptor.tree is None or is_unspendable(key):
        return
    if key.origin is None and isinstance(key.public, bytes):
        raise MalformedError(
            "descriptor: key 1 is a bare point: whoever made it may know its secret and spend alone",
            hint="close the key path with BIP-341's point H, or give the key's origin",
            code="bare-internal-key",
        )


def _points(descriptor: Descriptor) -> Iterator[tuple[int, bytes]]:
    """For each key and branch: its position, and the x of the key from which the addresses follow."""
    for position, key in enumerate(descriptor.keys):
        for branch in range(len(key.branches)):
            found = branch_key(key, branch)
            point = found.pubkey if isinstance(found, ExtendedPublicKey) else found
            yield position, point if len(point) == 32 else compress(point)[1:]


def _demand_distinct(descriptor: Descriptor) -> None:
    seen: dict[bytes, int] = {}
    for position, point in _points(descriptor):
        other = seen.setdefault(point, position)
        if other != position:
            raise _twice(other, position, "give the same public keys")
    accounts: dict[bytes, int] = {}
    for position, key in enumerate(descriptor.keys):
        if not isinstance(key.public, ExtendedPublicKey):
            continue
        first = accounts.setdefault(key.public.pubkey[1:], position)
        if first == position:
            continue
        one = descriptor.keys[first]
        if one.public != key.public or one.origin != key.origin:
            raise _twice(first, position, "are one key under two names")
        if {t[:-1] for t in _fixed(one)} & set(key.branches) and key.ranged:
            raise _twice(first, position, "give the same public keys")
        if {t[:-1] for t in _fixed(key)} & set(one.branches) and one.ranged:
            raise _twice(first, position, "give the same public keys")


def _fixed(key: KeyExpression) -> tuple[tuple[int, ...], ...]:
    return () if key.ranged else tuple(tail for tail in key.branches if tail)


def _twice(one: int, other: int, what: str) -> MalformedError:
    return MalformedError(
        f"descriptor: keys {one + 1} and {other + 1} {what}: whoever holds it counts twice",
        hint="every cosigner must have a key of their own",
        code="duplicate-key",
    )


def quorums(descriptor: Descriptor) -> Iterator[tuple[int, ...]]:
    """The positions of the keys that are counted together, for every multisig and threshold."""
    for script, _ in descriptor.scripts():
        for node in script.walk():
            if node.fragment in MULTISIGS:
                yield node.keys
            elif node.fragment is Fragment.THRESH:
                yield tuple(key for sub in node.subs for part in sub.walk() for key in part.keys)


def _demand_distinct_cosigners(descriptor: Descriptor, quorum: tuple[int, ...]) -> None:
    """Within one quorum no master key may stand twice, at whatever account."""
    seen: dict[bytes, int] = {}
    for position in quorum:
        key = descriptor.keys[position]
        if key.fingerprint == UNKNOWN_FINGERPRINT or (key.origin is None and not key.ranged):
            continue
        other = seen.setdefault(key.fingerprint, position)
        if other != position:
            named = key.fingerprint.hex()
            raise _twice(other, position, f"of one quorum are of one master key {named}")
