"""Large withdrawals by QR, both ways, through the real program: a film in, an animation or pictures out."""

import base64
import gzip
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coldsign.ceremony.intake import read_frames
from coldsign.psbt.combine import combine
from coldsign.psbt.model import Psbt
from coldsign.qr.payload import Dialect, PayloadKind
from coldsign.qr.splitter import split
from coldsign.qr.write import matrix, picture, save
from tests.cli.laptop import Laptop
from tests.qr import pictures
from tests.qr.pictures import stream

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
MEMORY = 256 * 1024  # KiB


def recorded(name):
    folder = Path(os.environ.get("COLDSIGN_LARGE") or ROOT.parent / "shared" / "fixtures" / "large")
    path = folder / f"wsh-sortedmulti-2of3-{name}.json.gz"
    if not path.is_file():
        pytest.skip(f"{path.name} not found: set COLDSIGN_LARGE to the folder that holds it")
    return json.loads(gzip.decompress(path.read_bytes()))


@pytest.fixture
def laptop(tmp_path):
    return Laptop(tmp_path)


def equip(laptop, found):
    """Register the wallet; the first cosigner's words lie beside it."""
    laptop.write("words", found["cosigners"][0]["mnemonic"] + "\n")
    text = laptop.write("wallet", found["descriptor"] + "\n")
    laptop.good("wallet", "add", "vault", text, "--yes")


def measured(laptop, *arguments):
    """Run a command by itself; its JSON, seconds, and KiB of memory at most, with those of its children."""
    command = [sys.executable, "-m", "coldsign", "--network", "regtest", "--home", str(laptop.home)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    start = time.monotonic()
    with subprocess.Popen(
        [*command, "--json", *arguments], stdout=subprocess.PIPE, env=environment
    ) as program:
        out = program.stdout.read()
        _, status, used = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
    document = json.loads(out)
    assert program.returncode == 0, document.get("error")
    return document, time.monotonic() - start, used.ru_maxrss


def signed(laptop, sources, out, *options, policy=""):
    """Review and sign what the sources hold, accepting what the review finds."""
    held = (*sources, "--wallet", "vault")
    if policy:
        held += ("--policy", laptop.write("policy.toml", policy))
    report, seconds, memory = measured(laptop, "inspect", *held)
    accept = {f["code"] for f in report["findings"] if f["severity"] == "confirm"}
    words = ("--key", "-", "--secret-file", laptop.path("words"))
    code = ("--expect", " ".join(report["review_code"]))
    risks = [word for name in sorted(accept) for word in ("--accept", name)]
    found, more, most = measured(
        laptop, "sign", *held, *words, *code, *risks, *options, "--out", str(out)
    )
    print(f"inspect {seconds:.1f} s {memory >> 10} MB, sign {more:.1f} s {most >> 10} MB")
    assert max(memory, most) < MEMORY
    return base64.b64decode(found["signed"]["psbt"])


def film(path, frames, shown):
    """Record codes from a screen: five a second, filmed at fifteen."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("ffmpeg is not installed: apt-get install ffmpeg")
    pytest.importorskip("av", reason="PyAV is not installed: coldsign[camera]")
    command = [ffmpeg, "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "960x720"]
    command += ["-framerate", "5", "-i", "-", "-r", "15", "-c:v", "libx264", "-preset", "ultrafast"]
    command += ["-pix_fmt", "yuv420p", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as recorder:
        for frame in shown:
            code = picture(matrix(frames, frame), 6).convert("L")
            recorder.stdin.write(pictures.on_desk(code, (960, 720), 0.9).tobytes())
    assert recorder.returncode == 0


@pytest.mark.parametrize("level", ["full", "trimmed", "signatures"])
def test_a_hundred_inputs_by_film_and_back(level, laptop, tmp_path):
    found = recorded("100x2")
    request = base64.b64decode(found["psbt"])
    equip(laptop, found)
    frames = split(request, kind=PayloadKind.PSBT, dialect=Dialect.UR, density=20)
    film(tmp_path / "in.mp4", frames, itertools.islice(stream(frames), 7, frames.need + 17))
    reply = signed(laptop, [str(tmp_path / "in.mp4")], tmp_path / "out.gif", "--reply", level)
    command = ["ffmpeg", "-loglevel", "error", "-i", str(tmp_path / "out.gif"), "-r", "15"]
    filmed = tmp_path / "out.mp4"
    subprocess.run(
        [*command, "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p", str(filmed)],
        check=True,
    )
    start = time.monotonic()
    back = read_frames([filmed]).data
    print(f"{level}: {len(request)} bytes in {frames.need} codes, {len(reply)} bytes back")
    print(f"read back in {time.monotonic() - start:.1f} s")
    assert back == reply
    whole = combine([Psbt.parse(request), Psbt.parse(back)])
    assert all(len(each.partial_sigs) == 1 for each in whole.inputs)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert used < MEMORY


def test_nine_hundred_inputs_by_a_folder_of_pictures(laptop, tmp_path):
    found = recorded("900x2")
    request = base64.b64decode(found["psbt"])
    equip(laptop, found)
    frames = split(request, kind=PayloadKind.PSBT, dialect=Dialect.BBQR, density=40)
    save(frames, tmp_path / "in")
    policy = "[fee]\nrefuse_sats = 2_000_000\n"
    how = ("--reply", "signatures", "--format", "ur")
    reply = signed(laptop, [str(tmp_path / "in")], tmp_path / "out", *how, policy=policy)
    back = read_frames([tmp_path / "out"]).data
    codes = len(list((tmp_path / "out").iterdir()))
    print(f"{len(request)} bytes in {frames.need} codes, {len(reply)} bytes back in {codes}")
    assert back == reply
    whole = combine([Psbt.parse(request), Psbt.parse(back)])
    assert all(len(each.partial_sigs) == 1 for each in whole.inputs)
