"""A wallet's policy in words that a person can check against what was agreed."""

from datetime import UTC, datetime
from typing import Final, NamedTuple

from coldsign.keys.bip32 import ExtendedPublicKey
from coldsign.primitives.locks import (
    LOCKTIME_THRESHOLD,
    SEQUENCE_MASK,
    SEQUENCE_TYPE_FLAG,
    SEQUENCE_UNIT,
)
from coldsign.primitives.text import counted
from coldsign.wallet.descriptor import Descriptor, Form
from coldsign.wallet.keyexpr import KeyExpression
from coldsign.wallet.policy import Quorum, Way, demand_reviewable, ways
from coldsign.wallet.taptree import leaves

NUMS: Final = bytes.fromhex("50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0")
"""BIP-341's point H: nobody knows its secret key."""

_MINUTES_PER_BLOCK: Final = 10
_UNITS: Final = (("year", 365 * 24 * 60), ("day", 24 * 60), ("hour", 60), ("minute", 1))


class SpendingPath(NamedTuple):
    """One way to spend from a wallet.

    Attributes:
        words: The whole condition in words.
        needed: How many signatures.
        keys: Positions of the keys that can give them.
        older: Relative lock as in nSequence, or None.
        after: Absolute lock as in nLockTime, or None.
        leaf: Number of the taproot leaf from left to right; None for the key path and outside
            taproot.
        quorums: The signatures in groups of "k of these".
        hashes: Hash function and digest of each preimage needed.
    """

    words: str
    needed: int
    keys: tuple[int, ...]
    older: int | None
    after: int | None
    leaf: int | None
    quorums: tuple[Quorum, ...]
    hashes: tuple[tuple[str, bytes], ...]


def is_unspendable(key: KeyExpression) -> bool:
    """Whether nobody can know the secret of a taproot internal key.

    That is BIP-341's H, or an extended key over it.

    The children of an extended key over H are H plus a public number times the generator: whoever
    knew the secret of a child would know that of H.
    """
    public = key.public
    if isinstance(public, ExtendedPublicKey):
        return public.pubkey[1:] == NUMS
    return public in {NUMS, b"\x02" + NUMS, b"\x03" + NUMS}


def key_name(key: KeyExpression) -> str:
    """How a key is named in a sentence: its master fingerprint, or the start of a raw key."""
    if key.origin is None and isinstance(key.public, bytes):
        return key.public.hex()[:16] + "..."
    return key.fingerprint.hex()


def spending_paths(descriptor: Descriptor) -> tuple[SpendingPath, ...]:
    """Every way to spend from the scripts of a descriptor.

    Raises:
        MalformedError: There are more than 256.
    """
    if descriptor.script is not None:
        return tuple(_path(descriptor, way, None) for way in ways(descriptor.script))
    alone = Way(quorums=(Quorum(1, (0,)),))
    if descriptor.form is not Form.TR:
        return (_path(descriptor, alone, None),)
    found = [] if is_unspendable(descriptor.keys[0]) else [_key_path(descriptor, alone)]
    if descriptor.tree is not None:
        for number, leaf in enumerate(leaves(descriptor.tree)):
            found += [_path(descriptor, way, number) for way in ways(leaf)]
            demand_reviewable(len(found))
    return tuple(found)


def policy_words(descriptor: Descriptor) -> str:
    """The whole policy: its ways to spend, joined by "or"."""
    words = "; or, ".join(path.words for path in spending_paths(descriptor))
    if descriptor.form is Form.TR and is_unspendable(descriptor.keys[0]):
        return f"{words}; the taproot key path is closed (nobody can know the secret of its key)"
    return words


def cautions(descriptor: Descriptor) -> tuple[str, ...]:
    """What a person must have noticed before registering this."""
    if descriptor.form is not Form.TR or descriptor.tree is None:
        return ()
    key = descriptor.keys[0]
    if is_unspendable(key):
        return ()
    if key.origin is None:
        return (
            f"the taproot internal key {key_name(key)} is no named cosigner's: it is a key that can spend alone",
        )
    least = min(path.needed for path in spending_paths(descriptor) if path.leaf is not None)
    if least == 1:
        return ()
    alone = f"the taproot internal key {key_name(key)} can spend alone"
    return (f"{alone}, without the {least} signatures that each script asks for",)


def _key_path(descriptor: Descriptor, alone: Way) -> SpendingPath:
    path = _path(descriptor, alone, None)
    if descriptor.tree is None:
        return path
    note = " alone by the taproot key path"
    if descriptor.keys[0].origin is None:
        note += ": a key that can spend alone, of no named cosigner"
    return path._replace(words=path.words + note)


def _path(descriptor: Descriptor, way: Way, leaf: int | None) -> SpendingPath:
    older, after = max(way.older, default=None), max(way.after, default=None)
    conditions = [older_words(older)] if older is not None else []
    conditions += [after_words(after)] if after is not None else []
    parts = [", ".join(conditions)] if conditions else []
    signatures = [_quorum_words(descriptor, quorum) for quorum in way.quorums]
    signatures += [f"the preimage of {name} {digest.hex()}" for name, digest in way.hashes]
    parts += [" and ".join(signatures)]
    keys = tuple(sorted({key for quorum in way.quorums for key in quorum.keys}))
    needed = sum(quorum.needed for quorum in way.quorums)
    return SpendingPath(", ".join(parts), needed, keys, older, after, leaf, way.quorums, way.hashes)


def _quorum_words(descriptor: Descriptor, quorum: Quorum) -> str:
    names = ", ".join(key_name(descriptor.keys[key]) for key in quorum.keys)
    if len(quorum.keys) == 1:
        return f"1 key: {names}"
    return f"{quorum.needed} of {len(quorum.keys)} keys: {names}"


def older_words(lock: int) -> str:
    """A relative lock (BIP-68) in words."""
    return f"{age_words(lock)} after the coin was received"


def age_words(lock: int) -> str:
    """The age that a relative lock (BIP-68) asks of a coin: "144 blocks (about 1 day)"."""
    units = lock & SEQUENCE_MASK
    if lock & SEQUENCE_TYPE_FLAG:
        return _about(units * SEQUENCE_UNIT // 60)
    return f"{counted(units, 'block')} ({_about(units * _MINUTES_PER_BLOCK)})"


def after_words(lock: int) -> str:
    """An absolute lock (BIP-65) in words."""
    if lock < LOCKTIME_THRESHOLD:
        return f"from block {lock} on"
    return f"from {datetime.fromtimestamp(lock, UTC):%Y-%m-%d %H:%M} UTC on"


def _about(minutes: int) -> str:
    """A time of at least a minute in its largest unit; nine tenths of a unit are said as one."""
    name, size = next(unit for unit in _UNITS if minutes * 10 >= unit[1] * 9)
    count = max(1, round(minutes / size))
    return f"about {counted(count, name)}"
