"""Show a message as QR codes in the terminal, animated where one is not enough, with keys to tune it."""

import contextlib
import fcntl
import os
import struct
import sys
import termios
import time
from dataclasses import dataclass, replace

from coldsign.ceremony.reply import Answer
from coldsign.cli.keyboard import Keyboard, terminal_size
from coldsign.cli.reel import Reel
from coldsign.cli.screen import Screen
from coldsign.errors import DeclinedError, UnfitError, UsageError
from coldsign.qr.canvas import Canvas
from coldsign.qr.density import Density
from coldsign.qr.payload import Dialect
from coldsign.qr.symbol import MAX_VERSION
from coldsign.qr.write import Proof

_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_MIN_RATE, _MAX_RATE, _RATE = 1, 10, 5  # frames a second; readers look about ten times a second
_UR = {Dialect.UR, Dialect.UR_PSBT}
_KEYS = ("q done", "+/- speed", "d/s denser/sparser", "f dialect", "space pause", "left/right step")
_ONE_CODE = {Dialect.BASE64, Dialect.BASE43, Dialect.HEX, Dialect.BINARY}
_SAME = {"=": "+", "_": "-"}  # the same keys with or without shift
_AS_FAR = "this is as far as it goes"
_NOTED = 2  # seconds that a note can be read


@dataclass(slots=True)
class _View:
    """What is on the screen and how fast it changes."""

    answer: Answer
    density: Density
    rate: int = _RATE
    paused: bool = False
    note: str = ""
    noted: float = 0
    drawn: bool = False

    def say(self, note: str) -> None:
        """Put a note beside the code, for as long as it takes to read."""
        self.note, self.noted = note, time.monotonic()


def show_frames(
    screen: Screen,
    answer: Answer,
    *,
    density: Density | None = None,
    rate: int = _RATE,
    patient: bool = False,
) -> None:
    """Show an answer until the person presses q.

    Args:
        screen: The terminal.
        answer: What is shown.
        density: The largest QR version to begin with; what the terminal can show if not given.
        rate: Frames a second to begin with.
        patient: Whether to wait for a larger window or another dialect; a signature is not made twice for that.

    Raises:
        DeclinedError: The person stopped with Ctrl-C instead of q.
        SelfCheckError: A code does not read back as what it should say.
        UnfitError: The terminal is too small for the codes, or cannot draw them.
    """
    demand_drawing(screen)
    with Proof() as proof:
        canvas = _canvas()
        view = _View(answer, density or _density(canvas, answer), rate)
        reel = Reel(answer.frames(view.density), proof)
        if not patient:
            _demand_room(canvas, reel)
        with Keyboard() as keyboard:
            screen.control(_HIDE_CURSOR)
            try:
                while _one_setting(screen, keyboard, view, reel):
                    reel = Reel(view.answer.frames(view.density), proof, reel.sent)
            except DeclinedError as stop:
                raise DeclinedError(
                    "stopped while the codes were shown",
                    hint="the same command shows the same codes again",
                    code=stop.code,
                ) from None
            finally:
                screen.control(canvas.clear() + _SHOW_CURSOR)
    if not view.drawn:
        _demand_room(_canvas(), reel)
    screen.say(f"shown; sha256 {answer.sha256_short}, compare it with the reader's", "good")


def demand_drawing(screen: Screen) -> None:
    """Refuse a terminal that codes cannot be drawn on.

    Raises:
        UnfitError: It is one.
    """
    if not screen.draws("▀▄"):
        raise UnfitError(
            "this terminal cannot draw codes: it is dumb, or has no block characters",
            hint="set TERM, use a UTF-8 locale (LANG=C.UTF-8), or use --out",
            code="terminal-too-plain",
        )


def too_small_for(answer: Answer) -> str:
    """The window that the first code of an answer needs, as columns x rows, where this one has no room for it.

    Raises:
        UsageError: No code of its dialect holds it.
    """
    canvas = _canvas()
    version = answer.frames(_density(canvas, answer)).version
    return "" if canvas.fits(version) else canvas.need(version)


def _one_setting(screen: Screen, keyboard: Keyboard, view: _View, reel: Reel) -> bool:
    """Show with one density and dialect until either changes; False when the person is done."""
    canvas = _canvas()
    screen.control(canvas.clear())
    due = time.monotonic()
    while True:
        _draw(screen, canvas, view, reel)
        moving = not view.paused and reel.parts > 1
        due = max(time.monotonic(), due + 1 / view.rate)
        key = _wait(keyboard, due if moving else None, (canvas.columns, canvas.rows))
        if key == "q":
            return False
        if key is not None or time.monotonic() > view.noted + _NOTED:
            view.note = ""
        if key == "resized":
            canvas = _canvas()
            screen.control(canvas.clear())
        if _retune(view, key, canvas, reel.dialect):
            return True
        _step(view, key, reel)


def _canvas() -> Canvas:
    """The person's terminal as it is now; its pixels, where it says how many it has."""
    columns, rows = terminal_size()
    try:
        said = fcntl.ioctl(sys.stderr.fileno(), termios.TIOCGWINSZ, bytes(8))
    except (OSError, ValueError):
        said = bytes(8)
    _, _, width, height = struct.unpack("HHHH", said)
    return Canvas.of(columns, rows, (width, height), os.environ)


def _density(canvas: Canvas, answer: Answer) -> Density:
    """What the terminal can show; where that is too small for the message, the smallest that is not."""
    fitting = canvas.density()
    for version in range(fitting.version, MAX_VERSION + 1):
        with contextlib.suppress(UsageError):
            answer.frames(Density(version))
            return Density(version)
    return fitting


def _demand_room(canvas: Canvas, reel: Reel) -> None:
    if not canvas.fits(reel.version):
        size = f"{canvas.columns}x{canvas.rows}"
        other = "--format ur" if reel.dialect in _ONE_CODE else "a lower --density"
        raise UnfitError(
            f"this terminal ({size}) is too small for the QR code, which needs {canvas.need(reel.version)}",
            hint=f"enlarge it, choose a smaller font or {other}, or use --out",
            code="terminal-too-small",
        )


def _wait(keyboard: Keyboard, due: float | None, size: tuple[int, int]) -> str | None:
    """A key, or nothing when the frame's time is over; soon told where the size is not the one drawn for."""
    while True:
        left = 0.25 if due is None else min(0.25, due - time.monotonic())
        key = keyboard.key(wait_seconds=max(0, left))
        if terminal_size() != size:
            return "resized"
        if key is not None or left <= 0:
            return _SAME.get(key, key.lower()) if key else None


def _retune(view: _View, key: str | None, canvas: Canvas, shown: Dialect) -> bool:
    """Apply a key that changes what is shown; whether the frames must be made anew."""
    if key == "d":
        return _try(view, view.answer, canvas.denser(view.density), canvas)
    if key == "s":
        return _try(view, view.answer, view.density.sparser(), canvas)
    if key == "f":
        other = Dialect.BBQR if shown in _UR else Dialect.UR
        answer = replace(view.answer, dialect=other, detail="", chosen=True)
        return _try(view, answer, view.density, canvas)
    if key == "resized":
        changed = _try(view, view.answer, canvas.density(), canvas)
        view.note = ""
        return changed
    return False


def _try(view: _View, answer: Answer, density: Density, canvas: Canvas) -> bool:
    """Change what is shown, if the message can be shown so; whether it was changed."""
    changed = (answer, density) != (view.answer, view.density)
    try:
        possible = changed and canvas.fits(answer.frames(density).version)
    except UsageError:
        possible = False
    if possible:
        view.answer, view.density = answer, density
    else:
        view.say(_AS_FAR)
    return possible


def _step(view: _View, key: str | None, reel: Reel) -> None:
    if key in {"+", "-"}:
        wanted = view.rate + (1 if key == "+" else -1)
        view.rate = max(_MIN_RATE, min(_MAX_RATE, wanted))
        if view.rate != wanted:
            view.say(_AS_FAR)
    elif key == "space":
        view.paused = not view.paused
    elif key in {"left", "right"}:
        view.paused = True
    if key == "left":
        reel.back()
    elif key == "right" or (key is None and not view.paused):
        reel.forward()


def _draw(screen: Screen, canvas: Canvas, view: _View, reel: Reel) -> None:
    if not canvas.fits(reel.version):
        screen.control(canvas.clear())
        need = canvas.need(reel.version)
        small = f"this terminal is too small for the QR code, which needs {need}: enlarge it"
        screen.say(f"{small}, or press f for another dialect; q ends", "error")
        return
    view.drawn = True
    pace = "paused" if view.paused else f"{view.rate} a second"
    moving = (reel.where, f"shown {reel.sent}", pace) if reel.parts > 1 else ("one code",)
    noted = (view.note,) if view.note else ()  # first: a narrow window has no room for the last
    what = f"{reel.dialect.value}, QR v{reel.version}"
    status = (*noted, f"sha256 {reel.sha256_short}", *moving, what)
    screen.control(canvas.draw(reel.symbol, status, _KEYS))
