"""Every way to stop at every prompt: one error line, exit code 5, the terminal restored, nothing written."""

import base64
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.laptop import PASSPHRASE, Laptop
from tests.cli.terminal import TYPED_END, TYPED_STOP, Terminal

LARGE = {"columns": 110, "rows": 90}
SIGN = ("sign", "s.txt", "--wallet", "single", "--key", "-")
STORED = ("sign", "r.txt", "--wallet", "vault", "--key", "mine")
AMOUNT = "0.24405544"
OWN_AMOUNT = "Type that amount to sign"


def at_pager(laptop: Laptop) -> Terminal:
    terminal = laptop.terminal(*STORED)
    terminal.see("page 1 of 4")
    return terminal


def at_risk(laptop: Laptop) -> Terminal:
    policy = laptop.write("strict.toml", "[fee]\nconfirm_sat_per_vb = 1\n")
    terminal = laptop.terminal(*SIGN, "--policy", policy, **LARGE)
    terminal.asked("Type 'fee-high' to agree")
    return terminal


def at_amount(laptop: Laptop) -> Terminal:
    terminal = laptop.terminal(*SIGN, **LARGE)
    terminal.asked(OWN_AMOUNT)
    return terminal


def at_passphrase(laptop: Laptop) -> Terminal:
    terminal = laptop.terminal(*STORED, **LARGE)
    terminal.asked(OWN_AMOUNT)
    terminal.line("0.76624839")
    terminal.see("Passphrase of mine:")
    return terminal


def at_wallet_question(laptop: Laptop) -> Terminal:
    terminal = laptop.terminal("wallet", "add", "again", "r.wallet", "--force", **LARGE)
    terminal.asked("Does every line agree")
    return terminal


def at_new_words(laptop: Laptop) -> Terminal:
    terminal = laptop.terminal("key", "new", "fresh", "--words", "12", **LARGE)
    terminal.asked("Read back word")
    return terminal


def at_show(laptop: Laptop) -> Terminal:
    terminal = laptop.terminal("qr", "show", "r.txt")
    terminal.see("q done")
    return terminal


def stop(terminal: Terminal, way: str) -> None:
    if way == "SIGTERM":
        terminal.terminate()
    else:
        terminal.type({"q": "q", "Ctrl-C": TYPED_STOP, "Ctrl-D": TYPED_END, "line": "\n"}[way])


Prompt = Callable[[Laptop], Terminal]
STOPS: list[tuple[Prompt, str, list[str]]] = [
    *[(at_pager, way, ["declined"]) for way in ("q", "Ctrl-C", "Ctrl-D", "SIGTERM")],
    *[(at_risk, way, ["declined"]) for way in ("line", "Ctrl-C", "Ctrl-D", "SIGTERM")],
    *[(at_amount, way, ["declined"]) for way in ("line", "Ctrl-C", "Ctrl-D", "SIGTERM")],
    *[(at_passphrase, way, ["intent", "abandoned"]) for way in ("Ctrl-C", "Ctrl-D", "SIGTERM")],
    *[(at_wallet_question, way, []) for way in ("line", "Ctrl-C", "Ctrl-D", "SIGTERM")],
    *[(at_new_words, way, []) for way in ("line", "Ctrl-C", "Ctrl-D", "SIGTERM")],
    *[(at_show, way, []) for way in ("Ctrl-C", "Ctrl-D", "SIGTERM")],
]
# One way each is enough for every push; all of them run at night.
_QUICK = {("at_pager", "q"), ("at_pager", "SIGTERM"), ("at_risk", "line"), ("at_amount", "Ctrl-D")}
_QUICK |= {("at_passphrase", "Ctrl-D"), ("at_wallet_question", "Ctrl-C"), ("at_show", "Ctrl-C")}
_QUICK |= {("at_passphrase", "SIGTERM"), ("at_new_words", "Ctrl-C")}


def cases() -> list[object]:
    return [
        pytest.param(
            *stops,
            id=f"{stops[0].__name__}-{stops[1]}",
            marks=[] if (stops[0].__name__, stops[1]) in _QUICK else [pytest.mark.slow],
        )
        for stops in STOPS
    ]


@pytest.mark.parametrize(("prompt", "way", "recorded"), cases())
def test_a_stop_is_one_error_line_and_leaves_nothing(
    prompt: Prompt, way: str, recorded: list[str], laptop: Laptop
) -> None:
    with prompt(laptop) as terminal:
        before = laptop.files()
        stop(terminal, way)
        assert terminal.end() == 5
        assert terminal.restored
        errors = [line for line in terminal.said if "error: " in line]
        assert len(errors) == 1, terminal.said
        assert errors[0].startswith("error: ")
        assert len([line for line in terminal.said if line.startswith("hint: ")]) == 1
        assert "Traceback" not in terminal.raw
    assert laptop.files() == before
    assert laptop.kinds() == recorded


def test_wrong_words_decline(laptop: Laptop) -> None:
    """Neither a yes nor the word in another case is the word that was asked for."""
    with at_risk(laptop) as terminal:
        terminal.line("y")
        assert terminal.end() == 5
        assert "the risk fee-high was not accepted" in terminal.vt.text
    with at_amount(laptop) as terminal:
        terminal.line("0.24405543")
        assert terminal.end() == 5
        assert "not the amount that leaves the wallet" in terminal.vt.text
    assert laptop.kinds() == ["declined", "declined"]


@pytest.mark.slow
def test_a_mistyped_passphrase_may_be_typed_again(laptop: Laptop) -> None:
    with at_passphrase(laptop) as terminal:
        terminal.line("not it")
        terminal.see("try again")
        terminal.prompted()
        terminal.line(PASSPHRASE)
        terminal.see("q done")
        terminal.type("q")
        assert terminal.end() == 0
        assert terminal.restored
        assert PASSPHRASE not in terminal.raw
    assert laptop.kinds() == ["intent", "signed"]


def test_what_is_typed_ahead_answers_no_question(laptop: Laptop) -> None:
    policy = laptop.write("strict.toml", "[fee]\nconfirm_sat_per_vb = 1\n")
    with laptop.terminal(*SIGN, "--policy", policy, **LARGE) as terminal:
        terminal.type("fee-high\n" * 3 + f"{AMOUNT}\n")
        terminal.asked("Type 'fee-high' to agree")
        terminal.type(f"fee-high\n{AMOUNT}\n")
        terminal.asked(OWN_AMOUNT)
        terminal.type(TYPED_END)
        assert terminal.end() == 5
        assert "Words, xprv or WIF" not in terminal.raw
    assert laptop.kinds() == ["declined"]


@pytest.mark.parametrize("answer", ["y\n", "fee-high\n", f"{AMOUNT}\n"])
def test_answers_from_a_pipe_are_refused(answer: str, laptop: Laptop) -> None:
    """Even where the terminal itself is a person's: standard input is not."""
    read, write = os.pipe()
    os.write(write, (answer * 50).encode())
    os.close(write)
    with laptop.terminal(*SIGN, stdin=read, **LARGE) as terminal:
        assert terminal.end() == 5
        assert terminal.said[0] == "error: nobody is at this terminal to answer"
    os.close(read)
    assert laptop.kinds() == []


def test_the_review_stays_at_the_terminal_where_standard_output_does_not(laptop: Laptop) -> None:
    """U-12: a file or a log gets the reply alone; what is to be read is on the screen."""
    with (
        (laptop.folder / "log").open("wb") as log,
        laptop.terminal(*STORED, stdout=log.fileno(), **LARGE) as terminal,
    ):
        decision = terminal.asked(OWN_AMOUNT)
        assert "VERDICT OK" in decision
        terminal.line("0.76624839")
        terminal.see("Passphrase of mine:")
        terminal.line(PASSPHRASE)
        assert terminal.end() == 0
        assert "every signature verified" in terminal.vt.text
    (reply, end) = (laptop.folder / "log").read_bytes().split(b"\n")
    assert base64.b64decode(reply, validate=True).startswith(b"psbt\xff")
    assert not end
    assert laptop.kinds() == ["intent", "signed"]


def test_without_any_terminal_nothing_is_asked(laptop: Laptop) -> None:
    done = subprocess.run(
        f"yes | {sys.executable} -m coldsign --network regtest {' '.join(SIGN)}",
        shell=True,
        cwd=laptop.folder,
        env={
            "PATH": os.environ["PATH"],
            "COLDSIGN_HOME": str(laptop.home),
            "PYTHONPATH": str(Path.cwd()),
        },
        capture_output=True,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 5
    assert done.stdout == b""
    assert done.stderr.startswith(b"error: nobody is at this terminal to answer\nhint: ")
