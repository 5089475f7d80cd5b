"""Extended keys: parse, derive and serialise as BIP-32 says.

The objects know no network: the version bytes say only whether a key belongs to the main network
or to the test networks (they all share theirs), and that group is handed out beside the key.
"""

import hmac
from dataclasses import dataclass, replace
from typing import Self

from coldsign.errors import MalformedError
from coldsign.keys.secret import NotCopied, wipe
from coldsign.keys.versions import (
    ANY_PUBLIC,
    PUBLIC,
    SECRET,
    XPRV,
    XPUB,
    NetworkGroup,
    decode,
    group_of,
    join_head,
    split_head,
)
from coldsign.primitives.encoding import base58check_encode
from coldsign.primitives.hashes import hash160
from coldsign.primitives.keypath import HARDENED, MAX_DEPTH, KeyPath, format_path
from coldsign.primitives.network import Network
from coldsign.primitives.secp import (
    is_public_key,
    is_secret,
    public_key,
    tweak_public,
    tweak_secret,
)

MIN_SEED, MAX_SEED = 16, 64  # BIP-32, "Master key generation": 128 to 512 bits
MAX_INDEX = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class ExtendedPublicKey:
    """A public key with its chain code: everything that derives the unhardened keys below it."""

    depth: int
    parent_fingerprint: bytes
    child_number: int
    chain_code: bytes
    pubkey: bytes

    @property
    def fingerprint(self) -> bytes:
        """The first four bytes of the key's HASH160."""
        return hash160(self.pubkey)[:4]

    @classmethod
    def parse(cls, text: str) -> tuple[Self, NetworkGroup]:
        """Read an xpub or tpub.

        Raises:
            MalformedError: Damaged, secret, of a SLIP-132 version, or not a valid key (BIP-32,
                test vector 5).
        """
        return cls.parse_bytes(decode(text))

    @classmethod
    def parse_bytes(cls, payload: bytes) -> tuple[Self, NetworkGroup]:
        """Read the 78 bytes of BIP-32, as a PSBT's global xpub holds them.

        Raises:
            MalformedError: As for `parse`.
        """
        return cls._read(payload, PUBLIC)

    @classmethod
    def parse_slip132(cls, text: str) -> tuple[Self, NetworkGroup, str]:
        """Read an xpub under any version, as exporting wallets write them.

        The third value is the prefix (`zpub`, `Ypub` …): a hint about the script type, no proof.

        Raises:
            MalformedError: As for `parse`, but SLIP-132 versions are read.
        """
        key, group = cls._read(decode(text), ANY_PUBLIC)
        return key, group, text[:4]

    @classmethod
    def _read(
        cls, payload: bytes, versions: dict[bytes, NetworkGroup]
    ) -> tuple[Self, NetworkGroup]:
        group = group_of(payload, versions)
        pubkey = payload[45:]
        if pubkey[0] not in (2, 3) or not is_public_key(pubkey):
            raise MalformedError("extended public key: not a compressed point of the curve")
        depth, parent, number, chain_code = split_head(payload)
        return cls(depth, parent, number, chain_code, pubkey), group

    def to_bytes(self, group: NetworkGroup) -> bytes:
        """The 78 bytes of BIP-32."""
        return join_head(XPUB[group], self.depth, self.parent_fingerprint, self.child_number) + (
            self.chain_code + self.pubkey
        )

    def serialize(self, network: Network | NetworkGroup) -> str:
        """The xpub or tpub text."""
        return base58check_encode(self.to_bytes(_as_group(network)))

    def child(self, index: int) -> "ExtendedPublicKey":
        """The unhardened child (BIP-32, CKDpub).

        Raises:
            MalformedError: The index is hardened, the depth is used up, or BIP-32 skips the index.
        """
        demand_unhardened(index)
        _demand_depth(self.depth)
        digest = hmac.digest(self.chain_code, self.pubkey + index.to_bytes(4, "big"), "sha512")
        return ExtendedPublicKey(
            self.depth + 1,
            self.fingerprint,
            index,
            digest[32:],
            tweak_public(self.pubkey, digest[:32]),
        )

    def derive(self, path: KeyPath) -> "ExtendedPublicKey":
        """The key at a path of unhardened steps below this one.

        Raises:
            MalformedError: As for `child`.
        """
        key = self
        for index in path:
            key = key.child(index)
        return key


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ExtendedSecretKey(NotCopied):
    """A secret key with its chain code. It does not print; `wipe` overwrites it."""

    depth: int
    parent_fingerprint: bytes
    child_number: int
    chain_code: bytes
    secret: bytes
    pubkey: bytes

    @classmethod
    def from_seed(cls, seed: bytes | bytearray) -> Self:
        """The master key of a seed of 16 to 64 bytes.

        Raises:
            MalformedError: Another length, or (probability 2^-127) a seed that gives no key.
        """
        if not MIN_SEED <= len(seed) <= MAX_SEED:
            raise MalformedError(
                f"seed: {len(seed)} bytes, where BIP-32 takes {MIN_SEED} to {MAX_SEED}"
            )
        digest = hmac.digest(b"Bitcoin seed", seed, "sha512")
        secret, chain_code = digest[:32], digest[32:]
        wipe(digest)
        if not is_secret(secret):
            raise MalformedError("seed: it gives no valid key")
        return cls(0, bytes(4), 0, chain_code, secret, public_key(secret))

    @classmethod
    def parse(cls, text: str) -> tuple[Self, NetworkGroup]:
        """Read an xprv or tprv. No message ever repeats the text.

        Raises:
            MalformedError: Damaged, public, of a SLIP-132 version, or not a valid key (BIP-32,
                test vector 5).
        """
        payload = decode(text)
        group = group_of(payload, SECRET)
        secret = payload[46:]
        if payload[45] != 0 or not is_secret(secret):
            raise MalformedError("extended secret key: not a number from 1 to n-1")
        depth, parent, number, chain_code = split_head(payload)
        wipe(payload)
        return cls(depth, parent, number, chain_code, secret, public_key(secret)), group

    @property
    def fingerprint(self) -> bytes:
        """The first four bytes of the public key's HASH160."""
        return hash160(self.pubkey)[:4]

    def neuter(self) -> ExtendedPublicKey:
        """The public half, with a chain code of its own that `wipe` does not touch."""
        chain_code = bytes(bytearray(self.chain_code))
        return ExtendedPublicKey(
            self.depth, self.parent_fingerprint, self.child_number, chain_code, self.pubkey
        )

    def serialize(self, network: Network | NetworkGroup) -> str:
        """The xprv or tprv text: a secret."""
        head = join_head(
            XPRV[_as_group(network)], self.depth, self.parent_fingerprint, self.child_number
        )
        return base58check_encode(head + self.chain_code + b"\0" + self.secret)

    def child(self, index: int) -> "ExtendedSecretKey":
        """The child at an index, hardened from 2^31 on (BIP-32, CKDpriv).

        Raises:
            MalformedError: No such index, the depth is used up, or (probability 2^-127) BIP-32
                skips the index.
        """
        if not 0 <= index <= MAX_INDEX:
            raise MalformedError(f"key path: step {index} is outside 0 to 2^32-1")
        _demand_depth(self.depth)
        head = self.pubkey if index < HARDENED else b"\0" + self.secret
        message = head + index.to_bytes(4, "big")
        digest = hmac.digest(self.chain_code, message, "sha512")
        left, chain_code = digest[:32], digest[32:]
        try:
            secret = tweak_secret(self.secret, left)
        finally:
            for copy in (
                (digest, left, message) if index < HARDENED else (digest, left, message, head)
            ):
                wipe(copy)
        return ExtendedSecretKey(
            self.depth + 1, self.fingerprint, index, chain_code, secret, public_key(secret)
        )

    def secret_at(self, index: int) -> bytes:
        """The 32 bytes of an unhardened child's secret, without the rest: the fast way to a leaf.

        Raises:
            MalformedError: The index is hardened, or (probability 2^-127) BIP-32 skips it.
        """
        demand_unhardened(index)
        left = hmac.digest(self.chain_code, self.pubkey + index.to_bytes(4, "big"), "sha512")[:32]
        try:
            return tweak_secret(self.secret, left)
        finally:
            wipe(left)

    def derive(self, path: KeyPath) -> "ExtendedSecretKey":
        """The key at a path below this one; the keys on the way are overwritten.

        Raises:
            MalformedError: As for `child`.
        """
        key = self
        for index in path:
            key, previous = key.child(index), key
            if previous is not self:
                previous.wipe()
        return key

    def copy(self) -> "ExtendedSecretKey":
        """The same key in memory of its own, which its own `wipe` overwrites."""
        chain_code, secret = bytes(bytearray(self.chain_code)), bytes(bytearray(self.secret))
        return replace(self, chain_code=chain_code, secret=secret)

    def wipe(self) -> None:
        """Overwrite the secret and the chain code; the object is of no use afterwards."""
        wipe(self.secret)
        wipe(self.chain_code)

    def __repr__(self) -> str:
        return f"ExtendedSecretKey(depth={self.depth}, fingerprint={self.fingerprint.hex()})"


def _as_group(network: Network | NetworkGroup) -> NetworkGroup:
    return network if isinstance(network, NetworkGroup) else NetworkGroup.of(network)


def demand_unhardened(index: int) -> None:
    """Refuse an index that cannot be derived from a public key.

    Raises:
        MalformedError: It is hardened, or no index.
    """
    if not 0 <= index < HARDENED:
        step = format_path((index,)) if 0 <= index <= MAX_INDEX else str(index)
        raise MalformedError(f"key path: step {step} cannot be taken from a public key")


def _demand_depth(depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise MalformedError(f"key path: deeper than {MAX_DEPTH} steps")
