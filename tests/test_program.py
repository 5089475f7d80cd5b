"""The prepared interpreter runs the program as a start of it does, and quick key files are age files."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from coldsign.keys import agefile
from tests.cli.terminal import PROGRAM, Terminal
from tests.program import client
from tests.quickage import sealed

PROGRAMS = str(Path(sys.executable).parent)
COMMANDS = [
    "coldsign --version",
    "coldsign --help",
    "coldsign nonsense",
    "coldsign inspect absent.psbt --wallet vault",
    "echo text | coldsign inspect - --wallet vault",
    "coldsign --version >/dev/full",
    "coldsign --json wallet list <&-",
    "coldsign wallet add $(printf 'a\\377b') absent --yes",
    "coldsign --version 2>&- | cat",
    "coldsign key import k --from wif --passphrase-file p <p; ls -A home; env | sort | head -n 1",
]


def shown(command: str, folder: Path, programs: str) -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        ["sh", "-c", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=folder,
        env={
            "PATH": f"{programs}:/usr/bin:/bin",
            "HOME": str(folder),
            "COLDSIGN_HOME": str(folder / "home"),
            "LANG": "C.UTF-8",
        },
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_fork_shows_what_the_real_program_shows(command: str, tmp_path: Path) -> None:
    (tmp_path / "p").touch(mode=0o600)
    (tmp_path / "p").write_text("correct horse\n")
    real = shown(command, tmp_path, PROGRAMS)
    assert shown(command, tmp_path, str(client.shims(quick=False))) == real
    assert any(real)


@pytest.mark.parametrize("program", [PROGRAM, ("env", *PROGRAM)], ids=["fork", "real"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_both_are_told_apart_by_nothing_when_a_signal_comes(
    program: tuple[str, ...], number: int, tmp_path: Path
) -> None:
    with Terminal("key", "new", "k", folder=tmp_path, program=program) as terminal:
        terminal.asked("Read back word")
        terminal._process.send_signal(number)
        assert terminal.end() == (-number if number == signal.SIGKILL else 5)


def test_a_fork_leads_a_session_on_its_terminal(tmp_path: Path) -> None:
    with Terminal("key", "new", "k", folder=tmp_path) as terminal:
        terminal.asked("Read back word")
        pid = terminal._process.pid
        assert os.getsid(pid) == pid
        assert os.getpgid(pid) == pid
        opened = {str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()}
        assert all(re.match(r"/dev/(pts/\d+|tty)$", name) for name in opened), opened
    assert not (tmp_path / "home" / "keys" / "k.age").exists()


@pytest.mark.parametrize("size", [0, 64, 1000])
def test_the_product_opens_a_quick_key_file(size: int) -> None:
    data = sealed(b"x" * size, "correct horse")
    assert agefile.work_factor(data) == agefile.MIN_WORK
    assert agefile.unseal(data, "correct horse") == b"x" * size
