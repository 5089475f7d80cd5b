"""Text from outside never acts on a terminal: wherever it comes in, and in whatever is printed about it."""

import base64
import json
import re

import pytest

from coldsign.psbt.model import Psbt
from coldsign.psbt.raw import Key
from tests.cli.laptop import DATA, Laptop, Outcome

VECTORS = json.loads((DATA / "attacks" / "ui-strings.json").read_text())["vectors"]
STRINGS = {v["id"]: v["text"] if v["text"] is not None else "\udc80" for v in VECTORS}
STRINGS |= {"newline": "x\nerror: none\nVERDICT OK", "markup": "[green]VERIFIED CHANGE[/green]"}
# Of each family one is tried at every push: CSI, OSC, C1, overwriting, length, bytes that are no text, new lines.
QUICK = {"UI-01", "UI-10", "UI-36", "UI-37", "newline"}
HOSTILE = [
    pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow])
    for name in sorted(STRINGS)
]
assert len(HOSTILE) > 25


def demand_harmless(outcome: Outcome, text: str) -> None:
    """Printable ASCII and line ends only; no line that the text has made; one error line at most."""
    for shown in (outcome.out, outcome.err):
        assert re.fullmatch(r"[\x20-\x7e\n]*", shown), repr(shown)
        assert len(shown) < 20_000 or shown.startswith(("{", "coldsign receipt"))
        if "\n" in text:
            assert not set(text.split("\n")[1:]) & set(shown.split("\n"))
    assert "Traceback" not in outcome.err
    assert len(outcome.errors) == (outcome.code != 0)
    assert outcome.code != 1, outcome.err


def as_file_name(text: str) -> str:
    return (
        text.replace("\0", "0")
        .replace("/", "|")[:60]
        .encode("utf-8", "surrogateescape")[:200]
        .decode("utf-8", "surrogateescape")
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_names_and_paths(name: str, laptop: Laptop) -> None:
    text = STRINGS[name].replace("\0", "0")
    path = laptop.folder / as_file_name(text)
    path.write_bytes(b"no PSBT\n")
    spare = laptop.path("out")
    for arguments in (
        ("inspect", str(path), "--wallet", "vault"),
        ("inspect", text, "--wallet", "vault"),
        ("inspect", "r.txt", "--wallet", text),
        ("inspect", "r.txt", "--wallet", "vault", "--manifest", str(path)),
        ("inspect", "r.txt", "--wallet", "vault", "--policy", str(path)),
        ("sign", laptop.path("r.txt"), "--wallet", "vault", "--key", text, "--expect", text),
        ("sign", laptop.path("r.txt"), "--wallet", "vault", "--key", "-", "--expect", text),
        ("wallet", "add", text, laptop.path("r.wallet"), "--yes"),
        ("wallet", "add", "x", str(path), "--yes"),
        ("wallet", "remove", text, "--yes"),
        ("key", "show", text),
        ("key", "remove", text, "--yes"),
        ("key", "import", text, "--from", "xprv", "--secret-file", str(path)),
        ("qr", "show", str(path), "--format", text),
        ("qr", "scan", str(path)),
        ("ceremony", "run", str(path)),
        ("wallet", "audit", "vault", str(path)),
        ("journal", "verify", "--against", text),
        ("qr", "show", laptop.path("r.txt"), "--out", str(path)),
        ("wallet", "export", "vault", "--out", f"{spare}/{path.name}"),
        (text,),
        (f"--{text}",),
    ):
        demand_harmless(laptop.run(*arguments), text)


@pytest.mark.parametrize("name", HOSTILE)
def test_reasons_titles_and_manifests(name: str, laptop: Laptop) -> None:
    text = STRINGS[name].encode("utf-8", "replace").decode()
    rows = json.dumps([{"id": text, "address": text, "sats": 1}])
    manifest = laptop.write("m.json", rows)
    title = json.dumps(text.replace("\x7f", "\\x7f"))
    plan = laptop.write(
        "c.toml", f'title = {title}\n[[step]]\nask = {title}\n[[step]]\nrun = ["key", "list"]\n'
    )
    for arguments in (
        ("inspect", laptop.path("r.txt"), "--wallet", "vault", "--manifest", manifest),
        ("ceremony", "run", plan, "--confirmed"),
        ("halt", "engage", "--why", text),
        ("halt", "status"),
        ("halt", "release", "--yes", "--why", text),
        ("journal", "show"),
        ("--json", "journal", "show"),
        ("journal", "export"),
    ):
        demand_harmless(laptop.run(*arguments), "" if "export" in arguments else text)


@pytest.mark.parametrize(
    "text", ["[green]VERIFIED CHANGE[/green]", "[/]", "[link=x]y[/link]", ":skull:", "m/:100:/0h"]
)
def test_what_a_library_takes_for_markup_is_shown_as_it_is(text: str, laptop: Laptop) -> None:
    """U-02 and U-03: neither acted on, nor left out, nor a reason to stop, in a pipe and on a screen."""
    laptop.good("halt", "engage", "--why", text)
    shown = laptop.good("journal", "show")
    assert f"why={text}" in shown.out
    for words in (("journal", "show"), ("halt", "status")):
        with laptop.terminal(*words, columns=200) as terminal:
            terminal.end()
            assert text in terminal.vt.text


@pytest.mark.parametrize("name", HOSTILE)
def test_fields_of_a_psbt(name: str, laptop: Laptop) -> None:
    text = STRINGS[name]
    data = text.encode("utf-8", "surrogateescape")
    psbt = Psbt.parse(base64.b64decode((laptop.folder / "s.txt").read_text()))
    raw = psbt.global_map.map.adding(
        ((Key(0xFC, b"\x04evil\x00" + data[:200]), data), (Key(0xE0, data[:200]), data))
    )
    changed = psbt.raw.replace(psbt.global_map.map.raw, raw.raw, 1)
    assert changed != psbt.raw
    path = laptop.write("evil.psbt", changed)
    for options in ((), ("--json",)):
        outcome = laptop.run(*options, "inspect", path, "--wallet", "single")
        assert outcome.code in {0, 4}, outcome.err
        demand_harmless(outcome, text)
