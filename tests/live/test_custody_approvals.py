"""Two reviewers on machines of their own, with real OpenPGP keys: who counts, and who does not."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from coldsign.controls.approval import split_clear_signed
from tests.cli.terminal import Terminal
from tests.controls.gnupg import people
from tests.live.custodian import Desk, Office, at, laptop

pytestmark = pytest.mark.live

NAMES = ("anna", "bert", "cleo", "holder", "revoked", "books", "stranger")
PAYS = (("wd-1", 1, 300_000), ("wd-2", 2, 200_000))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    for gpg in people():
        keys = {name: gpg.make(name) for name in NAMES}
        keys["expired"] = gpg.make("expired", made="20200101T000000", expires="1y")
        pinned = [key for name, key in keys.items() if name != "stranger"]
        yield Office(gpg, keys, laptop(folder / "laptop", gpg, pinned))


class Case(NamedTuple):
    """A withdrawal that two reviewers must approve, and the approvals of everybody."""

    office: Office
    desk: Desk
    psbt: Path
    manifest: Path
    approvals: dict[str, Path]

    @property
    def papers(self) -> tuple[str | Path, ...]:
        return ("--manifest", self.manifest)

    def given(self, *names: str) -> list[str | Path]:
        return [word for name in names for word in ("--approval", self.approvals[name])]

    def refused(self, *names: str) -> str:
        return self.desk.refused(self.psbt, *self.given(*names), papers=self.papers)


POLICY = """
[require]
manifest = true
approvals = 2
reviewers = [{reviewers}]
keyholders = ["{holder}"]
"""


def policy(office: Office, *more: str) -> str:
    names = ("anna", "bert", "cleo", "holder", "revoked", "expired", *more)
    reviewers = ", ".join(f'"{office.keys[name]}"' for name in names)
    return POLICY.format(reviewers=reviewers, holder=office.keys["holder"])


@pytest.fixture(scope="module")
def case(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("case")
    desk, review = office.desk(folder / "keyholder"), office.desk(folder / "reviewer")
    desk.bind(policy(office))
    psbt, manifest = desk.withdrawal("day.psbt"), desk.manifest("day.csv", *PAYS)
    approvals = {
        name: review.approve(psbt, key, folder / f"{name}.txt", "--manifest", manifest)
        for name, key in office.keys.items()
        if name != "expired"
    }
    text, _ = split_clear_signed(approvals["anna"].read_text())
    aged = ("--faked-system-time=20200601T000000!", "--local-user=expired", "--clear-sign")
    approvals["expired"] = folder / "expired.txt"
    approvals["expired"].write_bytes(office.gpg.gpg(*aged, data=f"{text}\n".encode()))
    office.gpg.revoke(office.keys["revoked"])
    keys = desk.write("keys.gpg", office.gpg.export(office.keys["revoked"]))
    desk.fine("policy", "trust", keys, office.keys["revoked"])
    return Case(office, desk, psbt, manifest, approvals)


@pytest.fixture
def fresh(case: Case, tmp_path: Path) -> Desk:
    """The keyholder's laptop before anything was signed."""
    desk = case.office.desk(tmp_path / "laptop")
    desk.bind(policy(case.office))
    return desk


def test_two_reviewers_approve_and_it_is_signed(case: Case, fresh: Desk) -> None:
    given = case.given("anna", "bert")
    fresh.sign(case.psbt, *given, papers=case.papers)
    assert b"wd-1" in fresh.journal.read_bytes()
    entries = fresh.fine("--json", "journal", "show").json["entries"]
    (intent,) = [entry["body"] for entry in entries if entry["kind"] == "intent"]
    who = {fingerprint for fingerprint, _ in intent["approvals"]}
    assert who == {case.office.keys["anna"], case.office.keys["bert"]}


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ((), "approvals-missing"),
        (("anna",), "approvals-missing"),
        (("anna", "anna"), "approvals-missing"),
        (("anna", "bert", "bert"), "approval-duplicate"),
        (("anna", "holder"), "approvals-missing"),
        (("anna", "bert", "holder"), "approval-own-key"),
        (("anna", "bert", "books"), "approval-unlisted"),
        (("anna", "stranger"), "signature-key-unknown"),
        (("anna", "expired"), "signature-key-expired"),
        (("anna", "revoked"), "signature-key-revoked"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else None,
)
def test_who_does_not_count(case: Case, names: tuple[str, ...], code: str) -> None:
    assert case.refused(*names) == code


def test_the_third_reviewer_refuses_and_names_why(case: Case, tmp_path: Path) -> None:
    review = case.office.desk(tmp_path / "reviewer")
    books = review.manifest("mine.csv", ("wd-1", 1, 300_000), ("wd-2", 3, 200_000))
    code = " ".join(review.inspect(case.psbt, "--manifest", books)["review_code"])
    words = ("--signer", case.office.keys["cleo"], "--expect", code, "--manifest", books)
    assert review.fails(4, "approve", case.psbt, "--wallet", "vault", *words) == "not-in-manifest"


@pytest.mark.parametrize(
    ("who", "code"),
    [("nobody", "no-such-signer"), ("expired", "signer-unusable"), ("revoked", "signer-unusable")],
)
def test_a_key_that_cannot_sign_is_named_before_the_review(
    case: Case, tmp_path: Path, who: str, code: str
) -> None:
    review = case.office.desk(tmp_path / "reviewer")
    words = ("--wallet", "vault", *case.papers, "--signer", who, "--expect", "x")
    assert review.fails(6, "approve", case.psbt, *words) == code
    done = review.run("approve", case.psbt, *words)
    assert "Review of" not in done.err
    assert [line.split(":")[0] for line in done.err.splitlines()] == ["error", "hint"]


@pytest.mark.parametrize(
    ("who", "words"),
    [("books", "does not list this key"), ("holder", "as the keyholder's"), ("anna", "")],
)
def test_a_reviewer_whose_approval_will_not_count_is_told(
    case: Case, fresh: Desk, tmp_path: Path, who: str, words: str
) -> None:
    code = " ".join(fresh.inspect(case.psbt, *case.papers)["review_code"])
    key = ("--signer", case.office.keys[who], "--expect", code, "--out", tmp_path / "a.txt")
    done = fresh.fine("approve", case.psbt, "--wallet", "vault", *case.papers, *key)
    told = [line for line in done.err.splitlines() if line.startswith("warning: the policy")]
    assert len(told) == bool(words)
    assert all(words in line for line in told)


def test_that_it_will_not_count_stands_beside_the_decision(case: Case, fresh: Desk) -> None:
    words = ("approve", case.psbt, "--wallet", "vault", *case.papers, "--signer", "books")
    line = map(str, ("--network", "regtest", *words))
    environment = case.office.gpg.environment
    with Terminal(*line, folder=fresh.folder, environment=environment) as terminal:
        for page in ("page 1 of", "page 2 of", "page 3 of"):
            terminal.see(page)
            terminal.type(" ")
        screen = terminal.asked("Type that amount to approve")
        assert "warning: the policy does not list this key" in screen
        terminal.line("no")
        assert terminal.end() == 5


def test_nothing_is_approved_without_the_manifest_that_the_policy_requires(
    case: Case, fresh: Desk, tmp_path: Path
) -> None:
    code = " ".join(fresh.inspect(case.psbt)["review_code"])
    words = ("--signer", case.office.keys["anna"], "--expect", code, "--out", tmp_path / "a.txt")
    assert fresh.fails(4, "approve", case.psbt, "--wallet", "vault", *words) == "no-manifest"
    assert not (tmp_path / "a.txt").exists()


def test_an_approval_of_another_review(case: Case, tmp_path: Path) -> None:
    review = case.office.desk(tmp_path / "reviewer")
    other = review.withdrawal("other.psbt", place=3)
    out = review.approve(other, case.office.keys["bert"], tmp_path / "b.txt")
    words = [*case.given("anna"), "--approval", out]
    done = case.desk.run("--json", *case.desk.signing(case.psbt, *words, papers=case.papers))
    assert done.code == 4
    assert "approval-wrong-review" in done.out or "is for another review" in done.err


def test_an_approval_without_a_risk_being_named(case: Case, fresh: Desk, tmp_path: Path) -> None:
    psbt = fresh.withdrawal("dear.psbt", ((1, 300_000),), fee=20_000)
    books = fresh.manifest("dear.csv", ("wd-9", 1, 300_000))
    papers = ("--manifest", books)
    assert fresh.findings(psbt, *papers)["fee-high"] == "confirm"
    review = case.office.desk(tmp_path / "reviewer")
    code = " ".join(review.inspect(psbt, *papers)["review_code"])
    anna = ("--wallet", "vault", "--signer", case.office.keys["anna"], "--expect", code, *papers)
    assert review.fails(4, "approve", psbt, *anna) == "not-accepted"
    given: list[str | Path] = []
    for name in ("anna", "bert"):
        out = tmp_path / f"{name}.txt"
        more = (*papers, "--accept", "fee-high")
        given += ["--approval", review.approve(psbt, case.office.keys[name], out, *more)]
    assert fresh.refused(psbt, *given, papers=papers) == "not-accepted"
    fresh.sign(psbt, *given, "--accept", "fee-high", papers=papers)


def test_approvals_cross_as_pictures(case: Case, fresh: Desk, tmp_path: Path) -> None:
    review = case.office.desk(tmp_path / "reviewer")
    anna = tmp_path / "anna.png"
    review.approve(case.psbt, case.office.keys["anna"], anna, *case.papers)
    (tmp_path / "bert").mkdir()
    review.approve(case.psbt, case.office.keys["bert"], tmp_path / "bert", *case.papers)
    assert [*(tmp_path / "bert").glob("*.png")]
    fresh.sign(case.psbt, "--approval", anna, "--approval", tmp_path / "bert", papers=case.papers)


def test_both_approvals_in_one_folder_and_the_manifest_as_a_picture(
    case: Case, fresh: Desk, tmp_path: Path
) -> None:
    review = case.office.desk(tmp_path / "reviewer")
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("anna", "bert"):
        review.approve(case.psbt, case.office.keys[name], folder / f"{name}.gif", *case.papers)
    books = tmp_path / "books.png"
    review.fine("qr", "show", case.manifest, "--format", "bbqr", "--out", books)
    fresh.sign(case.psbt, "--approval", folder, papers=("--manifest", books))


def test_an_approval_of_which_one_code_is_missing(case: Case, tmp_path: Path) -> None:
    review = case.office.desk(tmp_path / "reviewer")
    text = review.fine(
        "qr", "show", case.approvals["anna"], "--format", "bbqr", "--density", "10"
    ).out
    lines = [line for line in text.splitlines() if line.startswith("B$")]
    assert len(lines) > 2
    whole, part = tmp_path / "whole.txt", tmp_path / "part.txt"
    whole.write_text("\n".join([*lines[1:], *lines[:2]]))
    part.write_text("\n".join(lines[1:]))
    words = case.desk.signing(
        case.psbt, "--approval", part, "--approval", case.approvals["bert"], papers=case.papers
    )
    assert case.desk.fails(3, *words) == "malformed"
    assert case.refused("anna") == "approvals-missing"
    words = case.desk.signing(case.psbt, "--approval", whole, papers=case.papers)
    assert case.desk.fails(4, *words) == "approvals-missing"


@pytest.mark.parametrize("change", ["cut", "edited", "unsigned", "empty"])
def test_a_damaged_approval(case: Case, tmp_path: Path, change: str) -> None:
    text = case.approvals["anna"].read_text()
    bad = tmp_path / "bad.txt"
    changed = {
        "cut": text[:-40],
        "edited": text.replace("verdict: ok", "verdict: confirm"),
        "unsigned": split_clear_signed(text)[0] + "\n",
        "empty": "",
    }
    bad.write_text(changed[change])
    words = case.desk.signing(case.psbt, "--approval", bad, papers=case.papers)
    code, word = (4, "signature-bad") if change == "edited" else (3, "malformed")
    assert case.desk.fails(code, *words) == word


def test_a_clock_at_1970_names_the_clock(case: Case) -> None:
    words = case.desk.signing(case.psbt, *case.given("anna", "bert"), papers=case.papers)
    clock = at("1970-01-01T00:00:07")
    assert case.desk.fails(4, *words, program=clock) == "signature-future"
    done = case.desk.run(*words, program=clock)
    assert "this machine's clock says 1970-01-01" in done.err


def test_a_manifest_must_be_signed_by_who_is_listed(case: Case, tmp_path: Path) -> None:
    office = case.office
    desk = office.desk(tmp_path / "laptop")
    desk.bind(f'[require]\nmanifest = true\nmanifest_signers = ["{office.keys["books"]}"]\n')
    books = desk.manifest("books.csv", *PAYS)
    papers = ("--manifest", books)
    inspect = ("inspect", case.psbt, "--wallet", "vault", *papers)
    assert desk.fails(4, *inspect) == "manifest-unsigned"
    beside = desk.folder / "books.csv.asc"
    for name, code in (
        ("anna", "manifest-signer-unlisted"),
        ("stranger", "signature-key-unknown"),
    ):
        beside.write_bytes(office.gpg.sign(name, books.read_bytes()))
        assert desk.fails(4, *inspect) == code
    beside.write_bytes(office.gpg.sign("books", books.read_bytes() + b"x"))
    assert desk.fails(4, *inspect) == "signature-bad"
    beside.write_bytes(b"not a signature")
    assert desk.fails(3, *inspect) == "malformed"
    beside.write_bytes(office.gpg.sign("books", books.read_bytes()))
    desk.sign(case.psbt, papers=papers)
