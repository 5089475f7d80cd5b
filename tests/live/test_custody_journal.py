"""The record and the halt, through the program: damage, roll-back, edits, receipts, audits, a whole day."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from coldsign.controls.receipt import read_receipt
from coldsign.primitives.network import REGTEST
from coldsign.wallet.descriptor import Descriptor
from tests.controls.gnupg import people
from tests.live.custodian import Desk, Office, address, laptop, memory
from tests.live.keyholder import COLDSIGN
from tests.live.kinds import ECDSA

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    for gpg in people():
        keys = {"anna": gpg.make("anna"), "bert": gpg.make("bert")}
        keys["desk"] = gpg.make("desk", usage="default")
        yield Office(gpg, keys, laptop(folder / "laptop", gpg, [keys["anna"], keys["bert"]]))


@pytest.fixture
def desk(office: Office, tmp_path: Path) -> Desk:
    return office.desk(tmp_path / "laptop")


@pytest.fixture(scope="module")
def used(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A laptop on which two withdrawals were signed; never written to."""
    desk = office.desk(tmp_path_factory.mktemp("used") / "laptop")
    for place in (1, 2):
        desk.sign(desk.withdrawal(f"{place}.psbt", ((place, 100_000),), place=place))
    return desk


@pytest.fixture
def copy(used: Desk, tmp_path: Path) -> Desk:
    shutil.copytree(used.folder, tmp_path / "copy", symlinks=True)
    return Desk(tmp_path / "copy", used.gpg)


def noted(desk: Desk) -> str:
    """What `journal verify` says to put on paper."""
    return desk.fine("journal", "verify").out.split("note this: ")[1].strip()


def test_a_journal_cut_at_any_byte(copy: Desk) -> None:
    whole = copy.journal.read_bytes()
    starts = [0, *[at + 1 for at, byte in enumerate(whole) if byte == ord("\n")]]
    last = starts[-2]
    cuts = [0, 1, starts[1], starts[1] + 5, last - 1, last, last + 1, (last + len(whole)) // 2]
    for cut in [*cuts, len(whole) - 2, len(whole) - 1]:
        copy.journal.write_bytes(whole[:cut])
        word = copy.fails(4, "journal", "verify")
        # The head file knows how far the journal had reached.
        assert word == "journal-rolled-back", cut
    copy.journal.write_bytes(whole)
    copy.fine("journal", "verify")


def test_a_torn_last_line_is_recovered_by_name(copy: Desk) -> None:
    with copy.journal.open("ab") as file:
        file.write(b'{"body":{"who":')
    psbt = copy.withdrawal("more.psbt", ((4, 100_000),), place=4)
    assert copy.fails(4, "inspect", psbt, "--wallet", "vault") == "journal-torn"
    assert copy.fails(7, "halt", "status") == "halted"
    copy.fine("journal", "recover", "--why", "power cut", "--yes")
    copy.fine("halt", "release", "--why", "power cut, recovered", "--yes")
    copy.sign(psbt)
    assert "who" in (next(copy.home.glob("journal.torn-*"))).read_text()


@pytest.mark.parametrize("how", ["edited", "removed", "swapped"])
def test_a_line_that_is_not_what_was_written(copy: Desk, how: str) -> None:
    lines = copy.journal.read_bytes().splitlines(keepends=True)
    changed = {
        "edited": [lines[0], lines[1].replace(b'"', b"'", 1), *lines[2:]],
        "removed": [lines[0], *lines[2:]],
        "swapped": [lines[0], lines[2], lines[1], *lines[3:]],
    }
    copy.journal.write_bytes(b"".join(changed[how]))
    done = copy.run("journal", "verify")
    assert done.code == 4
    assert "at line 2" in done.err
    psbt = copy.withdrawal("more.psbt", ((4, 100_000),), place=4)
    assert copy.fails(4, "inspect", psbt, "--wallet", "vault") == "journal-broken"
    assert copy.fails(4, "journal", "recover", "--why", "x", "--yes") == "journal-broken"
    copy.fine("journal", "set-aside", "--why", "the disk failed", "--yes")
    copy.fine("journal", "verify")
    assert [*copy.home.glob("journal.broken-1")]
    assert copy.fails(4, "inspect", psbt, "--wallet", "vault") == "registration-changed"


def test_both_files_set_back_are_found_by_the_paper_count(copy: Desk, tmp_path: Path) -> None:
    before = tmp_path / "yesterday"
    shutil.copytree(copy.home, before)
    copy.sign(copy.withdrawal("more.psbt", ((4, 100_000),), place=4))
    paper = noted(copy)
    copy.fine("journal", "verify", "--against", paper)
    shutil.rmtree(copy.home)
    shutil.copytree(before, copy.home)
    copy.fine("journal", "verify")
    assert copy.fails(4, "journal", "verify", "--against", paper) == "journal-rolled-back"
    assert copy.fails(2, "journal", "verify", "--against", "7:ab") == "usage"
    assert copy.fails(2, "journal", "verify", "--against", "seven") == "usage"


def test_a_policy_file_edited_behind_our_back_halts(copy: Desk) -> None:
    copy.bind("[limits]\nper_day_sats = 900_000\n")
    words = copy.signing(copy.withdrawal("more.psbt", ((4, 100_000),), place=4))
    (path,) = copy.home.rglob("policies/*.toml")
    path.write_text(path.read_text().replace("900_000", "999_000_000"))
    assert copy.fails(4, *words) == "policy-changed"
    assert copy.fails(7, "halt", "status") == "halted"
    path.unlink()  # no policy is not the one that was bound either
    copy.fine("halt", "release", "--why", "an experiment", "--yes")
    assert copy.fails(4, *words) == "policy-changed"
    copy.bind("[limits]\nper_day_sats = 900_000\n")
    assert copy.fails(7, *words) == "halted"
    copy.fine("halt", "release", "--why", "the right policy is bound again", "--yes")
    copy.fine(*words)


@pytest.mark.parametrize("how", ["a letter", "another wallet"])
def test_a_registration_edited_behind_our_back_halts(copy: Desk, how: str) -> None:
    words = copy.signing(copy.withdrawal("more.psbt", ((4, 100_000),), place=4))
    (path,) = copy.home.rglob("wallets/*.json")
    was = path.read_text()
    if how == "a letter":
        path.write_text(was.replace("sortedmulti(2", "sortedmulti(1"))
        assert copy.fails(3, *words) == "descriptor-checksum"
    else:
        kind = next(kind for kind in ECDSA if kind.name == "wpkh")
        other = Desk(copy.folder, copy.gpg)
        descriptor = Descriptor.parse(kind.descriptor, REGTEST, require_checksum=False)
        other.write("other.txt", f"{descriptor}\n")
        elsewhere = ("--home", copy.folder / "elsewhere")
        other.fine("wallet", "add", "vault", "other.txt", "--yes", *elsewhere)
        path.write_bytes((copy.folder / "elsewhere" / "wallets" / path.name).read_bytes())
        assert copy.fails(4, *words) == "registration-changed"
    assert copy.fails(7, "halt", "status") == "halted"
    path.write_text(was)
    assert copy.fails(7, *words) == "halted"
    copy.fine("halt", "release", "--why", "put back from the paper", "--yes")
    copy.fine(*words)


def test_halt_and_release(desk: Desk) -> None:
    assert desk.fine("halt", "status").out == "released\n"
    words = desk.signing(desk.withdrawal("day.psbt"))
    desk.fine("halt", "engage", "--why", "the hot wallet's books differ")
    done = desk.run("halt", "status")
    assert (done.code, "the hot wallet's books differ" in done.out) == (7, True)
    assert desk.fails(7, *words) == "halted"
    (desk.home / "halt").unlink()
    assert desk.fails(7, *words) == "halted"
    assert desk.fails(7, "halt", "status") == "halted"
    assert desk.fails(5, "halt", "release", "--why", "found it") == "no-person"
    assert desk.fails(2, "halt", "release", "--why", " ", "--yes") == "usage"
    desk.fine("halt", "release", "--why", "a row was booked twice", "--yes")
    assert desk.fails(2, "halt", "release", "--why", "again", "--yes") == "usage"
    desk.fine(*words)
    kinds = [one["kind"] for one in desk.fine("--json", "journal", "show").json["entries"]]
    assert kinds[-4:] == ["halted", "released", "intent", "signed"]


def test_receipts_signed_and_encrypted_as_file_and_picture(
    office: Office, used: Desk, tmp_path: Path
) -> None:
    plain, sealed, picture = (tmp_path / name for name in ("plain", "sealed.asc", "sealed.png"))
    used.fine("journal", "export", "--out", plain)
    entries = read_receipt(plain.read_bytes().removesuffix(b"\n") + b"\n")
    assert [entry.kind for entry in entries][-1] == "signed"
    to = ("--sign-with", office.keys["anna"], "--encrypt-to", office.keys["desk"])
    used.fine("journal", "export", *to, "--out", sealed)
    read = office.gpg.gpg("--decrypt", data=sealed.read_bytes())
    assert read_receipt(read) == entries
    used.fine("journal", "export", "--since", "4", *to, "--out", picture)
    scanned = tmp_path / "scanned.txt"
    used.fine("qr", "scan", picture, "--out", scanned)
    read = office.gpg.gpg("--decrypt", data=scanned.read_bytes())
    assert read_receipt(read) == entries[3:]
    assert used.fails(2, "journal", "export", "--encrypt-to", office.keys["desk"]) == "usage"
    nobody = ("--sign-with", "0" * 40)
    assert used.fails(6, "journal", "export", *nobody) == "no-such-signer"


def listed(desk: Desk, count: int, *more: str, start: int = 0) -> str:
    wallet = desk.wallet
    rows = [f"{wallet.address(0, n)},{n}" for n in range(start, start + count)]
    return "\n".join([*rows, *more, ""])


def test_an_audit_and_its_signed_report(office: Office, desk: Desk) -> None:
    desk.write("list.csv", listed(desk, 50))
    signed = ("--sign-with", office.keys["anna"], "--out", "report.asc")
    desk.fine("wallet", "audit", "vault", "list.csv", *signed)
    report = (desk.folder / "report.asc").read_bytes()
    assert b"all 50 addresses are the wallet's own" in office.gpg.gpg("--decrypt", data=report)
    assert desk.fine("halt", "status").out == "released\n"


def test_who_cannot_sign_the_report_is_named_before_the_audit(desk: Desk) -> None:
    before = desk.journal.read_bytes()
    listed = desk.write("list.csv", "nothing that is an address\n")
    words = ("wallet", "audit", "vault", listed, "--sign-with", "nobody")
    assert desk.fails(6, *words) == "no-such-signer"
    assert desk.journal.read_bytes() == before


def test_a_foreign_address_halts_everything(office: Office, desk: Desk) -> None:
    words = desk.signing(desk.withdrawal("day.psbt"))
    desk.write("list.csv", listed(desk, 20, f"{address(1)},20"))
    report = ("--sign-with", office.keys["anna"], "--out", "report.asc")
    done = desk.run("wallet", "audit", "vault", "list.csv", *report)
    assert done.code == 4
    assert f"line 21: {address(1)} is not proven ours" in done.err
    text = office.gpg.gpg("--decrypt", data=(desk.folder / "report.asc").read_bytes())
    assert f"line 21: {address(1)} is not the wallet's".encode() in text
    assert desk.fails(7, *words) == "halted"
    assert address(1) in desk.run("halt", "status").out


def test_an_audit_as_a_filter_answers_each_line(desk: Desk) -> None:
    wallet = desk.wallet
    command = [
        COLDSIGN,
        "--network",
        "regtest",
        "--home",
        desk.home,
        "wallet",
        "audit",
        "vault",
        "-",
    ]
    with subprocess.Popen(
        [*map(str, command), "--lines"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", **desk.gpg.environment},
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        for index, given in ((0, {"index": 0}), (7, {}), (3, {"index": 3, "branch": 1})):
            branch = given.get("branch", 0)
            row = {"id": f"c-{index}", "address": wallet.address(branch, index), **given}
            running.stdin.write(json.dumps(row).encode() + b"\n")
            running.stdin.flush()
            answer = json.loads(running.stdout.readline())
            assert answer["id"] == f"c-{index}"
            assert answer["ours"]
            assert (answer["branch"], answer["index"]) == (branch, index)
        running.stdin.write(json.dumps({"id": "c-9", "address": address(2)}).encode() + b"\n")
        running.stdin.close()
        assert not json.loads(running.stdout.readline())["ours"]
        assert running.wait(120) == 4
    assert desk.fails(7, "halt", "status") == "halted"


def test_a_gigabyte_of_no_lines_is_no_list(desk: Desk) -> None:
    large = desk.folder / "large"
    with large.open("wb") as file:
        file.truncate(1 << 30)
    words = ("wallet", "audit", "vault", large)
    assert desk.fails(3, *words, before=memory(700)) == "malformed"
    assert desk.fails(2, "wallet", "audit", "vault", "missing.csv") == "no-such-file"
    assert desk.fine("halt", "status").out == "released\n"


DAY = """
title = "Withdrawals of the day"

[[step]]
ask = "Is every network cable out of this laptop?"

[[step]]
run = ["journal", "verify", "--against", "{paper}"]

[[step]]
run = ["wallet", "audit", "vault", "deposits.csv", "--out", "audit.txt"]

[[step]]
run = ["inspect", "wrong.psbt", "--wallet", "vault", "--manifest", "day.csv"]
exit = 4

[[step]]
run = ["inspect", "day.psbt", "--wallet", "vault", "--manifest", "day.csv"]

[[step]]
run = ["sign", "day.psbt", "--wallet", "vault", "--key", "-", "--secret-file", "secret",
  "--manifest", "day.csv", "--approval", "anna.png", "--approval", "bert.txt",
  "--expect", "{code}", "--out", "signed.png"]

[[step]]
run = ["journal", "export", "--sign-with", "{anna}", "--encrypt-to", "{desk}", "--out", "receipt.asc"]

[[step]]
run = ["halt", "status"]
"""


def test_a_complete_day_from_a_written_plan(office: Office, desk: Desk, tmp_path: Path) -> None:
    anna, bert = office.keys["anna"], office.keys["bert"]
    desk.bind(f'[require]\nmanifest = true\napprovals = 2\nreviewers = ["{anna}", "{bert}"]\n')
    psbt = desk.withdrawal("day.psbt")
    desk.withdrawal("wrong.psbt", ((1, 300_000), (2, 200_001)))
    desk.write("deposits.csv", listed(desk, 30))
    books = desk.manifest("day.csv", ("wd-1", 1, 300_000), ("wd-2", 2, 200_000))
    review = office.desk(tmp_path / "reviewer")
    for who, name in ((anna, "anna.png"), (bert, "bert.txt")):
        review.approve(psbt, who, desk.folder / name, "--manifest", books)
    code = " ".join(desk.inspect(psbt, "--manifest", books)["review_code"])
    plan = DAY.format(paper=noted(desk), code=code, anna=anna, desk=office.keys["desk"])
    desk.write("day.toml", plan)
    run = ("ceremony", "run", "day.toml", "--confirmed", "--transcript", "transcript.txt")
    desk.fine(*run)
    transcript = (desk.folder / "transcript.txt").read_text()
    assert "step 8 of 8" in transcript
    assert "every step ended as it should" in transcript
    assert code in transcript
    assert "manifest-amount-differs" in transcript
    assert (desk.folder / "signed.png").exists()
    kinds = [one["kind"] for one in desk.fine("--json", "journal", "show").json["entries"]]
    assert kinds[-4:] == ["audited", "intent", "signed", "ceremony"]
    secret = (desk.folder / "secret").read_text().split("\n")[0]
    assert secret not in transcript
    # The same plan again: its first report stands in the way, and nothing after that is done.
    (desk.folder / "transcript.txt").unlink()
    done = desk.run("--json", *run)
    assert (done.code, done.error) == (4, "ceremony-stopped")
