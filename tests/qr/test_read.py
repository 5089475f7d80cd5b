"""Pictures of every sort through the decoder child, and what happens when a picture attacks it."""

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from coldsign.errors import MalformedError, UnfitError, UsageError
from coldsign.qr.child import Child
from coldsign.qr.eyes import Eyes
from coldsign.qr.joiner import Joiner
from coldsign.qr.payload import Dialect, PayloadKind
from coldsign.qr.read import Effort, decode, is_visual, read_camera, read_pictures
from coldsign.qr.symbol import Level, encode, smallest_version
from coldsign.qr.wire import Say
from coldsign.qr.write import save
from tests.qr import pictures
from tests.qr.standin import READY, stand_in
from tests.vectors import vector_file


def codes(path):
    return list(read_pictures([path]))


def joined(found):
    joiner = Joiner(frozenset({PayloadKind.PSBT}))
    for code in found:
        joiner.feed(code)
    return joiner.require()


@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "webp", "bmp"])
def test_every_picture_format(tmp_path, ending):
    frames = pictures.shown(300, density=20)
    path = tmp_path / f"code.{ending}"
    pictures.image(frames).convert("RGB" if ending in {"jpg", "bmp"} else "L").save(path)
    assert codes(path) == [frames.frames[0].encode()]
    disguised = path.rename(tmp_path / "code.dat")
    assert is_visual(disguised)
    assert codes(disguised) == [frames.frames[0].encode()]


def test_folders_and_animations_in_any_order(tmp_path):
    frames = pictures.shown(3000)
    save(frames, tmp_path / "folder")
    save(frames, tmp_path / "loop.gif")
    (tmp_path / "folder" / "notes.txt").write_text("not a picture")
    data = pictures.psbt(3000)
    assert joined(codes(tmp_path / "folder")).data == data
    assert joined(codes(tmp_path / "loop.gif")).data == data
    found = codes(tmp_path / "folder")
    random.Random(1).shuffle(found)
    assert joined(found).data == data


def test_two_codes_in_one_picture_are_both_seen(tmp_path):
    one, two = pictures.shown(100, density=10), pictures.shown(101, density=10)
    both = Image.new("L", (600, 300), 255)
    both.paste(pictures.image(one), (10, 10))
    both.paste(pictures.image(two), (300, 10))
    both.save(tmp_path / "two.png")
    found = codes(tmp_path / "two.png")
    assert len(found) == 2
    with pytest.raises(MalformedError, match="more than one message"):
        joined(found)


def test_binary_codes_keep_every_byte(tmp_path):
    frames = pictures.shown(700, Dialect.BINARY)
    path = tmp_path / "raw.png"
    pictures.image(frames).save(path)
    assert codes(path) == [pictures.psbt(700)]


def test_both_decoders_read_bytes_exactly():
    eyes = Eyes()
    assert eyes.second
    for size in (16, 32, 200):
        raw = random.Random(size).randbytes(size)
        frames = pictures.shown(1, Dialect.BINARY)
        picture = pictures.picture(pictures.matrix(frames, raw), 6).convert("L")
        assert eyes._zbar(picture) == [raw]
        assert eyes.study(picture) == [raw]


@pytest.mark.parametrize("condition", list(pictures.CONDITIONS))
def test_degraded_pictures(tmp_path, condition):
    frames = pictures.shown(400, density=13)
    rng = random.Random(7)
    scene = pictures.on_desk(pictures.image(frames))
    path = tmp_path / "photo.png"
    pictures.CONDITIONS[condition](scene, rng, 1.0).save(path)
    assert frames.frames[0].encode() in codes(path)


@pytest.mark.parametrize("turn", [ImageOps.invert, ImageOps.mirror])
def test_inverted_and_mirrored_codes_are_read(tmp_path, turn):
    frames = pictures.shown(100)
    scene = Image.new("L", (800, 800), 255)
    scene.paste(pictures.image(frames), (100, 100))
    scene = turn(scene)
    scene.save(tmp_path / "dark.png")
    assert codes(tmp_path / "dark.png") == [frames.frames[0].encode()]


def bomb(path):
    Image.new("1", (20_000, 20_000)).save(path)


def large_animation(path):
    Image.new("1", (3001, 3000)).save(
        path, "GIF", save_all=True, append_images=[Image.new("1", (3001, 3000), 1)]
    )


def truncated(path):
    pictures.image(pictures.shown(300)).save(path)
    path.write_bytes(path.read_bytes()[:-300])


def tiff(path):
    pictures.image(pictures.shown(300)).save(path, "TIFF")


def noise(path):
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(500))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (bomb, "more than 25 megapixels"),
        (large_animation, "an animation of more than 9 megapixels"),
        (truncated, "damaged picture"),
        (tiff, "not a picture"),
        (noise, "picture"),
    ],
)
def test_bad_pictures_are_one_line_that_names_the_file(tmp_path, make, why):
    path = tmp_path / "bad\x1b[31m.png"
    make(path)
    with pytest.raises(MalformedError, match=why) as caught:
        codes(path)
    assert caught.value.message.startswith("bad\\x1b[31m.png: ")
    assert "\n" not in caught.value.message


def test_mutated_pictures_never_take_the_parent_down(tmp_path):
    frames = pictures.shown(100, density=5)
    rng = random.Random(3)
    for ending in ("png", "gif", "jpg", "webp"):
        path = tmp_path / f"code.{ending}"
        pictures.image(frames, module=2).save(path)
        good = path.read_bytes()
        with Child() as child:
            for _ in range(25):
                bad = bytearray(good)
                for _ in range(rng.randrange(1, 8)):
                    bad[rng.randrange(len(bad))] = rng.randrange(256)
                try:
                    assert set(decode(child, bytes(bad), Effort())) <= {frames.frames[0].encode()}
                except MalformedError as error:
                    assert "picture" in error.message  # noqa: PT017
            assert list(decode(child, good, Effort())) == [frames.frames[0].encode()]


def test_missing_files_and_empty_folders(tmp_path, monkeypatch):
    with pytest.raises(UsageError):
        codes(tmp_path / "none.png")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    for typed in (
        ".",
        "..",
        "../empty",
    ):  # ".." holds no picture either; each is named as it was typed
        with pytest.raises(MalformedError, match=f"no pictures in the folder {re.escape(typed)}$"):
            codes(Path(typed))
    assert not is_visual(_written(tmp_path / "x.png", b"cHNidP8="))


def _written(path, data):
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("program", "error", "why"),
    [
        ("raise SystemExit(1)", UnfitError, "does not start"),
        (READY + "os.kill(os.getpid(), 11)", MalformedError, "crashed"),
        (READY + "time.sleep(60)", MalformedError, "no answer for"),
        ("import time; time.sleep(60)", MalformedError, "no answer for"),
        (READY + "os.write(1, b'\\x63\\0\\0\\0\\0')", MalformedError, "nonsense"),
        (READY + "os.write(1, b'\\x0a\\xff\\xff\\xff\\xff')", MalformedError, "nonsense"),
        (READY + "os.write(1, b'\\x0a\\0\\0\\0\\x09abc')", MalformedError, "middle of an answer"),
        (
            READY + "os.write(1, b'\\x0d\\0\\0\\0\\3\\x1b[2\\x0e\\0\\0\\0\\0')",
            MalformedError,
            r"\\x1b\[2",
        ),
    ],
)
def test_a_decoder_that_fails_is_one_error(monkeypatch, program, error, why):
    stand_in(monkeypatch, program)
    with pytest.raises(error, match=why), Child(patience=1.0) as child:
        list(child.ask(Say.PICTURE, bytes(2_000_000)))


def test_the_child_inherits_nothing(monkeypatch):
    monkeypatch.setenv("COLDSIGN_SECRET", "hunter2")
    program = READY + (
        "body = repr((dict(os.environ), os.getcwd(), sorted(os.listdir('/proc/self/fd')))).encode()[:190];"
        "os.write(1, b'\\x0d' + len(body).to_bytes(4, 'big') + body + b'\\x0e\\0\\0\\0\\0')"
    )
    stand_in(monkeypatch, program)
    with pytest.raises(MalformedError) as caught, Child() as child:
        list(child.ask(Say.PICTURE, b""))
    assert "hunter2" not in caught.value.message
    assert "'/'" in caught.value.message
    assert "['0', '1', '2', '3']" in caught.value.message  # 3 is the listing itself


def test_the_child_is_locked_up():
    """What the real decoder may still do once it has locked itself up: nothing but compute."""
    program = """
import os, socket, sys
from coldsign.primitives.process import confine_decoder
measures = confine_decoder(1 << 30, 100)
tried = []
for name, call in {
    "open": lambda: open("/etc/hostname"),
    "socket": lambda: socket.socket(),
    "fork": lambda: os.fork(),
    "kill": lambda: os.kill(os.getppid(), 0),
}.items():
    try:
        call()
        tried.append(name)
    except OSError:
        pass
os.write(1, repr((tried, [m.name for m in measures if not m.ok])).encode())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"([], [])"


def test_a_camera_that_is_not_there():
    with pytest.raises(UnfitError, match="no camera 63"):
        next(read_camera(63))


def test_the_decoder_modules_import_nothing_that_holds_keys():
    program = "import sys, coldsign.qr.decoder; print([m for m in sys.modules if m.startswith('coldsign')])"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, check=True, text=True
    )
    assert "coldsign.qr.eyes" in done.stdout
    assert not any(
        f"coldsign.{floor}" in done.stdout for floor in ("keys", "signer", "controls", "psbt")
    )


@pytest.mark.slow
def test_seedqr_vectors_as_pictures(tmp_path):
    vectors = json.loads(vector_file("qr/seedqr.json").read_text())["vectors"]
    assert vectors
    for vector in vectors:
        for frame in (vector["digits"], bytes.fromhex(vector["compact_hex"])):
            symbol = encode(frame, smallest_version(frame), Level.L)
            pictures.picture(symbol, 8).save(tmp_path / "seed.png")
            (found,) = codes(tmp_path / "seed.png")
            assert found == (frame.encode() if isinstance(frame, str) else frame)
            joiner = Joiner(frozenset({PayloadKind.SEED}))
            joiner.feed(found)
            payload = joiner.require()
            assert (payload.kind, payload.dialect, payload.data) == (
                PayloadKind.SEED,
                Dialect.SEEDQR,
                found,
            )
