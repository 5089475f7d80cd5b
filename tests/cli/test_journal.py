"""The journal at a terminal: every entry folds at its width, and an address is cut only where it must be."""

import pytest

from coldsign.cli import journal as command
from coldsign.controls.entry import EMPTY, Entry, Kind
from tests.cli.laptop import Laptop
from tests.controls.common import NOW

ADDRESS = "bcrt1qx6k4jyglttqryhmjfrfnnevk74p4cu86kfq5rfmp2x254jnv55vqtrsnjt"


@pytest.mark.parametrize("width", [72, 80, 100])
def test_an_address_that_fits_a_line_is_not_cut(width: int) -> None:
    body = {"wallet": "vault", "action": "add", "first_receive": ADDRESS}
    entry = Entry.make(Kind.REGISTERED, body, after=EMPTY, now=NOW)
    lines = list(command._lines(entry, width))
    assert max(map(len, lines)) <= width
    assert sum(ADDRESS in line for line in lines) == 1
    (alone,) = command._lines(entry, None)
    assert f"first_receive={ADDRESS}" in alone


def test_the_entries_of_a_laptop(laptop: Laptop) -> None:
    lines = laptop.good("journal", "show").out.splitlines()
    assert sum("first_receive=" in line for line in lines) == 2
