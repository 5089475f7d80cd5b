"""Codes drawn for terminals, pictures and paper: read back with both decoders."""

import base64
import re
import shutil
import subprocess
import zlib

import pytest
from PIL import Image

from coldsign.errors import SelfCheckError, UsageError
from coldsign.qr import render, write
from coldsign.qr.density import Density
from coldsign.qr.eyes import Eyes
from coldsign.qr.joiner import Joiner
from coldsign.qr.payload import Dialect
from coldsign.qr.read import read_pictures
from coldsign.qr.render import Protocol
from coldsign.qr.symbol import Level, capacity, encode, smallest_version
from coldsign.qr.write import matrix, read_back, save, terminal
from tests.qr import pictures


def bitmap(text):
    """The picture a terminal shows: every character two pixels, as its glyph and its colours say."""
    shapes = {" ": (0, 0), "▄": (0, 1), "▀": (1, 0), "█": (1, 1)}
    rows = []
    for line in text.split("\n"):
        assert line.startswith("\x1b[38;5;16;48;5;231m")
        assert line.endswith("\x1b[0m")
        cells = [shapes[c] for c in re.sub(r"\x1b\[[0-9;]*m", "", line)]
        rows += [[top for top, _ in cells], [low for _, low in cells]]
    width = len(rows[0])
    assert all(len(row) == width for row in rows)
    data = bytes(0 if cell else 255 for row in rows for cell in row)
    image = Image.frombytes("L", (width, len(rows)), data)
    return image.resize((width * 7, len(rows) * 7), Image.Resampling.NEAREST)


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40), (160, 50), (200, 60)])
def test_the_terminal_shows_what_both_decoders_read(size):
    density = Density.for_terminal(*size)
    frames = pictures.shown(3000, density=density.version)
    eyes = Eyes()
    for frame in frames.frames[:3]:
        text = terminal(frame, version=frames.version, level=frames.level)
        lines = text.split("\n")
        assert len(lines) <= size[1] - 2
        assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines) <= size[0]
        screen = Image.new("L", (size[0] * 7, size[1] * 14), 0)
        screen.paste(bitmap(text), (0, 0))
        assert eyes._zbar(screen) == [frame.encode()]
        assert eyes.study(screen) == [frame.encode()]


def test_an_80_by_24_terminal_shows_version_5():
    assert Density.for_terminal(80, 24).version == 5
    assert Density.for_terminal(120, 40).version == 13
    assert Density.for_terminal(20, 5).version == 1
    assert Density.for_terminal(500, 500).version == 20
    assert Density.for_pixels(580, 580).version >= 20
    assert Density(8).denser().sparser() == Density(8)
    assert Density(40).denser() == Density(40)
    with pytest.raises(UsageError):
        Density(41)


def test_inverted_text_is_the_other_way_round():
    frame = pictures.shown(60).frames[0]
    image = bitmap(terminal(frame, invert=True)).point(lambda v: 255 - v)
    assert Eyes()._zbar(image) == [frame.encode()]


def test_every_version_and_level_at_exact_capacity():
    eyes = Eyes()
    for version in (1, 2, 9, 10, 26, 27, 40):
        for level in Level:
            room = capacity(version, level, alphanumeric=True)
            frame = ("UR:BYTES/" * 600)[:room]
            assert smallest_version(frame, level) == version
            symbol = encode(frame, version, level)
            assert symbol.size == 17 + 4 * version
            image = write.picture(symbol, 3).convert("L")
            assert eyes.study(image) == [frame.encode()]
            with pytest.raises(Exception, match="does not fit"):
                encode(frame + "A", version, level)


@pytest.mark.parametrize("name", ["one.png", "loop.gif", "folder", "folder/"])
def test_saved_pictures_read_back(tmp_path, name):
    data = pictures.psbt(3000)
    for dialect in (Dialect.UR, Dialect.BBQR):
        frames = pictures.shown(3000, dialect)
        save(frames, tmp_path / name, force=True)
        joiner = Joiner()
        for code in read_pictures([tmp_path / name]):
            joiner.feed(code)
        assert joiner.require().data == data


@pytest.mark.parametrize("name", ["code.png", "code.gif", "code.svg", "code.pdf"])
def test_an_existing_file_stays(tmp_path, name):
    path = tmp_path / name
    path.write_text("precious")
    with pytest.raises(UsageError):
        save(pictures.shown(300), path)
    assert path.read_text() == "precious"
    save(pictures.shown(300), path, force=True)
    assert path.read_bytes() != b"precious"
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_folder_with_anything_else_in_it_stays(tmp_path):
    path = tmp_path / "codes"
    save(pictures.shown(3000), path)
    first = sorted(p.name for p in path.iterdir())
    with pytest.raises(UsageError, match="not empty"):
        save(pictures.shown(300), path)
    assert sorted(p.name for p in path.iterdir()) == first
    (path / "thesis.txt").write_text("precious")
    with pytest.raises(UsageError, match="other files"):
        save(pictures.shown(300), path, force=True)
    assert (path / "thesis.txt").read_text() == "precious"
    (path / "thesis.txt").unlink()
    save(pictures.shown(100, density=20), path, force=True)
    assert [p.name for p in path.iterdir()] == ["001.png"]
    assert [p.name for p in tmp_path.iterdir()] == ["codes"]


def test_endings_that_say_nothing(tmp_path):
    with pytest.raises(UsageError, match="no kind of picture"):
        save(pictures.shown(300), tmp_path / "code.doc")
    with pytest.raises(UsageError, match="do not fit one picture"):
        save(pictures.shown(9000, density=4), tmp_path / "code.png")


def test_a_drawing_that_reads_back_otherwise_is_not_handed_over(tmp_path, monkeypatch):
    frames = pictures.shown(300)
    wrong = matrix(frames, frames.frames[1])
    monkeypatch.setattr(write, "matrix", lambda f, frame: wrong)
    with pytest.raises(SelfCheckError):
        read_back(frames)
    with pytest.raises(SelfCheckError):
        save(frames, tmp_path / "code.png")
    assert not list(tmp_path.iterdir())


def test_svg_is_drawn_module_by_module(tmp_path):
    frames = pictures.shown(3000)
    save(frames, tmp_path / "codes.svg")
    text = (tmp_path / "codes.svg").read_text()
    width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', text).groups())
    image = Image.new("L", (width, height), 255)
    for x, y, n in re.findall(r"M(\d+) (\d+)h(\d+)v1h", text):
        image.paste(0, (int(x), int(y), int(x) + int(n), int(y) + 1))
    found = Eyes().study(image.resize((width * 4, height * 4), Image.Resampling.NEAREST))
    assert {code.decode() for code in found} == set(frames.frames[: frames.need])
    assert frames.sha256_short in text


@pytest.mark.parametrize("density", [13, 25])
def test_pdf_pages_print_and_read(tmp_path, density):
    ghostscript = shutil.which("gs")
    if ghostscript is None:
        pytest.skip("ghostscript is not installed: apt-get install ghostscript")
    frames = pictures.shown(5000, density=density)
    save(frames, tmp_path / "codes.pdf")
    command = [ghostscript, "-q", "-dNOPAUSE", "-dBATCH", "-sDEVICE=pnggray", "-r110"]
    subprocess.run(
        [*command, f"-sOutputFile={tmp_path}/page-%02d.png", str(tmp_path / "codes.pdf")],
        check=True,
    )
    (tmp_path / "codes.pdf").unlink()
    joiner = Joiner()
    for code in read_pictures([tmp_path]):
        joiner.feed(code)
    assert joiner.require().data == pictures.psbt(5000)


def test_kitty_pixels():
    frames = pictures.shown(300)
    text = render.kitty(matrix(frames, frames.frames[0]))
    width = int(re.search(r"s=(\d+)", text)[1])
    body = "".join(re.findall(r";([A-Za-z0-9+/=]+)\x1b\\", text))
    image = Image.frombytes("RGB", (width, width), zlib.decompress(base64.b64decode(body)))
    assert Eyes().study(image.convert("L")) == [frames.frames[0].encode()]
    assert not re.sub(r"\x1b_G[^\x1b]*\x1b\\", "", text)


def test_sixel_pixels():
    frames = pictures.shown(300)
    text = render.sixel(matrix(frames, frames.frames[0]))
    width = int(re.search(r'"1;1;(\d+)', text)[1])
    image = Image.new("L", (width, width), 128)
    bands = text.split("#1;2;100;100;100")[1].removesuffix("-\x1b\\").split("-")
    for top, band in zip(range(0, width, 6), bands, strict=True):
        for colour, run in re.findall(r"#([01])([^$#]*)", band):
            x = 0
            for count, char in re.findall(r"!(\d+)(.)", run):
                for bit in range(6):
                    if ord(char) - 63 >> bit & 1:
                        grey = 0 if colour == "0" else 255
                        image.paste(grey, (x, top + bit, x + int(count), top + bit + 1))
                x += int(count)
    assert Eyes().study(image) == [frames.frames[0].encode()]


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({}, Protocol.BLOCKS),
        ({"TERM": "xterm-256color"}, Protocol.BLOCKS),
        ({"TERM": "xterm-kitty"}, Protocol.KITTY),
        ({"TERM": "xterm-kitty", "TMUX": "/x"}, Protocol.BLOCKS),
        ({"TERM": "screen", "KITTY_WINDOW_ID": "1"}, Protocol.BLOCKS),
        ({"TERM": "foot"}, Protocol.SIXEL),
        ({"TERM": "xterm", "TERM_PROGRAM": "WezTerm"}, Protocol.SIXEL),
        ({"TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty"}, Protocol.KITTY),
    ],
)
def test_detection_by_the_environment(environment, protocol):
    assert render.detect(environment) is protocol


def test_a_real_multiplexer_shows_a_readable_code(tmp_path):
    tmux = shutil.which("tmux")
    if tmux is None:
        pytest.skip("tmux is not installed: apt-get install tmux")
    frames = pictures.shown(400, density=Density.for_terminal(80, 24).version)
    frame = frames.frames[0]
    (tmp_path / "code.txt").write_text(terminal(frame, version=frames.version, level=frames.level))
    server = [tmux, "-S", str(tmp_path / "socket"), "-u", "-f", "/dev/null"]
    show = f"cat {tmp_path}/code.txt; sleep 30"
    try:
        subprocess.run(
            [*server, "new-session", "-d", "-x", "80", "-y", "24", "-s", "q", show], check=True
        )
        captured = ""
        for _ in range(50):
            done = subprocess.run(
                [*server, "capture-pane", "-p", "-e", "-t", "q"],
                capture_output=True,
                text=True,
                check=True,
            )
            captured = done.stdout
            if captured.count("▀") > 100:
                break
            subprocess.run([*server, "wait-for", "-S", "tick"], check=True)
    finally:
        subprocess.run([*server, "kill-server"], check=False)
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in captured.split("\n")]
    size = 17 + 4 * frames.version + 4
    block = "\n".join(
        f"\x1b[38;5;16;48;5;231m{line[:size].ljust(size)}\x1b[0m" for line in lines[: size // 2 + 1]
    )
    assert Eyes()._zbar(bitmap(block)) == [frame.encode()]
