"""The whole review of a withdrawal of five outputs, page by page, at three widths, as a person sees it."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.cli.laptop import DATA, Laptop
from tests.cli.terminal import Terminal

GOLDEN = Path(__file__).resolve().parent / "golden"
SPEND = json.loads((DATA / "regtest" / "wsh-sortedmulti-2of3-4x4.json").read_text())
SIGN = ("sign", "r.txt", "--wallet", "vault", "--key", "mine")
WIDTHS = (60, 80, 120)


def turn_all(terminal: Terminal) -> list[str]:
    """Every page, from the first to the decision; the decision itself is the last."""
    pages: list[str] = []
    while True:
        pages.append(terminal.see(f"-- page {len(pages) + 1} of "))
        if f"page {len(pages)} of {len(pages)} " in pages[-1]:
            break
        terminal.type(" ")
    terminal.type(" ")
    return pages


def body(page: str) -> str:
    return page.rpartition("\n-- page")[0]


def shown_addresses(pages: list[str]) -> list[list[str]]:
    """Of every page the addresses on it, joined: an address's lines are groups of four, indented."""
    found = []
    for page in pages:
        text = re.sub(r"\n    (?=\w{1,4}( |$))", " ", body(page), flags=re.MULTILINE)
        found.append([line.replace(" ", "") for line in text.split("\n")])
    return found


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_whole_review_is_seen_before_the_decision(columns: int, laptop: Laptop) -> None:
    with laptop.terminal(*SIGN, columns=columns) as terminal:
        pages = turn_all(terminal)
        # Between the last page and the decision stand warnings of the machine the test runs on.
        decision = terminal.asked("Type that amount to sign").rpartition("\nreview code:")
        terminal.line()
        assert terminal.end() == 5
        assert terminal.restored
        assert terminal.vt.foreign == []
    addresses = shown_addresses(pages)
    for place in SPEND["inputs"] + SPEND["outputs"]:
        on = [n for n, lines in enumerate(addresses) if place["address"] in lines]
        assert len(on) == 1, place["address"]
    for page in pages:
        assert max(map(len, page.split("\n"))) <= columns
        assert len(page.split("\n")) <= 23
    text = "\n".join(
        [*(f"{page}\n{'=' * columns}" for page in pages), "".join(decision[1:]).strip()]
    )
    golden = GOLDEN / f"review-{columns}.txt"
    if os.environ.get("COLDSIGN_REWRITE"):
        golden.write_text(text + "\n")
    assert text + "\n" == golden.read_text()


def test_the_same_lines_are_shown_at_every_width() -> None:
    """Nothing is left out where there is less room: only the folding differs."""
    seen = []
    for columns in WIDTHS:
        text = (GOLDEN / f"review-{columns}.txt").read_text()
        pages = re.split(r"\n-- page .*\n=+\n", text)
        seen.append("".join("".join(pages[:-1]).split()))
    assert len(set(seen)) == 1
    assert SPEND["outputs"][0]["address"] in seen[0]


def test_a_resize_in_the_middle_begins_again_at_the_first_page(laptop: Laptop) -> None:
    with laptop.terminal(*SIGN) as terminal:
        terminal.see("page 1 of 4")
        terminal.type(" ")
        terminal.see("page 2 of 4")
        terminal.type(" ")
        terminal.see("page 3 of 4")
        terminal.resize(60, 24)
        page = terminal.see("page 1 of ", "Review of a transaction")
        assert "page 3" not in page
        terminal.resize(30, 24)
        terminal.see("too small")
        terminal.type("   n\n")
        terminal.resize(80, 24)
        terminal.see("page 1 of 4")
        pages = turn_all(terminal)
        assert len(pages) == 4
        terminal.asked("Type that amount")
        terminal.line("0.76624839")
        terminal.see("Passphrase of mine:")
        terminal.type("\x03")
        assert terminal.end() == 5


def test_pages_go_back_too_and_not_before_the_first(laptop: Laptop) -> None:
    with laptop.terminal(*SIGN) as terminal:
        first = terminal.see("page 1 of 4")
        for key, page in ((" ", 2), ("\x1b[B", 3), ("\x1b[D", 2), ("b", 1), ("\n", 2), ("b", 1)):
            terminal.type(key)
            terminal.see(f"page {page} of 4")
        assert terminal.vt.text == first
        terminal.type("q")
        assert terminal.end() == 5
    assert laptop.kinds() == ["declined"]


def test_keys_typed_ahead_turn_no_page(laptop: Laptop) -> None:
    with laptop.terminal(*SIGN) as terminal:
        terminal.type("      \n\n\n0.76624839\n")
        page = terminal.see("page 1 of 4")
        terminal.type(" " * 30)
        assert "page 3" not in terminal.see("page 2 of 4")
        terminal.type("q")
        assert terminal.end() == 5
        assert "Type that amount" not in terminal.raw
        assert "page 4" not in terminal.raw
    assert page
