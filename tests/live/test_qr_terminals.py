"""Codes in real terminals, photographed off a virtual screen and read by both decoders."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from coldsign.qr.eyes import Eyes
from coldsign.qr.joiner import Joiner
from tests.qr import pictures

pytestmark = pytest.mark.live

PATIENCE = 60  # seconds for a program to start and to show every part often enough
START = 20  # seconds for a terminal to show a word
SCREEN = (1600, 1000)
DATA = pictures.psbt(1500)
XTERM = ("xterm", "-fa", "DejaVu Sans Mono", "-fs", "11", "-geometry")
KITTY = ("kitty", "--config", "NONE", "-o", "remember_window_size=no")
KITTY = (*KITTY, "-o", "initial_window_width=80c", "-o", "initial_window_height=24c")
CASES = {
    "xterm": (*XTERM, "80x24", "-e"),
    "xterm 120x40": (*XTERM, "120x40", "-e"),
    "tmux in xterm": (*XTERM, "80x25", "-e", "tmux", "-u", "-f", "/dev/null", "new-session"),
    "kitty in pixels": KITTY,
}


@pytest.fixture
def display(tmp_path: Path) -> Iterator[str]:
    """A virtual screen."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed: apt-get install xvfb")
    reading, writing = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(writing),
        "-screen",
        "0",
        "x".join(map(str, SCREEN)) + "x24",
    ]
    # Without this the server starts over when its last client goes, and refuses the next one that comes meanwhile.
    command.append("-noreset")
    with subprocess.Popen(command, pass_fds=(writing,), stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        with os.fdopen(reading) as answer:
            yield f":{answer.readline().strip()}"
        server.kill()


def photograph(display: str, path: Path) -> Image.Image:
    """What is on the screen now."""
    command = ["ffmpeg", "-y", "-loglevel", "error", "-f", "x11grab", "-video_size"]
    command += ["x".join(map(str, SCREEN)), "-i", display, "-frames:v", "1", str(path)]
    subprocess.run(command, check=True)
    with Image.open(path) as shot:
        return shot.convert("L")


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A terminal with a program in it; what it complains of is in the folder's `complaints`."""
    with (
        (folder / "complaints").open("wb") as complaints,
        subprocess.Popen(command, env=environment, cwd=folder, stderr=complaints) as terminal,
    ):
        try:
            yield terminal
        finally:
            terminal.kill()
            if "tmux" in command:  # its server outlives the terminal
                subprocess.run(["tmux", "kill-server"], env=environment, check=False)


def draws(
    command: Sequence[str], environment: Mapping[str, str], display: str, folder: Path
) -> bool:
    """Whether the terminal itself shows anything on this screen: one that draws with OpenGL may not."""
    until = time.monotonic() + START
    with running([*command, "sh", "-c", "echo here; sleep 60"], environment, folder):
        while time.monotonic() < until:
            darkest, brightest = photograph(display, folder / "shot.png").getextrema()
            if darkest != brightest:
                return True
    return False


@pytest.mark.parametrize("case", CASES)
def test_what_the_screen_shows_arrives_by_each_decoder_alone(
    case: str, display: str, tmp_path: Path
) -> None:
    command = CASES[case]
    for program in {"ffmpeg", *{"xterm", "tmux", "kitty"} & set(command)}:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: apt-get install {program}")
    (tmp_path / "request.psbt").write_bytes(DATA)
    show = [sys.executable, "-m", "coldsign", "qr", "show", "request.psbt", "--format", "ur"]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "DISPLAY": display,
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "COLDSIGN_HOME": str(tmp_path / "home"),
        "TMUX_TMPDIR": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path),
    }
    eyes = Eyes()
    looks = {"zxing-cpp": eyes.glance, "zbar": eyes._zbar}
    joiners = {name: Joiner() for name in looks}
    if not draws(command, environment, display, tmp_path):
        pytest.skip(f"{command[0]} draws nothing on this machine's virtual screen")
    until = time.monotonic() + PATIENCE
    with running([*command, *show], environment, tmp_path) as terminal:
        while time.monotonic() < until and not all(j.payload for j in joiners.values()):
            assert terminal.poll() is None, (tmp_path / "complaints").read_text(errors="replace")
            shot = photograph(display, tmp_path / "shot.png")
            for name, look in looks.items():
                for code in look(shot):
                    joiners[name].feed(code)
    if keep := os.environ.get("COLDSIGN_PICTURES"):
        shutil.copy(tmp_path / "shot.png", Path(keep) / f"{re.sub('[^a-z0-9]+', '-', case)}.png")
    for name, joiner in joiners.items():
        assert joiner.payload is not None, f"{name} saw {joiner.progress}"
        assert joiner.payload.data == DATA, name
