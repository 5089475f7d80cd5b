"""Films made by ffmpeg, and a recording in the camera's place."""

import itertools
import shutil
import subprocess

import pytest

from coldsign.errors import ColdsignError
from coldsign.qr.joiner import Joiner
from coldsign.qr.payload import Dialect, Kind
from coldsign.qr.read import is_visual, read_camera, read_pictures
from coldsign.qr.write import matrix, picture
from tests.qr import pictures

SLOW = pytest.mark.slow
VP8 = ("-c:v", "libvpx")


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
        pytest.param("mkv", ["-c:v", "libx264"], marks=SLOW),
        pytest.param("webm", [*VP8, "-b:v", "2M", "-deadline", "realtime"], marks=SLOW),
        pytest.param("avi", ["-c:v", "mjpeg", "-pix_fmt", "yuvj422p"], marks=SLOW),
    ],
)
def test_films(tmp_path, ending, options):
    path = film(tmp_path, ending, *options)
    assert is_visual(path)
    assert joined(read_pictures([path])).data == pictures.psbt(2000)


@pytest.mark.slow
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
        for frame in itertools.islice(frames.stream(), 5, frames.need + 20):
            code = picture(matrix(frames, frame), 6).convert("L")
            recorder.stdin.write(pictures.on_desk(code, (960, 720), 0.9).tobytes())
        if dialect is Dialect.BBQR:
            for frame in frames.frames:
                code = picture(matrix(frames, frame), 6).convert("L")
                recorder.stdin.write(pictures.on_desk(code, (960, 720), 0.9).tobytes())
    assert joined(read_pictures([path])).data == pictures.psbt(81_491)
