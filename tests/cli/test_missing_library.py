"""An installation that lacks a library is an unfit machine, not a bug; one that lacks a module of ours is."""

import subprocess
import sys

import pytest

from coldsign.errors import UnfitError, missing_library

WITHOUT = "import sys; sys.modules[{0!r}] = None; from coldsign.cli import main; sys.argv[1:] = {1!r}; main()"


def run(library, *arguments):
    code = WITHOUT.format(library, list(arguments))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("library", "arguments"),
    [
        ("click", ("--version",)),
        ("wallycore", ("key", "list")),
        ("pyrage", ("selftest",)),
        ("wallycore", ("--json", "selftest")),
    ],
)
def test_a_missing_library_is_named(library, arguments):
    done = run(library, *arguments)
    assert done.returncode == UnfitError.exit_code
    error, hint = done.stderr.splitlines()
    assert error == f"error: the library {library} is missing or does not load"
    assert hint.startswith("hint: install coldsign again")


def test_a_missing_module_of_ours_is_a_bug():
    done = run("coldsign.ceremony.selftest", "selftest")
    assert done.returncode == 1
    assert missing_library(ImportError("no name", name="coldsign.keys")) is None
    assert missing_library(ImportError("no name")) is None
    assert missing_library(ValueError("no")) is None
