"""Read what a SOURCE names: a file of any form, standard input, pictures, folders, videos, or the camera."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from coldsign.errors import MalformedError, UsageError
from coldsign.primitives.storage import read_untrusted, readable
from coldsign.primitives.text import printable
from coldsign.psbt.model import Psbt
from coldsign.qr.joiner import Joiner, Progress
from coldsign.qr.payload import Payload, PayloadKind, describe, drawing, due
from coldsign.qr.read import is_film, is_picture, is_visual, read_picture, read_pictures
from coldsign.qr.recognise import MAX_FILE, is_frame, recognise

PSBT, SEED = frozenset({PayloadKind.PSBT}), frozenset({PayloadKind.SEED})
AGAIN = "copy it again from where it came"
UNDRAWN = "codes are read in PNG, JPEG, GIF, WebP and BMP: save it as one of them"


class Watcher:
    """Whoever waits for a message; this one looks away."""

    def looked(self, progress: Progress) -> None:
        """One more code was seen."""

    def ended(self) -> None:
        """No more will be."""

    def scanned(self, payload: Payload) -> None:
        """The message is there."""


NOBODY = Watcher()

_FOLDED = (b"cHNidP", b"70736274ff", b"70736274FF")  # how a PSBT begins in base64 and in hex
_MAX_FOLD = 80  # characters of a line; base64 folds at 76, PEM at 64, xxd -p at 60
_SHAPELESS = frozenset({PayloadKind.BYTES, PayloadKind.TEXT})


def read_requests(
    sources: Sequence[str],
    *,
    want: frozenset[PayloadKind] = PSBT,
    stdin: IO[bytes] | Callable[[], Payload],
    camera: Callable[[], Payload] | None = None,
    watcher: Watcher = NOBODY,
) -> tuple[Payload, ...]:
    """Every message that the sources hold, in their order; pictures together are one message.

    Args:
        sources: As on the command line; ``-`` is standard input, nothing is the camera.
        want: The kinds of payload that are due.
        stdin: Standard input, or what reads one message off it as it is typed.
        camera: Scans one message with the camera, where there is a person in front of it.
        watcher: Told how far a message in pictures is.

    Raises:
        MalformedError: Something else than what is due, or damaged.
        UsageError: Nothing is named and there is no camera to look through, or a name is empty.
    """
    if not sources and camera is not None:
        return (expect(camera(), want),)
    if not sources or not all(sources):
        raise UsageError("nothing to read", hint="name a file, a folder of pictures, or '-'")
    payloads: list[Payload] = []
    pictures: list[Path] = []
    for source in sources:
        if source == "-":
            payloads.append(expect(stdin() if callable(stdin) else _read_stdin(stdin, want), want))
        elif is_visual(readable(Path(source))):
            pictures.append(Path(source))
        else:
            payloads.append(_read_file(Path(source), want))
    if pictures:
        payloads.append(read_frames(pictures, want=want, watcher=watcher))
    return tuple(payloads)


def read_replies(
    sources: Sequence[str],
    *,
    stdin: IO[bytes] | Callable[[], Payload],
    watcher: Watcher = NOBODY,
) -> tuple[Payload, ...]:
    """Every PSBT of several people: pictures, animations and films that are whole by themselves are one each.

    Raises:
        MalformedError: As ``read_requests``.
        UsageError: As ``read_requests``.
    """
    rest: list[str] = []
    whole: list[Payload] = []
    for source in sources:
        try:
            if source == "-" or not is_visual(readable(Path(source))):
                rest.append(source)
            else:
                whole.append(read_frames([Path(source)], watcher=watcher))
        except MalformedError:
            rest.append(source)  # a part of what the others hold, or at fault: that is said there
    others = read_requests(rest, stdin=stdin, watcher=watcher) if rest else ()
    return (*others, *whole)


def read_one(
    sources: Sequence[str],
    *,
    want: frozenset[PayloadKind] = PSBT,
    stdin: IO[bytes] | Callable[[], Payload],
    camera: Callable[[], Payload] | None = None,
    watcher: Watcher = NOBODY,
) -> Payload:
    """The one message that the sources hold.

    Raises:
        UsageError: They hold several.
        MalformedError: As ``read_requests``.
    """
    first, *others = read_requests(sources, want=want, stdin=stdin, camera=camera, watcher=watcher)
    if others:
        count = 1 + len(others)
        raise UsageError(f"{count} inputs given, one is due", hint="give them one by one")
    return first


def read_frames(
    paths: Sequence[Path], *, want: frozenset[PayloadKind] = PSBT, watcher: Watcher = NOBODY
) -> Payload:
    """The one message in QR pictures, folders and videos; decoded in a child process.

    All of them are looked at, also after the message is complete: a second one among them is refused.

    Raises:
        MalformedError: No QR code, an incomplete message, or another kind than is due.
    """
    joiner = Joiner(want)
    watcher.looked(joiner.progress)
    try:
        for frame in read_pictures(paths):
            watcher.looked(joiner.feed(frame))
    finally:
        watcher.ended()
    payload = expect(joiner.require(), want)
    watcher.scanned(payload)
    return payload


def read_lines(
    lines: Iterable[bytes], *, want: frozenset[PayloadKind], watcher: Watcher
) -> Payload:
    """The one message in lines as a person types, pastes or scans them, as soon as it is whole.

    Raises:
        MalformedError: The lines ended before it was, or hold another kind than is due.
    """
    joiner = Joiner(want)
    held: list[bytes] = []
    whole = None
    try:
        for line in lines:
            held.append(line)
            if is_frame(line):
                progress = joiner.feed(line)
                watcher.looked(progress)
                whole = joiner.require() if progress.done else None
            elif PayloadKind.PSBT in want:
                whole = _pasted(line)
            elif want == SEED:
                whole = recognise(line, want)  # one code, and no more of it is to be typed
            if whole is not None:
                break
    finally:
        watcher.ended()
    if whole is None:
        whole = recognise(_filled(b"\n".join(held), "what was typed"), want)
    payload = expect(whole, want)
    watcher.scanned(payload)
    return payload


def _pasted(line: bytes) -> Payload | None:
    """The PSBT that is one line, if it is whole: pasted text may have been folded."""
    try:
        found = recognise(line, PSBT)
        Psbt.parse(found.data)
    except MalformedError:
        return None
    return found


def expect(payload: Payload, want: frozenset[PayloadKind]) -> Payload:
    """The payload, if it is of a kind that is due.

    Raises:
        MalformedError: It is another; the error names what was seen and never shows a secret.
    """
    if payload.kind in want:
        return payload
    # What has no shape of its own is only named where nothing else is due: a wallet file is a text too.
    named = due(want - _SHAPELESS or want)
    raise MalformedError(
        f"{named} is due, but this is {describe(payload)}",
        hint=UNDRAWN if drawing(payload.data) else "check that the right file or code was given",
        code="wrong-kind",
    )


def _read_stdin(stdin: IO[bytes], want: frozenset[PayloadKind]) -> Payload:
    data = _content(read_untrusted(stdin, MAX_FILE, what="standard input"), "standard input")
    return _recognised(data, want)


def _recognised(data: bytes, want: frozenset[PayloadKind]) -> Payload:
    """The payload of bytes that came in one piece, be they a picture."""
    if is_film(data):
        raise MalformedError("a film cannot be read from a pipe", hint="name its file")
    if not is_picture(data):
        return recognise(data, want)
    joiner = Joiner(want)
    for frame in read_picture(data):
        joiner.feed(frame)
    return joiner.require()


def _filled(data: bytes, name: str) -> bytes:
    if not data:
        raise MalformedError(f"{name} is empty", hint=AGAIN)
    return data


def _content(data: bytes, name: str) -> bytes:
    if _filled(data, name).startswith(_FOLDED):
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


def _read_file(path: Path, want: frozenset[PayloadKind]) -> Payload:
    name = printable(path.name, limit=100)
    with _naming(name):
        data = read_untrusted(path, MAX_FILE, what="file")
    content = _content(data, name)
    with _naming(name):
        return expect(_recognised(content, want), want)


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Of several files, say which is at fault."""
    try:
        yield
    except MalformedError as bad:
        raise MalformedError(f"{name}: {bad.message}", hint=bad.hint, code=bad.code) from bad
