"""Registering as a keyholder meets it: what is wrong is said early, what is shown can be read, what is written used."""

import json

import pytest

from tests.cli.laptop import DATA, Laptop


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
