"""An exchange's custody desk for the scenarios: laptops, people with real OpenPGP keys, withdrawals."""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from coldsign.ceremony.withdrawal import Coin, make_withdrawal
from coldsign.primitives.address import to_address
from coldsign.primitives.network import REGTEST
from coldsign.primitives.script import p2wpkh
from coldsign.primitives.tx import TxOut
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.registry import Registry
from coldsign.wallet.wallet import Wallet
from tests.controls.gnupg import People
from tests.live.keyholder import COLDSIGN
from tests.live.kinds import ECDSA, Kind

VAULT: Kind = next(kind for kind in ECDSA if kind.name == "wsh-sortedmulti-2of3")
SECONDS = 600
PAID = tuple(p2wpkh(bytes([number]) * 20) for number in range(1, 40))
"""Customers' scripts."""


def address(number: int) -> str:
    found = to_address(PAID[number], REGTEST)
    assert found is not None
    return found


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The stable word for the error, from ``--json``."""
        return str(self.json["error"]["code"])


@dataclass(frozen=True, slots=True)
class Office:
    """Everybody's keys, by name, in one gpg home; the fingerprints are the names' own."""

    gpg: People
    keys: dict[str, str]
    laptop: Path

    def desk(self, folder: Path) -> "Desk":
        """A fresh laptop: the wallet registered, the keys pinned, no policy bound."""
        shutil.copytree(self.laptop, folder, symlinks=True)
        return Desk(folder, self.gpg)


@dataclass(frozen=True, slots=True)
class Desk:
    """One laptop, and the gpg of whoever sits at it."""

    folder: Path
    gpg: People

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def journal(self) -> Path:
        return self.home / "journal.jsonl"

    @property
    def wallet(self) -> Wallet:
        return Registry(self.home).load("vault")

    def run(
        self,
        *words: str | Path,
        data: bytes = b"",
        program: Sequence[str] = (str(COLDSIGN),),
        before: Callable[[], None] | None = None,
    ) -> Done:
        """One command on regtest, with no terminal."""
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **self.gpg.environment}
        command = [*program, "--network", "regtest", "--home", self.home, *words]
        done = subprocess.run(
            [str(word) for word in command],
            input=data,
            capture_output=True,
            cwd=self.folder,
            env=environment,
            timeout=SECONDS,
            check=False,
            preexec_fn=before,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def fine(self, *words: str | Path, data: bytes = b"") -> Done:
        done = self.run(*words, data=data)
        assert done.code == 0, (words, done.err)
        return done

    def fails(self, code: int, *words: str | Path, data: bytes = b"", **how: Any) -> str:
        """The command must end with this code; the error's stable word."""
        done = self.run("--json", *words, data=data, **how)
        assert done.code == code, (words, done.code, done.err)
        assert "Traceback" not in done.err
        assert done.err.splitlines().count(f"error: {done.json['error']['message']}") == 1
        return done.error

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def bind(self, text: str) -> None:
        """Bind a policy to the wallet."""
        self.fine("policy", "set", "vault", self.write("policy.toml", text), "--yes")

    def inspect(self, psbt: Path, *words: str | Path) -> dict[str, Any]:
        done = self.run("--json", "inspect", psbt, "--wallet", "vault", *words)
        assert done.code in {0, 4}, done.err
        report: dict[str, Any] = done.json
        return report

    def findings(self, psbt: Path, *words: str | Path) -> dict[str, str]:
        return {one["code"]: one["severity"] for one in self.inspect(psbt, *words)["findings"]}

    def signing(
        self, psbt: Path, *words: str | Path, papers: Sequence[str | Path] = ()
    ) -> list[Any]:
        """The words of a ``sign`` that expects what ``inspect`` shows now, with a new name for the reply."""
        code = " ".join(self.inspect(psbt, *papers)["review_code"])
        replies = len([*self.folder.glob("reply*.psbt")])
        key = ("--key", "-", "--secret-file", "secret", "--out", f"reply{replies}.psbt")
        return ["sign", psbt, "--wallet", "vault", *key, "--expect", code, *papers, *words]

    def sign(self, psbt: Path, *words: str | Path, papers: Sequence[str | Path] = ()) -> None:
        self.fine(*self.signing(psbt, *words, papers=papers))

    def refused(self, psbt: Path, *words: str | Path, papers: Sequence[str | Path] = ()) -> str:
        return self.fails(4, *self.signing(psbt, *words, papers=papers))

    def approve(self, psbt: Path, who: str, out: Path, *words: str | Path) -> Path:
        """An approval of what ``inspect`` shows now."""
        papers = [word for word in words if word != "--accept"]
        given = papers[: 2 * papers.count("--manifest")]
        code = " ".join(self.inspect(psbt, *given)["review_code"])
        key = ("--signer", who, "--expect", code, "--out", out)
        self.fine("approve", psbt, "--wallet", "vault", *key, *words)
        return out

    def withdrawal(
        self,
        name: str,
        payments: Sequence[tuple[int, int]] = ((1, 300_000), (2, 200_000)),
        *,
        place: int = 0,
        fee: int = 1_000,
    ) -> Path:
        """A PSBT that pays customers from the one coin at a place; coins of other places are others."""
        sats = 1_000_000
        change = Coin(1, place, sats - fee - sum(amount for _, amount in payments))
        outputs = [TxOut(amount, PAID[who]) for who, amount in payments]
        psbt = make_withdrawal(self.wallet, [Coin(0, place, sats)], outputs, change=change)
        return self.write(name, psbt)

    def manifest(self, name: str, *rows: tuple[str, int, int]) -> Path:
        """Ids, customers and sats as CSV."""
        lines = [f"{name},{address(who)},{sats}" for name, who, sats in rows]
        return self.write(name, "\n".join(["id,address,sats", *lines, ""]))


def laptop(folder: Path, gpg: People, pinned: Sequence[str]) -> Path:
    """What every laptop of the exchange has: the secret of the first cosigner, the wallet, the keys."""
    folder.mkdir()
    desk = Desk(folder, gpg)
    descriptor = Descriptor.parse(VAULT.descriptor, REGTEST, require_checksum=False)
    desk.write("wallet.txt", f"{descriptor}\n")
    desk.write("secret", VAULT.cosigners[0].secret).chmod(0o600)
    desk.fine("wallet", "add", "vault", "wallet.txt", "--yes")
    desk.fine("policy", "trust", desk.write("keys.gpg", gpg.export()), *pinned)
    return folder


def memory(megabytes: int) -> Callable[[], None]:
    """For ``before``: no more than so much address space."""
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))


def at(moment: str) -> tuple[str, ...]:
    """For ``program``: coldsign on a machine whose clock says this moment (UTC, ISO)."""
    code = (
        "import datetime as d, coldsign.ceremony.desk as desk\n"
        f"now = d.datetime.fromisoformat('{moment}+00:00')\n"
        "desk.datetime = type('Clock', (d.datetime,), {'now': staticmethod(lambda tz: now)})\n"
        "from coldsign.cli import main\n"
        "main()\n"
    )
    return (sys.executable, "-c", code)
