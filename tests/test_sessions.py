"""Whole terminal sessions: what a person types, what they see, and the exit code.

A session file holds comments (`#`), commands (`$ …`), what each printed (output and errors, as
a terminal shows them), `exit N` where that is not 0, and the files of the folder it starts in:

    -- name --                                  the lines that follow
    -- name = regtest/wpkh-1x2.json psbt --     a value of one of tests/data's files

`COLDSIGN_REWRITE=1 pytest tests/test_sessions.py` writes what is printed now: read the difference.

Most sessions run forks of one prepared interpreter, whose key files get the smallest work factor;
`REAL` ones and those of COLDSIGN_REAL_PROGRAM=1 start the program as a person does.
"""

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.program import client
from tests.tools import docs

HERE = Path(__file__).resolve().parent
SESSIONS = sorted((HERE / "sessions").rglob("*.txt"))
PROGRAMS = Path(sys.executable).parent
SECONDS = 120
REAL = {"usage"}  # each command starts the installed program
# A way to end (True: well) that no session can show, because it needs a person, a camera or the
# state of one machine; each is tested on its own floor.
NOT_SHOWN = {
    "coldsign approve": {True},
    "coldsign ceremony run": {True},
    "coldsign key new": {True},
    "coldsign policy distrust": {True},
    "coldsign policy trust": {True},
    "coldsign policy trusted": {False},
    "coldsign halt release": {True},
    "coldsign doctor": {True, False},
    "coldsign selftest": {False},
    "coldsign key list": {False},
    "coldsign wallet list": {False},
    "coldsign key passphrase": {True},
}
SECTION = re.compile(r"^-- (?P<name>\S+)(?: = (?P<data>\S+) (?P<value>\S+))? --$")
# What no two runs have in common is written as a word: the folder, and the time of day.
VARIABLE = [(re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z| UTC|\+00:00)?"), "TIME")]


def data_value(data: str, value: str) -> str:
    """One value of a fixture, by its keys and indexes: `signed_by_node.0`."""
    found = json.loads((HERE / "data" / data).read_text())
    for key in value.split("."):
        found = found[int(key) if key.isdecimal() else key]
    return f"{found}\n"


def split(text: str) -> tuple[list[str], dict[str, str]]:
    """The session's lines, and its files."""
    lines: list[str] = []
    files: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        section = SECTION.match(line)
        if section:
            name = section["name"]
            files[name] = data_value(section["data"], section["value"]) if section["data"] else ""
        elif name:
            files[name] += f"{line}\n"
        else:
            lines.append(line)
    return lines, files


def programs(session: str) -> str:
    """Where this session's shell finds the program, then the other ones."""
    if session in REAL or client.is_real():
        return f"{PROGRAMS}:/usr/bin:/bin"
    return f"{client.shims(quick=True)}:{PROGRAMS}:/usr/bin:/bin"


def run(command: str, folder: Path, session: str) -> str:
    """What a terminal 80 columns wide shows of one command."""
    done = subprocess.run(
        ["sh", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env={
            "PATH": programs(session),
            "HOME": str(folder),
            "COLDSIGN_HOME": str(folder / "home"),
            "LOGNAME": "kim",
            "COLUMNS": "80",
            "LANG": "C.UTF-8",
        },
        timeout=SECONDS,
        check=False,
    )
    shown = done.stdout.decode("utf-8", "backslashreplace").replace(str(folder), "FOLDER")
    for pattern, word in VARIABLE:
        shown = pattern.sub(word, shown)
    shown = "\n".join(line.rstrip() for line in shown.splitlines())
    return "\n".join(filter(None, [shown, f"exit {done.returncode}" if done.returncode else ""]))


def play(lines: list[str], folder: Path, session: str) -> str:
    """The session as it goes now: comments, empty lines before them and commands kept."""
    played: list[str] = []
    for number, line in enumerate(lines):
        if line.startswith("$ "):
            played += [line, *filter(None, [run(line[2:], folder, session)])]
        elif line.startswith("# ") and (number == 0 or lines[number - 1].startswith("# ")):
            played.append(line)
        elif line.startswith("# "):
            played += ["", line]
    return "\n".join(played)


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_session(path: Path, tmp_path: Path) -> None:
    text = path.read_text()
    lines, files = split(text)
    for name, content in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(content)
    played = play(lines, tmp_path, path.stem)
    if os.environ.get("COLDSIGN_REWRITE"):
        tail = re.search(r"^-- \S+.* --$", text, re.MULTILINE)
        path.write_text(f"{played}\n" + (f"\n{text[tail.start() :]}" if tail else ""))
    else:
        assert played == "\n".join(lines).strip("\n")


def shown() -> dict[str, set[bool]]:
    """Each command of the sessions, and whether it was shown to work, to refuse, or both."""
    leaves = {
        name for name, command in docs.commands() if not isinstance(command, docs.click.Group)
    }
    found: dict[str, set[bool]] = {name: set() for name in leaves}
    for path in SESSIONS:
        lines, _ = split(path.read_text())
        for place, line in enumerate(lines):
            if line.startswith("$ "):
                answer = "\n".join(itertools.takewhile(is_answer, lines[place + 1 :]))
                good = not re.search(r"^(exit \d+|error: .*)$", answer, re.MULTILINE)
                for name in leaves:
                    words = re.sub(r" --(network|home) \S+| --json| --no-color", "", line)
                    if re.search(rf"\b{name}\b", words):
                        found[name].add(good)
    return found


def is_answer(line: str) -> bool:
    return not line.startswith(("$ ", "# "))


def test_every_command_is_shown_working_and_refusing() -> None:
    missing = {
        name: missing
        for name, ways in shown().items()
        if (missing := {True, False} - ways - NOT_SHOWN.get(name, set()))
    }
    assert not missing
