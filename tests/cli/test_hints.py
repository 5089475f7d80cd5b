"""Hints name options that the command has; wrong usage points to the help of the command that was meant."""

import pytest

from tests.cli.laptop import Laptop

FEW = {"bbqr": "parts of bbqr", "ur1": "too many parts"}


@pytest.mark.parametrize("form", FEW)
def test_codes_that_are_too_small(
    form: str, laptop: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("bbqr", "ur.ur1"):
        monkeypatch.setattr(f"coldsign.qr.{module}.MAX_PARTS", 1)
    show = ("qr", "show", laptop.path("r.txt"), "--format", form, "--out", laptop.path("a.gif"))
    outcome = laptop.run(*show)
    assert FEW[form] in outcome.errors[0]
    assert (outcome.code, outcome.hints) == (2, ["hint: choose a greater --density"])
    joined = laptop.run("combine", laptop.path("r.txt"), *show[3:])
    assert (joined.code, joined.hints) == (2, ["hint: larger QR codes hold more"])


def test_parts_too_small_to_hold_anything(laptop: Laptop) -> None:
    outcome = laptop.run("--json", "qr", "show", laptop.path("r.txt"), "--density", "1")
    assert outcome.document["error"] == {
        "code": "codes-too-small",
        "message": "too large for codes this small",
        "hint": "choose a greater --density",
    }


@pytest.mark.parametrize("text", ["0", "41", "x", "-1", "4000000000", "\u0664"])
def test_what_is_no_density(text: str, laptop: Laptop) -> None:
    outcome = laptop.run("qr", "show", laptop.path("r.txt"), f"--density={text}")
    assert (outcome.code, outcome.hints) == (2, ["hint: 1 to 40, or auto"])
    assert outcome.errors[0].endswith(" is not a QR version")


SCRIPTS = {
    ("sign", "r.txt", "--wallet", "vault", "--key", "mine"): (
        "see --expect, --accept, --secret-file and --passphrase-file"
    ),
    ("wallet", "remove", "vault"): "see --yes",
    ("wallet", "add", "new", "s.wallet"): "see --yes and --passphrase-file",
    ("key", "xpub", "mine", "--path", "m"): "see --passphrase-file",
    ("key", "new", "fresh"): "run it at a terminal: a person writes the words on paper",
    ("inspect", "--wallet", "vault"): "or '-' for standard input; the camera needs a person",
    ("qr", "scan"): "or '-' for standard input; the camera needs a person",
}


@pytest.mark.parametrize("words", SCRIPTS)
def test_where_nobody_can_be_asked(words: tuple[str, ...], laptop: Laptop) -> None:
    outcome = laptop.run(*[laptop.path(w) if "." in w else w for w in words])
    assert (outcome.code, outcome.errors) == (5, ["error: nobody is at this terminal to answer"])
    assert outcome.hints[0].endswith(SCRIPTS[words])


@pytest.mark.parametrize(
    ("words", "error", "command"),
    [
        (("inspekt",), "no such command 'inspekt'. Did you mean 'inspect'?", "coldsign"),
        (("zzz",), "no such command 'zzz'", "coldsign"),
        (("key", "shwo"), "no such command 'shwo'. Did you mean 'show'?", "coldsign key"),
        (("inspect", "--wallet"), "option '--wallet' requires an argument", "coldsign inspect"),
        (("key", "--home"), "option '--home' requires an argument", "coldsign key"),
        (("key", "list", "--json=1"), "option '--json' does not take a value", "coldsign key list"),
    ],
)
def test_wrong_usage(words: tuple[str, ...], error: str, command: str, laptop: Laptop) -> None:
    outcome = laptop.run(*words)
    assert (outcome.code, outcome.errors) == (2, [f"error: {error}"])
    assert outcome.hints == [f"hint: see '{command} --help'"]
