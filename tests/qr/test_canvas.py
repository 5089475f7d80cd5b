"""What fits a terminal, and what stands on it: read with both decoders as a person's camera would see it."""

import re

import pytest
from PIL import Image

from coldsign.errors import SelfCheckError, UsageError
from coldsign.qr import write
from coldsign.qr.canvas import Canvas
from coldsign.qr.density import Density
from coldsign.qr.eyes import Eyes
from coldsign.qr.render import Protocol
from coldsign.qr.write import Proof, matrix
from tests.qr import pictures

KITTY, FOOT = {"TERM": "xterm-kitty"}, {"TERM": "foot"}
STATUS, KEYS = ("ur, QR v6", "part 1 of 12, sent 1", "5 a second"), ("q done", "d denser")


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*[mH]", "", text).removesuffix("\r")


@pytest.mark.parametrize(
    ("size", "version"),
    [
        ((80, 24), 6),
        ((60, 24), 5),
        ((100, 30), 9),
        ((120, 40), 14),
        ((160, 50), 19),
        ((200, 60), 20),
        ((500, 500), 20),
        ((20, 5), 1),
    ],
)
def test_the_largest_version_that_fits(size, version):
    assert Canvas(*size).density() == Density(version)


@pytest.mark.parametrize("size", [(60, 24), (80, 24), (100, 30), (120, 40), (160, 50), (200, 60)])
def test_the_terminal_shows_what_both_decoders_read(size):
    canvas = Canvas(*size)
    frames = pictures.shown(3000, density=canvas.density().version)
    symbol = matrix(frames, frames.frames[0])
    drawn = canvas.draw(symbol, STATUS, KEYS)
    assert drawn.startswith("\x1b[H")
    lines = plain(drawn).split("\n")
    assert len(lines) <= size[1]
    assert max(map(len, lines)) <= size[0]
    assert all(word in plain(drawn) for word in (*STATUS, *KEYS))
    code = "\n".join(drawn.split("\n")[: (symbol.size + 5) // 2])
    eyes = Eyes()
    for seam, looks in ((0, (eyes._zbar, eyes.study)), (1, (eyes.study,))):
        screen = Image.new("L", (size[0] * 10, size[1] * 20), 0)
        screen.paste(pictures.bitmap(code, seam), (0, 0))
        for look in looks:
            assert look(screen) == [frames.frames[0].encode()]


def test_long_words_never_move_the_code():
    canvas = Canvas(80, 24)
    frames = pictures.shown(3000, density=6)
    symbol = matrix(frames, frames.frames[0])
    for status in (("w" * 300,), tuple("w" * 50)):
        lines = plain(canvas.draw(symbol, status, KEYS)).split("\n")
        assert len(lines) == 23
        assert max(map(len, lines)) <= 80


def test_a_narrow_window_leaves_whole_words_out_the_last_ones_first():
    frames = pictures.shown(3000, density=4)
    symbol = matrix(frames, frames.frames[0])
    keys = ("q done", "+/- speed", "d/s denser/sparser", "f dialect", "left/right step")
    drawn = {
        columns: plain(Canvas(columns, 24).draw(symbol, STATUS, keys)).split("\n")[-2:]
        for columns in (41, 50, 60)
    }
    assert [line.rstrip() for line in drawn[41]] == [
        "ur, QR v6, part 1 of 12, sent 1",
        "q done  +/- speed  d/s denser/sparser",
    ]
    assert [line.rstrip() for line in drawn[50]] == [
        "ur, QR v6, part 1 of 12, sent 1, 5 a second",
        "q done  +/- speed  d/s denser/sparser  f dialect",
    ]
    assert all(len(line) == 59 for line in drawn[60])


def test_pixels_where_the_terminal_has_them():
    assert Canvas.of(80, 24, (0, 0), KITTY).protocol is Protocol.BLOCKS
    assert Canvas.of(80, 24, (1280, 768), {"TERM": "xterm"}).protocol is Protocol.BLOCKS
    assert Canvas.of(80, 24, (80, 48), KITTY).protocol is Protocol.BLOCKS
    for environment, protocol in ((KITTY, Protocol.KITTY), (FOOT, Protocol.SIXEL)):
        canvas = Canvas.of(80, 24, (1280, 768), environment)
        assert canvas.protocol is protocol
        assert canvas.density() == Density(27)
        frames = pictures.shown(3000, density=27)
        drawn = canvas.draw(matrix(frames, frames.frames[0]), STATUS, KEYS)
        assert "\x1b[23;1Hur, QR v6, part 1" in drawn
        assert "\x1b[24;1Hq done  d denser" in drawn
        width = int(re.search(r's=(\d+)|"1;1;(\d+)', drawn)[1 if protocol is Protocol.KITTY else 2])
        assert 500 < width <= 768 * 22 // 24
    assert Canvas.of(80, 24, (640, 384), KITTY).density() == Density(16)
    assert Canvas.of(80, 24, (640, 384), KITTY).clear().startswith("\x1b_Ga=d")
    assert Canvas(80, 24).clear() == "\x1b[2J\x1b[H"


def test_denser_as_far_as_it_fits():
    canvas = Canvas(80, 24)
    assert canvas.denser(Density(3)) == Density(4)
    assert canvas.denser(Density(4)) == canvas.denser(Density(6)) == Density(6)
    assert Canvas(500, 500).denser(Density(20)) == Density(27)
    assert canvas.need(6) == "45x25"
    assert Density(8).denser().sparser() == Density(8)
    assert Density(40).denser() == Density(40)
    with pytest.raises(UsageError):
        Density(41)


def test_a_code_that_reads_back_otherwise_is_not_shown(monkeypatch):
    frames = pictures.shown(300)
    with Proof() as proof:
        for frame in frames.frames:
            proof.demand(matrix(frames, frame), frame)
        with pytest.raises(SelfCheckError):
            proof.demand(matrix(frames, frames.frames[0]), frames.frames[1])
    monkeypatch.setattr(write, "picture", lambda symbol, module: Image.new("1", (99, 99)))
    with Proof() as proof, pytest.raises(SelfCheckError):
        proof.demand(matrix(frames, frames.frames[0]), frames.frames[0])
