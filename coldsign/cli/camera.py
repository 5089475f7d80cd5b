"""Scan one message with the camera: a live preview in the terminal, and how far the message is."""

from collections.abc import Callable, Iterator

from coldsign.cli.keyboard import Keyboard, terminal_size
from coldsign.cli.screen import Screen
from coldsign.cli.watch import Lines, cut, done
from coldsign.errors import DeclinedError
from coldsign.qr.joiner import Joiner, Progress
from coldsign.qr.payload import Payload, PayloadKind
from coldsign.qr.read import Frame, read_camera

_HOME = "\x1b[H"
_CLEAR = "\x1b[2J\x1b[H"
_CLEAR_TO_END = "\x1b[K"
_STATUS_ROWS = 3
_BAR_COLUMNS = 30
_LEAST_BAR = 5
_NO_CAMERA = (
    "name a file, a folder of pictures, or '-' for standard input; the camera needs a person"
)


def scan(screen: Screen, camera: int | str, want: frozenset[PayloadKind]) -> Callable[[], Payload]:
    """A scanner for the camera of this number, or a recording by its path; it needs a person in front of it."""

    def run() -> Payload:
        screen.need_person(_NO_CAMERA)
        joiner = Joiner(want)
        screen.control(_CLEAR)
        show = _shown_on(screen)
        try:
            with Keyboard() as keyboard:
                for frame in read_camera(camera):
                    progress = _feed(joiner, frame)
                    show(frame, progress)
                    if keyboard.key(wait_seconds=0) == "q":
                        raise DeclinedError("stopped while scanning", code="stopped")
                    if progress.done:
                        break
        finally:
            screen.control(_CLEAR)  # what is said next is not to be sought among the pixels
        payload = joiner.require()
        screen.keep(done(payload))
        return payload

    return run


def _shown_on(screen: Screen) -> Callable[[Frame, Progress], None]:
    """What shows a look: the picture, or lines of words where the terminal draws nothing (``TERM=dumb``)."""
    if screen.draws("▀"):
        return lambda frame, progress: _draw(screen, frame, progress)
    screen.say("no preview in this terminal; fill two thirds of the camera's view with the code")
    screen.say("q stops")
    lines = Lines(screen)
    return lambda _frame, progress: lines.say(progress)


def _feed(joiner: Joiner, frame: Frame) -> Progress:
    for code in frame.codes:
        joiner.feed(code)
    return joiner.progress


def _draw(screen: Screen, frame: Frame, progress: Progress) -> None:
    columns, rows = terminal_size()
    screen.control(_HOME)
    for line in _preview(frame, columns - 1, rows - _STATUS_ROWS - 1):
        screen.control(line + _CLEAR_TO_END + "\n")
    words = (_state(progress, columns - 1), cut(progress.note, columns - 1), "q stops")
    screen.control("\n".join(line + _CLEAR_TO_END for line in words) + "\r")


def _state(progress: Progress, room: int) -> str:
    """How far it is, in words, and behind a bar where there is room for both."""
    nothing = "no part of a message yet" if progress.note else "no code in view yet"
    seen = f"{progress.have} of {progress.need} parts" if progress.need else nothing
    said = f"{progress.percent:3}%  {seen}"
    columns = min(_BAR_COLUMNS, room - len(said) - len("[] "))
    if columns < _LEAST_BAR:
        return cut(said.lstrip(), room)
    filled = progress.percent * columns // 100
    return f"[{'#' * filled}{'-' * (columns - filled)}] {said}"


def _preview(frame: Frame, columns: int, rows: int) -> Iterator[str]:
    """The picture in half blocks: two pixels a character, in shades of grey, as large as fits."""
    if not frame.width or not frame.height or columns < 2 or rows < 1:
        return
    scale = max(frame.width / columns, frame.height / (2 * rows))
    across, down = int(frame.width / scale), int(frame.height / scale) // 2
    for row in range(down):
        line = []
        for column in range(across):
            x = int(column * scale)
            top = frame.grey[int(2 * row * scale) * frame.width + x]
            low = frame.grey[int((2 * row + 1) * scale) * frame.width + x]
            line.append(f"\x1b[38;5;{_shade(top)};48;5;{_shade(low)}m▀")
        yield "".join(line) + "\x1b[0m"


def _shade(grey: int) -> int:
    """One of the 24 greys of a 256-colour terminal."""
    return 232 + grey * 23 // 255
