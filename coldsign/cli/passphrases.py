"""The passphrases of stored key files: from a prompt, a file or a file descriptor. Never argv or environment."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

import click

from coldsign.cli.screen import Screen
from coldsign.cli.secrets import MAX_SECRET_FILE, text_of
from coldsign.cli.tty import unseen
from coldsign.errors import LockedError, MalformedError, UsageError
from coldsign.keys import agefile
from coldsign.keys.keyring import Keyring
from coldsign.keys.keystore import KeyRecord, Keystore
from coldsign.keys.versions import NetworkGroup
from coldsign.primitives.network import Network
from coldsign.primitives.storage import read_untrusted

_Opened = TypeVar("_Opened")
_TRIES = 3  # as ssh and gpg give
_MISTYPED = frozenset({"wrong-passphrase", "empty-passphrase"})
_ASK_NEW = "New passphrase for the key file"
_GROUPS = {NetworkGroup.MAIN: "mainnet", NetworkGroup.TEST: "the test networks"}


def passphrase_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--passphrase-file`` and ``--passphrase-fd``: the passphrase of the stored key file."""
    function = click.option(
        "--passphrase-fd",
        type=int,
        metavar="N",
        help="Read the key file's passphrase from an open file descriptor.",
    )(function)
    return click.option(
        "--passphrase-file",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="Read the key file's passphrase from the first line of a file.",
    )(function)


def given_passphrase(file: Path | None, descriptor: int | None) -> str | None:
    """The passphrase of a key file from where the options say; ``None`` where they say nothing.

    Raises:
        UsageError: Two sources are named, or one that is not there.
    """
    if file is not None and descriptor is not None:
        raise UsageError(
            "--passphrase-file and --passphrase-fd were both given", hint="give one of them"
        )
    if file is not None:
        return _first_line(read_untrusted(file, MAX_SECRET_FILE, what="passphrase file"))
    if descriptor is not None:
        with _opened(descriptor) as stream:
            return _first_line(read_untrusted(stream, MAX_SECRET_FILE, what="passphrase"))
    return None


def given_new_passphrase(file: Path | None, descriptor: int | None) -> str | None:
    """``given_passphrase`` for a key file that is to be written, so that it can be one.

    Raises:
        MalformedError: It is empty, too long, or no text.
        UsageError: As ``given_passphrase``.
    """
    given = given_passphrase(file, descriptor)
    if given is not None:
        agefile.normalized(given)
    return given


def type_new_passphrase(screen: Screen) -> str:
    """A new passphrase, typed twice; one that cannot be one is asked for again, before what came before is lost.

    Raises:
        MalformedError: None that was typed can be one.
        DeclinedError: Nobody is at the terminal, or the person stopped.
    """
    tries = _TRIES
    with unseen():
        while True:
            tries -= 1
            phrase = screen.secret(_ASK_NEW, twice=True)
            try:
                agefile.normalized(phrase)
            except MalformedError as unfit:
                if not tries:
                    raise
                screen.say(f"{unfit.message}; try again", "confirm")
            else:
                return phrase


def open_key(
    screen: Screen, keystore: Keystore, name: str, file: Path | None, descriptor: int | None
) -> Keyring:
    """A stored key, unlocked; who types the passphrase may mistype it twice.

    Raises:
        LockedError: The passphrase is wrong.
        DeclinedError: Nobody is at the terminal.
    """
    given = given_passphrase(file, descriptor)
    if given is not None:
        return keystore.unlock(name, given)
    return _tried(screen, f"Passphrase of {name}", lambda typed: keystore.unlock(name, typed))


def proven_passphrase(
    screen: Screen, keystore: Keystore, name: str, file: Path | None, descriptor: int | None
) -> str:
    """The passphrase of a stored key, once it has opened it, so that a new one is not typed for nothing.

    Raises:
        LockedError: The passphrase is wrong.
        DeclinedError: Nobody is at the terminal.
    """

    def opening(phrase: str) -> str:
        keystore.unlock(name, phrase).wipe()
        return phrase

    given = given_passphrase(file, descriptor)
    if given is not None:
        return opening(given)
    return _tried(screen, f"Old passphrase of {name}", opening)


def _tried(screen: Screen, prompt: str, opening: Callable[[str], _Opened]) -> _Opened:
    """What a typed passphrase opens; a wrong one is asked for again, twice."""
    tries = _TRIES
    with unseen():
        while True:
            tries -= 1
            try:
                return opening(screen.secret(prompt))
            except (LockedError, MalformedError) as wrong:
                if not tries or wrong.code not in _MISTYPED:
                    raise
                screen.say(f"{wrong.message}; try again", "confirm")


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
