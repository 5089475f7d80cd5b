"""QR codes in the terminal: what is on the screen is turned into a picture and read by two decoders."""

import base64
import json
import re
import sys

import pytest
import zxingcpp
from PIL import Image
from pyzbar import pyzbar

from coldsign.psbt.model import Psbt
from coldsign.qr import base43
from coldsign.qr.joiner import Joiner
from coldsign.qr.payload import PayloadKind
from tests.cli.laptop import DATA, Laptop
from tests.cli.terminal import Terminal
from tests.cli.vt import Vt

PSBT = base64.b64decode(
    json.loads((DATA / "regtest/wsh-sortedmulti-2of3-4x4.json").read_text())["psbt"]
)
SMALL = base64.b64decode(json.loads((DATA / "regtest/wpkh-1x2.json").read_text())["psbt"])
_GREY = {16: 0, 231: 255}  # black and white in the fixed part of the colour table
_INKED = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), " ": (0, 0)}
_MODULE = 6  # pixels


def picture(vt: Vt, module: int = _MODULE) -> Image.Image:
    """The screen as a photograph would show it: half blocks in their two colours, the rest a grey terminal."""
    image = Image.new("L", (vt.columns, 2 * vt.rows), 60)
    for y, row in enumerate(vt.cells):
        for x, cell in enumerate(row):
            if {cell.ink, cell.paper} <= _GREY.keys():
                inked = _INKED.get(cell.char, (0, 0))
                for half in (0, 1):
                    colour = cell.ink if inked[half] else cell.paper
                    image.putpixel((x, 2 * y + half), _GREY[colour])
    return image.resize((image.width * module, image.height * module), Image.Resampling.NEAREST)


def read_both(image: Image.Image) -> str:
    """The one code of a picture; both decoders must say the same."""
    by_zxing = [found.text for found in zxingcpp.read_barcodes(image)]
    by_zbar = [found.data.decode() for found in pyzbar.decode(image)]
    assert by_zxing == by_zbar
    assert len(by_zxing) == 1
    return by_zxing[0]


def watch(
    terminal: Terminal, want: frozenset[PayloadKind] = frozenset({PayloadKind.PSBT})
) -> bytes:
    """Look at frames until the message is whole, a frame at a time."""
    joiner = Joiner(want)
    if "one code" in terminal.drawn("q done"):
        joiner.feed(read_both(picture(terminal.vt)).encode())
        return joiner.require().data
    terminal.type("\x1b[D")  # a step back stops the film
    sent = int(re.search(r"shown (\d+)", terminal.drawn("paused"))[1])
    for _ in range(400):
        if joiner.feed(read_both(picture(terminal.vt)).encode()).done:
            return joiner.require().data
        terminal.type("\x1b[C")
        sent += 1
        terminal.drawn(f"shown {sent}", "paused")
    raise AssertionError("400 frames did not carry the message")


def parts(terminal: Terminal) -> int:
    return int(re.search(r"(?:part \d+|mix) of (\d+)", terminal.drawn("q done", " of "))[1])


def other_parts(terminal: Terminal, than: int) -> int:
    """How many parts the message has when that has changed."""
    for _ in range(100):
        if (found := parts(terminal)) != than:
            return found
        terminal.drain()
    raise AssertionError(f"still {than} parts")


@pytest.mark.parametrize(
    ("columns", "rows"), [(80, 24), (60, 24), pytest.param(120, 50, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("form", ["ur", "bbqr"])
def test_what_is_shown_is_read_by_two_decoders(
    columns: int, rows: int, form: str, laptop: Laptop
) -> None:
    show = ("qr", "show", "s.txt", "--format", form)
    with laptop.terminal(*show, columns=columns, rows=rows) as terminal:
        assert watch(terminal) == SMALL
        terminal.type("q")
        assert terminal.end() == 0
        folded = " ".join(terminal.vt.text.split())  # between words only
        assert folded.endswith(", compare it with the reader's")
        assert terminal.restored
        assert terminal.vt.foreign == []


def test_the_keys_tune_what_is_shown(laptop: Laptop) -> None:
    with laptop.terminal("qr", "show", "r.txt", "--format", "ur", rows=50, columns=130) as terminal:
        terminal.drawn("q done", "5 a second")
        for key, rate in (("+", 6), ("+", 7), ("-", 6)):
            terminal.type(key)
            terminal.drawn(f"{rate} a second")
        terminal.type(" ")
        terminal.drawn("paused")
        few = parts(terminal)
        terminal.type("s")
        more = other_parts(terminal, few)
        assert more > few
        terminal.type("d")
        assert other_parts(terminal, more) == few
        terminal.type("d")
        terminal.drawn("as far as it goes")
        assert watch(terminal) == PSBT
        terminal.type("f")
        terminal.drawn("bbqr, ")
        assert watch(terminal) == PSBT
        terminal.type("f")
        terminal.drawn("ur, ", without="bbqr")
        terminal.type("q")
        assert terminal.end() == 0
        assert "error" not in terminal.raw


@pytest.mark.parametrize(
    ("source", "form"),
    [
        ("s.txt", "base43"),
        ("s.txt", "hex"),
        ("s.txt", "pmofn"),
        ("s.txt", "ur1"),
        ("s.txt", "ur-psbt"),
        ("s.hex", "auto"),
        ("s.desc", "auto"),
    ],
)
def test_f_leads_from_every_dialect_to_bbqr_and_ur(source: str, form: str, laptop: Laptop) -> None:
    laptop.write("s.hex", SMALL.hex())
    laptop.write("s.desc", "wpkh(" + "0" * 60 + ")\n")
    show = ("qr", "show", source, "--format", form)
    with laptop.terminal(*show, rows=80, columns=150) as terminal:
        drawn = terminal.drawn("q done")
        first, other = ("ur", "bbqr") if " ur, " in drawn or "ur-psbt" in drawn else (form, "ur")
        assert first in drawn
        terminal.type("F")
        terminal.drawn(f" {other}, QR v")
        terminal.type("f")
        terminal.drawn(f" {'ur' if other == 'bbqr' else 'bbqr'}, QR v")
        terminal.type("q")
        assert terminal.end() == 0


@pytest.mark.parametrize(("columns", "key"), [(80, "+"), (60, "d")])
def test_what_a_key_cannot_do_can_be_read(columns: int, key: str, laptop: Laptop) -> None:
    show = ("qr", "show", "r.txt", "--format", "ur", "--fps", "10")
    with laptop.terminal(*show, rows=24, columns=columns) as terminal:
        terminal.drawn("q done")
        drawn = len(terminal.raw)
        terminal.type(key)
        terminal.drawn("as far as it goes")
        terminal.drawn("q done", without="as far")
        codes = terminal.raw[drawn:].split("\x1b[H")
        assert sum("as far as it goes" in code for code in codes) >= 5
        terminal.type("q")
        assert terminal.end() == 0


def test_a_mixed_part_says_so(laptop: Laptop) -> None:
    show = ("qr", "show", "r.txt", "--format", "ur", "--fps", "10")
    with laptop.terminal(*show, rows=60, columns=160) as terminal:
        terminal.drawn("mix of ", "shown ")
        found = re.search(r"part (\d+) of (\d+)", terminal.drawn(" part "))
        assert found, terminal.vt.text
        assert int(found[1]) <= int(found[2])
        terminal.type("q")
        assert terminal.end() == 0


def test_a_resize_fits_the_codes_anew(laptop: Laptop) -> None:
    with laptop.terminal("qr", "show", "r.txt", rows=50, columns=120) as terminal:
        terminal.drawn("q done")
        terminal.type(" ")
        terminal.drawn("paused")
        few = parts(terminal)
        terminal.resize(80, 24)
        assert other_parts(terminal, few) > few
        terminal.resize(20, 8)
        terminal.see("too", "enlarge")
        terminal.resize(120, 50)
        terminal.drawn("paused", "q done")
        assert parts(terminal) == few
        assert watch(terminal) == PSBT
        terminal.type("q")
        assert terminal.end() == 0


@pytest.mark.parametrize(
    ("options", "size", "code", "error"),
    [
        (("--format", "base64"), (80, 24), 2, "do not fit one QR code"),
        (("--format", "ur"), (20, 8), 8, "this terminal (20x8) is too small"),
        (("--format", "ur", "--density", "30"), (80, 24), 8, "this terminal (80x24) is too small"),
        (("--format", "base64"), (60, 24), 2, "do not fit one QR code"),
        (("--density", "41"), (80, 24), 2, "density 41 is not a QR version"),
        (("--density", "many"), (80, 24), 2, "density many is not a QR version"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(
    options: tuple[str, ...], size: tuple[int, int], code: int, error: str, laptop: Laptop
) -> None:
    columns, rows = size
    with laptop.terminal("qr", "show", "r.txt", *options, columns=columns, rows=rows) as terminal:
        assert terminal.end() == code
        assert terminal.restored
        assert error in terminal.said[0]
        assert terminal.said[1].startswith("hint: ")


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"PYTHONIOENCODING": "latin-1"}])
def test_a_terminal_that_draws_nothing_is_not_said_to_have_shown_it(
    environment: dict[str, str], laptop: Laptop
) -> None:
    program = {"program": (sys.executable, "-u", "-m", "coldsign"), "environment": environment}
    with laptop.terminal("qr", "show", "r.txt", **program) as terminal:
        assert terminal.end() == 8
        assert "cannot draw codes" in terminal.said[0]
        assert "--out" in terminal.said[1]
        assert "shown" not in terminal.vt.text


def test_a_dialect_of_one_code_that_does_not_fit_names_another(laptop: Laptop) -> None:
    with laptop.terminal("qr", "show", "s.txt", "--format", "base43") as terminal:
        assert terminal.end() == 8
        assert "this terminal (80x24) is too small" in terminal.said[0]
        assert "--format ur" in " ".join(terminal.said[1:])


def test_a_signed_reply_is_shown_in_the_dialect_of_the_request(laptop: Laptop) -> None:
    found = json.loads((DATA / "regtest/wpkh-1x2.json").read_text())
    size = {"columns": 110, "rows": 90}
    words = laptop.path("s.words")
    sign = ("sign", "s.txt", "--wallet", "single", "--key", "-", "--secret-file", words)
    with laptop.terminal(*sign, **size) as terminal:
        terminal.asked("Type that amount")
        terminal.line("0.24405544")
        reply = watch(terminal)
        terminal.type("q")
        assert terminal.end() == 0
        assert "shown; sha256" in terminal.vt.text
        assert found["cosigners"][0]["mnemonic"].split()[0] not in terminal.plain.split()
    by_node = Psbt.parse(base64.b64decode(found["signed_by_node"][0]))
    assert [i.partial_sigs for i in Psbt.parse(reply).inputs] == [
        i.partial_sigs for i in by_node.inputs
    ]
    assert laptop.kinds() == ["intent", "signed"]


@pytest.mark.parametrize("way", ["enlarge", "f", "q"])
def test_a_reply_waits_for_room_or_for_another_dialect(way: str, laptop: Laptop) -> None:
    """An answer in kind to Electrum is one code: too large for 80x24, and signed already."""
    laptop.write("s.b43", base43.encode(SMALL))
    words = laptop.path("s.words")
    sign = ("sign", "s.b43", "--wallet", "single", "--key", "-", "--secret-file", words)
    with laptop.terminal(*sign) as terminal:
        first = terminal.see("page 1 of ", "the reply's QR code will need a window of 93x49")
        pages = int(re.search(r"page 1 of (\d+)", first)[1])
        for number in range(2, pages + 1):
            terminal.type(" ")
            terminal.see(f"page {number} of ")
        terminal.type(" ")
        assert "will need a window of" in terminal.asked("Type that amount")
        terminal.line("0.24405544")
        terminal.see("too small for the QR code", "for another dialect")
        if way == "enlarge":
            terminal.resize(150, 90)
        elif way == "f":
            terminal.type("f")
        if way != "q":
            terminal.drawn("q done", "base43" if way == "enlarge" else " ur, QR v")
        terminal.type("q")
        assert terminal.end() == (8 if way == "q" else 0)
        assert ("shown; sha256" in terminal.vt.text) == (way != "q")
        if way == "q":
            assert "sign again with --accept signed-before" in " ".join(terminal.said)
