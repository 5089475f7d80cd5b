"""A keyholder: one home folder, one key, one registered wallet, and the real `coldsign` program."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.live.keys import Cosigner

COLDSIGN = Path(sys.executable).with_name("coldsign")
SECONDS = 120


class RefusedError(Exception):
    """`coldsign` ended with another exit code than 0."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"exit {code}: {message}")
        self.code = code


def coldsign(*words: str | Path, folder: Path) -> str:
    """Runs one command in regtest, with no terminal; what it wrote to standard output."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
    command = [
        str(COLDSIGN),
        "--network",
        "regtest",
        "--home",
        str(folder / "home"),
        *map(str, words),
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise RefusedError(done.returncode, done.stderr.strip())
    return done.stdout


@dataclass(frozen=True, slots=True)
class Keyholder:
    """Everything one cosigner does at the table; `key` is how `sign` is told which key."""

    folder: Path
    key: tuple[str, ...]

    @classmethod
    def storing(cls, folder: Path, cosigner: Cosigner, descriptor: str) -> "Keyholder":
        """Imports the key into an encrypted file and registers the wallet as partly ours."""
        holder = cls._at(folder, cosigner, descriptor, ("--key", "mine", *PASSPHRASE))
        secret = ("--from", cosigner.source, "--secret-file", "secret")
        holder.run("key", "import", "mine", *secret, *PASSPHRASE)
        (folder / "secret").unlink()
        holder.run("wallet", "add", "vault", "wallet.txt", "--yes", *holder.key)
        return holder

    @classmethod
    def stateless(cls, folder: Path, cosigner: Cosigner, descriptor: str) -> "Keyholder":
        """Registers the wallet; the secret is read for each signature and forgotten."""
        holder = cls._at(folder, cosigner, descriptor, ("--key", "-", "--secret-file", "secret"))
        holder.run("wallet", "add", "vault", "wallet.txt", "--yes")
        return holder

    @classmethod
    def _at(
        cls, folder: Path, cosigner: Cosigner, descriptor: str, key: tuple[str, ...]
    ) -> "Keyholder":
        folder.mkdir(parents=True)
        holder = cls(folder, key)
        holder.write("secret", cosigner.secret)
        holder.write("passphrase", "correct horse battery staple\n")
        holder.write("wallet.txt", descriptor + "\n")
        return holder

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def run(self, *words: str | Path) -> str:
        return coldsign(*words, folder=self.folder)

    def inspect(self, *sources: Path) -> dict[str, Any]:
        """The review, as `--json` gives it."""
        report: dict[str, Any] = json.loads(
            self.run("--json", "inspect", *sources, "--wallet", "vault")
        )
        return report

    def sign(self, *sources: Path, out: Path, **options: str) -> dict[str, Any]:
        """Reviews, accepts what asks to be confirmed, and signs what was reviewed."""
        report = self.inspect(*sources)
        assert report["verdict"] != "refuse", report["findings"]
        words = ["--expect", " ".join(report["review_code"])]
        for code in sorted(
            {finding["code"] for finding in report["findings"] if finding["severity"] == "confirm"}
        ):
            words += ["--accept", code]
        for option, value in options.items():
            words += [f"--{option}", value]
        self.run("sign", *sources, "--wallet", "vault", *self.key, *words, "--out", out)
        return report


PASSPHRASE = ("--passphrase-file", "passphrase")
