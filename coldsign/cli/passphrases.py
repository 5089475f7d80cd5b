"""The passphrases of stored key files: from a prompt, a file or a file descriptor. Never argv or environment."""

import fcntl
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import IO, Any, NamedTuple

import click

from coldsign.cli.options import path_type
from coldsign.cli.screen import Screen
from coldsign.cli.secrets import (
    MAX_SECRET_FILE,
    demand_secret_file,
    is_typing_error,
    retyped,
    text_of,
)
from coldsign.errors import UsageError
from coldsign.keys import agefile
from coldsign.keys.keyring import Keyring
from coldsign.keys.keystore import KeyRecord, Keystore
from coldsign.keys.versions import NetworkGroup
from coldsign.primitives.network import Network
from coldsign.primitives.storage import read_untrusted

_MISTYPED = frozenset({"wrong-passphrase", "empty-passphrase"})
_ASK_NEW = "New passphrase for the key file"
_GROUPS = {NetworkGroup.MAIN: "mainnet", NetworkGroup.TEST: "the test networks"}


class PassphraseSource(NamedTuple):
    """Where the passphrase of a stored key file is read from; typed where neither is named.

    Attributes:
        file: A file, of which the first line counts.
        descriptor: A file descriptor that the shell opened.
    """

    file: Path | None = None
    descriptor: int | None = None

    @property
    def is_named(self) -> bool:
        """Whether an option says where."""
        return self != PassphraseSource()

    def demand_there(self) -> None:
        """Refuse a source that is not there, before anything is done that will need it; nothing of it is read.

        Raises:
            UsageError: Two sources are named, or one that is not there.
            UnfitError: It may not be read.
        """
        if self.file is not None and self.descriptor is not None:
            raise UsageError(
                "--passphrase-file and --passphrase-fd were both given", hint="give one of them"
            )
        if self.file == Path("-"):
            raise UsageError(
                "a passphrase file is named, not '-'",
                hint="--passphrase-fd 0 reads standard input",
            )
        if self.file is not None:
            demand_secret_file(self.file, what="passphrase file")
        if self.descriptor is not None:
            _opened(self.descriptor).close()

    def read(self) -> str | None:
        """The passphrase; None where it is to be typed.

        Raises:
            UsageError, UnfitError: As ``demand_there``.
            MalformedError: It is not text, or too long.
        """
        self.demand_there()
        if self.file is not None:
            return _first_line(read_untrusted(self.file, MAX_SECRET_FILE, what="passphrase file"))
        if self.descriptor is not None:
            with _opened(self.descriptor) as stream:
                return _first_line(read_untrusted(stream, MAX_SECRET_FILE, what="passphrase"))
        return None

    def read_new(self) -> str | None:
        """``read`` for a key file that is to be written, so that it can be one.

        Raises:
            MalformedError: It is empty, too long, or no text.
            UsageError: As ``read``.
        """
        given = self.read()
        if given is not None:
            agefile.normalized(given)
        return given


def passphrase_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--passphrase-file`` and ``--passphrase-fd``, given to the command as one ``passphrase_from``."""

    @wraps(function)
    def command(
        *args: object, passphrase_file: Path | None, passphrase_fd: int | None, **options: object
    ) -> object:
        source = PassphraseSource(passphrase_file, passphrase_fd)
        return function(*args, passphrase_from=source, **options)

    by_descriptor = click.option(
        "--passphrase-fd",
        type=int,
        metavar="N",
        help="Read the key file's passphrase from an open file descriptor.",
    )
    by_file = click.option(
        "--passphrase-file",
        type=path_type,
        metavar="PATH",
        help="Read the key file's passphrase from the first line of a file.",
    )
    return by_file(by_descriptor(command))


def type_new_passphrase(screen: Screen) -> str:
    """A new passphrase, typed twice; one that cannot be one is asked for again, before what came before is lost.

    Raises:
        MalformedError: None that was typed can be one.
        DeclinedError: Nobody is at the terminal, or the person stopped.
    """

    def typed() -> str:
        phrase = screen.secret(_ASK_NEW, twice=True)
        agefile.normalized(phrase)
        return phrase

    return retyped(screen, typed, is_typing_error)


def open_key(screen: Screen, keystore: Keystore, name: str, source: PassphraseSource) -> Keyring:
    """A stored key, unlocked; who types the passphrase may mistype it twice.

    Raises:
        LockedError: The passphrase is wrong.
        DeclinedError: Nobody is at the terminal.
    """
    given = source.read()
    if given is not None:
        return keystore.unlock(name, given)

    def typed() -> Keyring:
        return keystore.unlock(name, screen.secret(f"Passphrase of {name}"))

    return retyped(screen, typed, _MISTYPED.__contains__)


def proven_passphrase(
    screen: Screen, keystore: Keystore, name: str, source: PassphraseSource
) -> str:
    """The passphrase of a stored key, once it has opened it, so that a new one is not typed for nothing.

    Raises:
        LockedError: The passphrase is wrong.
        DeclinedError: Nobody is at the terminal.
    """

    def opening(phrase: str) -> str:
        keystore.unlock(name, phrase).wipe()
        return phrase

    given = source.read()
    if given is not None:
        return opening(given)

    def typed() -> str:
        return opening(screen.secret(f"Old passphrase of {name}"))

    return retyped(screen, typed, _MISTYPED.__contains__)


def usable(keystore: Keystore, name: str, network: Network) -> KeyRecord:
    """The record of a stored key that is for this network.

    Raises:
        LockedError: There is no such key.
        UsageError: It is for other networks: an xpub or a signature of it would be for nobody's wallet.
    """
    record = keystore.record(name)
    if record.group is not NetworkGroup.of(network):
        raise UsageError(
            f"the key {name} is for {_GROUPS[record.group]}, not {network.name}",
            hint="choose the network with --network, or another key",
            code="wrong-network",
        )
    return record


def _first_line(data: bytes) -> str:
    return text_of(data).split("\n", 1)[0].removesuffix("\r")


def _opened(descriptor: int) -> IO[bytes]:
    """A descriptor that the shell opened for us, to be read.

    Raises:
        UsageError: It did not.
    """
    try:
        mode = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
        if mode != os.O_WRONLY:
            return os.fdopen(os.dup(descriptor), "rb", buffering=0)
    except (OSError, ValueError, OverflowError):
        pass
    raise UsageError(
        f"--passphrase-fd {descriptor}: nothing is open there to be read",
        hint="the shell opens it: --passphrase-fd 3 3< FILE",
    )
