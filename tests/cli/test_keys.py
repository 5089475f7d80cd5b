"""Keys as their holders and their scripts handle them: what is wrong is said in its place."""

import re
import subprocess
import sys

import pytest
import shamir_mnemonic as oracle

from coldsign.keys import seedqr
from coldsign.keys.bip32 import ExtendedSecretKey
from coldsign.keys.mnemonic import Mnemonic
from tests.cli.laptop import PASSPHRASE, Laptop
from tests.cli.test_secrets import WORDS, demand_silent

TWELVE = ("abandon",) * 11 + ("about",)


def importing(laptop: Laptop, content: str | bytes) -> tuple[str, ...]:
    path = laptop.write("secret.txt", content)
    phrase = laptop.path("passphrase")
    return (
        *("key", "import", "k", "--from", "mnemonic"),
        *("--secret-file", path, "--passphrase-file", phrase),
    )


@pytest.mark.parametrize("lines", [2, 3, 24])
def test_words_on_several_lines_are_not_taken_for_a_passphrase(lines: int, laptop: Laptop) -> None:
    """Of twelve words in the first line one in sixteen is a mnemonic by itself."""
    words = (WORDS if lines != 2 else " ".join(_split_mnemonic())).split()
    size = len(words) // lines
    rows = [" ".join(words[at : at + size]) for at in range(0, len(words), size)]
    outcome = laptop.run(*importing(laptop, "\r\n".join(rows) + "\r\n"))
    demand_silent(outcome, " ".join(words))
    assert outcome.code == 3
    assert outcome.errors == [f"error: the words stand on {lines} lines"]
    assert "on one line" in outcome.hints[0]
    assert laptop.run("key", "show", "k").code == 6


def _split_mnemonic() -> tuple[str, ...]:
    """A mnemonic of 24 words whose first twelve are a mnemonic too."""
    Mnemonic.parse(" ".join(TWELVE)).wipe()
    about = 3  # the number of that word; "abandon" has none
    found = Mnemonic.from_entropy(bytearray((about << 124).to_bytes(32, "big")))
    assert found.words[:12] == TWELVE
    return found.words


def test_a_mark_of_an_editor_belongs_to_no_word_and_no_passphrase(laptop: Laptop) -> None:
    mark = b"\xef\xbb\xbf"
    laptop.good(*importing(laptop, mark + WORDS.encode() + b"\r\n"))
    marked = laptop.write("marked", mark + (laptop.folder / "passphrase").read_bytes())
    laptop.good("key", "xpub", "k", "--path", "m/1h", "--passphrase-file", marked)


def xpub(laptop: Laptop, path: str, **network: str):
    phrase = laptop.path("passphrase")
    words = ("key", "xpub", "mine", "--path", path, "--passphrase-file", phrase)
    return laptop.run(*words, **network)


def test_the_master_key_has_an_origin_without_steps(laptop: Laptop) -> None:
    found = xpub(laptop, "m")
    assert re.fullmatch(r"\[[0-9a-f]{8}\]tpub\w+\n", found.out)


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("", "(empty): a step is empty"),
        ("m/", "m/: a step is empty"),
        ("m/48H", "m/48H: 48H is not a step"),
    ],
)
def test_a_wrong_path_is_wrong_usage(path: str, fault: str, laptop: Laptop) -> None:
    found = xpub(laptop, path)
    assert (found.code, found.errors) == (2, [f"error: key path {fault}"])
    assert found.hints == ["hint: such as --path m/48h/0h/0h/2h"]


def test_a_key_of_other_networks_is_not_used(laptop: Laptop) -> None:
    said = ["error: the key mine is for the test networks, not mainnet"]
    outcome = xpub(laptop, "m/1h", network="mainnet")
    assert (outcome.code, outcome.errors, len(outcome.hints)) == (2, said, 1)
    laptop.good("--network", "mainnet", *importing(laptop, WORDS))
    phrase = ("--passphrase-file", laptop.path("passphrase"))
    laptop.good("wallet", "export", "vault", "--out", laptop.path("vault.txt"))
    adding = ("wallet", "add", "vault", laptop.path("vault.txt"), "--key", "k", "--yes")
    signing = ("sign", laptop.path("r.txt"), "--wallet", "vault", "--key", "k", "--expect", "no")
    journal = laptop.kinds()
    for using in (signing, adding):
        refused = laptop.run(*using, *phrase)
        assert refused.code == 2
        assert refused.errors == ["error: the key k is for mainnet, not regtest"]
    assert laptop.kinds() == journal


def test_a_passphrase_of_the_hosts_choosing_gives_a_key_that_is_nobodys(laptop: Laptop) -> None:
    """KF-10: beside the words it opens another key, which is not the wallet's; a code carries none."""
    words = (laptop.folder / "s.words").read_text().strip()
    held = laptop.write("ransom", f"{words}\nransom\n")
    sign = ("--json", "sign", laptop.path("s.txt"), "--wallet", "single", "--key", "-")
    seen = laptop.good("--json", "inspect", laptop.path("s.txt"), "--wallet", "single").document
    code = " ".join(seen["review_code"])
    outcome = laptop.run(*sign, "--secret-file", held, "--expect", code)
    assert (outcome.code, "signed" in outcome.document) == (6, False)
    assert laptop.kinds() == ["intent", "abandoned"]
    digits = seedqr.digits(Mnemonic.parse(words))
    for text in (f"{digits}\nransom\n", f"{digits} ransom"):
        code_of_words = laptop.write("seedqr", text)
        words_in = ("key", "import", "x", "--from", "seedqr", code_of_words)
        assert laptop.run(*words_in, "--passphrase-file", laptop.path("passphrase")).code == 3
    assert laptop.run("key", "show", "x").code == 6


@pytest.mark.parametrize("number", ["-1", "77", "99999999999", "1"])
def test_a_descriptor_that_is_not_open_for_reading(number: str, laptop: Laptop) -> None:
    command = [sys.executable, "-m", "coldsign", "--network", "regtest", "--home", "home"]
    command += ["key", "xpub", "mine", "--path", "m/1h", "--passphrase-fd", number]
    with (laptop.folder / "out").open("wb") as out:
        done = subprocess.run(
            command,
            cwd=laptop.folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"error: --passphrase-fd {number}: nothing is open there to be read",
        "hint: the shell opens it: --passphrase-fd 3 3< FILE",
    ]


@pytest.mark.parametrize(
    "options",
    [
        ("--key", "mine", "--secret-file", "words"),
        ("--key", "-", "--passphrase-file", "passphrase"),
        ("--key", "-", "--passphrase-fd", "3"),
    ],
)
def test_a_secret_that_would_not_be_read_is_wrong_usage(
    options: tuple[str, ...], laptop: Laptop
) -> None:
    journal = laptop.kinds()
    signing = ("sign", laptop.path("r.txt"), "--wallet", "vault", "--expect", "no")
    outcome = laptop.run(*signing, *options)
    assert (outcome.code, len(outcome.errors), len(outcome.hints)) == (2, 1, 1)
    assert laptop.kinds() == journal


def test_an_empty_expectation_is_one_that_is_not_met(laptop: Laptop) -> None:
    """As from a script whose variable is not set."""
    signing = ("sign", laptop.path("r.txt"), "--wallet", "vault", "--key", "mine")
    with laptop.terminal(*signing, "--expect", "", columns=110, rows=100) as terminal:
        assert terminal.end() == 5
        assert "not the one expected" in terminal.plain


def changing(laptop: Laptop, old: str, *words: str):
    return laptop.run("key", "passphrase", "mine", "--passphrase-file", old, *words)


def test_a_script_changes_a_passphrase(laptop: Laptop) -> None:
    old, new = laptop.path("passphrase"), laptop.write("new", "another one\r\n")
    sealed = laptop.files()
    for wrong in (
        changing(laptop, new, "--new-passphrase-file", old),
        changing(laptop, old, "--new-passphrase-file", laptop.write("none", "\n")),
        changing(laptop, old, "--new-passphrase-file", "absent"),
        changing(laptop, old),
    ):
        assert wrong.code in {2, 3, 5, 6}
        assert (len(wrong.errors), len(wrong.hints)) == (1, 1)
    assert laptop.files() == sealed | {"none": b"\n"}
    assert changing(laptop, old, "--new-passphrase-file", new).code == 0
    assert xpub(laptop, "m/1h").code == 6
    assert changing(laptop, new, "--new-passphrase-file", old).code == 0
    assert xpub(laptop, "m/1h").code == 0


def test_a_wrong_old_passphrase_is_said_before_a_new_one_is_typed(laptop: Laptop) -> None:
    with laptop.terminal("key", "passphrase", "mine", columns=110) as terminal:
        terminal.see("Old passphrase of mine:")
        terminal.line("mistyped")
        terminal.see("wrong passphrase, or the key file was altered; try again")
        for typed in (PASSPHRASE, "another one", "another one"):
            terminal.prompted()
            terminal.line(typed)
        assert terminal.end() == 0
        assert PASSPHRASE not in terminal.raw
    assert xpub(laptop, "m/1h").code == 6


def test_a_list_in_a_pipe_has_one_line_a_key(laptop: Laptop) -> None:
    name = "long" * 16
    phrase = ("--passphrase-file", laptop.path("passphrase"))
    words = ("--from", "mnemonic", "--secret-file", laptop.write("more.words", WORDS))
    laptop.good("key", "import", name, *words, *phrase)
    lines = laptop.good("key", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == ["NAME", name, "mine"]


def test_the_review_code_is_not_folded_inside_a_word(laptop: Laptop) -> None:
    inspected = laptop.good("--json", "inspect", laptop.path("r.txt"), "--wallet", "vault")
    code = inspected.document["review_code"]
    signing = ("sign", laptop.path("r.txt"), "--wallet", "vault", "--key", "mine")
    with laptop.terminal(*signing, columns=40, rows=200) as terminal:
        page = terminal.asked("Type that amount")
        terminal.line()
        assert terminal.end() == 5
    rows = [line.split() for line in page.rpartition("review code:")[2].splitlines()]
    assert [word for row in rows for word in row][:6] == code


def test_a_share_that_lacks_words_is_not_taken_for_a_passphrase(laptop: Laptop) -> None:
    """With enough other shares it would give another key, and nobody would know."""
    shares = oracle.generate_mnemonics(1, [(2, 3)], b"canary of a seed", b"word by word")[0]
    whole, words = "\n".join(shares[:2]), shares[2].split()
    phrase = laptop.path("passphrase")
    made = ("key", "import", "k", "--from", "slip39", "--passphrase-file", phrase)
    for rest in (words[:-1], words[:3], words[1:], words[5:15]):
        path = laptop.write("shares", f"{whole}\n{' '.join(rest)}\n")
        outcome = laptop.run(*made, "--secret-file", path)
        demand_silent(outcome, shares[0])
        said = f"the last line looks like a share of {len(rest)} words; a share has 20 to 59"
        assert (outcome.code, outcome.errors) == (3, [f"error: {said}"])
        assert len(outcome.hints) == 1
    path = laptop.write("shares", f"{whole}\nword by word\n")
    laptop.good(*made, "--secret-file", path)
    seed = oracle.combine_mnemonics(shares[:2], b"word by word")
    expected = ExtendedSecretKey.from_seed(seed).fingerprint.hex()
    assert laptop.good("--json", "key", "show", "k").document["fingerprint"] == expected


def test_a_key_that_power_cut_off_from_its_record_is_named_and_removed(laptop: Laptop) -> None:
    (laptop.home / "keys" / "mine.json").unlink()
    outcome = laptop.run("key", "show", "mine")
    assert outcome.errors == ["error: the record of the key mine is missing"]
    laptop.good("key", "remove", "mine", "--yes")
    assert not [*(laptop.home / "keys").glob("mine*")]


def test_a_key_with_a_damaged_record_is_named_and_removed(laptop: Laptop) -> None:
    (laptop.home / "keys" / "mine.json").write_text("{}")
    for words in (("key", "list"), ("key", "show", "mine"), ("wallet", "show", "vault")):
        outcome = laptop.run(*words)
        assert outcome.code == 3
        assert outcome.errors == [
            "error: the record of the key mine is damaged, or that of another key"
        ]
        assert outcome.hints[0].startswith("hint: restore both its files from one copy")
    with laptop.terminal("key", "remove", "mine", columns=110) as terminal:
        terminal.asked("Delete the key mine (its record is damaged)?")
        terminal.line("mine")
        assert terminal.end() == 0
    assert laptop.good("--json", "key", "list").document == {"keys": []}


def test_a_dash_is_no_passphrase_file(laptop: Laptop) -> None:
    done = laptop.run("key", "xpub", "mine", "--path", "m", "--passphrase-file", "-")
    assert (done.code, done.errors) == (2, ["error: a passphrase file is named, not '-'"])
    assert done.hints == ["hint: --passphrase-fd 0 reads standard input"]
