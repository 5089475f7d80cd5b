"""The whole walk at a terminal: a request filmed in the camera's place, reviewed, signed, and shown as codes."""

import base64
import itertools
import json
import re

import pytest

from coldsign.psbt.model import Psbt
from coldsign.qr.eyes import Eyes
from coldsign.qr.joiner import Joiner
from coldsign.qr.payload import Dialect, PayloadKind
from coldsign.qr.splitter import split
from tests.cli.laptop import DATA, Laptop
from tests.qr import pictures
from tests.qr.pictures import stream
from tests.qr.test_large import film

LEAVING = "0.24405544"  # what the recorded request pays

pytestmark = pytest.mark.slow


def code_on(vt):
    """The code on the screen, from its cells."""
    shades = {16: "16", 231: "231"}
    lines = []
    for row in vt.cells:
        cells = [cell for cell in row if {cell.ink, cell.paper} == {16, 231}]
        if cells:
            lines.append(
                "".join(f"\x1b[38;5;{shades[c.ink]};48;5;{shades[c.paper]}m{c.char}" for c in cells)
            )
    return pictures.bitmap("\n".join(lines))


def test_sign_from_the_camera_to_the_screen(tmp_path):
    laptop = Laptop(tmp_path)
    laptop.equip("wpkh-1x2", wallet="single", key=None, files="s")
    found = json.loads((DATA / "regtest" / "wpkh-1x2.json").read_text())
    request = base64.b64decode(found["psbt"])
    frames = split(request, kind=PayloadKind.PSBT, dialect=Dialect.UR, density=8)
    film(tmp_path / "in.mp4", frames, itertools.islice(stream(frames), 3, 3 * frames.need + 9))
    walk = ("sign", "--wallet", "single", "--key", "-", "--camera", "in.mp4")
    words = ("--secret-file", laptop.path("s.words"))
    with laptop.terminal(*walk, *words, columns=110, rows=90) as terminal:
        terminal.asked("Type that amount to sign")
        terminal.line(LEAVING)
        terminal.see("q done", "sha256")
        short = re.search(r"sha256 ([0-9a-f ]{19})", terminal.vt.text)[1]
        joiner = Joiner(frozenset({PayloadKind.PSBT}))
        eyes = Eyes()
        terminal.type(" ")
        terminal.see("paused")
        for step in range(2, 100):
            for code in eyes.study(code_on(terminal.vt)):
                joiner.feed(code)
            if joiner.progress.done:
                break
            terminal.type("\x1b[C")
            terminal.see(f"shown {step}")
        terminal.type("q")
        assert terminal.end() == 0
    reply = joiner.require()
    assert reply.sha256_short == short
    assert all(each.partial_sigs for each in Psbt.parse(reply.data).inputs)
