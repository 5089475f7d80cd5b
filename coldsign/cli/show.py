"""Show a message as QR codes in the terminal, animated where one is not enough, with keys to tune it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from coldsign.ceremony.reply import Answer
from coldsign.cli.keyboard import Keyboard, terminal_size
from coldsign.cli.screen import Screen
from coldsign.errors import UnfitError
from coldsign.qr.density import Density
from coldsign.qr.payload import Dialect
from coldsign.qr.splitter import Frame, Frames
from coldsign.qr.write import read_back, terminal

_CLEAR = "\x1b[2J\x1b[H"
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_STATUS_ROWS = 2
_MIN_RATE, _MAX_RATE, _RATE = 1, 10, 5  # frames a second; readers look about ten times a second
_TOGGLE = {Dialect.UR: Dialect.BBQR, Dialect.BBQR: Dialect.UR}


@dataclass(slots=True)
class _View:
    """What is on the screen and how fast it changes."""

    answer: Answer
    density: Density
    rate: int = _RATE
    paused: bool = False


def show_frames(
    screen: Screen, answer: Answer, *, density: Density | None = None, rate: int = _RATE
) -> None:
    """Show an answer until the person presses q.

    Args:
        screen: The terminal.
        answer: What is shown.
        density: The largest QR version to begin with; what the terminal can show if not given.
        rate: Frames a second to begin with.

    Raises:
        SelfCheckError: A code does not read back as what it should say.
        UnfitError: The terminal is too small for any code.
    """
    columns, rows = terminal_size()
    fitting = Density.for_terminal(columns, rows, reserve=_STATUS_ROWS + 1)
    view = _View(answer, density or fitting, rate)
    with Keyboard() as keyboard:
        screen.control(_HIDE_CURSOR)
        try:
            while _one_setting(screen, keyboard, view):
                pass
        finally:
            screen.control(_CLEAR + _SHOW_CURSOR)
    screen.tell(f"shown; sha256 {answer.sha256[:16]}, compare it with the reader's", "good")


def _one_setting(screen: Screen, keyboard: Keyboard, view: _View) -> bool:
    """Show with one density and dialect until either changes; False when the person is done."""
    frames = view.answer.frames(view.density)
    read_back(frames)
    stream = frames.stream()
    frame = next(stream)
    while True:
        _draw(screen, frames, frame, view)
        still = view.paused or len(frames.frames) == 1
        key = _wait(keyboard, None if still else 1 / view.rate)
        if key == "q":
            return False
        if _retune(view, key):
            return True
        frame = _next_frame(view, frame, stream, key, frames)


def _wait(keyboard: Keyboard, seconds: float | None) -> str | None:
    """A key, or nothing when the frame's time is over; looks at the size often enough to follow it."""
    size = terminal_size()
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        left = 0.25 if deadline is None else min(0.25, deadline - time.monotonic())
        if left <= 0:
            return None
        key = keyboard.key(wait_seconds=left)
        if terminal_size() != size:
            return "resized"
        if key is not None:
            return key


def _retune(view: _View, key: str | None) -> bool:
    """Apply a key that changes what is shown; whether the frames must be made anew."""
    if key == "d":
        view.density = view.density.denser()
    elif key == "s":
        view.density = view.density.sparser()
    elif key == "f" and view.answer.dialect in {*_TOGGLE, Dialect.BINARY, Dialect.BASE64}:
        other = _TOGGLE.get(view.answer.dialect, Dialect.BBQR)
        view.answer = Answer(view.answer.data, other, "", chosen=True)
    elif key == "resized":
        columns, rows = terminal_size()
        view.density = Density.for_terminal(columns, rows, reserve=_STATUS_ROWS + 1)
    else:
        return False
    return True


def _next_frame(
    view: _View, frame: Frame, stream: Iterator[Frame], key: str | None, frames: Frames
) -> Frame:
    if key == "+":
        view.rate = min(_MAX_RATE, view.rate + 1)
    elif key == "-":
        view.rate = max(_MIN_RATE, view.rate - 1)
    elif key == "space":
        view.paused = not view.paused
    elif key == "right" or (key is None and not view.paused):
        return next(stream) if len(frames.frames) > 1 else frame
    return frame


def _draw(screen: Screen, frames: Frames, frame: Frame, view: _View) -> None:
    code = terminal(frame, version=frames.version, level=frames.level)
    columns, rows = terminal_size()
    if len(code.splitlines()) > rows - _STATUS_ROWS:
        raise UnfitError(
            f"the terminal ({columns}x{rows}) is too small for a QR code",
            hint="make it larger, choose a smaller font, or use --out",
        )
    parts = len(frames.frames)
    how = f"{parts} parts, {view.rate} a second" if parts > 1 else "one code"
    status = f"{frames.dialect.value}, {how}, sha256 {frames.sha256_short}"
    keys = "q done  +/- speed  d/s denser/sparser  f dialect  space pause"
    screen.control(f"{_CLEAR}{code}\n{status[: columns - 1]}\n{keys[: columns - 1]}\r")
