"""The stored keys: for each an encrypted file and, beside it, a record of what is public.

``keys/NAME.age`` holds the secret; the standard `age -d` opens it. ``keys/NAME.json`` says what
kind of key it is, without the passphrase; it is not trusted: unlocking compares it with the
secret. Files are 0600 in 0700 folders, and a file that is open to others, another user's, or a
symbolic link is refused.

Removing a key unlinks its file. That does not erase it: journals, snapshots and flash memory keep
old blocks, and no overwriting from here reaches them. What is left is encrypted; who must be sure
destroys the medium.
"""

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from coldsign.errors import LockedError, MalformedError, SelfCheckError, UsageError
from coldsign.keys import agefile
from coldsign.keys.keyring import Keyring
from coldsign.keys.material import KeyKind, Material
from coldsign.keys.secret import wipe
from coldsign.keys.versions import NetworkGroup
from coldsign.primitives.filefault import failure
from coldsign.primitives.fileio import sync_folder
from coldsign.primitives.storage import (
    atomic_write,
    demand_writable,
    ensure_private_dir,
    exclusive_lock,
    read_private,
)
from coldsign.primitives.text import NAME_RULE, is_safe_name, printable

MAX_RECORD: Final = 4096  # bytes; a record has about 200
Seal = Callable[[bytes, str], bytes]


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is public about a stored key.

    Attributes:
        name: Its name in the key store.
        kind: What it was made of.
        group: The networks it is for.
        fingerprint: Of its master key (or single key): 4 bytes.
        pubkey: The public key of a single key; None for the others.
    """

    name: str
    kind: KeyKind
    group: NetworkGroup
    fingerprint: bytes
    pubkey: bytes | None

    @classmethod
    def of(cls, name: str, kind: KeyKind, keyring: Keyring, group: NetworkGroup) -> Self:
        """The record of an unlocked key."""
        pubkey = keyring.public if isinstance(keyring.public, bytes) else None
        return cls(name, kind, group, keyring.fingerprint, pubkey)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a record as `to_bytes` writes it; every other form is refused.

        Raises:
            MalformedError: Anything else.
        """
        wrong = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
        with contextlib.suppress(*wrong):
            fields = json.loads(data)
            record = cls(
                name=fields["name"],
                kind=KeyKind(fields["kind"]),
                group=NetworkGroup(fields["network_group"]),
                fingerprint=bytes.fromhex(fields["fingerprint"]),
                pubkey=bytes.fromhex(fields["pubkey"]) if fields["pubkey"] is not None else None,
            )
            is_whole = is_safe_name(record.name) and len(record.fingerprint) == 4
            if is_whole and record.to_bytes() == data:
                return record
        raise MalformedError("not a key record of this program, or damaged", code="key-record")

    def to_bytes(self) -> bytes:
        """The record as a line of JSON."""
        fields = {
            "version": 1,
            "name": self.name,
            "kind": self.kind.value,
            "network_group": self.group.value,
            "fingerprint": self.fingerprint.hex(),
            "pubkey": self.pubkey.hex() if self.pubkey is not None else None,
        }
        return json.dumps(fields).encode("ascii") + b"\n"


class Keystore:
    """The keys under one home folder.

    Args:
        home: coldsign's home folder; made private when the first key is stored.
        seal: Encrypts the secret with a passphrase; another than age's, which is slow, is for tests.
        unseal: Decrypts what ``seal`` made.
    """

    def __init__(
        self, home: Path, *, seal: Seal = agefile.seal, unseal: Seal = agefile.unseal
    ) -> None:
        self._home = home
        self._folder = home / "keys"
        self._seal = seal
        self._unseal = unseal

    def add(self, name: str, material: Material, passphrase: str) -> KeyRecord:
        """Store a new key; the secret is on the disk, encrypted, before the record is.

        Raises:
            UsageError: The name is taken (code ``key-exists``) or no name for a key.
            MalformedError: The passphrase cannot be one, or the secret is no valid key.
            UnfitError: The disk is full, or the folder is open to others.
        """
        secret, public = self._paths(name)
        with material.open() as keyring:
            record = KeyRecord.of(name, material.kind, keyring, material.group)
        self._demand_free(name)
        agefile.normalized(passphrase)
        sealed = self._sealed(material, passphrase)
        ensure_private_dir(self._home)
        ensure_private_dir(self._folder)
        with exclusive_lock(self._folder / ".lock"):
            self._demand_free(name)
            atomic_write(secret, sealed, replace=False)
            self._read_back(secret, sealed)
            atomic_write(public, record.to_bytes(), replace=True)
        return record

    def demand_room(self, name: str) -> None:
        """Stop where no key of this name can be stored, before a person works for it.

        Raises:
            UsageError: The name is taken (code ``key-exists``) or no name for a key.
            UnfitError: The folder is open to others, or cannot be written to.
        """
        self._demand_free(name)
        if self._folder.exists():
            ensure_private_dir(self._folder)
        demand_writable(self._folder)

    def records(self) -> tuple[KeyRecord, ...]:
        """All stored keys, by name.

        Raises:
            MalformedError: A record is damaged.
            UnfitError: A file is open to others, another user's, or a link.
        """
        names = sorted(path.stem for path in self._folder.glob("*.json"))
        return tuple(self.record(name) for name in names if is_safe_name(name))

    def record(self, name: str) -> KeyRecord:
        """What is public about one key.

        Raises:
            LockedError: There is no such key (code ``no-such-key``).
            MalformedError: Its record is damaged.
            UnfitError: The file is open to others, another user's, or a link.
        """
        data = self._read(name, self._paths(name)[1], MAX_RECORD)
        with contextlib.suppress(MalformedError):
            record = KeyRecord.parse(data)
            if record.name == name:
                return record
        raise MalformedError(
            f"the record of the key {printable(name)} is damaged, or that of another key",
            hint="restore both its files from one copy, or remove the key and import it again",
            code="key-record",
        )

    def unlock(self, name: str, passphrase: str) -> Keyring:
        """Open a key; close the keyring (or leave its ``with`` block) as soon as the work is done.

        Raises:
            LockedError: No such key, wrong passphrase, an altered file, or a record that is not of
                this secret (code ``key-mismatch``).
            MalformedError: The file or the record is damaged, or asks for absurd work.
            UnfitError: A file is open to others, another user's, or a link.
        """
        record = self.record(name)
        material = self._material(name, passphrase)
        try:
            keyring = material.open()
            opened = KeyRecord.of(name, material.kind, keyring, material.group)
        finally:
            material.wipe()
        if opened != record:
            keyring.wipe()
            raise LockedError(
                f"the record of key {printable(name)} does not belong to its secret",
                hint="restore both files from one copy",
                code="key-mismatch",
            )
        return keyring

    def change_passphrase(self, name: str, old: str, new: str) -> None:
        """Encrypt a key with another passphrase; the old file stays until the new one is whole.

        Copies and backups still open with the old passphrase.

        Raises:
            LockedError: No such key, or the old passphrase is wrong.
            MalformedError: The new passphrase cannot be one.
            UnfitError: The disk is full, or a file is open to others.
        """
        agefile.normalized(new)
        with exclusive_lock(self._locked_folder(name) / ".lock"):
            material = self._material(name, old)
            try:
                sealed = self._sealed(material, new)
            finally:
                material.wipe()
            path = self._paths(name)[0]
            atomic_write(path, sealed, replace=True)
            self._read_back(path, sealed)

    def remove(self, name: str) -> None:
        """Delete a key's files. This is no erasure: see the module's notes.

        Raises:
            LockedError: There is no such key.
            UnfitError: The disk refuses.
        """
        with exclusive_lock(self._locked_folder(name) / ".lock"):
            paths = self._paths(name)
            for path in paths:
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    raise failure(error, "cannot remove", path) from None
            sync_folder(self._folder)

    def _paths(self, name: str) -> tuple[Path, Path]:
        if not is_safe_name(name):
            raise UsageError(
                f"{printable(name) or 'an empty text'} is no name for a key",
                hint=NAME_RULE,
            )
        return self._folder / f"{name}.age", self._folder / f"{name}.json"

    def _demand_free(self, name: str) -> None:
        if self._paths(name)[0].is_symlink() or self._paths(name)[0].exists():
            raise UsageError(
                f"a key named {printable(name)} exists",
                hint="choose another name, or remove that key first",
                code="key-exists",
            )

    def _locked_folder(self, name: str) -> Path:
        """The folder, once something of that name is known to be in it."""
        if not any(path.is_symlink() or path.exists() for path in self._paths(name)):
            raise _no_such_key(name)
        return ensure_private_dir(self._folder)

    def _sealed(self, material: Material, passphrase: str) -> bytes:
        plaintext = material.to_bytes()
        try:
            return self._seal(plaintext, passphrase)
        finally:
            wipe(plaintext)

    def _material(self, name: str, passphrase: str) -> Material:
        sealed = self._read(name, self._paths(name)[0], agefile.MAX_FILE)
        plaintext = self._unseal(sealed, passphrase)
        try:
            return Material.from_stored(plaintext)
        finally:
            wipe(plaintext)

    def _read(self, name: str, path: Path, cap: int) -> bytes:
        if self._folder.exists():
            ensure_private_dir(self._folder)
        try:
            return read_private(path, cap)
        except UsageError:
            raise _no_such_key(name) from None

    @staticmethod
    def _read_back(path: Path, expected: bytes) -> None:
        if read_private(path, agefile.MAX_FILE) != expected:
            raise SelfCheckError("the key file on the disk is not what was written")


def _no_such_key(name: str) -> LockedError:
    return LockedError(
        f"there is no key named {printable(name)}",
        hint="coldsign key list shows the names",
        code="no-such-key",
    )
