"""Hand a result over: to a file, to QR pictures, to the terminal, or into a pipe."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from coldsign.ceremony.reply import FORMATS, Answer
from coldsign.cli.options import force_option, path_type
from coldsign.cli.screen import Screen
from coldsign.errors import UsageError
from coldsign.primitives.storage import demand_writable, write_output
from coldsign.primitives.text import printable

_BINARY = ".psbt"
_TEXT = frozenset({".txt", ".b64", ".base64"})
PICTURES = frozenset({".png", ".gif", ".svg", ".pdf"})
"""Endings of the pictures that ``qr.write.save`` makes."""
_FILES = frozenset({_BINARY}) | _TEXT | PICTURES


def delivery_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--format``, ``--out`` and ``--force``."""
    function = force_option(function)
    function = click.option(
        "--out",
        type=path_type,
        metavar="PATH",
        help="Write .psbt, .txt (base64), .png .gif .svg .pdf (QR), or a folder of QR pictures.",
    )(function)
    return click.option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        default="auto",
        show_default=True,
        help="The QR dialect; auto answers in the one the request came in.",
    )(function)


def demand_free(out: Path | None, *, force: bool) -> None:
    """Refuse a taken name before any work is done, so that a refusal later cannot cost a signature.

    Raises:
        UsageError: Something stands there, or its folder does not exist.
        UnfitError: Its folder takes no new files.
    """
    if out is None:
        return
    shown = printable(str(out), limit=200)
    if out.exists() and not out.is_dir() and not force:
        raise UsageError(
            f"{shown} exists already",
            hint="choose another name; --force overwrites",
            code="exists",
        )
    if not out.absolute().parent.is_dir():
        raise UsageError(
            f"there is no folder {printable(str(out.absolute().parent), limit=200)}",
            hint="make it first",
            code="no-such-folder",
        )
    demand_writable(out.absolute().parent)


def demand_file(out: Path | None, *, force: bool) -> None:
    """``demand_free``, for what is only ever written as one file of text.

    Raises:
        UsageError: It is a folder, a link or a device, its name is a picture's, or what ``demand_free`` refuses.
    """
    demand_free(out, force=force)
    if out is not None and out.suffix.lower() in PICTURES:
        raise UsageError(
            f"{printable(str(out), limit=200)} is the name of a picture, and text is written",
            hint="end it in .txt; coldsign qr show makes pictures of a file",
        )
    if out is not None:
        _demand_plain(out)


def demand_deliverable(out: Path | None, *, force: bool) -> None:
    """``demand_free``, and that the name is one a PSBT can be delivered under.

    Raises:
        UsageError: An unknown form, a link, a pipe, a device, or what ``demand_free`` refuses.
    """
    if out is not None:
        _demand_form(out)
        demand_free(out, force=force)
        if _is_folder(out):
            from coldsign.qr.write import demand_replaceable

            demand_replaceable(out, force=force)


def _demand_form(out: Path) -> None:
    if out.suffix and not _is_file(out) and not out.is_dir():
        raise _unknown_form(out)
    if not (_is_folder(out) and out.is_dir()):
        _demand_plain(out)


def _demand_plain(out: Path) -> None:
    """Refuse what cannot be replaced by a file: whatever it leads to would be meant, and never written."""
    if out.is_symlink() or (out.exists() and not out.is_file()):
        raise UsageError(
            f"{printable(str(out), limit=200)} is a link, a folder or a device, not a file that can be written",
            hint="choose another name",
        )


def _is_file(out: Path) -> bool:
    """Whether a name says by its ending that one file is meant."""
    return out.suffix.lower() in _FILES


def _is_folder(out: Path) -> bool:
    """Whether a folder of pictures is meant."""
    return not _is_file(out) and (out.suffix == "" or out.is_dir())


def _unknown_form(out: Path) -> UsageError:
    ending = printable(out.suffix.lower())
    return UsageError(
        f"{printable(str(out), limit=200)}: no form of output is known by the name {ending}",
        hint="end it in .psbt, .txt, .png, .gif, .svg or .pdf, or name a folder",
    )


def deliver(screen: Screen, answer: Answer, out: Path | None, *, force: bool) -> None:
    """Write an answer where it was asked for.

    Raises:
        UsageError: The file exists, or its name says no form that is known.
        SelfCheckError: A QR picture reads back as something else.
    """
    if out is not None:
        _to_path(screen, answer, out, force=force)
    elif screen.json:
        return
    elif is_watched(screen):
        from coldsign.cli.show import show_frames

        show_frames(screen, answer, patient=True)
    elif answer.chosen:
        for frame in answer.frames().frames:
            screen.raw(frame + "\n" if isinstance(frame, str) else frame.hex() + "\n")
    else:
        screen.raw(answer.base64() + "\n")


def goes_as_codes(screen: Screen, out: Path | None, *, chosen: bool) -> bool:
    """Whether ``deliver`` writes QR codes, or their texts, and not the bytes or base64 of a message."""
    if out is not None:
        return out.suffix.lower() not in {_BINARY, *_TEXT}
    return not screen.json and (chosen or is_watched(screen))


def is_watched(screen: Screen) -> bool:
    """Whether what is delivered without a path is shown in a terminal."""
    return sys.stdout.isatty() and screen.person_present


def _to_path(screen: Screen, answer: Answer, out: Path, *, force: bool) -> None:
    suffix = out.suffix.lower()
    shown = printable(str(out), limit=200)
    if suffix == _BINARY:
        write_output(out, answer.data, force=force)
    elif suffix in _TEXT:
        write_output(out, answer.base64().encode() + b"\n", force=force)
    elif suffix in PICTURES or _is_folder(out):
        from coldsign.qr.write import save

        save(answer.frames(), out, force=force)
    else:
        raise _unknown_form(out)
    screen.tell(f"written to {shown}, sha256 {answer.sha256_short}", "good")


def deliver_text(screen: Screen, text: str, out: Path | None, *, force: bool) -> None:
    """One line of text to a file or to standard output."""
    if out is not None:
        write_output(out, text.encode() + b"\n", force=force)
        screen.tell(f"written to {printable(str(out), limit=200)}", "good")
    elif not screen.json:
        screen.raw(text + "\n")
