"""Requests one after the other: what is remembered, and what of it survives hands in the home folder."""

import itertools
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coldsign.ceremony import desk as desk_module
from coldsign.ceremony.desk import open_desk
from coldsign.ceremony.operator import Consent
from coldsign.ceremony.walk import Job, sign_walk
from coldsign.controls.policy import Policy
from coldsign.errors import RefusedError
from coldsign.primitives.network import Network
from tests.attacks.test_cli_vectors import accepts, code_of
from tests.attacks.vault import Vault, copied, keyring, wallet_of, watched
from tests.review.build import HONEST_COINS, HONEST_PAYMENTS, STRANGER, Coin, Draft, Pay
from tests.wallet.samples import with_checksum

ROOT = Path(__file__).resolve().parent.parent.parent
BASE = Draft()
APART = (Coin((0, 9), 50_000_000), Coin((0, 11), 80_000_000))
OTHER = Pay(30_000_000, b"\x00\x14" + b"\x21" * 20)
REQUESTS = {
    "base": BASE,
    "R-01": replace(BASE, coins=APART),
    "R-02": BASE.with_payment(2, sats=79_990_000),
    "R-03": BASE.with_payment(0, script=STRANGER),
    "R-05": replace(BASE, coins=(HONEST_COINS[0], APART[1])),
    "R-06": replace(BASE, coins=APART).with_payment(1, script=STRANGER),
    "new": replace(BASE, coins=APART, payments=(OTHER, Pay(99_995_000, place=(1, 13)))),
    "less": replace(BASE, payments=(HONEST_PAYMENTS[0], Pay(99_995_000, place=(1, 12)))),
}


def expected(first: Draft, second: Draft) -> str:
    """The rule of R-01 to R-06, from the transactions alone."""
    one, two = first.tx(), second.tx()
    if one.txid() == two.txid():
        return "confirm"
    paid = [(p.sats, p.script) for p in first.payments if p.place is None]
    pays = [(p.sats, p.script) for p in second.payments if p.place is None]
    if {i.outpoint for i in one.inputs}.isdisjoint(i.outpoint for i in two.inputs):
        return "refuse" if set(paid) & set(pays) else "ok"
    return "confirm" if not set(pays) - set(paid) else "refuse"


def put(vault: Vault, request: Draft) -> str:
    return vault.write("request.psbt", request.raw())


def sign(vault: Vault, request: Draft, *, manifest: str | None = None):
    source = put(vault, request)
    more = ["--manifest", manifest] if manifest else []
    seen = vault.run("inspect", source, "--wallet", "W-wsh", *vault.papers(manifest=False), *more)
    code = code_of(seen) if "review_code" in seen.document else "none"
    vault.reply.unlink(missing_ok=True)
    done = vault.sign(source, "W-wsh", code=code, accept=accepts(seen), more=more)
    return seen, done


def good(vault: Vault, request: Draft, **options) -> bytes:
    _, done = sign(vault, request, **options)
    assert done.code == 0, done.err
    return vault.reply.read_bytes()


@pytest.fixture(scope="module")
def after(pristine, tmp_path_factory):
    """A vault for each first request, which it has signed."""
    with pytest.MonkeyPatch.context() as patch:
        made = {}
        for name, request in REQUESTS.items():
            made[name] = copied(pristine, tmp_path_factory.mktemp("after") / "vault")
            watched(patch, made[name])
            good(made[name], request)
        yield made


@pytest.fixture
def signed(after, tmp_path, monkeypatch):
    """A copy of the vault that has signed one request."""

    def make(first: str) -> Vault:
        vault = copied(after[first], tmp_path / first)
        watched(monkeypatch, vault)
        return vault

    return make


PAIRS = list(itertools.product(REQUESTS, REQUESTS))


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=["-then-".join(pair) for pair in PAIRS])
def test_every_ordered_pair(signed, first, second):
    vault = signed(first)
    seen, done = sign(vault, REQUESTS[second])
    assert seen.document["verdict"] == expected(REQUESTS[first], REQUESTS[second])
    if seen.document["verdict"] == "refuse":
        assert (done.code, vault.unlocked) == (4, [])
        assert not vault.reply.exists()
    else:
        assert done.code == 0, done.err


def test_the_same_request_gives_the_same_bytes(signed):
    vault = signed("base")
    first = good(vault, REQUESTS["base"])
    assert good(vault, REQUESTS["base"]) == first


def test_a_replacement_is_shown_as_a_difference(signed):
    vault = signed("base")
    seen, _ = sign(vault, REQUESTS["less"])
    (text,) = [f["text"] for f in seen.document["findings"] if f["code"] == "replaces-earlier"]
    assert BASE.tx().txid_hex() in text
    assert "1 payment dropped" in text
    assert "2 of its 2 coins" in text


def test_three_in_a_row_do_not_pay_twice(signed):
    """A bridge: the second shares a coin with the first, the third only with the second."""
    vault = signed("base")
    good(vault, REQUESTS["R-05"])
    third = replace(BASE, coins=(APART[1], Coin((0, 15), 50_000_000)))
    seen, done = sign(vault, third)
    assert (seen.document["verdict"], done.code) == ("refuse", 4)
    assert seen.findings["paid-before"] == "refuse"


# --- hands in the home folder ----------------------------------------------------------------------


def deleted(vault: Vault) -> None:
    (vault.home / "journal.jsonl").unlink()
    (vault.home / "journal.head").unlink()


def journal_deleted(vault: Vault) -> None:
    (vault.home / "journal.jsonl").unlink()


def head_deleted(vault: Vault) -> None:
    (vault.home / "journal.head").unlink()


def cut(vault: Vault) -> None:
    path = vault.home / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-2]))


def torn(vault: Vault) -> None:
    path = vault.home / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-40])


def corrupted(vault: Vault) -> None:
    path = vault.home / "journal.jsonl"
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"leaving":', b'"leaving":1', 1))


def intent_dropped(vault: Vault) -> None:
    path = vault.home / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if b'"intent","prev"' not in line))


def emptied(vault: Vault) -> None:
    (vault.home / "journal.jsonl").write_bytes(b"")


def linked(vault: Vault) -> None:
    path = vault.home / "journal.jsonl"
    path.rename(vault.home / "elsewhere")
    path.symlink_to(vault.home / "elsewhere")


def opened(vault: Vault) -> None:
    (vault.home / "journal.jsonl").chmod(0o666)


@pytest.mark.parametrize(
    "hands",
    [
        deleted,
        journal_deleted,
        head_deleted,
        cut,
        torn,
        corrupted,
        intent_dropped,
        emptied,
        linked,
        opened,
    ],
)
@pytest.mark.parametrize("second", ["R-01", "new"])
def test_a_journal_that_was_touched_signs_nothing(signed, hands, second):
    """Neither a double payment nor anything else: until a person has looked, nothing is signed."""
    vault = signed("base")
    hands(vault)
    for _ in range(2):
        _, done = sign(vault, REQUESTS[second])
        assert done.code in {4, 7, 8}, done.err
        assert len(done.errors) == 1
    assert vault.unlocked == []
    assert not vault.reply.exists()


def test_the_whole_home_set_back_is_found_by_the_paper_only(
    signed, pristine, tmp_path, monkeypatch
):
    """What nothing on the machine can know (docs/threat-model.md): all of the folder, an hour older."""
    vault = signed("base")
    noted = vault.run("journal", "verify").document
    paper = ("--against", f"{noted['entries']}:{noted['hash'][:8]}")
    assert vault.run("journal", "verify", *paper).code == 0
    shutil.rmtree(vault.home)
    shutil.copytree(pristine.home, vault.home)
    assert vault.run("journal", "verify").code == 0
    found = vault.run("journal", "verify", *paper)
    assert (found.code, found.document["error"]["code"]) == (4, "journal-rolled-back")
    _, done = sign(vault, REQUESTS["R-01"])
    assert done.code == 0  # this is the hole, and it is documented
    assert "Keep the counter" in (ROOT / "docs" / "threat-model.md").read_text()


def test_another_laptop_of_one_owner_knows_what_the_request_carries(
    signed, pristine, tmp_path, monkeypatch
):
    """R-09: two laptops share no journal, which is documented; a signature of ours in the request is seen."""
    reply = signed("base").reply.read_bytes()
    other = copied(pristine, tmp_path / "other")
    watched(monkeypatch, other)
    source = other.write("request.psbt", reply)
    seen = other.inspect(source, "W-wsh")
    assert (seen.document["verdict"], seen.findings["already-signed"]) == ("confirm", "confirm")
    done = other.sign(source, "W-wsh", code=code_of(seen))
    assert (done.code, other.unlocked) == (4, [])
    assert "Two laptops of one keyholder" in (ROOT / "docs" / "threat-model.md").read_text()


@pytest.mark.parametrize("year", [1970, 2100, None], ids=["1970", "2100", "weeks later"])
def test_no_clock_changes_a_decision(signed, monkeypatch, year):
    """E-17, and R-12: what was signed weeks ago is remembered as if it were of today."""
    vault = signed("base")
    before = vault.reply.read_bytes()
    later = datetime.now(UTC) + timedelta(weeks=9)
    at = later if year is None else datetime(year, 1, 1, tzinfo=UTC)

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return at

    monkeypatch.setattr(desk_module, "datetime", Clock)
    seen, done = sign(vault, BASE)
    assert (seen.findings["signed-before"], done.code) == ("confirm", 0)
    assert vault.reply.read_bytes() == before
    vault.unlocked.clear()
    seen, done = sign(vault, REQUESTS["R-01"])
    assert (seen.findings["paid-before"], done.code, vault.unlocked) == ("refuse", 4, [])
    good(vault, REQUESTS["new"])


def test_the_latch_removed_by_hand_still_halts(signed):
    vault = signed("base")
    assert vault.run("halt", "engage", "--why", "drill").code == 0
    _, done = sign(vault, REQUESTS["new"])
    assert done.code == 7
    (vault.home / "halt").unlink()
    _, done = sign(vault, REQUESTS["new"])
    assert (done.code, vault.unlocked) == (7, [])


def test_a_broken_latch_halts(signed):
    vault = signed("base")
    for make in (
        lambda p: p.touch(),
        lambda p: p.symlink_to("/nowhere"),
        lambda p: p.mkdir(),
        lambda p: p.write_bytes(b"\xff\xfe"),
        os.mkfifo,
    ):
        make(vault.home / "halt")
        _, done = sign(vault, REQUESTS["new"])
        assert (done.code, vault.unlocked) == (7, [])
        path = vault.home / "halt"
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    _, done = sign(vault, REQUESTS["new"])
    assert done.code == 0


def test_an_edited_registration_halts_for_good(signed):
    vault = signed("base")
    path = vault.home / "wallets" / "W-wsh.json"
    honest = path.read_bytes()
    for edited in (
        honest.replace(b"sortedmulti(2,", b"sortedmulti(1,"),
        honest.replace(b"mainnet", b"testnet4"),
        honest.replace(b"6e3432e4", b"6e3432e5"),
        (vault.home / "wallets" / "W-shwsh.json").read_bytes(),
        b"{}",
        b"",
    ):
        assert edited != honest
        path.write_bytes(edited)
        _, done = sign(vault, REQUESTS["new"])
        assert done.code in {3, 4}
        path.write_bytes(honest)
        _, done = sign(vault, REQUESTS["new"])
        assert done.code == 7
        assert vault.run("halt", "status").document
        (vault.home / "halt").unlink()
        _, done = sign(vault, REQUESTS["new"])
        assert (done.code, vault.unlocked) == (7, [])


def test_a_whole_registration_of_another_wallet_under_our_name_halts(signed, tmp_path):
    """Made by coldsign itself, so its own digest holds: only the journal knows better."""
    vault = signed("base")
    other = Vault(tmp_path / "other")
    other.folder.mkdir()
    other.home.mkdir(mode=0o700)
    desk = open_desk(other.home, Network.named("mainnet"))
    evil = replace_name(wallet_of("W-shwsh"), "W-wsh")
    desk.registry.add(evil)
    shutil.copy(other.home / "wallets" / "W-wsh.json", vault.home / "wallets" / "W-wsh.json")
    _, done = sign(vault, REQUESTS["new"])
    assert done.code in {4, 7}
    assert vault.unlocked == []


def replace_name(wallet, name):
    return type(wallet).create(name, wallet.descriptor, our_keys=wallet.our_keys)


def test_a_name_stands_for_one_wallet(vault):
    """K-04: neither for another kind of script, nor for the same keys with a lower or a higher quorum."""
    before, body = wallet_of("W-wsh").digest, wallet_of("W-wsh").descriptor.body
    others = [body.replace("multi(2,", f"multi({needed},") for needed in (1, 3)]
    for other in (wallet_of("W-shwsh").descriptor.body, *others):
        assert other != body
        source = vault.write("other.txt", with_checksum(other) + "\n")
        again = vault.run("wallet", "add", "W-wsh", source, "--yes")
        assert (again.code, again.document["error"]["code"]) == (4, "wallet-exists")
    assert open_desk(vault.home, Network.named("mainnet")).wallet("W-wsh").digest == before


def test_an_edited_policy_halts(signed):
    vault = signed("base")
    policy = vault.write("strict.toml", "[limits]\nper_transaction_sats = 1\n")
    assert vault.run("policy", "set", "W-wsh", policy, "--yes").code == 0
    source = put(vault, REQUESTS["new"])
    words = [
        "--wallet",
        "W-wsh",
        "--key",
        "founder",
        "--passphrase-file",
        str(vault.folder / "passphrase"),
    ]
    seen = vault.run("inspect", source, "--wallet", "W-wsh")
    assert (seen.code, seen.findings["over-transaction-limit"]) == (4, "refuse")
    # another file on the command line is not the bound one
    bare = vault.inspect(source, "W-wsh")
    vault.reply.unlink()
    lax = vault.sign(source, "W-wsh", code=code_of(bare), accept=accepts(bare))
    assert lax.code == 4
    path = vault.home / "policies" / "W-wsh.toml"
    bound = path.read_bytes()
    # no file at all: the journal remembers that there was one
    path.unlink()
    gone = vault.run("sign", source, *words, "--expect", code_of(seen), "--out", str(vault.reply))
    assert gone.code == 4
    path.touch(mode=0o600)
    path.write_bytes(bound.replace(b"= 1\n", b"= 0\n"))
    for code in (4, 7):
        done = vault.run(
            "sign", source, *words, "--expect", code_of(seen), "--out", str(vault.reply)
        )
        assert done.code == code
        path.write_bytes(bound)
    assert vault.unlocked == []


# --- manifests -------------------------------------------------------------------------------------


def manifest(vault: Vault, *rows: str) -> str:
    return vault.write("books.csv", "\n".join(["id,address,sats", *rows, ""]))


A = "bc1qn9c6gvll25ruj7fntfe220tjz0z9v52csm2a9f"
B = "bc1pxc2az39un3v2rdms0nhuyqsgfje849kct0r7ewwzquz2a2ca865qly8yq6"


@pytest.mark.parametrize(
    ("rows", "request_name", "verdict"),
    [
        ((f"wd-1,{A},30000000", f"wd-2,{B},20000000"), "R-01", "refuse"),
        ((f"wd-3,{A},30000000", f"wd-4,{B},20000000"), "R-01", "confirm"),
        ((f"wd-2,{A},30000000", f"wd-1,{B},20000000"), "R-01", "refuse"),
        ((f"wd-1,{A},30000000", f"wd-2,{B},20000000"), "R-02", "confirm"),
        ((f"wd-3,{A},30000000", f"wd-1,{B},20000000"), "R-02", "refuse"),
    ],
)
def test_withdrawal_ids_across_manifests(vault, rows, request_name, verdict):
    first = manifest(vault, f"wd-1,{A},30000000", f"wd-2,{B},20000000")
    good(vault, BASE, manifest=first)
    vault.unlocked.clear()
    second = manifest(vault, *rows)
    seen, done = sign(vault, REQUESTS[request_name], manifest=second)
    assert seen.document["verdict"] == verdict
    assert done.code == (4 if verdict == "refuse" else 0)
    assert bool(vault.unlocked) == (verdict != "refuse")


def test_an_id_with_another_amount_is_refused_even_over_the_same_coins(vault):
    good(vault, BASE, manifest=manifest(vault, f"wd-1,{A},30000000", f"wd-2,{B},20000000"))
    changed = BASE.with_payment(0, sats=31_000_000).with_payment(2, sats=78_995_000)
    books = manifest(vault, f"wd-1,{A},31000000", f"wd-2,{B},20000000")
    seen, done = sign(vault, changed, manifest=books)
    assert seen.findings["withdrawal-id-reused"] == "refuse"
    assert done.code == 4


def test_an_id_is_not_forgotten_by_signing_again_without_the_books(vault):
    """The coordinator says that the reply was lost, asks again, and then changes what wd-1 pays."""
    good(vault, BASE, manifest=manifest(vault, f"wd-1,{A},30000000", f"wd-2,{B},20000000"))
    vault.unlocked.clear()
    seen, done = sign(vault, BASE)
    assert (seen.findings["signed-before"], done.code, vault.unlocked) == ("refuse", 4, [])
    more = replace(BASE, coins=APART).with_payment(0, sats=31_000_000)
    books = manifest(vault, f"wd-1,{A},31000000", f"wd-2,{B},20000000")
    seen, done = sign(vault, more.with_payment(2, sats=78_995_000), manifest=books)
    assert (seen.findings["withdrawal-id-reused"], done.code) == ("refuse", 4)


# --- the gap, moved step by step ------------------------------------------------------------------


def test_a_coin_far_along_does_not_move_the_window_for_change(vault):
    """The coordinator pays dust to our change address 2,000,000,000, has us spend it, and comes again."""
    far = 2_000_000_000
    first = replace(
        BASE,
        coins=(*HONEST_COINS, Coin((1, far), 10_000)),
        payments=(*HONEST_PAYMENTS[:2], Pay(80_005_000, place=(1, 12))),
    )
    good(vault, first)
    second = replace(BASE, coins=APART, payments=(OTHER, Pay(99_995_000, place=(1, far - 1))))
    seen, done = sign(vault, second)
    assert seen.findings.get("change-index-too-far") == "refuse"
    assert done.code == 4


def test_change_that_was_signed_moves_the_window(vault):
    good(vault, replace(BASE, payments=(*HONEST_PAYMENTS[:2], Pay(79_995_000, place=(1, 1_000)))))
    further = replace(BASE, coins=APART, payments=(OTHER, Pay(99_995_000, place=(1, 1_900))))
    good(vault, further)


# --- two at once, and power cuts -------------------------------------------------------------------


class Racing:
    """A person who, while looking, has another process sign."""

    def __init__(self, meanwhile):
        self.meanwhile, self.unlocked = meanwhile, 0

    def look(self, report):
        pass

    def approve(self, report):
        self.meanwhile()
        return Consent(frozenset(found.code for found in report.findings), "test")

    def unlock(self):
        self.unlocked += 1
        return keyring()


def desk_of(vault: Vault):
    return open_desk(vault.home, Network.named("mainnet"))


def job(vault: Vault, request: Draft) -> Job:
    return Job(request.raw(), desk_of(vault).wallet("W-wsh"), Policy.empty())


def test_two_processes_cannot_decide_on_one_memory(vault):
    inner = Racing(lambda: None)
    outer = Racing(lambda: sign_walk(job(vault, REQUESTS["R-01"]), desk_of(vault), inner))
    with pytest.raises(RefusedError) as no:
        sign_walk(job(vault, BASE), desk_of(vault), outer)
    assert no.value.code == "journal-moved-on"
    assert (inner.unlocked, outer.unlocked) == (1, 0)


def test_a_power_cut_with_the_key_open_counts_as_signed(vault):
    class Cut(Racing):
        def unlock(self):
            os._exit(9)

    child = os.fork()
    if not child:
        try:
            sign_walk(job(vault, BASE), desk_of(vault), Cut(lambda: None))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert vault.kinds() == ["intent"]
    seen, done = sign(vault, REQUESTS["R-01"])
    assert (seen.document["verdict"], done.code, vault.unlocked) == ("refuse", 4, [])
    seen, done = sign(vault, BASE)
    assert (seen.findings["signed-before"], done.code) == ("confirm", 0)
