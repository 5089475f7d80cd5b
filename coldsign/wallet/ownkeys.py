"""Which keys of a descriptor are ours, proven by derivation: fingerprints are text that anyone can write."""

from coldsign.errors import LockedError, RefusedError
from coldsign.keys.keyring import Keyring
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.registrable import quorums


def own_positions(descriptor: Descriptor, keyring: Keyring) -> tuple[int, ...]:
    """The positions of the keys whose secrets are in this keyring.

    Raises:
        RefusedError: A key claims our master key's fingerprint and is not derived from it (code
            ``false-own-key``), or one quorum holds two keys of ours (``own-key-twice``).
        LockedError: None is ours (code ``not-our-wallet``).
    """
    found = []
    for position, key in enumerate(descriptor.keys):
        if keyring.claim(key.origin, key.public) is not None:
            found.append(position)
        elif key.origin is not None and key.origin.fingerprint == keyring.fingerprint:
            raise RefusedError(
                f"key {position + 1} of the wallet says that it is of this master key"
                f" ({keyring.fingerprint.hex()}), but it is not derived from it",
                hint="somebody put another key in its place: do not use this wallet",
                code="false-own-key",
            )
    if not found:
        raise LockedError(
            f"this key ({keyring.fingerprint.hex()}) is none of the keys of the wallet",
            hint="somebody may have put another key in its place: do not use this wallet",
            code="not-our-wallet",
        )
    for positions in quorums(descriptor):
        ours = [str(position + 1) for position in positions if position in found]
        if len(ours) > 1:
            raise RefusedError(
                f"keys {' and '.join(ours)} of one quorum are both of this master key: its holder"
                " counts twice",
                hint="every cosigner must have a key of their own",
                code="own-key-twice",
            )
    return tuple(found)
