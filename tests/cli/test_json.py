"""Scripts: one JSON document on standard output, exit codes by class, one error line and a hint."""

import base64
import errno
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from coldsign.errors import UnfitError
from coldsign.psbt.model import Psbt
from tests.cli.laptop import Laptop

INSPECT = ("inspect", "--wallet", "vault")
TOP = {
    "verdict",
    "review_code",
    "txid",
    "network",
    "wallet",
    "inputs",
    "outputs",
    "totals",
    "findings",
    "review_digest",
}
SHAPES = {
    "inputs": {"index", "outpoint", "sats", "address", "path", "signatures"},
    "outputs": {"index", "sats", "address", "script", "kind", "path", "manifest_id"},
    "findings": {"code", "severity", "where", "text"},
}
TOTALS = {"in", "payments", "change", "fee", "fee_rate_sat_vb", "leaving"}


def demand_report(found: dict, extra: set[str] = frozenset()) -> None:
    assert set(found) == TOP | set(extra)
    assert len(found["review_code"]) == 6
    for name, shape in SHAPES.items():
        assert found[name]
        assert all(set(one) == shape for one in found[name])
    assert set(found["totals"]) == TOTALS
    sums = found["totals"]
    assert sums["in"] == sums["payments"] + sums["change"] + sums["fee"]
    assert all(set(one["signatures"]) == {"have", "need"} for one in found["inputs"])


def test_inspect(laptop: Laptop) -> None:
    outcome = laptop.run("--json", *INSPECT, laptop.path("r.txt"))
    assert (outcome.code, outcome.err) == (0, "")
    demand_report(outcome.document)
    assert [one["kind"] for one in outcome.document["outputs"]] == ["payment"] * 4 + ["change"]


def test_a_batch(laptop: Laptop) -> None:
    path = laptop.path("r.txt")
    found = laptop.good("--json", *INSPECT, path, path).document
    assert set(found) == {"batch", "totals"}
    assert set(found["totals"]) == TOTALS - {"fee_rate_sat_vb"}
    for one in found["batch"]:
        demand_report(one)
    assert found["totals"]["fee"] == 2 * 8408
    first, second = ({finding["code"] for finding in one["findings"]} for one in found["batch"])
    assert second - first == {"batch-same-coin"}
    assert [one["verdict"] for one in found["batch"]] == ["ok", "confirm"]


def test_sign_by_the_review_code(laptop: Laptop) -> None:
    path, phrase = laptop.path("r.txt"), laptop.path("passphrase")
    code = laptop.good("--json", *INSPECT, path).document["review_code"]
    sign = (
        "--json",
        "sign",
        path,
        "--wallet",
        "vault",
        "--key",
        "mine",
        "--passphrase-file",
        phrase,
    )
    outcome = laptop.good(*sign, "--expect", " ".join(code))
    demand_report(outcome.document, {"signed"})
    signed = outcome.document["signed"]
    assert set(signed) == {"inputs", "psbt", "reply_sha256"}
    assert signed["inputs"] == [0, 1, 2, 3]
    assert len(Psbt.parse(base64.b64decode(signed["psbt"])).inputs[0].partial_sigs) == 1
    assert "canary" not in outcome.out + outcome.err
    assert laptop.kinds() == ["intent", "signed"]


def test_every_command_answers_in_one_document(laptop: Laptop) -> None:
    for arguments in (
        ("key", "list"),
        ("key", "show", "mine"),
        ("wallet", "list"),
        ("wallet", "show", "vault"),
        ("wallet", "addresses", "vault", "--count", "2"),
        ("wallet", "addresses", "vault", "--change", "--from", "7", "--count", "1"),
        ("wallet", "export", "vault"),
        ("policy", "show", "vault"),
        ("policy", "trusted"),
        ("journal", "show"),
        ("journal", "verify"),
        ("journal", "export"),
        ("halt", "status"),
        ("qr", "show", laptop.path("s.txt")),
        ("qr", "scan", laptop.path("s.txt")),
        ("combine", laptop.path("s.txt"), laptop.path("s.txt")),
        ("wallet", "remove", "single", "--yes"),
        ("selftest",),
    ):
        outcome = laptop.good(*arguments, "--json")
        assert isinstance(outcome.document, dict), arguments
        plain = laptop.run(*arguments) if "remove" not in arguments else outcome
        assert plain.code == 0, plain.err


def test_a_ceremony_is_one_document_too(laptop: Laptop, capsys: pytest.CaptureFixture[str]) -> None:
    plan = laptop.write(
        "c.toml", 'title = "t"\n[[step]]\nask = "ready?"\n[[step]]\nrun = ["key", "list"]\n'
    )
    out = laptop.path("transcript.txt")
    outcome = laptop.good("--json", "ceremony", "run", plan, "--confirmed", "--transcript", out)
    assert outcome.document["done"] == 2
    assert "mine" in Path(out).read_text()
    assert capsys.readouterr().out == ""


def strict(laptop: Laptop) -> str:
    return laptop.write("strict.toml", "[fee]\nrefuse_sats = 1\n")


def cut(laptop: Laptop) -> str:
    return laptop.write("cut.txt", (laptop.folder / "r.txt").read_text()[:300])


FAULTS: list[tuple[Callable[[Laptop], tuple[str, ...]], int, str]] = [
    (lambda _: ("sing",), 2, "usage"),
    (lambda _: (), 2, "usage"),
    (lambda _: ("inspect", "x"), 2, "usage"),
    (lambda _: ("inspect", "--wallet", "nobody", "x"), 2, "no-such-wallet"),
    (lambda p: (*INSPECT, p.path("absent")), 2, "no-such-file"),
    (lambda p: (*INSPECT, p.path("r.words")), 3, ""),
    (lambda p: (*INSPECT, cut(p)), 3, "malformed"),
    (lambda p: (*INSPECT, p.path("s.txt")), 4, ""),
    (lambda p: (*INSPECT, p.path("r.txt"), "--policy", strict(p)), 4, ""),
    (lambda p: ("sign", p.path("r.txt"), "--wallet", "vault", "--key", "mine"), 5, "no-person"),
    (
        lambda p: ("sign", p.path("r.txt"), "--wallet", "vault", "--key", "-", "--expect", "no"),
        5,
        "unexpected-review",
    ),
    (lambda _: ("key", "show", "nobody"), 6, "no-such-key"),
    (lambda _: ("key", "new", "fresh"), 5, "no-person"),
    (lambda _: ("wallet", "remove", "vault"), 5, "no-person"),
]


@pytest.mark.parametrize(("arguments", "code", "word"), FAULTS, ids=range(len(FAULTS)))
def test_a_fault_is_one_error_line_a_hint_and_a_document(
    arguments: Callable[[Laptop], tuple[str, ...]], code: int, word: str, laptop: Laptop
) -> None:
    words = arguments(laptop)
    plain = laptop.run(*words)
    assert plain.code == code, plain.err
    assert len(plain.errors) == 1, plain.err
    assert len(plain.hints) == 1, plain.err
    assert "verdict" in plain.out.lower() or plain.out == ""
    told = laptop.run(*words, "--json")
    assert told.code == code
    fault = told.document["error"]
    assert set(fault) == {"code", "message", "hint"}
    assert plain.errors == [f"error: {fault['message']}"]
    assert plain.hints == ([f"hint: {fault['hint']}"] if fault["hint"] else [])
    assert fault["code"] == (word or fault["code"])


def test_halted_and_unfit(laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
    path, phrase = laptop.path("r.txt"), laptop.path("passphrase")
    code = " ".join(laptop.good("--json", *INSPECT, path).document["review_code"])
    laptop.good("halt", "engage", "--why", "the safe was open")
    unlock = ("--passphrase-file", phrase, "--expect", code)
    outcome = laptop.run("--json", "sign", path, "--wallet", "vault", "--key", "mine", *unlock)
    assert (outcome.code, outcome.document["error"]["code"]) == (7, "halted")
    outcome = laptop.run("--json", "halt", "status")
    assert (outcome.code, outcome.document["engaged"]) == (7, True)
    assert len(outcome.errors) == 1
    locked = laptop.folder / "locked"
    locked.mkdir(mode=0o500)
    assert stat.S_IMODE(locked.stat().st_mode) == 0o500

    def full(*_args, **_options) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "x")

    monkeypatch.setattr("coldsign.cli.deliver.write_output", full)
    outcome = laptop.run("wallet", "export", "vault", "--out", laptop.path("w.txt"))
    assert (outcome.code, outcome.errors) == (8, ["error: cannot use x: the disk is full"])
    assert not Path(laptop.path("w.txt")).exists()


def test_a_bug_shows_its_place_and_no_value(
    laptop: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args, **_options) -> None:
        raise ValueError("canary: the secret words")

    monkeypatch.setattr("coldsign.cli.sign.examine_batch", broken)
    outcome = laptop.run("--json", *INSPECT, laptop.path("r.txt"))
    assert (outcome.code, outcome.document["error"]["code"]) == (1, "bug")
    assert "ValueError" in outcome.errors[0]
    assert "canary" not in outcome.out + outcome.err


def test_a_reply_that_cannot_be_written_can_be_made_again(
    laptop: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, phrase = laptop.path("r.txt"), laptop.path("passphrase")
    code = " ".join(laptop.good("--json", *INSPECT, path).document["review_code"])
    sign = ("sign", path, "--wallet", "vault", "--key", "mine", "--passphrase-file", phrase)
    sign += ("--expect", code, "--out", laptop.path("reply.psbt"))

    def full(*_args, **_options) -> None:
        raise UnfitError("the disk is full", hint="make room", code="disk-full")

    monkeypatch.setattr("coldsign.cli.deliver.write_output", full)
    outcome = laptop.run(*sign)
    assert (outcome.code, outcome.errors) == (8, ["error: the disk is full"])
    assert outcome.hints == [
        "hint: make room; the signature was made: sign again with --accept signed-before"
    ]
    monkeypatch.undo()
    laptop.good(*sign, "--accept", "signed-before")
    assert laptop.kinds() == ["intent", "signed", "intent", "signed"]


@pytest.mark.parametrize(
    ("number", "error", "advice"),
    [
        (errno.ENOSPC, "the disk is full", "make room and run it again"),
        (errno.EPIPE, "the reader of the output went away", "run it again without that pipe"),
        (errno.EBADF, "standard output is closed", "give it a file, a pipe or a terminal"),
        (errno.EIO, "input/output error", ""),
    ],
)
def test_a_reply_that_no_stream_takes_is_said_to_be_signed(
    number, error, advice, laptop: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, phrase = laptop.path("r.txt"), laptop.path("passphrase")
    code = " ".join(laptop.good("--json", *INSPECT, path).document["review_code"])
    sign = ("sign", path, "--wallet", "vault", "--key", "mine", "--passphrase-file", phrase)

    def broken(*_args, **_options) -> None:
        raise OSError(number, "")

    monkeypatch.setattr("coldsign.cli.screen.Screen.raw", broken)
    outcome = laptop.run(*sign, "--expect", code)
    assert (outcome.code, outcome.errors) == (8, [f"error: {error}"])
    again = "the signature was made: sign again with --accept signed-before"
    said = "; ".join(filter(None, (advice, "the journal says what was done", again)))
    assert outcome.hints == [f"hint: {said}"]
