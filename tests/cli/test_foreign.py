"""Other people's modules: PYTHONPATH puts none in a library's place, and is said beside the decision."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import coldsign
from coldsign.ceremony.foreign import LOADER_VARIABLES
from coldsign.cli import _ignore_module_path
from tests.cli.laptop import Laptop

ROOT = str(Path(coldsign.__file__).resolve().parent.parent)
LIBRARIES = ("click", "wallycore", "PIL", "rich", "pyrage", "bitcoin", "qrcode", "tomllib", "json")


def program(laptop: Laptop, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The program in an environment of its own."""
    command = [sys.executable, "-m", "coldsign", "--home", str(laptop.home), *words]
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def planted(folder: Path) -> str:
    """A folder with a module for each library's name, and for some of Python's own."""
    for name in LIBRARIES:
        (folder / f"{name}.py").write_text("raise SystemExit(99)\n")
    return str(folder)


def test_no_library_is_taken_from_pythonpath(laptop: Laptop, tmp_path: Path) -> None:
    path = f"{planted(tmp_path)}:{ROOT}"
    assert program(laptop, "selftest", PYTHONPATH=path).returncode == 0
    done = program(laptop, "--json", "doctor", PYTHONPATH=path)
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 8
    assert checks["foreign-code"]["detail"] == "set: PYTHONPATH"
    assert checks["foreign-code"]["hint"] == "unset PYTHONPATH"


@pytest.mark.parametrize("variable", ["PYTHONPATH", "LD_LIBRARY_PATH"])
def test_it_is_said_beside_the_decision(variable: str, laptop: Laptop, monkeypatch) -> None:
    for name in LOADER_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    sign = ("sign", laptop.path("r.txt"), "--wallet", "vault", "--key", "-", "--expect", "no")
    assert "foreign-code" not in laptop.run(*sign).err
    monkeypatch.setenv(variable, "/somewhere")
    assert f"warning: foreign-code: set: {variable}" in laptop.run(*sign).err


def test_where_coldsign_came_from_stays_at_the_end(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    monkeypatch.setattr(sys, "path", [str(tmp_path), ROOT, "/usr/lib/python"])
    _ignore_module_path()
    assert sys.path == ["/usr/lib/python", ROOT]
    monkeypatch.delenv("PYTHONPATH")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    _ignore_module_path()
    assert sys.path == [str(tmp_path)]
