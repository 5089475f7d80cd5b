"""No secret reaches any output: not when it is used, not when it is wrong, not when it is given in the wrong place."""

import io
import json
from collections.abc import Iterator

import pytest

from coldsign.cli.redact import redact
from coldsign.keys import seedqr
from coldsign.keys.mnemonic import Mnemonic
from coldsign.keys.slip39_words import WORDS as SHARE_WORDS
from tests.cli.laptop import DATA, PASSPHRASE, Laptop, Outcome
from tests.cli.terminal import TYPED_END

COSIGNER = json.loads((DATA / "regtest/wsh-sortedmulti-2of3-4x4.json").read_text())["cosigners"][0]
WORDS = COSIGNER["mnemonic"]
SEED_DIGITS = seedqr.digits(Mnemonic.parse(WORDS))
XPRV = "tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK"
WIF = "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA"
SECRETS = {
    "words": WORDS,
    "mistyped words": " ".join(["zebra", *WORDS.split()[1:]]),
    "numbered words": " ".join(f"{n}. {word}" for n, word in enumerate(WORDS.split(), start=1)),
    "words and commas": ", ".join(WORDS.split()),
    "digits and a passphrase": f"{SEED_DIGITS}\nransom",
    "labelled digits": f"seed: {SEED_DIGITS}",
    "spaced digits": " ".join(SEED_DIGITS[at : at + 4] for at in range(0, len(SEED_DIGITS), 4)),
    "xprv with a wrong sign": f"{XPRV[:10]}0{XPRV[11:]}",
    "hex": bytes(range(32)).hex(),
    "unknown words": " ".join(["canaryword", *WORDS.split()[1:]]),
    "numbers": "".join(f"{number:04}" for number in range(1, 25)),
    "xprv": XPRV,
    "mistyped xprv": XPRV[:-1] + "z",
    "wif": WIF,
    "descriptor": f"wpkh({XPRV}/84h/1h/0h/<0;1>/*)#qqqqqqqq",
    "passphrase": PASSPHRASE,
}

QUICK = {"unknown words", "xprv", "digits and a passphrase"}


def pieces(secret: str) -> Iterator[str]:
    """What of a secret must not be seen: any three words in a row, any sixteen characters."""
    words = secret.split()
    if len(words) > 3:
        yield from (" ".join(words[n : n + 3]) for n in range(len(words) - 2))
        if any(not word.isalpha() for word in words):  # three numbers and their words are six
            yield from (" ".join(words[n : n + 6]) for n in range(len(words) - 5))
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
        pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow])
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
        ("journal", "verify", path),
        ("policy", "trust", path),
        ("key", "import", "x", "--from", "seedqr", path, "--passphrase-file", phrase),
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
        terminal.see("the two entries differ; type both again")
        for _ in range(2):
            terminal.prompted()
            terminal.line(PASSPHRASE)
            terminal.prompted()
            terminal.line(PASSPHRASE + "y")
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
        terminal.line("mistyped")
        terminal.see("word 5 is another one; look at the paper again")
        terminal.prompted()
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


LIKE = {
    "words": "BIP-39 words",
    "digits": "the digits of a SeedQR",
    "xprv": "an extended secret key",
    "wif": "a single key in WIF",
    "share": "a SLIP-39 share",
    "codex32": "a codex32 share",
    "xpub": "an extended public key",
}
GIVEN = {
    "words": WORDS,
    "digits": SEED_DIGITS,
    "xprv": XPRV,
    "wif": WIF,
    "share": " ".join(SHARE_WORDS[7:40]),
    "codex32": "ms10testsxxxxxxxxxxxxxxxxxxxxxxxxxx4nzvca9cmczlw",
    "xpub": COSIGNER["xpub"],
}
READ_BY = {
    "words": {"mnemonic", "seedqr"},
    "digits": {"mnemonic", "seedqr"},
    "xprv": {"xprv"},
    "wif": {"wif"},
    "share": {"slip39"},
    "codex32": {"codex32"},
    "xpub": set(),
}
NAMED = {"words": "mnemonic", "digits": "seedqr", "share": "slip39"}


@pytest.mark.parametrize("given", GIVEN)
def test_a_secret_of_another_form_is_told_which_from_reads_it(given: str, laptop: Laptop) -> None:
    path = laptop.write("secret.txt", GIVEN[given] + "\n")
    phrase = laptop.path("passphrase")
    for source in ("mnemonic", "seedqr", "xprv", "wif", "slip39", "codex32"):
        if source in READ_BY[given]:
            continue
        importing = ("key", "import", "k", "--from", source, "--passphrase-file", phrase)
        outcome = laptop.run(*importing, "--secret-file", path)
        demand_silent(outcome, GIVEN[given])
        assert outcome.code == 3
        assert outcome.errors[0].startswith(f"error: this looks like {LIKE[given]}"), source
        named = NAMED.get(given, given)
        assert len(outcome.hints) == 1
        assert given == "xpub" or f"--from {named} reads it" in outcome.hints[0]
    assert not (laptop.home / "keys" / "k.age").exists()


def test_words_in_the_place_of_seedqr_pictures(laptop: Laptop) -> None:
    path = laptop.write("secret.txt", WORDS + "\n")
    phrase = laptop.path("passphrase")
    outcome = laptop.run(
        "key", "import", "k", "--from", "seedqr", path, "--passphrase-file", phrase
    )
    demand_silent(outcome, WORDS)
    assert outcome.code == 3
    assert outcome.errors == ["error: this looks like BIP-39 words"]
    request = laptop.run("key", "import", "k", "--from", "seedqr", laptop.path("r.txt"))
    assert (request.code, len(request.hints)) == (3, 1)
    assert "--secret-file" in request.hints[0]


def test_mistyped_words_are_asked_for_again(laptop: Laptop) -> None:
    importing = ("key", "import", "typed", "--from", "mnemonic")
    with laptop.terminal(*importing, columns=110) as terminal:
        terminal.see("Words (not shown):")
        terminal.line(SECRETS["unknown words"])
        terminal.see("word 1 is not in the BIP-39 English list; try again")
        terminal.prompted()
        terminal.line(SECRETS["mistyped words"])
        terminal.see("the checksum of the words is wrong; try again")
        terminal.prompted()
        terminal.line(WORDS)
        terminal.see("BIP-39 passphrase (not shown; empty for none):")
        terminal.line()
        terminal.see("(again)")
        terminal.line()
        terminal.see("New passphrase for the key file:")
        terminal.line(PASSPHRASE)
        terminal.see("New passphrase for the key file (again):")
        terminal.line(PASSPHRASE)
        assert terminal.end() == 0
        demand_silent(Outcome(0, terminal.plain, ""), WORDS)
    assert laptop.good("--json", "key", "show", "typed").document["kind"] == "mnemonic"


def test_another_form_is_not_asked_for_again(laptop: Laptop) -> None:
    with laptop.terminal("key", "import", "typed", "--from", "wif", columns=110) as terminal:
        terminal.see("Key in WIF (not shown):")
        terminal.line(WORDS)
        assert terminal.end() == 3
        assert "this looks like BIP-39 words" in terminal.plain
        assert "BIP-39 passphrase" not in terminal.plain
        demand_silent(Outcome(3, terminal.plain, ""), WORDS)


def test_a_share_is_checked_as_soon_as_it_is_typed(laptop: Laptop) -> None:
    share = " ".join(SHARE_WORDS[:20])
    tries = {share: "the checksum is wrong; try again", share[:-9]: "share has 20 to 59; try again"}
    with laptop.terminal("key", "import", "typed", "--from", "slip39", columns=110) as terminal:
        terminal.see("Share 1 (not shown; empty when done):")
        for typed, answer in tries.items():
            terminal.line(typed)
            terminal.see(answer)
            terminal.prompted()  # up to the next prompt, which hides what is typed
        terminal.line(share)
        assert terminal.end() == 3
        assert "hint: a word is wrong or out of place" in terminal.plain


def test_shares_come_from_standard_input_too(laptop: Laptop, monkeypatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(GIVEN["codex32"].encode() + b"\n"))
    monkeypatch.setattr("sys.stdin", stdin)
    phrase = laptop.path("passphrase")
    importing = ("key", "import", "k", "--from", "codex32", "--passphrase-file", phrase)
    laptop.good(*importing, "--secret-file", "-")
    assert laptop.good("--json", "key", "show", "k").document["kind"] == "xprv"


def test_what_is_typed_while_a_passphrase_is_checked_is_not_shown(laptop: Laptop) -> None:
    """Who thinks that the key was not pressed types on while scrypt works."""
    with laptop.terminal("key", "xpub", "mine", "--path", "m/1h", columns=110) as terminal:
        terminal.see("Passphrase of mine:")
        terminal.type("a wrong one\n" + PASSPHRASE + "\n")
        terminal.see("wrong passphrase, or the key file was altered; try again")
        terminal.prompted()
        terminal.line(PASSPHRASE)
        assert terminal.end() == 0
        assert PASSPHRASE not in terminal.raw
        assert "tpub" in terminal.plain
        assert terminal.restored


def test_entries_that_differ_are_both_typed_again(laptop: Laptop) -> None:
    words = laptop.write("more.words", WORDS + "\n")
    importing = ("key", "import", "typed", "--from", "mnemonic", "--secret-file", words)
    with laptop.terminal(*importing, columns=110) as terminal:
        terminal.see("New passphrase for the key file:")
        for typed in (PASSPHRASE, "another", PASSPHRASE, PASSPHRASE):
            terminal.prompted()
            terminal.line(typed)
        assert terminal.end() == 0
        assert "the two entries differ; type both again" in terminal.plain
    assert laptop.run("key", "show", "typed").code == 0


@pytest.mark.parametrize("end", ["\r", TYPED_END, "\r" + TYPED_END])
def test_a_seedqr_that_a_scanner_types_is_not_shown(end: str, laptop: Laptop) -> None:
    importing = ("key", "import", "typed", "--from", "seedqr", "-", "--passphrase-file")
    with laptop.terminal(*importing, "passphrase", columns=110) as terminal:
        terminal.see("hand scanner", "which are not shown; Enter ends")
        terminal.type(SEED_DIGITS + end)
        terminal.see("BIP-39 passphrase (not shown; empty for none):")
        terminal.line()
        terminal.see("(again)")
        terminal.line()
        assert terminal.end() == 0
        assert terminal.restored
        assert SEED_DIGITS[:8] not in terminal.raw
        assert "sha256" not in terminal.raw
    assert COSIGNER["fingerprint"] in laptop.good("key", "show", "typed").out


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        (SEED_DIGITS[:-1] + "\r", "95 bytes are no SeedQR: 48 or 96 digits"),
        (SEED_DIGITS[:20] + "l" + SEED_DIGITS[21:] + "\r", "is due, but this is a row of digits"),
        (SEED_DIGITS[:30] + "\r", "is due, but this is a row of digits"),
        (SEED_DIGITS[:-4] + "0000\r", "checksum"),
        (WORDS + "\r", "this looks like BIP-39 words"),
        ("wsh(pk(xpub))\r", "is due, but this is a wallet description"),
        (TYPED_END, "what was typed is empty"),
    ],
)
def test_a_mistyped_seedqr_is_not_shown_either(typed: str, error: str, laptop: Laptop) -> None:
    importing = ("key", "import", "typed", "--from", "seedqr", "-", "--passphrase-file")
    with laptop.terminal(*importing, "passphrase", columns=110) as terminal:
        terminal.see("hand scanner", "which are not shown; Enter ends")
        terminal.type(typed)
        assert terminal.end() == 3
        assert terminal.restored
        assert error in terminal.said[0]
        assert not any(piece in terminal.raw for piece in pieces(typed) if piece.isdigit())
        assert " ".join(WORDS.split()[:3]) not in terminal.raw
    assert not (laptop.home / "keys" / "typed.age").exists()


def test_a_seedqr_by_a_camera_of_ones_choice(laptop: Laptop) -> None:
    wrong = ("key", "import", "typed", "--from", "seedqr", "--camera", "nowhere")
    outcome = laptop.run(*wrong, "--passphrase-file", laptop.path("passphrase"))
    assert outcome.errors == [
        "error: invalid value for '--camera': neither a camera's number nor a recording"
    ]


@pytest.mark.parametrize("digits", [SEED_DIGITS[:-1], SEED_DIGITS + "0", SEED_DIGITS[:47]])
def test_a_damaged_seedqr_is_a_secret_too(digits: str, laptop: Laptop) -> None:
    path = laptop.write("digits", digits)
    for words in (("qr", "scan"), ("qr", "show"), ("wallet", "add", "new", "--yes")):
        outcome = laptop.run(*words, path)
        demand_silent(outcome, digits)
        assert outcome.code == 3
        assert "but this is a SeedQR" in outcome.errors[0]


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "K" * 1_000_000, "ab " * 300_000, "ms1" * 300_000]
)
def test_a_long_text_is_looked_through_once(text: str) -> None:
    """Looked through from each of its letters it would take an hour."""
    assert redact(text).count("left out") <= 1
