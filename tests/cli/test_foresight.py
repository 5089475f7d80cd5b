"""A reply that will not get out is noticed before a page is read, a passphrase typed or a key touched."""

import base64
import json

import pytest

from coldsign.ceremony.reply import answer, expected
from coldsign.cli import foresight
from coldsign.psbt.edit import SIGNATURES, ReplyLevel, add_signatures
from coldsign.psbt.input_map import PsbtInput
from coldsign.psbt.model import Psbt
from coldsign.qr import base43
from coldsign.qr.payload import Dialect, Payload, PayloadKind
from tests.cli.laptop import DATA, Laptop

FIXTURES = sorted(path.stem for path in (DATA / "regtest").glob("*.json"))
PSBT = base64.b64decode(
    json.loads((DATA / "regtest/wsh-sortedmulti-2of3-4x4.json").read_text())["psbt"]
)
SIGN = ("sign", "r.file", "--wallet", "vault", "--key", "mine", "--passphrase-file", "passphrase")


def bare(laptop: Laptop) -> Laptop:
    laptop.write("r.file", PSBT)
    laptop.write("r.b43", base43.encode(PSBT))
    return laptop


@pytest.mark.parametrize("name", FIXTURES)
@pytest.mark.parametrize("level", list(ReplyLevel))
def test_a_reply_is_never_larger_than_expected_and_hardly_smaller(
    name: str, level: ReplyLevel
) -> None:
    found = json.loads((DATA / "regtest" / f"{name}.json").read_text())
    request = Payload(PayloadKind.PSBT, base64.b64decode(found["psbt"]), Dialect.BASE43)
    signed = Psbt.parse(base64.b64decode(found["signed_by_node"][0]))
    # Core writes what it knows of scripts and keys into its copy; what we sign adds signatures alone.
    before = Psbt.parse(request.data)
    added = sum(
        len(new.map.raw) - len(old.map.raw)
        for old, new in zip(before.inputs, only_signatures(before, signed), strict=True)
    )
    bound = len(expected(request, level=level, form="auto").data)
    least = len(answer(before, request, level=level, form="auto").data)
    assert 0 <= bound - (least + added) <= 65 * len(before.inputs)


def only_signatures(before: Psbt, signed: Psbt) -> list[PsbtInput]:
    """The inputs of a request with the signatures of its signed copy and nothing else of that."""
    added = {}
    for number, (old, new) in enumerate(zip(before.inputs, signed.inputs, strict=True)):
        known = dict(old.map.pairs)
        pairs = [p for p in new.map.pairs if p[0].type in SIGNATURES and p[0] not in known]
        if pairs:
            added[number] = tuple(pairs)
    return list(add_signatures(before, added).inputs)


@pytest.mark.parametrize(
    ("source", "words", "error", "hint"),
    [
        ("r.b43", ("--out", "reply.png"), "characters of base43", "--reply trimmed fits; "),
        (
            "r.file",
            ("--format", "binary", "--out", "reply.gif"),
            "QR code",
            "--reply trimmed fits; ",
        ),
        ("r.file", ("--format", "hex"), "characters of hex", "use --format ur or bbqr"),
    ],
)
def test_a_reply_that_fits_no_code_stops_before_anything(
    source: str, words: tuple[str, ...], error: str, hint: str, laptop: Laptop
) -> None:
    sign = (SIGN[0], bare(laptop).path(source), *SIGN[2:5], "mine", "--passphrase-file")
    before = laptop.files()
    out = [laptop.path(w) if w.startswith("reply") else w for w in words]
    code = laptop.run("--json", "inspect", laptop.path("r.file"), "--wallet", "vault").document
    expect = ("--expect", " ".join(code["review_code"]))
    outcome = laptop.run(*sign, laptop.path("passphrase"), *out, *expect)
    assert outcome.code == 2
    assert "the reply will be too large: " in outcome.errors[0]
    assert error in outcome.errors[0]
    assert hint in outcome.hints[0]
    assert outcome.hints[0].endswith("or --out a .psbt file")
    assert laptop.files() == before
    assert laptop.kinds() == []


def test_the_level_that_the_hint_names_fits(laptop: Laptop) -> None:
    sign = (SIGN[0], bare(laptop).path("r.b43"), *SIGN[2:5], "mine", "--passphrase-file")
    code = laptop.run("--json", "inspect", laptop.path("r.file"), "--wallet", "vault").document
    words = ("--expect", " ".join(code["review_code"]), "--reply", "trimmed")
    laptop.good(*sign, laptop.path("passphrase"), *words, "--out", laptop.path("reply.png"))
    back = laptop.good("qr", "scan", laptop.path("reply.png"))
    assert all(i.partial_sigs for i in Psbt.parse(base64.b64decode(back.out)).inputs)


def test_a_folder_that_is_not_free_stops_before_anything(laptop: Laptop) -> None:
    taken = bare(laptop).folder / "taken"
    taken.mkdir()
    (taken / "notes.txt").write_text("mine")
    outcome = laptop.run(*SIGN, "--out", str(taken))
    assert (outcome.code, laptop.kinds()) == (2, [])
    assert "is not empty" in outcome.errors[0]


def test_a_terminal_that_draws_nothing_stops_before_anything(laptop: Laptop) -> None:
    bare(laptop)
    with laptop.terminal(*SIGN, environment={"TERM": "dumb"}) as terminal:
        assert terminal.end() == 8
        assert "this terminal cannot draw codes" in terminal.said[0]
        assert "page 1" not in terminal.plain
    assert laptop.kinds() == []


def test_a_file_needs_no_terminal_that_draws(laptop: Laptop) -> None:
    bare(laptop)
    with laptop.terminal(*SIGN, "--out", "r.psbt", environment={"TERM": "dumb"}) as terminal:
        terminal.see("page 1 of ")


def test_a_missing_library_of_the_codes_stops_before_anything(
    laptop: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare(laptop)
    monkeypatch.setattr(foresight, "find_spec", lambda name: None if name == "zxingcpp" else name)
    source, phrase = laptop.path("r.file"), laptop.path("passphrase")
    sign = (SIGN[0], source, *SIGN[2:7], phrase, "--expect", "any", "--out")
    outcome = laptop.run(*sign, laptop.path("reply.gif"))
    assert (outcome.code, outcome.errors[0]) == (
        8,
        "error: the library zxingcpp is missing or does not load",
    )
    assert (
        laptop.run(*sign, laptop.path("reply.psbt")).code == 5
    )  # a file needs none; the code does not match
