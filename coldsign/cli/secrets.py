"""Where secrets come from: a hidden prompt, a file, standard input or a file descriptor. Never argv or environment."""

import errno
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from coldsign.cli.screen import Screen
from coldsign.cli.tty import unseen
from coldsign.errors import LockedError, MalformedError, hinting
from coldsign.keys.keyring import Keyring
from coldsign.keys.likeness import Likeness
from coldsign.keys.material import MAX_TEXT, KeyKind, Material
from coldsign.keys.mnemonic import Mnemonic
from coldsign.keys.versions import NetworkGroup
from coldsign.primitives.filefault import failure
from coldsign.primitives.network import Network
from coldsign.primitives.storage import read_untrusted, readable

_Typed = TypeVar("_Typed")
_TRIES = 3  # as ssh and gpg give
_NO_TYPING_ERROR = frozenset({"wrong-form", "wrong-network", "secret-encoding"})
MAX_SECRET_FILE = 4 * MAX_TEXT  # bytes; a character has at most four


def secret_file_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--secret-file``: the secret itself."""
    return click.option(
        "--secret-file",
        metavar="PATH|-",
        help="Read the secret from a file: first line words, xprv or WIF; second line the BIP-39 passphrase.",
    )(function)


def read_material(
    screen: Screen, file: str | None, network: Network, kind: KeyKind | None = None
) -> Material:
    """A secret from a file, standard input or the hidden prompt.

    Raises:
        MalformedError: It is not one, or of another kind, or for other networks.
    """
    group, due = NetworkGroup.of(network), _DUE[kind]
    if file is not None:
        text = secret_text(file, MAX_SECRET_FILE)
        demand_like(text, due.likenesses)
        _demand_one_line(text)
        with compared_with_paper():
            return Material.parse(text, group, kind)

    def understood(line: str) -> str:
        demand_like(line, due.likenesses)
        Material.parse(line, group, kind).wipe()
        return line

    text = ask_again(screen, f"{due.words} (not shown)", understood)
    if " " in text.strip():
        text += "\n" + screen.secret("BIP-39 passphrase (not shown; empty for none)", twice=True)
    with compared_with_paper():
        return Material.parse(text, group, kind)


def ask_again(screen: Screen, prompt: str, understood: Callable[[str], str]) -> str:
    """A secret from the hidden prompt; who types unseen may mistype it twice.

    Args:
        screen: Where to ask.
        prompt: What for.
        understood: Gives the text back, or says what is wrong with it.

    Raises:
        MalformedError: It was wrong to the last.
    """

    def typed() -> str:
        text = screen.secret(prompt)
        with compared_with_paper():
            return understood(text)

    return retyped(screen, typed, is_typing_error)


def retyped(
    screen: Screen, typed: Callable[[], _Typed], is_typing_error: Callable[[str], bool]
) -> _Typed:
    """What is typed at a hidden prompt; who types unseen may mistype it twice.

    Args:
        screen: Where to say what was wrong.
        typed: Asks once.
        is_typing_error: Whether an error of this code may come from a slip of the fingers.

    Raises:
        MalformedError, LockedError: It was wrong to the last, or not by mistyping.
    """
    tries = _TRIES
    with unseen():
        while True:
            tries -= 1
            try:
                return typed()
            except (LockedError, MalformedError) as wrong:
                if not tries or not is_typing_error(wrong.code):
                    raise
                screen.say(f"{wrong.message}; try again", "confirm")


def is_typing_error(code: str) -> bool:
    """Whether a secret's error may come from a slip of the fingers, by its code."""
    return code not in _NO_TYPING_ERROR


def demand_secret_file(file: Path, *, what: str) -> None:
    """Refuse a file of secrets that is missing, a folder, or closed to us; nothing of it is read.

    Raises:
        UsageError: It is missing or a folder.
        UnfitError: It may not be read.
    """
    doing = f"cannot read the {what}"
    if readable(file, doing).is_dir():
        raise failure(IsADirectoryError(errno.EISDIR, ""), doing, file)


def secret_text(file: str, cap: int) -> str:
    """The text of a ``--secret-file``, or of standard input for ``-``.

    Raises:
        MalformedError: It is too large or not text.
        UsageError: There is no such file.
    """
    source = sys.stdin.buffer if file == "-" else Path(file)
    return text_of(read_untrusted(source, cap, what="secret file"))


class _Due(NamedTuple):
    """What a prompt asks for, and what may be answered."""

    words: str
    likenesses: frozenset[Likeness]


_WORDS = frozenset({Likeness.MNEMONIC, Likeness.SEEDQR})
_DUE = {
    KeyKind.MNEMONIC: _Due("Words", _WORDS),
    KeyKind.XPRV: _Due("Extended secret key", frozenset({Likeness.XPRV})),
    KeyKind.WIF: _Due("Key in WIF", frozenset({Likeness.WIF})),
    None: _Due("Words, xprv or WIF", _WORDS | {Likeness.XPRV, Likeness.WIF}),
}


def demand_like(text: str, due: frozenset[Likeness]) -> None:
    """Refuse what by its shape is another form of secret, and say which; none of it is repeated.

    Raises:
        MalformedError: It looks like something else than what is due.
    """
    seen = Likeness.of(text)
    if seen is None or seen in due:
        return
    raise MalformedError(
        f"this looks like {seen.words}",
        hint=f"coldsign key import NAME --from {seen.source} reads it"
        if seen.source
        else "the secret that belongs to it is due: words, xprv or WIF",
        code="wrong-form",
    )


def _demand_one_line(text: str) -> None:
    """Refuse words that go on in the next line of a file: it is read as their passphrase, which gives another key.

    Raises:
        MalformedError: They are words of a mnemonic only together.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return
    try:
        Mnemonic.parse(" ".join(lines)).wipe()
    except MalformedError:
        return
    raise MalformedError(
        f"the words stand on {len(lines)} lines",
        hint="write all of them on one line; a second line is their BIP-39 passphrase",
    )


def compared_with_paper() -> AbstractContextManager[None]:
    """Where a secret is wrong and the error cannot say what to do: its owner has it on paper, nobody else."""
    hint = "compare it with what is on paper; nothing was stored or signed"
    return hinting(hint, MalformedError)


def stateless_keyring(screen: Screen, file: str | None, network: Network) -> Keyring:
    """A keyring of a secret that is used once and not stored."""
    material = read_material(screen, file, network)
    try:
        return material.open()
    finally:
        material.wipe()


def text_of(data: bytes) -> str:
    """The text of a secret's file, without the mark that some editors put in front of it.

    Raises:
        MalformedError: It is not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MalformedError(
            "a secret must be UTF-8 text",
            hint="the file is not one that a person wrote: is it the right one?",
            code="secret-encoding",
        ) from None
