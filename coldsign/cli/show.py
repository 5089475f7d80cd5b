"""Show a message as QR codes in the terminal, animated where one is not enough, with keys to tune it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from coldsign.ceremony.reply import Answer
from coldsign.cli.keyboard import Keyboard, terminal_size
from coldsign.cli.screen import Screen
from coldsign.errors import DeclinedError, UnfitError, UsageError
from coldsign.qr.density import QUIET_ZONE, Density
from coldsign.qr.payload import Dialect
from coldsign.qr.splitter import Frame, Frames
from coldsign.qr.symbol import side
from coldsign.qr.write import read_back, terminal

_CLEAR = "\x1b[2J\x1b[H"
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_STATUS_ROWS = 3  # two lines of text, and the cursor below them
_MIN_RATE, _MAX_RATE, _RATE = 1, 10, 5  # frames a second; readers look about ten times a second
_TOGGLE = {Dialect.UR: Dialect.BBQR, Dialect.BBQR: Dialect.UR}


@dataclass(slots=True)
class _View:
    """What is on the screen and how fast it changes."""

    answer: Answer
    density: Density
    rate: int = _RATE
    paused: bool = False
    note: str = ""


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
        DeclinedError: The person stopped with Ctrl-C instead of q.
        SelfCheckError: A code does not read back as what it should say.
        UnfitError: The terminal is too small for the codes.
    """
    view = _View(answer, density or _fitting(), rate)
    frames = answer.frames(view.density)
    _demand_room(frames)
    with Keyboard() as keyboard:
        screen.control(_HIDE_CURSOR)
        try:
            while _one_setting(screen, keyboard, view, frames):
                frames = view.answer.frames(view.density)
        except DeclinedError as stop:
            raise DeclinedError(
                "stopped while the codes were shown",
                hint="the same command shows the same codes again",
                code=stop.code,
            ) from None
        finally:
            screen.control(_CLEAR + _SHOW_CURSOR)
    screen.tell(f"shown; sha256 {answer.sha256[:16]}, compare it with the reader's", "good")


def _one_setting(screen: Screen, keyboard: Keyboard, view: _View, frames: Frames) -> bool:
    """Show with one density and dialect until either changes; False when the person is done."""
    read_back(frames)
    stream = frames.stream()
    frame = next(stream)
    while True:
        _draw(screen, frames, frame, view)
        still = view.paused or len(frames.frames) == 1
        key = _wait(keyboard, None if still else 1 / view.rate)
        if key == "q":
            return False
        view.note = ""
        if _retune(view, key):
            return True
        frame = _next_frame(view, frame, stream, key, frames)


def _fitting() -> Density:
    columns, rows = terminal_size()
    return Density.for_terminal(columns, rows, reserve=_STATUS_ROWS)


def _side(frames: Frames) -> int:
    return side(frames.version) + 2 * QUIET_ZONE


def _fits(frames: Frames) -> bool:
    columns, rows = terminal_size()
    return _side(frames) <= columns and (_side(frames) + 1) // 2 <= rows - _STATUS_ROWS


def _demand_room(frames: Frames) -> None:
    if not _fits(frames):
        columns, rows = terminal_size()
        need = f"{_side(frames)}x{(_side(frames) + 1) // 2 + _STATUS_ROWS}"
        raise UnfitError(
            f"this terminal ({columns}x{rows}) is too small for the QR code, which needs {need}",
            hint="enlarge it, choose a smaller font or a lower --density, or use --out",
            code="terminal-too-small",
        )


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
        return _try(view, view.answer, min(view.density.denser(), _fitting(), key=_version))
    if key == "s":
        return _try(view, view.answer, view.density.sparser())
    if key == "f" and view.answer.dialect in {*_TOGGLE, Dialect.BINARY, Dialect.BASE64}:
        other = _TOGGLE.get(view.answer.dialect, Dialect.BBQR)
        return _try(view, replace(view.answer, dialect=other, detail="", chosen=True), view.density)
    if key == "resized":
        changed = _try(view, view.answer, _fitting())
        view.note = ""
        return changed
    return False


def _try(view: _View, answer: Answer, density: Density) -> bool:
    """Change what is shown, if the message can be shown so; whether it was changed."""
    try:
        possible = _fits(answer.frames(density))
    except UsageError:
        possible = False
    changed = (answer, density) != (view.answer, view.density)
    if not possible or not changed:
        view.note = "this is as far as it goes"
        return False
    view.answer, view.density = answer, density
    return True


def _version(density: Density) -> int:
    return density.version


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
    columns, _ = terminal_size()
    if not _fits(frames):
        screen.control(_CLEAR)
        screen.say("this terminal is too small for the QR code: enlarge it; q ends", "error")
        return
    code = terminal(frame, version=frames.version, level=frames.level)
    parts = len(frames.frames)
    how = f"{parts} parts, {view.rate} a second" if parts > 1 else "one code"
    if view.paused:
        how = f"{parts} parts, paused, right: next"
    status = view.note or f"{frames.dialect.value}, {how}, sha256 {frames.sha256_short}"
    keys = "q done  +/- speed  d/s denser/sparser  f dialect  space pause"
    screen.control(f"{_CLEAR}{code}\n{status[: columns - 1]}\n{keys[: columns - 1]}\r")
