"""Where the output goes nowhere: a full disk, a reader that has gone. Never a traceback, never exit code 1."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.laptop import Laptop

INSPECT = ("inspect", "r.txt", "--wallet", "vault")
SIGN = ("sign", "r.txt", "--wallet", "vault", "--key", "-", "--expect", "another")


def program(laptop: Laptop, *words: str, stdout: int, stderr: int = subprocess.PIPE):
    """The real program, with its standard output somewhere."""
    command = [sys.executable, "-m", "coldsign", "--network", "regtest", "--home", "home", *words]
    return subprocess.run(
        command,
        cwd=laptop.folder,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        text=True,
        check=False,
    )


def closed_pipe() -> int:
    """A pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.parametrize("words", [INSPECT, ("--json", *INSPECT), ("wallet", "list")])
def test_a_full_disk(words, laptop: Laptop) -> None:
    with Path("/dev/full").open("w") as full:
        done = program(laptop, *words, stdout=full.fileno())
    assert done.returncode == 8
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["error", "hint"]
    assert "the disk is full" in done.stderr


@pytest.mark.parametrize("words", [INSPECT, ("--json", *INSPECT)])
def test_a_reader_that_has_gone(words, laptop: Laptop) -> None:
    writing = closed_pipe()
    done = program(laptop, *words, stdout=writing)
    os.close(writing)
    assert done.returncode == 8
    assert done.stderr.startswith("error: the reader of the output went away\nhint: ")
    assert "Traceback" not in done.stderr


def test_nobody_reads_anything(laptop: Laptop) -> None:
    for words, code in ((INSPECT, 8), (SIGN, 5)):
        writing = closed_pipe()
        done = program(laptop, *words, stdout=writing, stderr=writing)
        os.close(writing)
        assert done.returncode in {code, 8}, words
    assert laptop.kinds() in ([], ["declined"])


@pytest.mark.parametrize("words", [INSPECT, ("--json", *INSPECT), ("wallet", "export", "vault")])
def test_a_closed_standard_output_is_no_success(words, laptop: Laptop) -> None:
    """As with ``>&-``: what nobody can have was not delivered."""
    done = shell(laptop, 'exec "$@" >&-', *words)
    assert done.returncode == 8
    assert done.stderr.splitlines() == [
        "error: standard output is closed",
        "hint: give it a file, a pipe or a terminal; the journal says what was done",
    ]


def test_what_needs_no_standard_output_does_without(laptop: Laptop) -> None:
    done = shell(laptop, 'exec "$@" >&-', "wallet", "export", "vault", "--out", "vault.txt")
    assert (done.returncode, done.stderr) == (0, "written to vault.txt\n")
    done = shell(laptop, 'exec "$@" 2>&-', "wallet", "list")
    assert (done.returncode, done.stdout.split()[0]) == (0, "NAME")


def shell(laptop: Laptop, script: str, *words: str, **variables: str):
    """The real program, started by a shell."""
    program = (sys.executable, "-m", "coldsign", "--network", "regtest", "--home", "home", *words)
    return subprocess.run(
        ["/bin/sh", "-c", script, "sh", *program],
        cwd=laptop.folder,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_shell_completes_commands(laptop: Laptop) -> None:
    asked = {"COMP_WORDS": "coldsign wallet ex", "COMP_CWORD": "2"}
    done = shell(laptop, 'exec "$@"', _COLDSIGN_COMPLETE="bash_complete", **asked)
    assert (done.returncode, done.stdout, done.stderr) == (0, "plain,export\n", "")
