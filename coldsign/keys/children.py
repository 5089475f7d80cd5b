"""The keys of one branch: for thousands of indexes, what they share is computed once."""

import hmac

from coldsign.keys.bip32 import ExtendedPublicKey, demand_unhardened
from coldsign.primitives.secp import tweak_public


class Children:
    """The unhardened children of one extended public key (BIP-32, CKDpub), without chain codes.

    Every child's HMAC-SHA512 begins with the same key and the same 33 bytes; that much of it is
    kept, and an index costs the rest and one addition on the curve.
    """

    __slots__ = ("_begun", "_parent")

    def __init__(self, parent: ExtendedPublicKey) -> None:
        self._parent = parent.pubkey
        self._begun = hmac.new(parent.chain_code, parent.pubkey, "sha512")

    def pubkey_at(self, index: int) -> bytes:
        """The 33 bytes of a child's key.

        Raises:
            MalformedError: The index is hardened, or (probability 2^-127) BIP-32 skips it.
        """
        demand_unhardened(index)
        mac = self._begun.copy()
        mac.update(index.to_bytes(4, "big"))
        return tweak_public(self._parent, mac.digest()[:32])
