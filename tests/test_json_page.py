"""docs/json.md names every command, and every member of what each writes."""

import re
from pathlib import Path

import click
import pytest

from coldsign.cli.app import cli
from tests.cli.conftest import _equipped, _quick_key_files, laptop  # noqa: F401 - fixtures
from tests.cli.laptop import DATA, Laptop

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "json.md").read_text()
QUOTED = re.compile(r"`([^`]+)`")
REVIEW = ["--wallet", "vault"]
RUN = {
    "inspect": ["inspect", "r.txt", *REVIEW],
    "combine": ["combine", "r.txt", "r.txt"],
    "finalize": ["finalize", "final.txt"],
    "key show": ["key", "show", "mine"],
    "key list": ["key", "list"],
    "key xpub": ["key", "xpub", "mine", "--path", "m/1h", "--passphrase-file", "passphrase"],
    "wallet show": ["wallet", "show", "vault"],
    "wallet add": ["wallet", "add", "again", "r.wallet", "--yes", "--force"],
    "wallet list": ["wallet", "list"],
    "wallet addresses": ["wallet", "addresses", "vault", "--count", "1"],
    "wallet export": ["wallet", "export", "vault"],
    "wallet audit": ["wallet", "audit", "vault", "list.csv"],
    "policy set": ["policy", "set", "vault", "policy.toml", "--yes"],
    "policy show": ["policy", "show", "vault"],
    "policy trusted": ["policy", "trusted"],
    "qr show": ["qr", "show", "r.txt"],
    "qr scan": ["qr", "scan", "r.txt"],
    "journal show": ["journal", "show"],
    "journal verify": ["journal", "verify"],
    "journal export": ["journal", "export"],
    "halt engage": ["halt", "engage", "--why", "a test"],
    "halt release": ["halt", "release", "--why", "a test", "--yes"],
    "halt status": ["halt", "status"],
    "ceremony run": ["ceremony", "run", "ceremony.toml"],
    "selftest": ["selftest"],
    "wallet remove": ["wallet", "remove", "single", "--yes"],
    "key remove": ["key", "remove", "mine", "--yes"],
}
# They ask a person, need gpg or a damaged journal, or go the whole way: tested where they live.
NOT_RUN = {"key new", "key passphrase", "approve", "policy trust", "policy distrust", "demo"}
NOT_RUN |= {"journal recover", "journal set-aside"}
PARTS = {
    "an input of `inspect`": ("inspect", "inputs"),
    "an output of `inspect`": ("inspect", "outputs"),
    "`totals` of `inspect`": ("inspect", "totals"),
    "a finding of `inspect`": ("inspect", "findings"),
    "a wallet of `wallet list`": ("wallet list", "wallets"),
    "a cosigner of `wallet show`": ("wallet show", "cosigners"),
    "an address of `wallet addresses`": ("wallet addresses", "addresses"),
    "an entry of `journal show`": ("journal show", "entries"),
    "a check of `doctor`": ("doctor", "checks"),
    "a test of `selftest`": ("selftest", "tests"),
}


def table(heading: str) -> dict[str, str]:
    """The rows of one of the page's tables."""
    rows = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    return {left.strip(): right for _, left, right, _ in (row.split("|") for row in rows)}


def commands() -> dict[str, set[str]]:
    documented = {}
    for left, right in table("command").items():
        for name in QUOTED.findall(left):
            documented[name] = set(QUOTED.findall(right.partition(";")[0]))
    for name in ("sign", "approve"):
        documented[name] = documented[name] - {"inspect"} | documented["inspect"]
    return documented


def leaves(group: click.Group, path: str = "") -> set[str]:
    context = click.Context(group)
    found = set()
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        full = f"{path} {name}".strip()
        found |= leaves(command, full) if isinstance(command, click.Group) else {full}
    return found


@pytest.fixture
def documents(laptop: Laptop, monkeypatch):  # noqa: F811 - the fixture
    monkeypatch.chdir(laptop.folder)
    address = laptop.good("wallet", "addresses", "vault", "--count", "1").out.split()[1]
    laptop.write("list.csv", f"address,index\n{address},0\n")
    laptop.write("policy.toml", "")
    laptop.write("ceremony.toml", 'title = "t"\n[[step]]\nrun = ["halt", "status"]\n')
    import json

    spend = json.loads((DATA / "regtest" / "wpkh-1x2.json").read_text())
    laptop.write("final.txt", spend["signed_by_node"][0] + "\n")
    code = " ".join(laptop.good("--json", *RUN["inspect"]).document["review_code"])
    unlock = ["--key", "mine", "--passphrase-file", "passphrase", "--expect", code]
    found = {"sign": laptop.good("--json", "sign", "r.txt", *REVIEW, *unlock).document}
    found |= {name: laptop.good("--json", *words).document for name, words in RUN.items()}
    imported = ["--from", "mnemonic", "--secret-file", "r.words", "--passphrase-file", "passphrase"]
    found["key import"] = laptop.good("--json", "key", "import", "new", *imported).document
    found["doctor"] = laptop.run("--json", "doctor").document
    return found


def test_every_command_is_on_the_page():
    documented = commands()
    assert set(documented) == leaves(cli)
    assert set(RUN) | NOT_RUN | {"sign", "key import", "doctor"} == set(documented)


def test_every_member_is_on_the_page_and_there(documents):
    documented = commands()
    for name, document in documents.items():
        assert set(document) - {"error"} == documented[name], name
    described = table("part")
    assert {"`signed` of `sign`", "`approval` of `approve`", "a key of `policy trusted`"} | set(
        PARTS
    ) == set(described)
    for part, (name, member) in PARTS.items():
        value = documents[name][member]
        value = value[0] if isinstance(value, list) else value
        assert set(value) == set(QUOTED.findall(described[part])), part
    assert set(documents["sign"]["signed"]) == set(QUOTED.findall(described["`signed` of `sign`"]))
