"""Read what a SOURCE names: a file of any form, standard input, pictures, folders, videos, or the camera."""

import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from coldsign.errors import MalformedError, UsageError
from coldsign.primitives.filefault import failure
from coldsign.primitives.storage import read_untrusted
from coldsign.primitives.text import printable
from coldsign.qr.joiner import Joiner
from coldsign.qr.payload import Kind, Payload, describe
from coldsign.qr.read import is_visual, read_pictures
from coldsign.qr.recognise import MAX_FILE, recognise

PSBT = frozenset({Kind.PSBT})
AGAIN = "copy it again from where it came"
_NAMES = {
    Kind.PSBT: "a PSBT",
    Kind.TRANSACTION: "a transaction",
    Kind.WALLET: "a wallet description",
    Kind.SEED: "a seed",
    Kind.BYTES: "a file",
    Kind.TEXT: "a text",
}

_FOLDED = (b"cHNidP", b"70736274ff", b"70736274FF")  # how a PSBT begins in base64 and in hex
_MAX_FOLD = 80  # characters of a line; base64 folds at 76, PEM at 64, xxd -p at 60
_SHAPELESS = frozenset({Kind.BYTES, Kind.TEXT})


def read_requests(
    sources: Sequence[str],
    *,
    want: frozenset[Kind] = PSBT,
    stdin: IO[bytes],
    camera: Callable[[], Payload] | None = None,
) -> tuple[Payload, ...]:
    """Every message that the sources hold, in their order; pictures together are one message.

    Args:
        sources: As on the command line; ``-`` is standard input, nothing is the camera.
        want: The kinds of payload that are due.
        stdin: Standard input.
        camera: Scans one message with the camera, where there is a person in front of it.

    Raises:
        MalformedError: Something else than what is due, or damaged.
        UsageError: Nothing is named and there is no camera to look through.
    """
    if not sources:
        if camera is None:
            raise UsageError("nothing to read", hint="name a file, a folder of pictures, or '-'")
        return (expect(camera(), want),)
    payloads: list[Payload] = []
    pictures: list[Path] = []
    for source in sources:
        if source == "-":
            data = read_untrusted(stdin, MAX_FILE, what="standard input")
            payloads.append(expect(recognise(_content(data, "standard input"), want), want))
        elif is_visual(readable(Path(source))):
            pictures.append(Path(source))
        else:
            payloads.append(_read_file(Path(source), want))
    if pictures:
        payloads.append(read_frames(pictures, want=want))
    return tuple(payloads)


def read_one(
    sources: Sequence[str],
    *,
    want: frozenset[Kind] = PSBT,
    stdin: IO[bytes],
    camera: Callable[[], Payload] | None = None,
) -> Payload:
    """The one message that the sources hold.

    Raises:
        UsageError: They hold several.
        MalformedError: As ``read_requests``.
    """
    first, *others = read_requests(sources, want=want, stdin=stdin, camera=camera)
    if others:
        count = 1 + len(others)
        raise UsageError(f"{count} inputs given, one is due", hint="give them one by one")
    return first


def read_frames(paths: Sequence[Path], *, want: frozenset[Kind] = PSBT) -> Payload:
    """The one message in QR pictures, folders and videos; decoded in a child process.

    All of them are looked at, also after the message is complete: a second one among them is refused.

    Raises:
        MalformedError: No QR code, an incomplete message, or another kind than is due.
    """
    joiner = Joiner(want)
    for frame in read_pictures(paths):
        joiner.feed(frame)
    return expect(joiner.require(), want)


def expect(payload: Payload, want: frozenset[Kind]) -> Payload:
    """The payload, if it is of a kind that is due.

    Raises:
        MalformedError: It is another; the error names what was seen and never shows a secret.
    """
    if payload.kind in want:
        return payload
    # What has no shape of its own is only named where nothing else is due: a wallet file is a text too.
    due = " or ".join(sorted(_NAMES[kind] for kind in want - _SHAPELESS or want))
    raise MalformedError(
        f"{due} is due, but this is {describe(payload)}",
        hint="check that the right file or code was given",
        code="wrong-kind",
    )


def readable(path: Path) -> Path:
    """The path, if there is something that may be read.

    Raises:
        UsageError: There is nothing of that name.
        UnfitError: It may not be read.
    """
    try:
        if stat.S_ISREG(
            path.stat().st_mode
        ):  # a pipe would give its bytes to whoever opens it first
            path.open("rb").close()
    except OSError as error:
        raise failure(error, "cannot read", path) from None
    return path


def _content(data: bytes, name: str) -> bytes:
    if not data:
        raise MalformedError(f"{name} is empty", hint=AGAIN)
    if data.startswith(_FOLDED):
        _demand_unfolded(data, name)
    return data


def _demand_unfolded(data: bytes, name: str) -> None:
    """Refuse a PSBT's text that ``base64``, ``xxd -p`` or mail folded, and say how it is written.

    Nothing between the digits is ever passed over: what reads a text leniently can read another one in it.

    Raises:
        MalformedError: It stands on short lines.
    """
    lines = data.split()
    if len(lines) > 1 and len(lines[0]) <= _MAX_FOLD:
        raise MalformedError(
            f"{name}: a PSBT in base64 or hex is one line, here it is folded into {len(lines)}",
            hint="base64 -w0 and xxd -p -c0 write one line; the binary file can be read too",
        )


def _read_file(path: Path, want: frozenset[Kind]) -> Payload:
    data = read_untrusted(path, MAX_FILE, what="file")
    name = printable(path.name, limit=100)
    content = _content(data, name)
    try:
        return expect(recognise(content, want), want)
    except MalformedError as bad:
        raise MalformedError(f"{name}: {bad.message}", hint=bad.hint, code=bad.code) from bad
