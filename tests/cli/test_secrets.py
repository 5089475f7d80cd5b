"""No secret reaches any output: not when it is used, not when it is wrong, not when it is given in the wrong place."""

import json
from collections.abc import Iterator

import pytest

from coldsign.keys.mnemonic import Mnemonic
from tests.cli.laptop import DATA, PASSPHRASE, Laptop, Outcome

COSIGNER = json.loads((DATA / "regtest/wsh-sortedmulti-2of3-4x4.json").read_text())["cosigners"][0]
WORDS = COSIGNER["mnemonic"]
XPRV = "tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK"
WIF = "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA"
SECRETS = {
    "words": WORDS,
    "mistyped words": " ".join(["zebra", *WORDS.split()[1:]]),
    "unknown words": " ".join(["canaryword", *WORDS.split()[1:]]),
    "numbers": "".join(f"{number:04}" for number in range(1, 25)),
    "xprv": XPRV,
    "mistyped xprv": XPRV[:-1] + "z",
    "wif": WIF,
    "descriptor": f"wpkh({XPRV}/84h/1h/0h/<0;1>/*)#qqqqqqqq",
    "passphrase": PASSPHRASE,
}


def pieces(secret: str) -> Iterator[str]:
    """What of a secret must not be seen: any three words in a row, any sixteen characters."""
    words = secret.split()
    if len(words) > 3:
        yield from (" ".join(words[n : n + 3]) for n in range(len(words) - 2))
    else:
        yield from (secret[n : n + 16] for n in range(len(secret) - 15))


def demand_silent(outcome: Outcome, secret: str) -> None:
    shown = outcome.out + outcome.err
    seen = [piece for piece in pieces(secret) if piece in shown]
    assert not seen, f"{seen[0]!r} in {shown!r}"
    assert "canaryword" not in shown
    assert "Traceback" not in shown
    assert outcome.code != 1


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in {"unknown words", "xprv"} else [pytest.mark.slow])
        for name in sorted(SECRETS)
    ],
)
def test_a_secret_in_the_wrong_place_is_not_repeated(name: str, laptop: Laptop) -> None:
    secret = SECRETS[name]
    path = laptop.write("secret.txt", secret + "\n")
    request, phrase = laptop.path("r.txt"), laptop.path("passphrase")
    sign = (
        "sign",
        request,
        "--wallet",
        "vault",
        "--key",
        "mine",
        "--expect",
        "no",
        "--passphrase-file",
    )
    for arguments in (
        ("inspect", path, "--wallet", "vault"),
        ("inspect", request, "--wallet", "vault", "--manifest", path),
        ("inspect", request, "--wallet", "vault", "--policy", path),
        (*sign, path),
        (*sign, phrase, "--approval", path),
        (
            "sign",
            request,
            "--wallet",
            "vault",
            "--key",
            "-",
            "--secret-file",
            path,
            "--expect",
            "no",
        ),
        ("combine", path),
        ("finalize", path),
        ("wallet", "add", "x", path, "--yes"),
        ("wallet", "audit", "vault", path),
        ("policy", "set", "vault", path, "--yes"),
        ("ceremony", "run", path),
        (
            "key",
            "import",
            "x",
            "--from",
            "slip39",
            "--secret-file",
            path,
            "--passphrase-file",
            phrase,
        ),
        (
            "key",
            "import",
            "x",
            "--from",
            "codex32",
            "--secret-file",
            path,
            "--passphrase-file",
            phrase,
        ),
    ):
        # A key's passphrase, a text like any other, is not known to be one in a place for texts.
        if name == "passphrase" and "inspect" in arguments and "--manifest" not in arguments:
            continue
        if name == "passphrase" and arguments[0] in {"combine", "finalize", "wallet"}:
            continue
        if name == "passphrase" and arguments == (*sign, path):
            continue
        demand_silent(laptop.run(*arguments), secret)
        demand_silent(laptop.run(*arguments, "--json"), secret)


@pytest.mark.parametrize(
    "name", ["words", "mistyped words", "unknown words", "xprv", "mistyped xprv", "wif"]
)
@pytest.mark.parametrize("source", ["mnemonic", "xprv", "wif"])
def test_a_refused_import_does_not_repeat_the_secret(
    name: str, source: str, laptop: Laptop
) -> None:
    path = laptop.write("secret.txt", SECRETS[name] + "\n" + PASSPHRASE + "\n")
    importing = (
        "key",
        "import",
        "mine",
        "--from",
        source,
        "--secret-file",
        path,
        "--passphrase-file",
        path,
    )
    demand_silent(laptop.run(*importing), SECRETS[name])
    spare = (
        "key",
        "import",
        "s",
        "--from",
        source,
        "--secret-file",
        path,
        "--passphrase-file",
        path,
    )
    outcome = laptop.run(*spare[:-1], laptop.path("r.txt"))  # its first line is no passphrase
    demand_silent(outcome, SECRETS[name])
    demand_silent(outcome, PASSPHRASE)


def test_typed_secrets_are_not_shown(laptop: Laptop) -> None:
    sign = ("sign", "s.txt", "--wallet", "single", "--key", "-")
    with laptop.terminal(*sign, columns=110, rows=90) as terminal:
        terminal.asked("Type that amount")
        terminal.line("0.24405544")
        terminal.see("Words, xprv or WIF (not shown):")
        terminal.line(WORDS)
        terminal.see("BIP-39 passphrase")
        terminal.line(PASSPHRASE)
        terminal.see("(again)")
        terminal.line(PASSPHRASE + "x")
        assert terminal.end() == 2
        assert "the two entries differ" in terminal.plain
        demand_silent(Outcome(2, terminal.plain, ""), WORDS)
        assert PASSPHRASE not in terminal.raw
        assert terminal.restored
    assert laptop.kinds() == ["intent", "abandoned"]


def test_a_new_key_shows_its_words_once(laptop: Laptop) -> None:
    with laptop.terminal("key", "new", "fresh", "--words", "12") as terminal:
        page = terminal.asked("Read back word 5")
        numbered = {
            int(number.rstrip(".")): word
            for number, word in zip(
                *[iter(page.partition("encrypted.")[2].split()[:24])] * 2, strict=True
            )
        }
        words = [numbered[number] for number in range(1, 13)]
        Mnemonic.parse(" ".join(words)).wipe()
        terminal.line(words[4])
        terminal.asked("Read back word 12")
        terminal.line(words[11])
        terminal.see("New passphrase for the key file:")
        assert not any(f". {word}" in terminal.vt.text for word in words)
        assert terminal.vt.gone == []
        terminal.line(PASSPHRASE)
        terminal.see("(again)")
        terminal.line(PASSPHRASE)
        assert terminal.end() == 0
        assert "key fresh made" in terminal.vt.text
        assert PASSPHRASE not in terminal.raw
    for path in laptop.home.rglob("*"):
        if path.is_file():
            assert " ".join(words[:3]).encode() not in path.read_bytes()
