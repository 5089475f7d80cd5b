"""Registering as a keyholder meets it: what is wrong is said early, what is shown can be read, what is written used."""

import json

import pytest

from coldsign.keys.bip32 import ExtendedSecretKey
from coldsign.primitives.keypath import parse_path
from coldsign.primitives.network import REGTEST
from tests.cli.laptop import DATA, Laptop
from tests.wallet.samples import with_checksum


def test_a_name_that_is_taken_or_none_is_said_before_a_passphrase(laptop):
    fixture = json.loads((DATA / "regtest/sh-wpkh-4x4.json").read_text())
    other = laptop.write("other.txt", fixture["descriptor"] + "\n")
    laptop.good("wallet", "export", "single", "--out", laptop.path("single.txt"))
    absent = ("--key", "mine", "--passphrase-file", "absent", "--yes")
    for name, file, code in (
        ("vault", "other.txt", "wallet-exists"),
        ("again", "single.txt", "wallet-known"),
    ):
        outcome = laptop.run("--json", "wallet", "add", name, laptop.path(file), *absent)
        assert (outcome.code, outcome.document["error"]["code"]) == (4, code)
    outcome = laptop.run("--json", "wallet", "add", "a/b", other, *absent)
    assert (outcome.code, outcome.document["error"]["code"]) == (2, "wallet-name")
    assert outcome.hints[0].startswith("hint: 1 to 64 plain letters")


def test_two_keys_of_one_quorum_on_this_machine(laptop):
    """Whoever has this laptop has both: a person must know before it is relied on."""
    fixture = json.loads((DATA / "regtest/wsh-sortedmulti-2of3-4x4.json").read_text())
    shown = laptop.good("wallet", "show", "vault").out
    assert "caution: " not in shown
    second = fixture["cosigners"][1]
    words = laptop.write("second", f"{second['mnemonic']}\n{second['passphrase']}\n")
    phrase = ("--passphrase-file", laptop.path("passphrase"))
    laptop.good("key", "import", "second", "--from", "mnemonic", "--secret-file", words, *phrase)
    caution = (
        "keys 0 and 1 of one quorum are on this machine: who gets hold of it has 2 of its"
        " signatures"
    )
    document = laptop.good("--json", "wallet", "show", "vault").document
    assert document["cautions"] == [caution]
    shown = laptop.good("wallet", "show", "vault").out
    assert caution in " ".join(shown.split())
    assert "says it is our key second (not proven)" in shown
    assert "register with" not in shown


def test_raw_keys_are_named_in_plain_characters(laptop):
    fixture = json.loads((DATA / "regtest/sh-multi-3of4-uncompressed-3x5.json").read_text())
    source = laptop.write("raw", fixture["descriptor"] + "\n")
    shown = laptop.good("wallet", "add", "raw", source, "--yes").err
    assert "3 of 4 keys: 04adaa680da62dfc..., 04faa0629c6cb0ba..." in shown
    assert "u{" not in shown


def test_all_that_the_papers_say_is_on_the_screen_before_the_question(laptop):
    """K-01, K-03 and K-26: a key of another in a cosigner's place is told by the papers alone."""
    fixture = json.loads((DATA / "regtest/wsh-sortedmulti-2of3-4x4.json").read_text())
    honest = laptop.good("--json", "wallet", "show", "vault").document
    theirs = honest["cosigners"][1]["key"].partition("]")[2].partition("/")[0]
    secret = ExtendedSecretKey.from_seed(b"the attacker's own").derive(parse_path("48h/1h/0h/2h"))
    swapped = secret.neuter().serialize(REGTEST)
    body = fixture["descriptor"].partition("#")[0].replace(theirs, swapped)
    assert swapped in body
    source = laptop.write("swapped.txt", with_checksum(body) + "\n")
    own = ("--key", "mine", "--passphrase-file", laptop.path("passphrase"))
    with laptop.terminal(
        "wallet", "add", "swapped", source, *own, columns=110, rows=60
    ) as terminal:
        shown = "".join(terminal.asked("Does every line agree").split())
        terminal.line("y")
        assert terminal.end() == 5
    for words in ("2of3keys", "OURS,provenbyderivation", "firstreceiveaddress", "walletid"):
        assert words in shown
    assert shown.count("OURS") == 1
    for cosigner in honest["cosigners"]:
        known = cosigner["key"].replace(theirs, swapped)
        assert "".join(known.split()) in shown
    for other in (theirs, honest["first_receive"], honest["wallet_id"]):
        assert other not in shown
    assert laptop.run("wallet", "show", "swapped").code == 2
    added = laptop.good("--json", "wallet", "add", "swapped", source, *own, "--yes").document
    for name in ("first_receive", "wallet_id"):
        assert added[name] in shown


@pytest.mark.parametrize("name", ["r.txt", "r.words"])
def test_what_is_due_is_a_wallet_description(name, laptop):
    outcome = laptop.run("wallet", "add", "x", laptop.path(name), "--yes")
    assert outcome.code == 3
    assert f"{name}: a wallet description is due, but this is " in outcome.errors[0]


@pytest.mark.parametrize("picture", ["vault.png", "vault.gif", "vault.svg"])
def test_a_wallet_goes_to_the_next_laptop_by_qr(picture, laptop, tmp_path):
    laptop.good("wallet", "export", "vault", "--format", "bsms", "--out", laptop.path(picture))
    written = (laptop.folder / picture).read_bytes()
    assert laptop.run("wallet", "export", "vault", "--out", laptop.path(picture)).code == 2
    assert (laptop.folder / picture).read_bytes() == written
    if picture.endswith(".svg"):
        assert b"<svg" in written
        return
    other = Laptop(tmp_path / "other")
    other.folder.mkdir()
    added = other.good("--json", "wallet", "add", "vault", laptop.path(picture), "--yes")
    known = laptop.good("--json", "wallet", "show", "vault").document
    assert added.document["wallet_id"] == known["wallet_id"]
    assert added.document["created_by"] == "a BSMS 1.0 file"


def test_text_is_not_written_under_a_picture_s_name(laptop):
    signed = json.loads((DATA / "regtest/wpkh-1x2.json").read_text())["signed_by_node"][0]
    done = laptop.write("done.txt", signed + "\n")
    outcome = laptop.run("finalize", done, "--out", laptop.path("tx.PNG"))
    assert (outcome.code, len(outcome.errors), len(outcome.hints)) == (2, 1, 1)
    assert not (laptop.folder / "tx.PNG").exists()


def test_what_is_not_registered_is_not_asked_about(laptop):
    for words in (("nothing",), ("nothing", "--yes")):
        outcome = laptop.run("wallet", "remove", *words)
        assert (outcome.code, outcome.errors) == (2, ["error: no wallet is called nothing"])
        assert outcome.hints == ["hint: coldsign wallet list shows the registered ones"]
    assert laptop.run("wallet", "remove", "vault").code == 5
