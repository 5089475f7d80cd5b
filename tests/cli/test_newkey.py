"""Making a key: what was typed or written on paper is not lost, and what would stop it is said first."""

import os
import random
import re

import pytest

from coldsign.cli.newkey import _in_columns
from tests.cli.laptop import PASSPHRASE, Laptop
from tests.cli.terminal import Terminal
from tests.cli.test_secrets import WORDS


def shown_words(terminal: Terminal, question: str) -> dict[int, str]:
    """The numbered words on the screen above a question."""
    page = terminal.asked(question).partition("encrypted.")[2]
    return {int(number): word for number, word in re.findall(r"(\d+)\. ([a-z]+)", page)}


def read_back(terminal: Terminal, *numbers: int) -> None:
    for number in numbers:
        words = shown_words(terminal, f"Read back word {number}:")
        terminal.line(words[number].title())


def test_an_unfit_passphrase_does_not_cost_the_words(laptop: Laptop) -> None:
    with laptop.terminal("key", "new", "fresh", "--words", "12", columns=110) as terminal:
        read_back(terminal, 5, 12)
        terminal.see("New passphrase for the key file:")
        for typed in ("", "", "x" * 1025, "x" * 1025):
            terminal.prompted()
            terminal.line(typed)
        terminal.see("a passphrase of more than 1024 characters; try again")
        assert "the passphrase is empty; try again" in terminal.plain
        for typed in (PASSPHRASE, PASSPHRASE):
            terminal.prompted()
            terminal.line(typed)
        assert terminal.end() == 0
    assert laptop.run("key", "show", "fresh").code == 0


def test_the_third_unfit_passphrase_ends_it(laptop: Laptop) -> None:
    words = laptop.write("more.words", WORDS + "\n")
    importing = ("key", "import", "k", "--from", "mnemonic", "--secret-file", words)
    with laptop.terminal(*importing, columns=110) as terminal:
        for _ in range(6):
            terminal.prompted()
            terminal.line("")
        assert terminal.end() == 3
        assert terminal.said[-2:] == [
            "error: the passphrase is empty",
            "hint: it has 1 to 1024 characters; of a file the first line is read",
        ]


@pytest.mark.parametrize(
    ("name", "options", "error"),
    [
        ("../k", (), "error: ../k is no name for a key"),
        ("", (), "error: an empty text is no name for a key"),
        ("mine", (), "error: a key named mine exists"),
        ("k", ("--passphrase-file", "absent"), "error: cannot read the passphrase file absent:"),
        ("k", ("--passphrase-file", "empty"), "error: the passphrase is empty"),
        ("k", ("--passphrase-fd", "77"), "error: --passphrase-fd 77: nothing is open there"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_shown_or_typed(
    name: str, options: tuple[str, ...], error: str, laptop: Laptop
) -> None:
    laptop.write("empty", "\n")
    for command in (("key", "new", name), ("key", "import", name, "--from", "mnemonic")):
        with laptop.terminal(*command, *options, columns=110) as terminal:
            assert terminal.end() in {2, 3}
            assert terminal.said[0].startswith(error)
            assert terminal.said[1].startswith("hint: ")
            assert len(terminal.said) == 2


def test_a_home_that_takes_no_key_is_named_before_anything_is_typed(
    laptop: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root everything may be written: the system's refusal is played."""
    access = os.access

    def refusing(path: object, mode: int) -> bool:
        return access(str(path), mode) and (mode == os.F_OK or str(path) != str(laptop.folder))

    monkeypatch.setattr(os, "access", refusing)
    importing = ("key", "import", "k", "--from", "mnemonic", "--secret-file", "absent")
    new_home = laptop.folder / "other"
    outcome = laptop.run(*importing, "--home", str(new_home))
    assert outcome.code == 8
    assert outcome.errors == [
        f"error: cannot write to the folder {laptop.folder}: permission denied"
    ]
    assert len(outcome.hints) == 1
    assert not new_home.exists()
    read_only = os.statvfs_result([0] * 8 + [os.ST_RDONLY, 255])
    monkeypatch.setattr(os, "statvfs", lambda _path: read_only)
    outcome = laptop.run(*importing, "--home", str(new_home))
    assert outcome.errors[0].endswith(": the disk is read-only")


def test_rolls_of_dice_are_counted_on(laptop: Laptop) -> None:
    faces = "".join(random.Random(7).choices("123456", k=50))
    making = ("key", "new", "fresh", "--words", "12", "--dice")
    with laptop.terminal(*making, columns=110) as terminal:
        terminal.asked("Roll a die 50 times or more and type the faces (1 to 6).")
        terminal.line(faces[:20])
        terminal.asked("20 rolls so far; roll 30 more and type their faces.")
        terminal.line(faces[20:30] + "7")
        terminal.see("roll 11 is not a face from 1 to 6; this line does not count")
        terminal.asked("20 rolls so far; roll 30 more and type their faces.")
        terminal.line(faces[20:])
        read_back(terminal, 5, 12)
        terminal.see("New passphrase for the key file:")
        terminal.type("\x03")
        assert terminal.end() == 5
    with laptop.terminal(*making, columns=110) as terminal:
        terminal.asked("Roll a die 50 times")
        terminal.line(faces[:20])
        terminal.asked("20 rolls so far")
        terminal.line()
        assert terminal.end() == 5
        assert "error: stopped before the end" in terminal.plain
    assert laptop.run("key", "show", "fresh").code == 6


@pytest.mark.parametrize(("width", "columns"), [(20, 1), (28, 2), (40, 2), (43, 3), (60, 4)])
def test_numbered_words_are_never_folded(width: int, columns: int) -> None:
    words = tuple(f"longest{letter}" for letter in "abcdefghijklmnopqrstuvwx")
    lines = _in_columns(words, width)
    assert len(lines) == 24 // columns
    assert max(map(len, lines)) <= width
    found = [re.findall(r"(\d+)\. (\w+)", line) for line in lines]
    assert sorted((int(n), word) for line in found for n, word in line) == [
        *enumerate(words, 1),
    ]
    assert [int(line[0][0]) for line in found] == list(range(1, 24 // columns + 1))
