"""Films made by ffmpeg, and a recording in the camera's place."""

import shutil
import subprocess

import pytest

from coldsign.errors import ColdsignError
from coldsign.qr.joiner import Joiner
from coldsign.qr.payload import Kind
from coldsign.qr.read import is_visual, read_camera, read_pictures
from tests.qr import pictures


def joined(found):
    joiner = Joiner(frozenset({Kind.PSBT}))
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
        ("mkv", ["-c:v", "libx264"]),
        ("webm", ["-c:v", "libvpx", "-b:v", "2M", "-deadline", "realtime"]),
        ("avi", ["-c:v", "mjpeg", "-pix_fmt", "yuvj422p"]),
    ],
)
def test_films(tmp_path, ending, options):
    path = film(tmp_path, ending, *options)
    assert is_visual(path)
    assert joined(read_pictures([path])).data == pictures.psbt(2000)


def test_a_recording_in_the_cameras_place(tmp_path):
    path = film(tmp_path, "mp4", "-c:v", "libx264")
    joiner = Joiner(frozenset({Kind.PSBT}))
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
