"""A hand scanner, or a person who pastes, at the terminal on standard input."""

import base64
import json

import pytest

from coldsign.qr.payload import Dialect, PayloadKind
from coldsign.qr.splitter import split
from tests.cli.laptop import DATA, Laptop
from tests.cli.terminal import TYPED_END, TYPED_STOP, Terminal

PSBT = base64.b64decode(
    json.loads((DATA / "regtest/wsh-sortedmulti-2of3-4x4.json").read_text())["psbt"]
)
SCAN = ("qr", "scan", "-", "--out", "back.psbt")


def codes(dialect: Dialect, density: int = 10) -> list[str]:
    """As many as are needed: what is typed after them would stand among the program's last words."""
    frames = split(PSBT, kind=PayloadKind.PSBT, dialect=dialect, density=density)
    return [str(frame) for frame in frames.frames[: frames.need]]


def waiting(laptop: Laptop, *words: str) -> Terminal:
    terminal = laptop.terminal(*words)
    terminal.see("hand scanner", "Ctrl-D ends")
    return terminal


@pytest.mark.parametrize("dialect", [Dialect.UR, Dialect.BBQR, Dialect.PMOFN, Dialect.UR1])
def test_codes_are_joined_as_they_are_typed(dialect: Dialect, laptop: Laptop) -> None:
    frames = codes(dialect)
    with waiting(laptop, *SCAN) as terminal:
        for count, frame in enumerate(frames[:3], 1):
            terminal.line(frame)
            terminal.see(f"{count} of ")
        terminal.line("https://example.org/")
        terminal.type("\r".join([*frames, ""]))
        assert terminal.end() == 0  # without Ctrl-D
        assert terminal.restored
        assert "scanned 3533 bytes, sha256 " in terminal.vt.text
        assert frames[0][:30] not in terminal.raw
    assert (laptop.folder / "back.psbt").read_bytes() == PSBT


def test_a_pasted_line_may_be_longer_than_a_terminals(laptop: Laptop) -> None:
    text = base64.b64encode(PSBT).decode()
    assert len(text) > 4096
    with waiting(laptop, *SCAN) as terminal:
        for begin in range(0, len(text), 1000):
            terminal.type(text[begin : begin + 1000])
            terminal.drain()
        terminal.line()
        assert terminal.end() == 0
    assert (laptop.folder / "back.psbt").read_bytes() == PSBT


@pytest.mark.parametrize(
    ("typed", "code", "error"),
    [
        ("", 3, "what was typed is empty"),
        ("hello\nthere\n", 3, "a PSBT is due, but this is a text of 11 bytes"),
        ("\n".join(codes(Dialect.BBQR)[1:]) + "\n", 3, "parts are missing"),
        ("abandon " * 11 + "about\n", 3, "a PSBT is due, but this is seed words"),
        (base64.encodebytes(PSBT).decode(), 3, "a PSBT in base64 or hex is one line"),
    ],
)
def test_what_was_typed_is_judged_when_it_ends(
    typed: str, code: int, error: str, laptop: Laptop
) -> None:
    with waiting(laptop, "inspect", "-", "--wallet", "vault") as terminal:
        terminal.type(typed)
        terminal.type(TYPED_END)
        assert terminal.end() == code
        assert terminal.restored
        (said, hint) = terminal.vt.text.rstrip().splitlines()[-2:]
        assert said.startswith("error: ")  # and not behind how far it was
        assert hint.startswith("hint: ")
        assert error in said
        assert "abandon" not in terminal.raw


def test_ctrl_c_stops(laptop: Laptop) -> None:
    with waiting(laptop, "inspect", "-", "--wallet", "vault") as terminal:
        terminal.type(TYPED_STOP)
        assert terminal.end() == 5
        assert terminal.restored


def test_a_wallet_of_several_lines_is_read_to_its_end(laptop: Laptop) -> None:
    found = json.loads((DATA / "regtest/wpkh-1x2.json").read_text())["descriptor"]
    with waiting(laptop, "wallet", "add", "pasted", "-", "--yes", "--force") as terminal:
        terminal.line(found)
        terminal.type(TYPED_END)
        assert terminal.end() == 0
        assert "wallet pasted registered" in terminal.vt.text


def test_the_digits_to_compare_stand_on_the_first_page(laptop: Laptop) -> None:
    short = split(PSBT, kind=PayloadKind.PSBT, dialect=Dialect.UR).sha256_short
    digits = f"scanned 3533 bytes, sha256 {short}"
    laptop.good("qr", "show", laptop.path("r.txt"), "--out", laptop.path("codes"))
    for columns in (80, 60, 40):
        with laptop.terminal(
            "inspect", "codes", "--wallet", "vault", columns=columns, rows=24
        ) as terminal:
            terminal.see("page 1 of ")
            assert digits in " ".join(terminal.vt.text.split())
            terminal.type(" ")
            terminal.see("page 2 of ")
            assert short not in terminal.vt.text
            terminal.resize(columns + 10, 24)
            terminal.see("page 1 of ")
            assert digits in " ".join(terminal.vt.text.split())
            terminal.type("q")
            assert terminal.end() == 5


def test_scan_prints_what_is_no_text_as_hex_and_no_picture(laptop: Laptop) -> None:
    raw = bytes.fromhex("02000000" + "01" + "00" * 70)
    laptop.write("tx.bin", raw)
    laptop.good("qr", "show", laptop.path("tx.bin"), "--out", laptop.path("tx.png"))
    assert laptop.good("qr", "scan", laptop.path("tx.png")).out == raw.hex() + "\n"
    laptop.good("qr", "show", laptop.path("r.txt"), "--out", laptop.path("codes.svg"))
    scanned = laptop.run("qr", "scan", laptop.path("codes.svg"))
    assert (scanned.code, scanned.out) == (3, "")
    assert scanned.errors == ["error: no codes are looked for in an SVG drawing"]
    assert "PNG" in scanned.hints[0]
