"""The books and the policy, through the program: manifests, ids paid twice, limits, destinations."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from coldsign.primitives.address import to_address
from coldsign.primitives.network import MAINNET, REGTEST
from coldsign.primitives.script import p2wpkh
from coldsign.wallet.descriptor import Descriptor
from tests.controls.gnupg import people
from tests.live.custodian import PAID, Desk, Office, address, laptop, memory
from tests.live.kinds import ECDSA

pytestmark = pytest.mark.live

ROWS = (("wd-1", 1, 300_000), ("wd-2", 2, 200_000))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    for gpg in people():
        keys = {"anna": gpg.make("anna")}
        yield Office(gpg, keys, laptop(folder / "laptop", gpg, [*keys.values()]))


@pytest.fixture
def desk(office: Office, tmp_path: Path) -> Desk:
    return office.desk(tmp_path / "laptop")


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ((("wd-1", 1, 300_001), ROWS[1]), "manifest-amount-differs"),
        ((("wd-1", 1, 299_999), ROWS[1]), "manifest-amount-differs"),
        ((("wd-1", 1, 200_000), ("wd-2", 2, 300_000)), "manifest-amounts-swapped"),
        ((*ROWS, ("wd-3", 3, 5_000)), "manifest-payment-missing"),
        (ROWS[:1], "not-in-manifest"),
        ((("wd-1", 3, 300_000), ROWS[1]), "not-in-manifest"),
    ],
    ids=["satoshi-more", "satoshi-less", "swapped", "missing", "extra", "another"],
)
def test_books_that_differ(desk: Desk, rows: tuple[tuple[str, int, int], ...], code: str) -> None:
    psbt, books = desk.withdrawal("day.psbt"), desk.manifest("day.csv", *rows)
    papers = ("--manifest", books)
    assert desk.findings(psbt, *papers)[code] == "refuse"
    assert desk.refused(psbt, papers=papers) in {code, "manifest-payment-missing"}
    assert not [*desk.folder.glob("reply*")]


def _look_alike(script: bytes) -> bytes:
    """A script whose program begins and ends as another's: what a person compares."""
    program = script[2:]
    return p2wpkh(program[:4] + bytes(reversed(range(12))) + program[-4:])


def test_an_address_swapped_for_a_look_alike(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    books = desk.manifest("day.csv", *ROWS)
    false = list(PAID)
    false[1] = _look_alike(PAID[1])
    monkeypatch.setattr("tests.live.custodian.PAID", tuple(false))
    psbt = desk.withdrawal("day.psbt")
    findings = desk.findings(psbt, "--manifest", books)
    assert findings["look-alike-address"] == "refuse"
    assert findings["not-in-manifest"] == "refuse"
    assert desk.refused(psbt, papers=("--manifest", books))


def test_an_id_paid_twice_from_other_coins(desk: Desk) -> None:
    books = desk.manifest("day.csv", *ROWS)
    papers = ("--manifest", books)
    desk.sign(desk.withdrawal("first.psbt"), papers=papers)
    second = desk.withdrawal("second.psbt", place=5)
    assert desk.findings(second, *papers)["paid-before"] == "refuse"
    assert desk.refused(second, "--accept", "paid-before", papers=papers) == "paid-before"


def test_a_conflicting_replacement_is_a_person_s_decision(desk: Desk) -> None:
    books = desk.manifest("day.csv", *ROWS)
    papers = ("--manifest", books)
    desk.sign(desk.withdrawal("first.psbt"), papers=papers)
    dearer = desk.withdrawal("dearer.psbt", fee=5_000)
    (found,) = [
        one
        for one in desk.inspect(dearer, *papers)["findings"]
        if one["code"] == "replaces-earlier"
    ]
    assert found["severity"] == "confirm"
    assert "1 of its 1 coins, the same payments" in found["text"]
    assert desk.refused(dearer, papers=papers) == "not-accepted"
    desk.sign(dearer, "--accept", "replaces-earlier", papers=papers)


def test_one_manifest_paid_by_several_transactions(desk: Desk) -> None:
    books = desk.manifest("day.csv", *ROWS, ("wd-3", 3, 5_000))
    papers = ("--manifest", books)
    parts = (
        desk.withdrawal("one.psbt", ((1, 300_000), (3, 5_000)), place=1),
        desk.withdrawal("two.psbt", ((2, 200_000),), place=2),
    )
    assert desk.refused(parts[0], papers=papers) == "manifest-payment-missing"
    desk.bind("[allow]\npartial_manifest = true\n")
    for part in parts:
        assert desk.findings(part, *papers)["manifest-part"] == "note"
        desk.sign(part, papers=papers)
    again = desk.withdrawal("again.psbt", ((2, 200_000),), place=3)
    assert desk.refused(again, papers=papers) == "paid-before"


def test_two_withdrawals_alike_are_paid_by_two_transactions(desk: Desk) -> None:
    books = desk.manifest("day.csv", ("wd-1", 1, 300_000), ("wd-2", 1, 300_000))
    papers = ("--manifest", books)
    desk.bind("[allow]\npartial_manifest = true\n")
    desk.sign(desk.withdrawal("one.psbt", ((1, 300_000),), place=1), papers=papers)
    two = desk.withdrawal("two.psbt", ((1, 300_000),), place=2)
    assert desk.findings(two, *papers)["paid-before"] == "confirm"
    assert desk.inspect(two, *papers)["outputs"][0]["manifest_id"] == "wd-2"
    desk.sign(two, "--accept", "paid-before", papers=papers)
    three = desk.withdrawal("three.psbt", ((1, 300_000),), place=3)
    assert desk.refused(three, "--accept", "paid-before", papers=papers) == "paid-before"


def test_limits_of_a_transaction_and_of_a_day(desk: Desk) -> None:
    desk.bind("[limits]\nper_transaction_sats = 600_000\nper_day_sats = 900_000\n")
    large = desk.withdrawal("large.psbt", ((1, 700_000),))
    assert desk.refused(large) == "over-transaction-limit"
    desk.sign(desk.withdrawal("one.psbt", ((1, 500_000),), place=1))
    two = desk.withdrawal("two.psbt", ((2, 500_000),), place=2)
    assert desk.refused(two) == "over-day-limit"
    desk.sign(desk.withdrawal("three.psbt", ((2, 300_000),), place=2))


def test_destinations_by_address_and_by_descriptor(desk: Desk) -> None:
    kind = next(kind for kind in ECDSA if kind.name == "wpkh")
    other = Descriptor.parse(kind.descriptor, REGTEST, require_checksum=False)
    desk.bind(f'[allow]\ndestinations = ["{address(1)}", "{other}"]\n')
    assert desk.refused(desk.withdrawal("no.psbt")) == "destination-not-allowed"
    desk.sign(desk.withdrawal("yes.psbt", ((1, 300_000),)))
    from coldsign.ceremony.withdrawal import Coin, make_withdrawal
    from coldsign.primitives.tx import TxOut
    from coldsign.wallet.derive import Deriver

    theirs = Deriver(other).derive(0, 17).script_pubkey
    coins, change = [Coin(0, 9, 1_000_000)], Coin(1, 9, 599_000)
    psbt = make_withdrawal(desk.wallet, coins, [TxOut(400_000, theirs)], change=change)
    desk.sign(desk.write("cold.psbt", psbt))


MAIN = to_address(PAID[1], MAINNET)
WRONG = address(1)[:-1] + ("q" if address(1)[-1] != "q" else "p")
BAD_BOOKS = {
    "empty": (b"", "empty"),
    "no header": (b"wd-1,%s,5\n", "header"),
    "utf-16": ("id,address,sats\n".encode("utf-16"), "UTF-16"),
    "latin-1": (b"id,address,sats\nwd-\xe9,%s,5\n", "line 2: not UTF-8"),
    "a quote": (b'id,address,sats\nwd"1,%s,5\n', "line 2: a double quote"),
    "exponent": (b"id,address,sats\nwd-1,%s,3e5\n", "line 2: sats 3e5"),
    "decimal": (b"id,address,sats\nwd-1,%s,0.003\n", "line 2: sats 0.003"),
    "negative": (b"id,address,sats\nwd-1,%s,-5\n", "line 2: sats -5"),
    "plus": (b"id,address,sats\nwd-1,%s,+5\n", "line 2: sats +5"),
    "zero": (b"id,address,sats\nwd-1,%s,0\n", "line 2: sats 0"),
    "other digits": ("id,address,sats\nwd-1,%s,\u0665\n".encode(), "line 2: sats"),
    "duplicate id": (
        b"id,address,sats\nwd-1,%s,5\nwd-1,%s,6\n",
        "line 3: id wd-1 stands in line 2",
    ),
    "semicolons": (b"id;address;sats\nwd-1;%s;5\n", "header"),
    "main network": (f"id,address,sats\nwd-1,{MAIN},5\n".encode(), "belongs to mainnet"),
    "checksum": (f"id,address,sats\nwd-1,{WRONG},5\n".encode(), "line 2"),
    "cyrillic": (
        f"id,address,sats\nwd-1,{address(1).replace('c', chr(0x441), 1)},5\n".encode(),
        "not an address",
    ),
    "json float": (b'[{"id": "a", "address": "%s", "sats": 5.0}]', "line 1"),
    "json twice": (b'[{"id": "a", "id": "b", "address": "%s", "sats": 5}]', "line 1"),
    "html": (b"<html><body>Sign in</body></html>", "header"),
    "binary": (bytes(range(256)), "UTF"),
}


@pytest.mark.parametrize("name", BAD_BOOKS)
def test_a_manifest_that_is_none(desk: Desk, name: str) -> None:
    data, words = BAD_BOOKS[name]
    books = desk.write("day.csv", data.replace(b"%s", address(1).encode()))
    papers = ("--wallet", "vault", "--manifest", books)
    done = desk.run("inspect", desk.withdrawal("day.psbt"), *papers)
    assert done.code == 3, done.err
    assert words in done.err
    assert done.err.startswith("error: ")


@pytest.mark.parametrize("form", ["bom", "crlf", "quoted", "columns", "json", "stdin"])
def test_a_manifest_as_programs_write_it(desk: Desk, form: str) -> None:
    table = [("id", "address", "sats"), *[(name, address(who), sats) for name, who, sats in ROWS]]
    plain = "".join(",".join(map(str, row)) + "\n" for row in table)
    quoted = io.StringIO()
    csv.writer(quoted, quoting=csv.QUOTE_ALL).writerows(table)
    objects = [
        f'{{"sats": {sats}, "id": "{name}", "address": "{where}"}}'
        for name, where, sats in table[1:]
    ]
    texts = {
        "bom": "\ufeff" + plain,
        "crlf": plain.replace("\n", "\r\n"),
        "quoted": quoted.getvalue(),
        "columns": "".join(f"{sats},{name},{where}\n" for name, where, sats in table),
        "json": f"[{','.join(objects)}]",
        "stdin": plain,
    }
    psbt = desk.withdrawal("day.psbt")
    digest = desk.inspect(psbt, "--manifest", desk.write("plain.csv", plain))["review_code"]
    books: str | Path = "-" if form == "stdin" else desk.write("day", texts[form])
    words = ("--json", "inspect", psbt, "--wallet", "vault", "--manifest", books)
    done = desk.fine(*words, data=plain.encode())
    assert done.json["review_code"] == digest
    assert {out["manifest_id"] for out in done.json["outputs"]} == {"wd-1", "wd-2", None}


@pytest.mark.parametrize("paper", ["manifest", "approval", "policy", "keys", "ceremony", "psbt"])
def test_a_gigabyte_where_a_paper_is_due(desk: Desk, paper: str) -> None:
    large = desk.folder / "large"
    with large.open("wb") as file:
        file.truncate(1 << 30)
    psbt = desk.withdrawal("day.psbt")
    words = {
        "manifest": ("inspect", psbt, "--wallet", "vault", "--manifest", large),
        "approval": (*desk.signing(psbt), "--approval", large),
        "policy": ("inspect", psbt, "--wallet", "vault", "--policy", large),
        "keys": ("policy", "trust", large, "0" * 40),
        "ceremony": ("ceremony", "run", large),
        "psbt": ("inspect", large, "--wallet", "vault"),
    }
    assert desk.fails(3, *words[paper], before=memory(700)) in {"malformed", "too-large"}


def test_a_ring_of_thousands_of_keys(desk: Desk) -> None:
    # The same public key packets again and again: what is bounded is how much of a file is taken.
    exported = desk.gpg.export("anna")
    key = (
        desk.gpg.gpg("--with-colons", "--list-keys", "=anna").decode().split("fpr:::::::::")[1][:40]
    )
    many = desk.write("many.gpg", exported * 6000)
    assert desk.fails(3, "policy", "trust", many, key) == "malformed"
    assert key in desk.fine("policy", "trusted").out


BAD_POLICIES = {
    "[limits]\nper_day = 5\n": "limits.per_day",
    "[fee]\nrefuse_sats = 1e6\n": "fee.refuse_sats must be a whole number",
    '[fee]\nrefuse_sats = "5"\n': "fee.refuse_sats must be a whole number, not text",
    "[require]\napprovals = -1\n": "require.approvals must be from",
    '[require]\nreviewers = ["DEADBEEF"]\n': "not an OpenPGP fingerprint",
    "[require\n": "not TOML",
    f'[allow]\ndestinations = ["{MAIN}"]\n': "belongs to mainnet",
}


@pytest.mark.parametrize("text", BAD_POLICIES)
def test_a_policy_that_is_none(desk: Desk, text: str) -> None:
    done = desk.run("policy", "set", "vault", desk.write("policy.toml", text), "--yes")
    assert done.code == 3
    assert BAD_POLICIES[text] in done.err
