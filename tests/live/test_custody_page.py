"""docs/custody.md, command by command: people with laptops of their own, on the main network."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from coldsign.ceremony.withdrawal import Coin, make_withdrawal
from coldsign.primitives.address import to_address
from coldsign.primitives.network import MAINNET
from coldsign.primitives.tx import TxOut
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.registry import Registry
from coldsign.wallet.wallet import Wallet
from tests.benchmarks.audit.__main__ import KEYS
from tests.controls.gnupg import People, people
from tests.live.custodian import PAID
from tests.live.keyholder import COLDSIGN

pytestmark = pytest.mark.live

PAGE = Path(__file__).resolve().parents[2] / "docs" / "custody.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow\n"
SATS = 100_000_000


class Table:
    """The people around it, each with a folder, and what is passed between them."""

    def __init__(self, folder: Path, gpg: People) -> None:
        self.folder = folder
        keys = {name: gpg.make(name) for name in ("anna", "bert", "books")}
        keys["desk"] = gpg.make("desk", usage="default")
        self.names = {name.upper(): key for name, key in keys.items()}
        programs = f"{COLDSIGN.parent}:{os.environ['PATH']}"
        self.environment = {"PATH": programs, "LANG": "C.UTF-8", **gpg.environment, **self.names}
        for name in ("stick", "alice", "anna", "bert", "books"):
            (folder / name).mkdir()

    def put(self, name: str, text: str | bytes) -> None:
        for key, value in self.names.items():
            text = text.replace(f"${key}", value) if isinstance(text, str) else text
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(0o600)

    def run(self, who: str, script: str) -> subprocess.CompletedProcess[str]:
        environment = self.environment | {"COLDSIGN_HOME": str(self.folder / who / "home")}
        return subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder / who,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    @property
    def wallet(self) -> Wallet:
        return Registry(self.folder / "alice" / "home").load("vault")


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    for gpg in people():
        table = Table(tmp_path, gpg)
        table.put("alice/words", WORDS)
        table.put("alice/pass", "correct horse battery staple\n")
        made = table.run(
            "alice",
            "coldsign key import alice --from mnemonic --secret-file words --passphrase-file pass"
            " && coldsign key xpub alice --path m/48h/0h/0h/2h --passphrase-file pass",
        )
        assert made.returncode == 0, made.stderr
        (ours,) = re.findall(r"\[\w+[^\]]*\]xpub\w+|xpub\w+", made.stdout)
        cosigners = ",".join(f"{key}/<0;1>/*" for key in (ours, *KEYS[:2]))
        text = f"wsh(sortedmulti(2,{cosigners}))"
        descriptor = Descriptor.parse(text, MAINNET, require_checksum=False)
        table.put("stick/vault.txt", f"{descriptor}\n")
        yield table


def withdrawal(table: Table, payments: list[TxOut]) -> None:
    """What the coordinator and the deposit system bring, once the wallet is registered."""
    wallet = table.wallet
    change = Coin(1, 0, SATS - 1000 - sum(out.sats for out in payments))
    psbt = make_withdrawal(wallet, [Coin(0, 0, SATS)], payments, change=change)
    table.put("stick/day.psbt", psbt)
    rows = [(wallet.address(0, index), index) for index in range(20)]
    table.put("alice/deposits.csv", "".join(f"{address},{index}\n" for address, index in rows))
    asked = [json.dumps({"id": f"c-{n}", "address": address}) for address, n in rows]
    table.put("alice/requests.jsonl", "\n".join([*asked, ""]))
    table.put("alice/foreign.csv", f"{rows[0][0]},0\n{to_address(PAID[1], MAINNET)},1\n")


def commands(block: str) -> tuple[list[str], list[tuple[str, int]]]:
    """Whose commands they are, and each with the exit code it must end with."""
    head, *lines = block.splitlines()
    found = [re.fullmatch(r"(.*?)(?:  # exit (\d))?", line) for line in lines]
    people = head.removeprefix("# ").lower().split(", ")
    return people, [(match[1], int(match[2] or 0)) for match in found if match is not None]


def test_every_command_of_the_page(table: Table) -> None:
    done = 0
    for language, block in BLOCKS:
        if language == "toml":
            name = "alice/evening.toml" if "[[step]]" in block else "stick/policy.toml"
            table.put(name, block)
        elif language == "csv":
            (customer, sats) = block.splitlines()[1].split(",")[1:]
            paid = to_address(PAID[1], MAINNET)
            assert customer == paid, f"the page's customer should be {paid}"
            withdrawal(table, [TxOut(int(sats), PAID[1])])
            table.put("stick/day.csv", block)
        else:
            assert language == "sh"
            who, lines = commands(block)
            for person in who:
                for line, code in lines:
                    ended = table.run(person, f"set -o pipefail; {line}")
                    assert ended.returncode == code, (person, line, ended.stderr)
                    done += 1
    assert done > 40
    assert (table.folder / "alice" / "signed.psbt").exists()
    assert not (table.folder / "alice" / "one.psbt").exists()
    assert "every step ended" in (table.folder / "alice/evening-transcript.txt").read_text()
    verdicts = (table.folder / "alice/verdicts.jsonl").read_text().splitlines()
    assert len(verdicts) == 20
