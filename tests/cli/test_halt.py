"""Halting and releasing at the command line: halting is never hindered, releasing needs a reason."""

import pytest

from tests.cli.laptop import Laptop


@pytest.mark.parametrize("why", ["", "  ", "\n"])
def test_a_halt_without_a_reason_halts_and_says_so(laptop: Laptop, why: str) -> None:
    laptop.good("halt", "engage", "--why", why)
    status = laptop.run("halt", "status")
    assert (status.code, status.out.partition(" (")[0]) == (7, "engaged: no reason was given")
    refused = laptop.run("halt", "release", "--why", "  ", "--yes")
    assert (refused.code, len(refused.hints)) == (2, 1)
    assert laptop.run("halt", "status").code == 7


def test_a_latch_that_is_a_folder_is_left_as_it_is(laptop: Laptop) -> None:
    laptop.good("halt", "engage", "--why", "x")
    journal = laptop.home / "journal.jsonl"
    before = journal.read_bytes()
    (laptop.home / "halt").unlink()
    (laptop.home / "halt").mkdir()
    refused = laptop.run("halt", "release", "--why", "y", "--yes")
    assert refused.code == 2
    assert refused.errors[0].endswith("is a folder, which coldsign never makes")
    assert "then remove it, and release again" in refused.hints[0]
    assert journal.read_bytes() == before
    (laptop.home / "halt").rmdir()
    assert laptop.run("halt", "status").code == 7, "the journal knows"
    laptop.good("halt", "release", "--why", "y", "--yes")


def test_an_empty_answer_is_no_reason_and_nothing_more_is_asked(laptop: Laptop) -> None:
    laptop.good("halt", "engage", "--why", "x")
    screen = laptop.terminal("halt", "release")
    screen.asked("Why is it safe to sign again?")
    screen.line(" ")
    assert screen.end() == 2
    assert "Allow signing again?" not in screen.plain
    assert len(screen.said) == 2
    assert laptop.run("halt", "status").code == 7
