"""The unlocked key: it hands out a secret only for a public key that it can prove to be its own."""

from typing import Final, Self

from coldsign.errors import LockedError, MalformedError
from coldsign.keys.bip32 import ExtendedPublicKey, ExtendedSecretKey
from coldsign.keys.mnemonic import Mnemonic
from coldsign.keys.secret import NotCopied, wipe
from coldsign.keys.versions import NetworkGroup
from coldsign.keys.wif import WifKey
from coldsign.primitives.hashes import hash160
from coldsign.primitives.keypath import HARDENED, MAX_DEPTH, KeyOrigin, KeyPath
from coldsign.primitives.secp import compress

_XONLY: Final = 32


class SigningKey(NotCopied):
    """One key of a wallet whose secret we hold; made by `Keyring.claim` only.

    Attributes:
        public: What was claimed: the extended key or the plain public key that stands in the
            wallet.
    """

    __slots__ = ("_branches", "_keyring", "_root", "_secrets", "public")

    def __init__(
        self,
        keyring: "Keyring",
        root: "ExtendedSecretKey | bytes",
        public: ExtendedPublicKey | bytes,
    ) -> None:
        self._keyring = keyring
        self._root = root
        self._branches: dict[KeyPath, ExtendedSecretKey] = {}
        self._secrets: dict[KeyPath, bytes] = {}
        self.public = public

    def secret(self, tail: KeyPath) -> bytes:
        """The 32 bytes that sign for the key at ``tail`` below the claimed one.

        The bytes are overwritten when the keyring closes: sign with them, keep nothing. Branches
        are derived once; a further key of a known branch costs some microseconds.

        Args:
            tail: Unhardened or hardened steps, `()` for a key without derivation.

        Raises:
            LockedError: The keyring is closed, or steps were asked of a key that has none.
            MalformedError: BIP-32 has no key there (probability 2^-127).
        """
        self._keyring.demand_open()
        found = self._secrets.get(tail)
        if found is None:
            found = self._secrets[tail] = self._derive(tail)
        return found

    def _derive(self, tail: KeyPath) -> bytes:
        if isinstance(self._root, bytes):
            if tail:
                raise LockedError("a single key has no keys below it")
            return self._root
        if not tail:
            return self._root.secret
        branch = self._branches.get(tail[:-1])
        if branch is None:
            branch = self._branches[tail[:-1]] = self._root.derive(tail[:-1])
        if tail[-1] < HARDENED:
            return branch.secret_at(tail[-1])
        return branch.child(tail[-1]).secret

    def wipe(self) -> None:
        """Overwrite every secret that was derived."""
        for secret in self._secrets.values():
            wipe(secret)
        for branch in self._branches.values():
            branch.wipe()
        if isinstance(self._root, bytes):
            wipe(self._root)
        else:
            self._root.wipe()
        self._secrets.clear()
        self._branches.clear()

    def __repr__(self) -> str:
        return "SigningKey(…)"


class Keyring(NotCopied):
    """One secret, unlocked; a context manager that overwrites it and all that was derived on exit.

    Attributes:
        fingerprint: The first four bytes of HASH160 of the root's (or the single key's) public key.
        group: The network group the secret is bound to; None for words used without a key file.
        public: The root's extended public key, or the single public key.
    """

    __slots__ = ("_claimed", "_is_open", "_root", "fingerprint", "group", "public")

    def __init__(self, root: "ExtendedSecretKey | WifKey", group: NetworkGroup | None) -> None:
        self._root = root
        self._claimed: list[SigningKey] = []
        self._is_open = True
        self.group = group
        if isinstance(root, WifKey):
            self.fingerprint = hash160(root.public)[:4]
            self.public: ExtendedPublicKey | bytes = root.public
        else:
            self.fingerprint = root.fingerprint
            self.public = root.neuter()

    @classmethod
    def from_mnemonic(
        cls, mnemonic: Mnemonic, passphrase: str = "", *, group: NetworkGroup | None = None
    ) -> Self:
        """The keyring of a BIP-39 mnemonic and its optional passphrase.

        Raises:
            MalformedError: The passphrase is too long or not text.
        """
        with mnemonic.seed(passphrase) as seed:
            return cls(ExtendedSecretKey.from_seed(seed.buffer), group)

    @classmethod
    def from_xprv(cls, text: str) -> Self:
        """The keyring of an xprv or tprv, of a master key or of any key below one.

        Raises:
            MalformedError: It is no valid extended secret key.
        """
        return cls(*ExtendedSecretKey.parse(text))

    @classmethod
    def from_wif(cls, text: str) -> Self:
        """The keyring of one secret key in WIF.

        Raises:
            MalformedError: It is no valid WIF.
        """
        key = WifKey.parse(text)
        return cls(key, key.group)

    def claim(
        self, origin: KeyOrigin | None, public: ExtendedPublicKey | bytes
    ) -> SigningKey | None:
        """The signing key whose public side is ``public``, or None where it is not ours.

        The origin only says where to derive: what counts is that the derived public key (and chain
        code) is the one that stands in the wallet. Its fingerprint is not looked at.

        Args:
            origin: The key's origin in the wallet, where it has one.
            public: The wallet's extended key, or a plain public key of 33, 65 or (x-only) 32 bytes.

        Raises:
            LockedError: The keyring is closed.
        """
        self.demand_open()
        if isinstance(self._root, WifKey):
            return self._claim_single(self._root, public)
        for path in _candidates(self._root, origin, public):
            found = self._root.derive(path)
            if _is_public_side(found, public):
                return self._claim(found if path else found.copy(), public)
            if path:
                found.wipe()
        return None

    def xpub(self, path: KeyPath) -> ExtendedPublicKey:
        """The extended public key at a path below this root.

        Raises:
            LockedError: The keyring is closed, or holds a single key.
            MalformedError: BIP-32 has no key there.
        """
        self.demand_open()
        if isinstance(self._root, WifKey):
            raise LockedError("a single key has no extended public key")
        key = self._root.derive(path)
        public = key.neuter()
        if path:
            key.wipe()
        return public

    def demand_open(self) -> None:
        """Stop where the keyring is not open.

        Raises:
            LockedError: It was closed.
        """
        if not self._is_open:
            raise LockedError("the key is locked again")

    def wipe(self) -> None:
        """Overwrite the secret and everything that was derived from it."""
        for claimed in self._claimed:
            claimed.wipe()
        self._claimed.clear()
        self._root.wipe()
        self._is_open = False

    def _claim_single(self, key: WifKey, public: ExtendedPublicKey | bytes) -> SigningKey | None:
        if isinstance(public, bytes) and _same_point(public, key.public):
            return self._claim(key.secret.reveal(), public)
        return None

    def _claim(
        self, root: ExtendedSecretKey | bytes, public: ExtendedPublicKey | bytes
    ) -> SigningKey:
        claimed = SigningKey(self, root, public)
        self._claimed.append(claimed)
        return claimed

    def __repr__(self) -> str:
        return f"Keyring(fingerprint={self.fingerprint.hex()})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()


def _candidates(
    root: ExtendedSecretKey, origin: KeyOrigin | None, public: ExtendedPublicKey | bytes
) -> tuple[KeyPath, ...]:
    """Where the key can be: an origin counts from a master key, and the root may be below it."""
    paths: dict[KeyPath, None] = {(): None}
    if origin is not None:
        paths[origin.path] = None
        paths[origin.path[root.depth :]] = None
    elif isinstance(public, ExtendedPublicKey) and public.depth == root.depth + 1:
        paths[(public.child_number,)] = None
    return tuple(path for path in paths if root.depth + len(path) <= MAX_DEPTH)


def _is_public_side(key: ExtendedSecretKey, public: ExtendedPublicKey | bytes) -> bool:
    if isinstance(public, bytes):
        return _same_point(public, key.pubkey)
    return key.pubkey == public.pubkey and key.chain_code == public.chain_code


def _same_point(one: bytes, other: bytes) -> bool:
    """Whether two encodings are the same public key; an x-only one stands for either y."""
    if len(one) == _XONLY:
        return one == other[1:33]
    if len(one) == len(other):
        return one == other
    try:
        return compress(one) == compress(other)
    except MalformedError:
        return False
