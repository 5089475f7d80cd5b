"""The journal at a terminal: every entry folds at its width, and an address is cut only where it must be."""

import errno
import os
import re
from pathlib import Path

import pytest

from coldsign.cli import journal as command
from coldsign.controls.entry import EMPTY, Entry, EntryKind
from tests.cli.laptop import Laptop
from tests.controls.common import NOW

ADDRESS = "bcrt1qx6k4jyglttqryhmjfrfnnevk74p4cu86kfq5rfmp2x254jnv55vqtrsnjt"


@pytest.mark.parametrize("width", [72, 80, 100])
def test_an_address_that_fits_a_line_is_not_cut(width: int) -> None:
    body = {"wallet": "vault", "action": "add", "first_receive": ADDRESS}
    entry = Entry.make(EntryKind.REGISTERED, body, after=EMPTY, now=NOW)
    lines = list(command._lines(entry, width))
    assert max(map(len, lines)) <= width
    assert sum(ADDRESS in line for line in lines) == 1
    (alone,) = command._lines(entry, None)
    assert f"first_receive={ADDRESS}" in alone


def test_the_entries_of_a_laptop(laptop: Laptop) -> None:
    lines = laptop.good("journal", "show").out.splitlines()
    assert sum("first_receive=" in line for line in lines) == 2


COMMANDS = {
    "verify": ("journal", "verify"),
    "show": ("journal", "show"),
    "export": ("journal", "export"),
    "status": ("halt", "status"),
    "bind": ("policy", "set", "vault", "p.toml", "--yes"),
    "audit": ("wallet", "audit", "vault", "list.csv"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_damage_halts_whoever_comes_upon_it(name: str, laptop: Laptop) -> None:
    laptop.write("p.toml", "")
    shown = laptop.good("--json", "wallet", "addresses", "vault", "--count", "1").out
    (address,) = re.findall(r"bcrt1\w+", shown)
    laptop.write("list.csv", f"{address},0\n")
    journal = laptop.home / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-9])
    words = [
        laptop.path(word) if word in {"p.toml", "list.csv"} else word for word in COMMANDS[name]
    ]
    done = laptop.run(*words)
    assert (done.code, len(done.errors), len(done.hints)) == (4, 1, 1), done.err
    status = laptop.run("halt", "status")
    assert status.code == 7
    assert status.out.startswith("engaged: the journal is damaged (")


def test_damage_is_recorded_once(laptop: Laptop) -> None:
    journal = laptop.home / "journal.jsonl"
    first, *others = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([first.replace(b"add", b"odd"), *others]))
    for _ in range(3):
        assert laptop.run("journal", "verify").code == 4
    assert journal.read_bytes().count(b'"kind":"halted"') == 1


def test_a_full_disk_does_not_hide_the_damage(
    laptop: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    journal = laptop.home / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-9])
    monkeypatch.setattr(os, "write", full)
    monkeypatch.setattr(Path, "touch", full)
    done = laptop.run("journal", "verify")
    assert (done.code, len(done.errors)) == (4, 1)
    assert "is damaged" in done.errors[0]


def test_a_recovered_journal_says_that_the_latch_is_still_engaged(laptop: Laptop) -> None:
    with (laptop.home / "journal.jsonl").open("ab") as file:
        file.write(b"{")
    assert laptop.run("journal", "verify").code == 4
    done = laptop.good("journal", "recover", "--why", "power cut", "--yes")
    assert "the latch is still engaged" in done.err
    laptop.good("halt", "release", "--why", "recovered", "--yes")


def test_a_note_that_differs_is_for_a_person_to_judge(laptop: Laptop) -> None:
    done = laptop.run("journal", "verify", "--against", "1:00000000")
    assert (done.code, len(done.hints)) == (4, 1)
    assert "read the note again" in done.hints[0]
    assert laptop.run("halt", "status").code == 0


@pytest.mark.parametrize("command", ["recover", "set-aside"])
def test_the_journal_is_mended_for_a_reason(command: str, laptop: Laptop) -> None:
    journal = laptop.home / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-9])
    before = journal.read_bytes()
    done = laptop.run("journal", command, "--why", " ", "--yes")
    assert (done.code, done.hints) == (2, ["hint: say it with --why, for the journal"])
    assert journal.read_bytes() == before


@pytest.mark.parametrize("command", ["recover", "set-aside"])
def test_nobody_is_asked_about_a_journal_that_is_intact(command: str, laptop: Laptop) -> None:
    done = laptop.run("journal", command, "--why", "to be sure")
    assert (done.code, len(done.err.splitlines())) == (2, 2)
    assert "is intact" in done.errors[0]


def test_the_reason_of_a_halt_is_said_once(laptop: Laptop) -> None:
    with (laptop.home / "journal.jsonl").open("ab") as file:
        file.write(b"{")
    torn = laptop.run("journal", "verify")
    assert torn.hints[0].endswith("then: coldsign journal recover --why TEXT")
    why = laptop.run("--json", "halt", "status").document["why"]
    assert why == torn.errors[0].removeprefix("error: ")
