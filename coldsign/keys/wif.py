"""WIF: one secret key as text, with the network group and the form of its public key."""

from typing import Self

from coldsign.errors import MalformedError
from coldsign.keys.secret import NotCopied, Secret, wipe
from coldsign.keys.versions import NetworkGroup
from coldsign.primitives.encoding import base58check_decode, base58check_encode
from coldsign.primitives.network import NETWORKS
from coldsign.primitives.secp import is_secret, public_key, uncompress

MAX_TEXT = 52  # base58 characters of 34 + 4 bytes
_VERSIONS = {network.wif: NetworkGroup.of(network) for network in NETWORKS}
_COMPRESSED = b"\x01"


class WifKey(NotCopied):
    """A single secret key. It does not print; `wipe` overwrites it.

    Attributes:
        secret: The 32 bytes, wrapped.
        public: The public key in the form the text asked for: 33 bytes, or 65 uncompressed.
        group: Main network or test networks.
    """

    __slots__ = ("group", "public", "secret")

    def __init__(self, secret: Secret, public: bytes, group: NetworkGroup) -> None:
        self.secret = secret
        self.public = public
        self.group = group

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a WIF text. No message ever repeats it.

        Raises:
            MalformedError: Damaged, of another kind, or not a number from 1 to n-1.
        """
        if len(text) > MAX_TEXT:
            raise MalformedError(f"WIF: {len(text)} characters, where {MAX_TEXT} is the most")
        try:
            payload = base58check_decode(text)
        except MalformedError:
            # The decoder's own message could quote the text, and the text is a secret.
            raise MalformedError("WIF: not base58, or the checksum is wrong") from None
        try:
            return cls._read(payload)
        finally:
            wipe(payload)

    @classmethod
    def _read(cls, payload: bytes) -> Self:
        secret, tail = payload[1:33], payload[33:]
        if len(secret) != 32 or tail not in (b"", _COMPRESSED):
            raise MalformedError(f"WIF: {len(payload)} bytes of another kind")
        group = _VERSIONS.get(payload[0])
        if group is None:
            raise MalformedError(f"WIF: unknown version {payload[0]:#04x}")
        if not is_secret(secret):
            raise MalformedError("WIF: not a number from 1 to n-1")
        public = public_key(secret)
        key = cls(Secret(secret), public if tail else uncompress(public), group)
        wipe(secret)
        return key

    def serialize(self) -> str:
        """The WIF text: a secret."""
        version = next(byte for byte, group in _VERSIONS.items() if group is self.group)
        tail = _COMPRESSED if len(self.public) == 33 else b""
        payload = bytes([version]) + self.secret.reveal() + tail
        try:
            return base58check_encode(payload)
        finally:
            wipe(payload)

    def wipe(self) -> None:
        """Overwrite the secret."""
        self.secret.wipe()

    def __repr__(self) -> str:
        return f"WifKey(public={self.public.hex()})"
