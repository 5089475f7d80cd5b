"""Codes drawn for terminals, pictures and paper: read back with both decoders."""

import base64
import re
import shutil
import subprocess
import zlib

import pytest
from PIL import Image

from coldsign.errors import SelfCheckError, UnfitError, UsageError
from coldsign.primitives import cores
from coldsign.qr import render, write
from coldsign.qr.eyes import Eyes
from coldsign.qr.joiner import Joiner
from coldsign.qr.payload import Dialect
from coldsign.qr.read import read_pictures
from coldsign.qr.render import Protocol
from coldsign.qr.symbol import Level, capacity, encode, smallest_version
from coldsign.qr.write import Proof, matrix, save, terminal
from tests.qr import pictures
from tests.qr.standin import READY, stand_in


def test_inverted_text_is_the_other_way_round():
    frame = pictures.shown(60).frames[0]
    image = pictures.bitmap(terminal(frame, invert=True)).point(lambda v: 255 - v)
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


@pytest.mark.parametrize("name", ["code.png", "code.gif", "code.svg", "code.pdf", "codes"])
def test_a_drawing_that_reads_back_otherwise_is_not_handed_over(name, tmp_path, monkeypatch):
    frames = pictures.shown(300)
    wrong = matrix(frames, frames.frames[1])
    monkeypatch.setattr(write, "matrix", lambda f, frame: wrong)
    with pytest.raises(SelfCheckError):
        save(frames, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_decoder_that_dies_while_reading_back_is_no_damage_of_ours(monkeypatch):
    stand_in(monkeypatch, READY + "os.kill(os.getpid(), 9)")
    frames = pictures.shown(300)
    with Proof() as proof, pytest.raises(UnfitError, match=r"cannot be read back: .*crashed") as no:
        proof.demand(matrix(frames, frames.frames[0]), frames.frames[0])
    assert "--out" in no.value.hint


def test_all_cores_draw_the_same_animation(tmp_path, monkeypatch):
    frames = pictures.shown(300)
    drawn = set()
    for least in (len(frames.frames), 1):
        monkeypatch.setattr(cores, "LEAST", least)
        save(frames, tmp_path / "codes.gif", force=True)
        drawn.add((tmp_path / "codes.gif").read_bytes())
    assert len(drawn) == 1


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


@pytest.mark.parametrize("density", [13, pytest.param(25, marks=pytest.mark.slow)])
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
