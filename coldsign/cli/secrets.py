"""Where secrets come from: a hidden prompt, a file, standard input or a file descriptor. Never argv or environment."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from coldsign.cli.screen import Screen
from coldsign.errors import LockedError, MalformedError, UsageError
from coldsign.keys.keyring import Keyring
from coldsign.keys.keystore import Keystore
from coldsign.keys.material import MAX_TEXT, KeyKind, Material
from coldsign.keys.versions import NetworkGroup
from coldsign.primitives.network import Network
from coldsign.primitives.storage import read_untrusted

_TRIES = 3  # as ssh and gpg give
_MISTYPED = frozenset({"wrong-passphrase", "empty-passphrase"})
_MAX_SECRET_FILE = 4 * MAX_TEXT  # bytes; a character has at most four


def secret_file_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--secret-file``: the secret itself."""
    return click.option(
        "--secret-file",
        metavar="PATH|-",
        help="Read the secret from a file: first line words, xprv or WIF; second line the BIP-39 passphrase.",
    )(function)


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


def read_passphrase(
    screen: Screen, prompt: str, file: Path | None, descriptor: int | None, *, twice: bool = False
) -> str:
    """The passphrase of a key file.

    Raises:
        UsageError: Two sources are named.
        DeclinedError: None is named and nobody is at the terminal.
    """
    if file is not None and descriptor is not None:
        raise UsageError(
            "--passphrase-file and --passphrase-fd were both given", hint="give one of them"
        )
    if file is not None:
        return _first_line(read_untrusted(file, _MAX_SECRET_FILE, what="passphrase file"))
    if descriptor is not None:
        with os.fdopen(os.dup(descriptor), "rb", buffering=0) as stream:
            return _first_line(read_untrusted(stream, _MAX_SECRET_FILE, what="passphrase"))
    return screen.secret(prompt, twice=twice)


def open_key(
    screen: Screen, keystore: Keystore, name: str, file: Path | None, descriptor: int | None
) -> Keyring:
    """A stored key, unlocked; who types the passphrase may mistype it twice.

    Raises:
        LockedError: The passphrase is wrong.
        DeclinedError: Nobody is at the terminal.
    """
    question = f"Passphrase of {name}"
    tries = _TRIES if file is None and descriptor is None else 1
    while True:
        tries -= 1
        try:
            return keystore.unlock(name, read_passphrase(screen, question, file, descriptor))
        except (LockedError, MalformedError) as wrong:
            if not tries or wrong.code not in _MISTYPED:
                raise
            screen.tell(f"{wrong.message}; try again", "confirm")


def read_material(
    screen: Screen, file: str | None, network: Network, kind: KeyKind | None = None
) -> Material:
    """A secret from a file, standard input or the hidden prompt.

    Raises:
        MalformedError: It is not one, or for other networks.
    """
    group = NetworkGroup.of(network)
    if file == "-":
        text = _text(read_untrusted(sys.stdin.buffer, _MAX_SECRET_FILE, what="secret"))
    elif file is not None:
        text = _text(read_untrusted(Path(file), _MAX_SECRET_FILE, what="secret file"))
    else:
        text = screen.secret("Words, xprv or WIF (not shown)")
        if " " in text.strip():
            text += "\n" + screen.secret(
                "BIP-39 passphrase (not shown; empty for none)", twice=True
            )
    return Material.parse(text, group, kind)


def stateless_keyring(screen: Screen, file: str | None, network: Network) -> Keyring:
    """A keyring of a secret that is used once and not stored."""
    material = read_material(screen, file, network)
    try:
        return material.open()
    finally:
        material.wipe()


def _first_line(data: bytes) -> str:
    return _text(data).split("\n", 1)[0].removesuffix("\r")


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedError("a secret must be UTF-8 text", code="secret-encoding") from None
