"""A receipt given out on one laptop and checked on another."""

from tests.cli.laptop import Laptop


def test_a_receipt_is_checked_on_another_laptop(laptop: Laptop) -> None:
    for why in ("one", "two"):
        laptop.run("halt", "engage", "--why", why)
        laptop.run("halt", "release", "--why", why, "--yes")
    stands = laptop.run("journal", "verify").out.partition("note this: ")[2].strip()
    receipt = laptop.folder / "receipt.txt"
    assert laptop.run("journal", "export", "--since", "2", "--out", str(receipt)).code == 0
    elsewhere = ("--home", laptop.path("elsewhere"), "journal", "verify")
    checked = laptop.run(*elsewhere, str(receipt), "--against", stands)
    assert (checked.code, checked.err) == (0, "")
    assert "from 2 on, unbroken" in checked.out
    assert stands in checked.out
    assert laptop.run(*elsewhere, str(receipt), "--against", "1:00000000").code == 4
    on_it = receipt.read_text().splitlines()[1].partition("stands at: ")[2]
    assert on_it.count(" ") == 2, "as people write it"
    assert laptop.run(*elsewhere, str(receipt), "--against", on_it).code == 0
    assert laptop.run("journal", "verify", "--against", on_it).code == 0
    assert laptop.run("journal", "verify", "--against", f"1{on_it}").code == 4
    assert laptop.run("journal", "verify", "--against", on_it.partition(" ")[2]).code == 2
    none = laptop.run("journal", "export", "--since", "99", "--out", laptop.path("none.txt"))
    assert (none.code, len(none.hints)) == (2, 1)
    assert none.errors[0].startswith("error: there is nothing to give out: the journal ends with")
    assert not (laptop.folder / "none.txt").exists()
    receipt.write_text(receipt.read_text().replace('"two"', '"too"', 1))
    changed = laptop.run(*elsewhere, str(receipt))
    assert changed.code == 3
    assert changed.err.startswith("error: ")
    assert laptop.run(*elsewhere, laptop.path("missing.txt")).code == 2
    assert laptop.run(*elsewhere).code == 0, "an empty journal is intact"
