"""Films made by ffmpeg, and a recording in the camera's place."""

import itertools
import re
import shutil
import subprocess
import sys
from io import BytesIO
from types import SimpleNamespace

import pytest

from coldsign.errors import ColdsignError, MalformedError, UnfitError
from coldsign.qr import decoder, read
from coldsign.qr.child import Child
from coldsign.qr.eyes import Eyes
from coldsign.qr.joiner import Joiner
from coldsign.qr.payload import Dialect, PayloadKind
from coldsign.qr.read import is_visual, read_camera, read_pictures
from coldsign.qr.wire import PictureError, Say, pack
from coldsign.qr.write import matrix, picture
from tests.qr import pictures
from tests.qr.pictures import stream

SLOW = pytest.mark.slow
VP8 = ("-c:v", "libvpx")
HEVC = ("-c:v", "libx265", "-x265-params", "log-level=error")


def joined(found):
    joiner = Joiner(frozenset({PayloadKind.PSBT}))
    for code in found:
        joiner.feed(code)
    return joiner.require()


def film(tmp_path, ending, *options):
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("ffmpeg is not installed: apt-get install ffmpeg")
    pytest.importorskip("av", reason="PyAV is not installed: coldsign[camera]")
    frames = pictures.shown(2000)
    for number in range(len(frames.frames)):
        scene = pictures.on_desk(pictures.image(frames, number), (640, 480), 0.8)
        scene.save(tmp_path / f"{number:03}.png")
    path = tmp_path / f"film.{ending}"
    command = [ffmpeg, "-loglevel", "error", "-framerate", "5", "-i", str(tmp_path / "%03d.png")]
    command += ["-r", "15", "-pix_fmt", "yuv420p", *options, str(path)]
    subprocess.run(command, check=True)
    return path


@pytest.mark.parametrize(
    ("ending", "options"),
    [
        ("mp4", ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "30"]),
        pytest.param("mkv", ["-c:v", "libx264"], marks=SLOW),
        pytest.param("webm", [*VP8, "-b:v", "2M", "-deadline", "realtime"], marks=SLOW),
        pytest.param("avi", ["-c:v", "mjpeg", "-pix_fmt", "yuvj422p"], marks=SLOW),
        ("avi", ["-c:v", "rawvideo", "-pix_fmt", "yuyv422"]),  # as most webcams give it
        ("mp4", ["-c:v", "libx264", "-pix_fmt", "yuv420p10le", "-preset", "ultrafast"]),
        pytest.param("mov", [*HEVC, "-pix_fmt", "yuv420p10le"], marks=SLOW),  # as telephones do
        pytest.param("ts", ["-c:v", "libx264"], marks=SLOW),
        pytest.param("m2ts", ["-c:v", "libx264"], marks=SLOW),
        pytest.param("wmv", ["-b:v", "4M"], marks=SLOW),
        pytest.param("mov", ["-c:v", "png", "-pix_fmt", "rgb24"], marks=SLOW),
    ],
)
def test_films(tmp_path, ending, options):
    path = film(tmp_path, ending, *options)
    assert is_visual(path)
    assert joined(read_pictures([path])).data == pictures.psbt(2000)


@pytest.mark.slow
def test_a_recording_in_the_cameras_place(tmp_path):
    path = film(tmp_path, "mp4", "-c:v", "libx264")
    joiner = Joiner(frozenset({PayloadKind.PSBT}))
    looks = 0
    for frame in read_camera(str(path)):
        looks += 1
        assert (frame.width, frame.height, len(frame.grey)) == (240, 180, 240 * 180)
        for code in frame.codes:
            joiner.feed(code)
        if joiner.progress.done:
            break
    assert joiner.require().data == pictures.psbt(2000)
    assert looks < 200


def test_a_damaged_film_is_one_error(tmp_path):
    path = film(tmp_path, "mp4", "-c:v", "libx264")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ColdsignError, match=r"film\.mp4"):
        list(read_pictures([path]))


def test_damaged_pictures_of_a_film_are_left_out(tmp_path):
    path = film(tmp_path, "mov", "-c:v", "png", "-pix_fmt", "gray")
    data = bytearray(path.read_bytes())
    begins = [found.start() for found in re.finditer(rb"\x89PNG", data)]
    for begin in begins[4:7]:
        data[begin : begin + 100] = b"\xff" * 100
    path.write_bytes(data)
    assert joined(read_pictures([path])).data == pictures.psbt(2000)


def test_a_film_without_pictures(tmp_path):
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("ffmpeg is not installed: apt-get install ffmpeg")
    pytest.importorskip("av", reason="PyAV is not installed: coldsign[camera]")
    path = tmp_path / "sound.mp4"
    sound = ["-f", "lavfi", "-i", "sine=d=1", str(path)]
    subprocess.run([ffmpeg, "-loglevel", "error", *sound], check=True)
    with pytest.raises(MalformedError, match=r"sound\.mp4: a film without pictures"):
        list(read_pictures([path]))


def test_a_film_is_not_read_before_the_decoder_is_locked_up(tmp_path, monkeypatch):
    path = film(tmp_path, "mp4", "-c:v", "libx264")
    read = []
    with path.open("rb") as file:
        asked = pack(Say.VIDEO, file.fileno().to_bytes(2, "big"))
        monkeypatch.setattr(decoder, "confine_decoder", lambda *_: read.append(file.tell()))
        monkeypatch.setattr(decoder.warnings, "simplefilter", lambda *_: None)
        out = BytesIO()
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(asked)))
        monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=out))
        decoder.main()
    assert read == [0]
    assert out.getvalue().startswith(pack(Say.READY, out.getvalue()[5:6]))
    work = (640 * 480).to_bytes(8, "big")  # of one first look, at the last picture
    assert out.getvalue().endswith(pack(Say.LOOK, work) + pack(Say.DONE))


def test_what_is_longer_than_is_looked_at_is_refused_and_not_cut(tmp_path, monkeypatch):
    path = film(tmp_path, "mp4", "-c:v", "libx264")
    from coldsign.qr.film import Film

    why = "a film of more than 20 pictures"
    with path.open("rb") as file, pytest.raises(PictureError, match=why):
        next(Film(file, live=False).images(20, 10**6))
    copied = tmp_path / "film.mkv"  # which does not say how many it has
    subprocess.run(["ffmpeg", "-loglevel", "error", "-i", path, "-c", "copy", copied], check=True)
    with copied.open("rb") as file:
        looks = Film(file, live=False).images(20, 10**6)
        assert len(list(itertools.islice(looks, 20))) == 20
        with pytest.raises(PictureError, match=why):
            next(looks)
    monkeypatch.setattr(decoder, "MAX_LOOKS", 3)
    file = BytesIO()
    shots = [pictures.image(pictures.shown(2000), number) for number in range(4)]
    shots[0].save(file, "GIF", save_all=True, append_images=shots[1:])
    answers = list(decoder._picture_answers(Say.PICTURE, file.getvalue(), Eyes()))
    assert answers == [
        pack(Say.FAULT, b"an animation of more than 3 pictures"),
        pack(Say.DONE),
    ]


def test_a_camera_that_does_not_open():
    pytest.importorskip("av", reason="PyAV is not installed: coldsign[camera]")
    with (
        pytest.raises(MalformedError, match="the camera cannot be opened: "),
        Child(camera="/dev/null") as child,
    ):
        list(child.ask(Say.CAMERA))


@pytest.mark.parametrize(
    ("cameras", "hint"),
    [
        ((), "plug one in, or name a picture"),
        (("0", "2", "10"), "--camera takes 0, 2, 10; or name"),
    ],
)
def test_a_camera_that_is_not_there_says_which_are(cameras, hint, tmp_path, monkeypatch):
    for number in cameras:
        (tmp_path / f"video{number}").touch()
    monkeypatch.setattr(read, "_DEVICES", tmp_path)
    with pytest.raises(UnfitError, match="there is no camera 7") as caught:
        next(read_camera(7))
    assert caught.value.hint.startswith(hint)


def test_a_camera_that_gives_nothing_makes_the_machine_unfit(tmp_path, monkeypatch):
    pytest.importorskip("av", reason="PyAV is not installed: coldsign[camera]")
    (tmp_path / "video0").touch()
    monkeypatch.setattr(read, "_DEVICES", tmp_path)
    with pytest.raises(UnfitError, match="a damaged film") as caught:
        next(read_camera(0))
    assert "the program that uses it" in caught.value.hint


@pytest.mark.slow
@pytest.mark.parametrize("dialect", [Dialect.UR, Dialect.BBQR])
def test_a_hundred_inputs_cross_in_a_recorded_film(tmp_path, dialect):
    """The size of a 100-input PSBT with its previous transactions, shown at version 20, filmed at 15 a second."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("ffmpeg is not installed: apt-get install ffmpeg")
    pytest.importorskip("av", reason="PyAV is not installed: coldsign[camera]")
    frames = pictures.shown(81_491, dialect, 20)
    command = [ffmpeg, "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "960x720"]
    command += ["-framerate", "5", "-i", "-", "-r", "15", "-c:v", "libx264", "-preset", "ultrafast"]
    path = tmp_path / "film.mp4"
    with subprocess.Popen(
        [*command, "-pix_fmt", "yuv420p", str(path)], stdin=subprocess.PIPE
    ) as recorder:
        for frame in itertools.islice(stream(frames), 5, frames.need + 20):
            code = picture(matrix(frames, frame), 6).convert("L")
            recorder.stdin.write(pictures.on_desk(code, (960, 720), 0.9).tobytes())
        if dialect is Dialect.BBQR:
            for frame in frames.frames:
                code = picture(matrix(frames, frame), 6).convert("L")
                recorder.stdin.write(pictures.on_desk(code, (960, 720), 0.9).tobytes())
    assert joined(read_pictures([path])).data == pictures.psbt(81_491)
