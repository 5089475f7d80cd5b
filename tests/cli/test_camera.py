"""The camera's live picture, and a recording in the camera's place, in a terminal."""

import io
import sys
from pathlib import Path

import pytest

from coldsign.cli import camera, watch
from coldsign.cli.screen import Screen
from coldsign.cli.watch import done
from coldsign.qr.joiner import Progress
from coldsign.qr.payload import Dialect, Payload, PayloadKind
from coldsign.qr.read import Frame
from tests.cli.laptop import Laptop
from tests.cli.vt import Vt

SCAN = """
import sys
from coldsign.cli import camera
from coldsign.cli.screen import Screen
from coldsign.errors import ColdsignError
from coldsign.qr.payload import PayloadKind
from coldsign.qr.read import Frame
frames = [Frame((), 4, 2, bytes([0, 80, 160, 255] * 2)) for _ in range(3)]
frames.append(Frame((b"hello from a code",), 4, 2, bytes(8)))
camera.read_camera = lambda _number: iter(frames if sys.argv[1] == "good" else frames[:3] * 10**6)
try:
    print("got", camera.scan(Screen(), 0, frozenset({PayloadKind.TEXT}))().data)
except ColdsignError as error:
    print("stopped:", error.message)
    sys.exit(error.exit_code)
"""


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (60, 24), (20, 6)])
def test_the_picture_fits_the_terminal(
    columns: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera, "terminal_size", lambda: (columns, rows))
    monkeypatch.setenv("TERM", "xterm-256color")
    out = Tty()
    grey = bytes(x * 255 // 639 for x in range(640)) * 360
    joiner = camera.Joiner(frozenset({PayloadKind.TEXT}))
    camera._draw(Screen(stderr=out), Frame((), 640, 360, grey), joiner.progress)
    vt = Vt(columns, rows)
    vt.feed(out.getvalue().replace("\n", "\r\n"))
    assert vt.foreign == []
    assert vt.gone == []
    assert vt.lines[0].startswith("▀")
    shades = [cell.ink for cell in vt.cells[0] if cell.ink is not None]
    assert shades == sorted(shades)
    assert (shades[0], shades[-1] > 250) == (232, True)


@pytest.mark.parametrize(
    ("way", "code", "text"), [("good", 0, "got b'hello"), ("endless", 5, "stopped: ")]
)
def test_a_scan_ends_with_a_message_or_with_q(
    way: str, code: int, text: str, laptop: Laptop
) -> None:
    program = (sys.executable, "-c", SCAN, way)
    from tests.cli.terminal import Terminal

    with Terminal(folder=Path(laptop.folder), program=program) as terminal:
        if way == "endless":
            terminal.see("no code in view yet", "q stops")
            terminal.type("q")
        assert terminal.end() == code
        assert text in terminal.vt.text
        assert "▀" not in terminal.vt.text
        assert terminal.restored
        assert terminal.vt.foreign == []


@pytest.mark.parametrize(
    "settings",
    [{"TERM": "dumb"}, {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}],
)
def test_a_terminal_that_draws_nothing_gets_lines(settings: dict[str, str], laptop: Laptop) -> None:
    program = (sys.executable, "-c", SCAN, "endless")
    from tests.cli.terminal import Terminal

    with Terminal(folder=laptop.folder, program=program, environment=settings) as terminal:
        terminal.see("no preview in this terminal", "q stops", "looking for codes")
        terminal.type("q")
        assert terminal.end() == 5
        assert terminal.plain.count("looking for codes") == 1  # said again only when it has changed
        assert terminal.vt.foreign == []


FAR = Progress(12, 35, 34, "", done=False)
FOREIGN = Progress(0, 0, 0, "1 other code seen: a web link", done=False)


@pytest.mark.parametrize(
    ("columns", "progress", "words"),
    [
        (80, FAR, ["[##########--------------------]  34%  12 of 35 parts", ""]),
        (40, FAR, ["[#####-----------]  34%  12 of 35 parts", ""]),
        (24, FAR, ["34%  12 of 35 parts", ""]),
        (
            60,
            FOREIGN,
            ["[--------------------------]   0%  no part of a message yet", FOREIGN.note],
        ),
        (28, FOREIGN, ["0%  no part of a message...", "1 other code seen: a web..."]),
    ],
)
def test_the_words_below_the_picture_go_before_the_bar(
    columns: int, progress: Progress, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera, "terminal_size", lambda: (columns, 8))
    monkeypatch.setenv("TERM", "xterm-256color")
    out = Tty()
    camera._draw(Screen(stderr=out), Frame((), 4, 2, bytes(8)), progress)
    vt = Vt(columns, 8)
    vt.feed(out.getvalue().replace("\n", "\r\n"))
    below = [line.rstrip() for line in vt.lines if "▀" not in line]
    assert below[:3] == [*words, "q stops"]


def test_lines_say_what_is_new_and_not_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(watch.time, "monotonic", lambda: clock[0])
    monkeypatch.setenv("TERM", "dumb")
    out = Tty()
    lines = watch.Lines(Screen(stderr=out), 2)
    for have in (0, 1, 2, 3):
        lines.say(Progress(have, 9, have * 11, "", done=False))
    clock[0] += 2
    lines.say(Progress(5, 9, 55, "", done=False))
    lines.say(Progress(9, 9, 100, "", done=True))
    assert out.getvalue().splitlines() == ["0 of 9 parts", "5 of 9 parts", "9 of 9 parts"]


def test_a_pipe_gets_no_lines() -> None:
    out = io.StringIO()
    watch.Lines(Screen(stderr=out)).say(Progress(1, 9, 11, "", done=False))
    assert out.getvalue() == ""


def test_nothing_is_told_about_a_seed_but_its_length() -> None:
    seed = Payload(PayloadKind.SEED, b"0" * 48, Dialect.SEEDQR, "digits")
    assert done(seed) == "scanned 48 bytes"
    assert done(Payload(PayloadKind.TEXT, b"", Dialect.TEXT)).endswith("sha256 e3b0 c442 98fc 1c14")
