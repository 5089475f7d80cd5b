"""Pictures, folders, films and cameras: the codes in them, found by the decoder child."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from coldsign.errors import ColdsignError, MalformedError, UnfitError
from coldsign.primitives.filefault import failure
from coldsign.primitives.text import printable
from coldsign.qr.child import Child
from coldsign.qr.payload import drawing
from coldsign.qr.wire import LESS, MAX_PICTURE, MAX_WORK, TOO_MUCH, Say

MAX_FILES = 20_000  # pictures of one folder; as many as an animation may have
_HEAD = 256
_DEVICES = Path("/dev")
_NAMED = 8  # cameras told to the person
_BUSY = "close the program that uses it; its user must be in the group video"
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM")
_FILMS = (
    b"\x1aE\xdf\xa3",
    b"OggS",
    b"\0\0\1\xba",
    b"\0\0\1\xb3",
    b"FLV\1",
    b"0&\xb2u\x8ef\xcf\x11",
)
_PACKETS = ((0, 188), (4, 192))  # of MPEG-TS, and as camcorders write it: each begins with a G


@dataclass(frozen=True, slots=True)
class Frame:
    """One look of a camera.

    Attributes:
        codes: The bytes of every code in view.
        width: Of the preview, in pixels.
        height: Of the preview, in pixels.
        grey: The preview, row by row, one byte a pixel.
    """

    codes: tuple[bytes, ...]
    width: int
    height: int
    grey: bytes


def is_picture(head: bytes) -> bool:
    """Whether a file that begins so is a picture we read (PNG, JPEG, GIF, WebP, BMP)."""
    return head.startswith(_PICTURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def is_film(head: bytes) -> bool:
    """Whether a file that begins so is a film (MP4, Matroska, WebM, AVI, Ogg, MPEG, ASF)."""
    avi = head[:4] == b"RIFF" and head[8:12] == b"AVI "
    packets = b"\0" in head and any(
        head[first : first + 1] == head[first + size : first + size + 1] == b"G"
        for first, size in _PACKETS
    )
    boxes = head[4:8] in {b"ftyp", b"moov"} and not drawing(head)  # HEIC pictures are boxes too
    return head.startswith(_FILMS) or boxes or avi or packets


def is_visual(path: Path) -> bool:
    """Whether a path is a folder, a picture or a film; by its content, never by its name.

    Raises:
        UsageError, UnfitError: It cannot be read.
    """
    if path.is_dir():
        return True
    if path.exists() and not path.is_file():
        return (
            False  # a pipe or device gives its bytes once; they are left for the one who reads them
        )
    head = _head(path)
    return is_picture(head) or is_film(head)


def read_pictures(paths: Sequence[Path]) -> Iterator[bytes]:
    """The bytes of every code in pictures, animations, films and folders of them, file by file.

    Raises:
        UsageError, UnfitError: A file cannot be read.
        MalformedError: A file is damaged, too large or hostile.
        UnfitError: The decoder, or for films PyAV, is missing.
    """
    pictures: list[Path] = []
    effort = Effort()
    for path in _expand(paths):
        if is_film(_head(path)):
            yield from _read_film(path, effort)
        else:
            pictures.append(path)
    if pictures:
        with Child() as child:
            for path in pictures:
                yield from _named(path, decode(child, _content(path), effort))


def read_picture(data: bytes) -> Iterator[bytes]:
    """The bytes of every code in one picture file that is already read.

    Raises:
        MalformedError: It is damaged, too large or hostile.
    """
    with Child() as child:
        yield from decode(child, data, Effort())


class Effort:
    """The work of one reading, over all its pictures and films."""

    def __init__(self) -> None:
        self._done = 0

    def codes(self, answers: Iterator[tuple[Say, bytes]]) -> Iterator[bytes]:
        """The codes among a decoder's answers.

        Raises:
            MalformedError: The work is more than pictures of a person's can ask for.
        """
        for say, body in answers:
            if say is Say.CODE:
                yield body
            elif say is Say.LOOK:
                self._done += int.from_bytes(body, "big")
                if self._done > MAX_WORK:
                    raise MalformedError(TOO_MUCH, hint=LESS)


def decode(child: Child, picture: bytes, effort: Effort) -> Iterator[bytes]:
    """The bytes of every code in one picture file.

    Raises:
        MalformedError: The picture is damaged, too large or hostile.
    """
    return effort.codes(child.ask(Say.PICTURE, picture))


def read_camera(index: int | str = 0) -> Iterator[Frame]:
    """What a camera sees, until the iterator is closed.

    Args:
        index: The camera's number, or a path of a recording to be shown as if it were live.

    Raises:
        UnfitError: There is no such camera, or PyAV is missing.
        MalformedError: The decoder crashed or hung.
    """
    device = _DEVICES / f"video{index}" if isinstance(index, int) else Path(index).resolve()
    if not device.exists():
        raise UnfitError(f"there is no camera {printable(str(index))}", hint=_other_cameras())
    _need_av()
    looks = 0
    with Child(camera=str(device)) as child:
        try:
            for frame in _looks(child):
                yield frame
                looks += 1
        except MalformedError as error:
            if looks or not isinstance(index, int):
                raise
            raise UnfitError(error.message, hint=_BUSY) from None


def _looks(child: Child) -> Iterator[Frame]:
    codes: list[bytes] = []
    preview = bytes(4)
    for say, body in child.ask(Say.CAMERA):
        if say is Say.CODE:
            codes.append(body)
        elif say is Say.PREVIEW:
            preview = body
        elif say is Say.LOOK:
            yield _frame(codes, preview)
            codes.clear()


def _other_cameras() -> str:
    """What to do where a camera is not there."""
    there = [p.name.removeprefix("video") for p in _DEVICES.glob("video[0-9]*")]
    numbers = ", ".join(sorted(there, key=lambda n: (len(n), n))[:_NAMED])
    instead = "name a picture, a folder of them, a film, or '-'"
    return f"--camera takes {numbers}; or {instead}" if there else f"plug one in, or {instead}"


def _frame(codes: Iterable[bytes], preview: bytes) -> Frame:
    width, height = int.from_bytes(preview[:2], "big"), int.from_bytes(preview[2:4], "big")
    if width * height != len(preview) - 4:
        raise MalformedError("the picture decoder answered nonsense")
    return Frame(tuple(codes), width, height, preview[4:])


def _read_film(path: Path, effort: Effort) -> Iterator[bytes]:
    _need_av()
    with path.open("rb") as file, Child(film=file.fileno()) as child:
        answers = child.ask(Say.VIDEO, file.fileno().to_bytes(2, "big"))
        yield from _named(path, effort.codes(answers))


def _need_av() -> None:
    if find_spec("av") is None:
        raise UnfitError(
            "films and cameras need PyAV", hint="install coldsign[camera], or use pictures"
        )


def _named(path: Path, codes: Iterator[bytes]) -> Iterator[bytes]:
    """The same codes; an error says in which file."""
    try:
        yield from codes
    except ColdsignError as error:
        name = printable(path.name)
        raise type(error)(f"{name}: {error.message}", hint=error.hint, code=error.code) from error


def _expand(paths: Sequence[Path]) -> list[Path]:
    """All files; of a folder those that are pictures or films, in the order of their names."""
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        held = sorted(path.iterdir())
        if len(held) > MAX_FILES:
            raise MalformedError(
                f"more than {MAX_FILES} files in the folder {printable(str(path), limit=200)}"
            )
        found = [p for p in held if p.is_file() and is_visual(p)]
        if not found:
            raise MalformedError(
                f"no pictures in the folder {printable(str(path), limit=200)}",
                hint="PNG, JPEG, GIF, WebP and BMP pictures and films are looked for in it",
            )
        files += found
    return files


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise failure(error, "cannot read", path) from error


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_PICTURE + 1)
    except OSError as error:
        raise failure(error, "cannot read", path) from error
    if len(data) > MAX_PICTURE:
        raise MalformedError(f"{printable(path.name)}: more than {MAX_PICTURE // 2**20} MiB")
    return data
