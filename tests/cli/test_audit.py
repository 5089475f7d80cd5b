"""An audit before a person: how far it is, also while an address without an index is searched for."""

import pytest

from tests.cli.laptop import Laptop

FOREIGN = "bcrt1qpqyqszqgpqyqszqgpqyqszqgpqyqszqgz7fmv0"


def test_a_search_shows_how_far_it_is(laptop: Laptop) -> None:
    listed = laptop.write("list.csv", f"{FOREIGN}\n")
    words = ("wallet", "audit", "vault", listed, "--workers", "1", "--window", "600")
    terminal = laptop.terminal(*words)
    assert terminal.end() == 4
    assert "0 addresses proven, 1,200 searched" in terminal.plain
    piped = laptop.run(*words)
    assert (piped.code, "searched" in piped.err) == (4, False)


def test_one_address_is_one(laptop: Laptop) -> None:
    shown = laptop.good("--json", "wallet", "addresses", "vault", "--count", "1").document
    address = shown["addresses"][0]["address"]
    for rows, told in ((1, "1 address, "), (2, "2 addresses, ")):
        listed = laptop.write("list.csv", f"{address},0\n" * rows)
        assert laptop.good("wallet", "audit", "vault", listed).err.startswith(told)


@pytest.mark.parametrize(
    "row", ["", "address;index", "addr,idx", "bcrt1qqqq,0", "psbt\xff", "\n\n"]
)
def test_the_hint_says_how_a_list_is_written(row: str, laptop: Laptop) -> None:
    outcome = laptop.run("wallet", "audit", "vault", laptop.write("list.csv", row))
    assert (outcome.code, len(outcome.hints)) == (3, 1)
    assert "ask the sender" not in outcome.hints[0]
