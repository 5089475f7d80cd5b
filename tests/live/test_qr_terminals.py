"""Codes in real terminals, photographed off a virtual screen and read by both decoders."""

import itertools
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from coldsign.qr.eyes import Eyes
from coldsign.qr.joiner import Joiner
from coldsign.qr.payload import Dialect, Kind
from coldsign.qr.splitter import split
from tests.qr import pictures

pytestmark = pytest.mark.live

PATIENCE = 40  # seconds for a program to start and draw
SHOWN = 400  # codes that may pass while the pictures are taken
SCREEN = (1600, 1000)
DATA = pictures.psbt(5000)
XTERM = ("xterm", "-fa", "DejaVu Sans Mono", "-fs", "11", "-geometry")
KITTY = ("kitty", "--config", "NONE", "-o", "remember_window_size=no")
KITTY = (*KITTY, "-o", "initial_window_width=80c", "-o")
CASES = {
    "xterm": ((*XTERM, "80x24", "-e"), 6),
    "xterm 120x40": ((*XTERM, "120x40", "-e"), 14),
    "tmux in xterm": ((*XTERM, "80x25", "-e", "tmux", "-u", "-f", "/dev/null", "new-session"), 6),
    "kitty in pixels": ((*KITTY, "initial_window_height=24c"), 21),
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


@pytest.mark.parametrize("case", CASES)
def test_a_code_on_the_screen_is_read_by_both_decoders(
    case: str, display: str, tmp_path: Path
) -> None:
    command, version = CASES[case]
    for program in {"ffmpeg", *{"xterm", "tmux", "kitty"} & set(command)}:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: apt-get install {program}")
    (tmp_path / "request.psbt").write_bytes(DATA)
    show = [sys.executable, "-m", "coldsign", "qr", "show", "request.psbt"]
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
    frames = split(DATA, kind=Kind.PSBT, dialect=Dialect.UR, density=version)
    expected = {frame.encode() for frame in itertools.islice(frames.stream(), SHOWN)}
    eyes, joiner = Eyes(), Joiner()
    seen: dict[str, set[bytes]] = {"zxing-cpp": set(), "zbar": set()}
    with subprocess.Popen(
        [*command, *show], env=environment, cwd=tmp_path, stderr=subprocess.DEVNULL
    ) as terminal:
        try:
            until = time.monotonic() + PATIENCE
            while time.monotonic() < until and not all(len(s) >= 3 for s in seen.values()):
                shot = photograph(display, tmp_path / "shot.png")
                seen["zxing-cpp"].update(eyes.glance(shot))
                seen["zbar"].update(eyes._zbar(shot))
        finally:
            terminal.kill()
            if "tmux" in command:  # its server outlives the terminal
                subprocess.run(["tmux", "kill-server"], env=environment, check=False)
    if keep := os.environ.get("COLDSIGN_PICTURES"):
        shutil.copy(tmp_path / "shot.png", Path(keep) / f"{re.sub('[^a-z0-9]+', '-', case)}.png")
    for name, codes in seen.items():
        assert len(codes & expected) >= 3, name
    for code in seen["zxing-cpp"]:
        joiner.feed(code)
    assert joiner.progress.need == frames.need
