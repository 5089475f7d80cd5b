"""A home that cannot be written to, such as a backup or a disk mounted to be looked at: it can be read."""

import pytest

from tests.cli.laptop import Laptop
from tests.readonly import read_only

READING = {
    "inspect": ("inspect", "r.txt", "--wallet", "vault"),
    "journal show": ("journal", "show"),
    "journal verify": ("journal", "verify"),
    "journal export": ("journal", "export"),
    "halt status": ("halt", "status"),
    "policy show": ("policy", "show", "vault"),
    "wallet list": ("wallet", "list"),
    "wallet show": ("wallet", "show", "vault"),
    "key list": ("key", "list"),
}


def words(laptop: Laptop, command: str) -> list[str]:
    return [laptop.path(word) if word == "r.txt" else word for word in READING[command]]


@pytest.mark.parametrize("locked", [True, False], ids=["lock file", "no lock file"])
@pytest.mark.parametrize("command", READING)
def test_what_only_reads_says_the_same(command: str, locked: bool, laptop: Laptop) -> None:
    laptop.good("policy", "set", "vault", laptop.write("policy.toml", ""), "--yes")
    told = laptop.good(*words(laptop, command))
    if not locked:
        (laptop.home / "journal.lock").unlink()
    with read_only(laptop.folder) as folder:
        seen = Laptop(folder).run(*words(Laptop(folder), command))
    assert (seen.code, seen.out) == (0, told.out), seen.err


def test_what_writes_says_why_it_cannot(laptop: Laptop) -> None:
    with read_only(laptop.folder) as folder:
        outcome = Laptop(folder).run("halt", "engage", "--why", "a test")
    assert outcome.code == 8
    assert "cannot" in outcome.errors[0]


def test_damage_is_named_although_nothing_can_be_halted(laptop: Laptop) -> None:
    laptop.good("halt", "engage", "--why", "a drill")
    laptop.good("halt", "release", "--why", "the drill is over", "--yes")
    path = laptop.home / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b"a drill", b"a thief", 1))
    with read_only(laptop.folder) as folder:
        fixed = Laptop(folder)
        found = [fixed.run(*words(fixed, name)) for name in ("inspect", "journal verify")]
    assert [outcome.code for outcome in found] == [4, 4]
    assert all("damaged (broken) at line" in outcome.errors[0] for outcome in found)
    assert "THE LATCH IS NOT ENGAGED" in found[0].hints[0]
