"""A wrong file in every place that takes one: one error line in our words, one hint, the exit code, and no work."""

import os
from pathlib import Path

import pytest

from tests.cli.laptop import Laptop

REVIEW = ("--wallet", "vault")
EXPECT = ("--expect", "no such code at all here")
SIGN = ("sign", "r.txt", *REVIEW, "--key", "mine", *EXPECT)
IMPORT = ("key", "import", "fresh", "--passphrase-file", "passphrase", "--from")
TAKES = {
    "inspect": ("inspect", "?", *REVIEW),
    "manifest": ("inspect", "r.txt", *REVIEW, "--manifest", "?"),
    "policy": ("inspect", "r.txt", *REVIEW, "--policy", "?"),
    "sign": ("sign", "?", *REVIEW, "--key", "mine", *EXPECT),
    "approval": (*SIGN, "--approval", "?"),
    "approve": ("approve", "?", *REVIEW, "--signer", "anna", *EXPECT),
    "combine": ("combine", "r.txt", "?"),
    "finalize": ("finalize", "?"),
    "mnemonic": (*IMPORT, "mnemonic", "--secret-file", "?"),
    "wif": (*IMPORT, "wif", "--secret-file", "?"),
    "seedqr": (*IMPORT, "seedqr", "?"),
    "slip39": (*IMPORT, "slip39", "--secret-file", "?"),
    "codex32": (*IMPORT, "codex32", "--secret-file", "?"),
    "passphrase": ("key", "xpub", "mine", "--path", "m/1", "--passphrase-file", "?"),
    "wallet add": ("wallet", "add", "new", "?", "--yes"),
    "wallet audit": ("wallet", "audit", "vault", "?"),
    "policy set": ("policy", "set", "vault", "?", "--yes"),
    "policy trust": ("policy", "trust", "?", "A" * 40),
    "ceremony": ("ceremony", "run", "?"),
    "qr show": ("qr", "show", "?"),
    "qr scan": ("qr", "scan", "?"),
}
WRITES = {
    "combine": ("combine", "r.txt", "r.txt", "--out", "?"),
    "finalize": ("finalize", "r.txt", "--out", "?"),
    "wallet export": ("wallet", "export", "vault", "--out", "?"),
    "wallet audit": ("wallet", "audit", "vault", "absent", "--out", "?"),
    "journal export": ("journal", "export", "--out", "?"),
    "qr show": ("qr", "show", "r.txt", "--out", "?"),
    "ceremony": ("ceremony", "run", "absent", "--transcript", "?"),
    "demo": ("demo", "--yes", "--out", "?"),
    "sign": (*SIGN, "--out", "?"),
}
UNLOCKS = {
    "passphrase": ("--key", "mine", "--passphrase-file", "?"),
    "secret": ("--key", "-", "--secret-file", "?"),
}
# An empty policy is a policy, and any bytes are a message that can be shown.
FINE = {("policy", "empty"), ("policy set", "empty"), ("qr show", "binary"), ("qr scan", "binary")}
FINE |= {("qr scan", "huge")}
SYSTEMS_WORDS = (
    "No such file",
    "no such file",
    "Is a directory",
    "Errno",
    "errno",
    "not a directory",
)


@pytest.fixture
def place(laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> Laptop:
    """A laptop with a file of every wrong kind."""
    (laptop.folder / "folder").mkdir()
    (laptop.folder / "empty").touch()
    (laptop.folder / "binary").write_bytes(bytes(range(256)) * 40)
    monkeypatch.chdir(laptop.folder)
    return laptop


def demand_refused(taker: str, kind: str, place: Laptop) -> None:
    outcome = place.run(*(kind if word == "?" else word for word in TAKES[taker]))
    if (taker, kind) in FINE:
        assert outcome.code == 0, outcome.err
        return
    assert outcome.code in ({2} if kind in {"absent", "r.txt/under"} else {2, 3}), outcome.err
    assert (len(outcome.errors), len(outcome.hints)) == (1, 1), outcome.err
    assert not any(words in outcome.err for words in SYSTEMS_WORDS)
    if kind in {"absent", "r.txt/under"}:
        assert kind in outcome.errors[0]
    if kind == "empty":
        says = ("empty", "holds no keys", "no share was given", "tables [[step]] are due")
        assert any(words in outcome.errors[0] for words in says)


@pytest.mark.parametrize("taker", TAKES)
def test_what_is_read(taker: str, place: Laptop) -> None:
    before = place.files()
    for kind in ("absent", "folder", "empty", "binary", "r.txt/under"):
        demand_refused(taker, kind, place)
    if taker != "policy set":
        assert place.files() == before


@pytest.mark.slow
@pytest.mark.parametrize("taker", TAKES)
def test_sixty_megabytes(taker: str, place: Laptop) -> None:
    (place.folder / "huge").touch()
    os.truncate(place.folder / "huge", 60 << 20)
    demand_refused(taker, "huge", place)


@pytest.mark.parametrize("writer", WRITES)
def test_what_is_written(writer: str, place: Laptop) -> None:
    before = place.files()
    for kind in ("r.txt", "absent/x.txt", "r.txt/x.txt"):
        outcome = place.run(*(kind if word == "?" else word for word in WRITES[writer]))
        assert outcome.code == 2, outcome.err
        assert (len(outcome.errors), len(outcome.hints)) == (1, 1), outcome.err
        assert not any(words in outcome.err for words in SYSTEMS_WORDS)
        assert kind.split("/")[0] in outcome.errors[0]
    assert place.files() == before


@pytest.mark.parametrize("writer", ["finalize", "wallet export", "wallet audit", "ceremony"])
def test_a_folder_is_no_file_to_write(writer: str, place: Laptop) -> None:
    outcome = place.run(*("folder" if word == "?" else word for word in WRITES[writer]))
    assert (outcome.code, len(outcome.hints)) == (2, 1)
    assert "folder is a link, a folder or a device" in outcome.errors[0]


@pytest.mark.parametrize("taker", sorted(TAKES.keys() - {"qr show", "qr scan", "seedqr"}))
def test_what_may_not_be_read(taker: str, place: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root nothing is closed to us: the system's refusal is played."""
    opened, access = Path.open, os.access

    def closed(self: Path, *args, **named):
        if self.name == "closed":
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *args, **named)

    (place.folder / "closed").write_text("x")
    monkeypatch.setattr(Path, "open", closed)
    monkeypatch.setattr(os, "access", lambda path, mode: path != "closed" and access(path, mode))
    outcome = place.run(*("closed" if word == "?" else word for word in TAKES[taker]))
    assert outcome.code == 8
    assert outcome.errors[0].endswith("closed: permission denied")
    assert outcome.hints == ["hint: look at its owner and permissions"]


@pytest.mark.parametrize("writer", sorted(WRITES.keys() - {"demo"}))
def test_a_folder_that_takes_no_files(
    writer: str, place: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said before any work is done: what is signed into it would be lost."""
    access, shut = os.access, place.folder / "folder"
    monkeypatch.setattr(
        os, "access", lambda path, mode: (path != shut or not mode & os.W_OK) and access(path, mode)
    )
    before = place.files()
    outcome = place.run(*("folder/x.txt" if word == "?" else word for word in WRITES[writer]))
    assert outcome.code == 8
    assert outcome.errors == [f"error: cannot write to the folder {shut}: permission denied"]
    assert outcome.hints == ["hint: look at its owner and permissions"]
    assert place.files() == before
    assert place.kinds() == []


def test_a_transcript_is_replaced_only_with_force(place: Laptop) -> None:
    plan = place.write("c.toml", 'title = "t"\n[[step]]\nrun = ["halt", "status"]\n')
    run = ("ceremony", "run", plan, "--transcript", place.write("t.txt", "old"))
    assert place.run(*run).code == 2
    assert Path(place.path("t.txt")).read_text() == "old"
    place.good(*run, "--force")
    assert "every step ended as it should" in Path(place.path("t.txt")).read_text()


@pytest.mark.parametrize("lines", [(), ("--lines",)])
def test_a_list_with_a_heading_and_no_address_proves_nothing(lines, place: Laptop) -> None:
    """As a broken export leaves it: the audit of it must not be green."""
    heading = place.write("list.csv", "address,index\n")
    outcome = place.run("wallet", "audit", "vault", heading, "--out", place.path("report"), *lines)
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.errors == ["error: the list names no address: nothing is proven by it"]
    assert not Path(place.path("report")).exists()
    assert place.run("halt", "status").code == 0
    assert place.kinds() == []


@pytest.mark.parametrize("unlock", UNLOCKS)
@pytest.mark.parametrize("kind", ["absent", "folder", "r.txt/under"])
def test_what_unlocks_the_key_is_looked_for_first(unlock: str, kind: str, place: Laptop) -> None:
    """And not only when everything was read, decided and recorded."""
    review = place.good("--json", "inspect", "r.txt", *REVIEW).document["review_code"]
    words = [kind if word == "?" else word for word in UNLOCKS[unlock]]
    outcome = place.run("sign", "r.txt", *REVIEW, "--expect", " ".join(review), *words)
    assert (outcome.code, len(outcome.err.splitlines())) == (2, 2)
    assert outcome.errors[0].startswith(f"error: cannot read the {unlock} file {kind}: ")
    assert place.kinds() == []


@pytest.mark.parametrize(
    "words",
    [
        ("inspect", "-", "-", *REVIEW),
        ("inspect", "-", *REVIEW, "--manifest", "-"),
        (*SIGN, "--approval", "-", "--approval", "-"),
        ("sign", "-", *REVIEW, "--key", "-", "--secret-file", "-", *EXPECT),
        ("approve", "-", *REVIEW, "--manifest", "-", "--signer", "anna", *EXPECT),
        ("combine", "-", "r.txt", "-"),
        ("qr", "scan", "-", "-"),
    ],
)
def test_standard_input_is_for_one_thing(words: tuple[str, ...], place: Laptop) -> None:
    outcome = place.run(*words)
    assert (outcome.code, len(outcome.hints)) == (2, 1)
    assert outcome.errors == ["error: standard input can be read once, and '-' is given twice"]
