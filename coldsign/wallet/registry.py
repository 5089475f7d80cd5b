"""Registered wallets on disk: one file each, bound to a digest that is checked whenever it is read."""

import json
from pathlib import Path
from typing import Any, Final

from coldsign.errors import MalformedError, RefusedError, UsageError
from coldsign.primitives.filefault import failure
from coldsign.primitives.network import Network
from coldsign.primitives.staged import put_in_place, remove, stage, waiting
from coldsign.primitives.storage import ensure_private_dir, read_private
from coldsign.primitives.text import NAME_RULE, is_safe_name, printable
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.strictjson import integer_field, list_field, parse_object, text_field
from coldsign.wallet.wallet import RECEIVE, Wallet

VERSION: Final = 1
MAX_FILE: Final = 512 * 1024
"""Bytes of one registration: twice the longest descriptor."""

_FIELDS: Final = frozenset(
    {
        "coldsign",
        "version",
        "name",
        "network",
        "descriptor",
        "our_keys",
        "created_by",
        "first_receive",
        "digest",
    }
)
_RESTORE: Final = "remove it and register the wallet again from a trusted source"


class Registry:
    """The folder ``wallets`` of the home folder.

    Args:
        home: coldsign's home folder.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / "wallets"

    def demand_name(self, name: str) -> None:
        """Stop at a name that no wallet can have.

        Raises:
            UsageError: It cannot (code ``wallet-name``).
        """
        self._path(name)

    def names(self) -> tuple[str, ...]:
        """Names of all registered wallets in alphabetical order; their files are not read.

        Raises:
            UnfitError: The folder cannot be read.
        """
        try:
            found = [path.stem for path in self._folder.iterdir() if path.suffix == ".json"]
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise failure(error, "cannot read", self._folder) from None
        return tuple(sorted(name for name in found if is_safe_name(name)))

    def list(self) -> tuple[Wallet, ...]:
        """All registered wallets, each checked as by :meth:`load`."""
        return tuple(self.load(name) for name in self.names())

    def add(self, wallet: Wallet, *, force: bool = False) -> None:
        """Register a wallet. Adding the very same registration again does nothing.

        Args:
            wallet: What to register.
            force: Replace another registration of that name, or register a policy under a second
                name.

        Raises:
            RefusedError: The name stands for another registration (code ``wallet-exists``), or
                these addresses are registered under another name (``wallet-known``).
            UnfitError: The disk does not take it.
        """
        self.stage(wallet, force=force)
        self.put_in_place(wallet.name)

    def stage(self, wallet: Wallet, *, force: bool = False) -> None:
        """Write a registration that counts once it is recorded and put in place.

        Raises:
            RefusedError: As :meth:`add`.
            UnfitError: The disk does not take it.
        """
        ensure_private_dir(self._folder)
        if self._takes(wallet, force=force, same=self._is_same(wallet)):
            stage(self._path(wallet.name), serialize(wallet))
        else:
            remove(waiting(self._path(wallet.name)))

    def put_in_place(self, name: str) -> None:
        """Let the staged registration of this name, if there is one, be the one that is loaded.

        Raises:
            UnfitError: The disk refuses.
        """
        put_in_place(self._path(name))

    def waiting(self, name: str) -> Wallet | None:
        """The registration of this name that was staged and not put in place, as a power cut leaves it.

        Raises:
            UnfitError: It cannot be read, or others could have written to it.
        """
        path = waiting(self._path(name))
        try:
            wallet = parse(read_private(path, MAX_FILE))
        except (MalformedError, RefusedError, UsageError):
            return None
        return wallet if wallet.name == name else None

    def demand_room(self, wallet: Wallet, *, force: bool = False) -> None:
        """Stop where these addresses cannot be registered under this name, whichever of the keys may be ours.

        Asked before a person compares every line and types a passphrase.

        Raises:
            RefusedError: As ``add``.
        """
        self._takes(wallet, force=force, same=self._has_scripts_of(wallet))

    def _takes(self, wallet: Wallet, *, force: bool, same: bool) -> bool:
        """Whether there is something to write: no if it is there already (``same``)."""
        first = wallet.derive(RECEIVE, 0).script_pubkey
        own = wallet.name.casefold()
        for name in sorted(self.names(), key=lambda name: name.casefold() != own):  # its own first
            if name.casefold() == own:
                if name == wallet.name and same:
                    return False
                if not force or name != wallet.name:
                    raise RefusedError(
                        f"a wallet called {name} is registered with other content",
                        hint="choose another name; --force replaces it",
                        code="wallet-exists",
                    )
            elif not force and self.load(name).derive(RECEIVE, 0).script_pubkey == first:
                raise RefusedError(
                    f"these addresses are registered already, as the wallet {name}",
                    hint=f"use that name, {name}; --force registers them under a second name",
                    code="wallet-known",
                )
        return True

    def load(self, name: str) -> Wallet:
        """Read a registration and check that it is what was registered.

        Raises:
            UsageError: No wallet has that name.
            RefusedError: The file was changed (code ``registration-changed``).
            MalformedError: It is no registration.
            UnfitError: It cannot be read, or others could have written to it.
        """
        path = self.demand_registered(name)
        wallet = parse(read_private(path, MAX_FILE))
        if wallet.name != name:
            raise RefusedError(
                f"the registration of {printable(name)} is that of {wallet.name}",
                hint=_RESTORE,
                code="registration-changed",
            )
        return wallet

    def remove(self, name: str) -> None:
        """Forget a registration, also a damaged one.

        Raises:
            UsageError: No wallet has that name.
            UnfitError: The file cannot be removed.
        """
        path = self.demand_registered(name)
        remove(waiting(path))
        remove(path)

    def demand_registered(self, name: str) -> Path:
        """The file of a registration that is there, whatever is in it.

        Raises:
            UsageError: No wallet has that name.
        """
        path = self._path(name)
        if not path.is_symlink() and not path.exists():
            raise _no_such_wallet(name)
        return path

    def _path(self, name: str) -> Path:
        if not is_safe_name(name):
            shown = printable(name) or "an empty text"
            raise UsageError(f"{shown} is no name for a wallet", hint=NAME_RULE, code="wallet-name")
        return self._folder / f"{name}.json"

    def _is_same(self, wallet: Wallet) -> bool:
        known = self._known(wallet.name)
        return known is not None and known.digest == wallet.digest

    def _has_scripts_of(self, wallet: Wallet) -> bool:
        known = self._known(wallet.name)
        return known is not None and known.descriptor == wallet.descriptor

    def _known(self, name: str) -> Wallet | None:
        """The registration of that name; none where there is none, or only a damaged one."""
        try:
            return self.load(name)
        except (MalformedError, RefusedError, UsageError):
            return None


def _no_such_wallet(name: str) -> UsageError:
    return UsageError(
        f"no wallet is called {printable(name)}",
        hint="coldsign wallet list shows the registered ones",
        code="no-such-wallet",
    )


def serialize(wallet: Wallet) -> bytes:
    """The content of a registration's file."""
    fields: dict[str, Any] = {
        "coldsign": "wallet",
        "version": VERSION,
        "name": wallet.name,
        "network": wallet.network.name,
        "descriptor": str(wallet.descriptor),
        "our_keys": list(wallet.our_keys),
        "created_by": wallet.created_by,
        "first_receive": wallet.address(RECEIVE, 0),
        "digest": wallet.digest.hex(),
    }
    return (json.dumps(fields, indent=2, ensure_ascii=True) + "\n").encode()


def parse(data: bytes) -> Wallet:
    """Read the content of a registration's file.

    Raises:
        MalformedError: It is no registration.
        RefusedError: Its digest or first address is not that of its content (code
            ``registration-changed``).
    """
    what = "wallet registration"
    try:
        fields = parse_object(data.decode("ascii"), what)
    except UnicodeDecodeError:
        raise MalformedError(f"{what}: not ASCII", hint=_RESTORE) from None
    if fields.keys() != _FIELDS or fields["coldsign"] != "wallet":
        raise MalformedError(f"{what}: a field is missing or unknown", hint=_RESTORE)
    if integer_field(fields, "version", what) != VERSION:
        raise MalformedError(f"{what}: written by another version of coldsign")
    wallet = _wallet(fields, what)
    digest = text_field(fields, "digest", what)
    first = text_field(fields, "first_receive", what)
    if digest != wallet.digest.hex() or first != wallet.address(RECEIVE, 0):
        raise RefusedError(
            f"the registration of the wallet {wallet.name} was changed after it was made",
            hint=_RESTORE,
            code="registration-changed",
        )
    return wallet


def _wallet(fields: dict[str, Any], what: str) -> Wallet:
    our_keys = list_field(fields, "our_keys", what)
    if not all(type(position) is int for position in our_keys):
        raise MalformedError(f"{what}: our_keys holds something else than positions", hint=_RESTORE)
    try:
        network = Network.named(text_field(fields, "network", what))
    except UsageError as error:
        raise MalformedError(f"{what}: {error.message}", hint=_RESTORE) from None
    wallet = Wallet.create(
        text_field(fields, "name", what),
        Descriptor.parse(text_field(fields, "descriptor", what), network),
        our_keys=our_keys,
        created_by=text_field(fields, "created_by", what),
    )
    if list(wallet.our_keys) != our_keys:
        raise MalformedError(f"{what}: our_keys is not in order", hint=_RESTORE)
    return wallet
