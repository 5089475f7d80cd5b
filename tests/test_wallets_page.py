"""What docs/wallets.md promises: every row of its tables is tried."""

import re
from pathlib import Path

import pytest

from coldsign.errors import MalformedError
from coldsign.primitives.network import MAINNET, NETWORKS
from coldsign.psbt.model import MAX_PSBT
from coldsign.wallet import words
from coldsign.wallet.descriptor import MAX_TEXT, Descriptor
from coldsign.wallet.formats.export import Format, export
from coldsign.wallet.formats.recognise import MAX_FILE, recognise
from coldsign.wallet.keylist import MAX_KEYS
from coldsign.wallet.miniscript.ast import Context
from coldsign.wallet.miniscript.limits import MAX_ITEMS, MAX_OPS, MAX_SCRIPT
from coldsign.wallet.miniscript.parse import MAX_MULTI
from coldsign.wallet.policy import MAX_PATHS
from coldsign.wallet.wallet import Wallet
from tests.wallet.samples import account, key, with_checksum

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "wallets.md").read_text()
LETTERS = {letter: key(number) for number, letter in enumerate("ABCDEFGHIJKLMNOPQRSTU")}
NAMES = {account(number)[1:9]: letter for number, letter in enumerate("ABCDEFGHIJKLMNOPQRSTU")}
SPECIAL = {
    "[ORIGIN]": account(0).partition("]")[0] + "]",
    "OTHERACCOUNT": account(0, "48h/0h/1h/2h"),
    "TPUB": account(0, network=NETWORKS[-1]),
    "XPUB": account(0).partition("]")[2],
    "XONLY": words.NUMS.hex(),
    "POINT": "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    "HASH": "ab" * 32,
}


def filled(template: str) -> str:
    """The descriptor of a template: single capital letters are keys."""
    text = re.sub(r"…", ",".join(LETTERS.values()), template)
    for word, value in SPECIAL.items():
        text = text.replace(word, value)
    return re.sub(r"(?<![\w-])([A-U])(?![\w-])", lambda match: LETTERS[match[1]], text)


def rows(heading: str) -> list[list[str]]:
    """The rows of the table below a heading, without the code marks."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    found = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]
    assert len(found) > 2, heading
    return found[2:]


def wallet(text: str) -> Wallet:
    return Wallet.create("vault", Descriptor.parse(text, MAINNET, require_checksum=False))


@pytest.mark.parametrize("row", rows("Scripts"), ids=lambda row: row[0])
def test_scripts_and_their_conditions(row: list[str]) -> None:
    template, kind, said = row
    made = wallet(filled(template))
    assert made.script_kind == kind
    assert made.address(0, 0)
    found = made.words.replace(SPECIAL["HASH"], "HASH")
    for fingerprint, letter in NAMES.items():
        found = found.replace(fingerprint, letter)
    assert found == said


@pytest.mark.parametrize("row", rows("Keys"), ids=lambda row: row[0])
def test_keys(row: list[str]) -> None:
    made = wallet(f"wpkh({filled(row[0])})")
    assert Wallet.create("v", Descriptor.parse(str(made.descriptor), MAINNET)).words == made.words


@pytest.mark.parametrize("row", rows("What is refused"), ids=lambda row: row[0])
def test_refusals(row: list[str]) -> None:
    with pytest.raises(MalformedError) as no:
        wallet(filled(row[0]))
    assert row[1] in no.value.message


def test_limits() -> None:
    held = {
        "keys of `multi()` in `sh()`": MAX_MULTI[Context.P2SH],
        "keys of `multi()` in `wsh()`": MAX_MULTI[Context.P2WSH],
        "keys of `multi_a()`": MAX_MULTI[Context.TAPSCRIPT],
        "keys of a descriptor": MAX_KEYS,
        "bytes of a script in `sh()`": MAX_SCRIPT[Context.P2SH],
        "bytes of a script in `wsh()`": MAX_SCRIPT[Context.P2WSH],
        "bytes of a leaf": MAX_SCRIPT[Context.TAPSCRIPT],
        "executed opcodes outside taproot": MAX_OPS,
        "witness items in `wsh()`": MAX_ITEMS[Context.P2WSH],
        "witness items in a leaf": MAX_ITEMS[Context.TAPSCRIPT],
        "levels of nesting, and of a script tree": 128,
        "ways to spend": MAX_PATHS,
        "branches": 2,
        "characters of a descriptor": MAX_TEXT,
        "bytes of a wallet file": MAX_FILE,
        "bytes of a PSBT": MAX_PSBT,
    }
    section = PAGE.split("\n## Limits\n")[1].split("\n## ")[0]
    said = {
        cells[0].strip(): int(cells[1].strip().replace(",", ""))
        for line in section.splitlines()[3:]
        if line.startswith("|") and (cells := line.strip("|").split("|"))
    }
    assert said == held


@pytest.mark.parametrize("row", rows("Files"), ids=lambda row: row[0])
def test_what_each_format_can_say(row: list[str]) -> None:
    written = row[2]
    forms = {form.value for form in Format}
    assert written == "no" or written in forms


def test_every_format_that_can_be_written_is_on_the_page_and_read_back() -> None:
    listed = {row[2] for row in rows("Files")} - {"no"}
    assert listed == {form.value for form in Format}
    made = wallet(filled("wsh(sortedmulti(2,A,B,C))"))
    for form in Format:
        assert recognise(export(made, form), MAINNET).descriptor == made.descriptor


def test_networks() -> None:
    assert [row[0] for row in rows("Networks")] == [network.name for network in NETWORKS]
    for row, network in zip(rows("Networks"), NETWORKS, strict=True):
        text = f"wpkh({account(0, network=network)}/<0;1>/*)"
        made = Wallet.create(
            "v", Descriptor.parse(with_checksum(text), network, require_checksum=True)
        )
        assert made.address(0, 0).startswith(row[1])
        assert account(0, network=network).partition("]")[2].startswith(row[2])
