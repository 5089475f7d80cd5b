"""Throw-away OpenPGP keys, made by the real gpg in a folder with a path short enough for sockets."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class People:
    """A gpg home with several people's secret keys in it."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"GNUPGHOME": str(self.folder), "HOME": str(self.folder)}

    def gpg(self, *arguments: str, data: bytes = b"") -> bytes:
        command = ["gpg", "--batch", "--quiet", "--no-tty", *arguments]
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", **self.environment}
        return subprocess.run(
            command, input=data, env=environment, check=True, capture_output=True
        ).stdout

    def make(self, name: str, *, made: str = "", expires: str = "0", usage: str = "sign") -> str:
        """A new key without a passphrase; its fingerprint."""
        clock = [f"--faked-system-time={made}!"] if made else []
        self.gpg(
            *clock,
            "--passphrase=",
            "--quick-gen-key",
            name,
            "ed25519" if usage == "sign" else "default",
            usage,
            expires,
        )
        listing = self.gpg("--with-colons", "--list-keys", f"={name}").decode()
        return next(line.split(":")[9] for line in listing.splitlines() if line[:3] == "fpr")

    def sign(self, name: str, data: bytes, *options: str) -> bytes:
        return self.gpg(f"--local-user={name}", "--armor", *options, "--detach-sign", data=data)

    def revoke(self, key: str) -> None:
        text = (self.folder / "openpgp-revocs.d" / f"{key}.rev").read_bytes()
        self.gpg("--import", data=text.replace(b":-----BEGIN", b"-----BEGIN"))

    def export(self, *names: str) -> bytes:
        return self.gpg("--export", *names)


def people() -> Iterator[People]:
    """Needs gpg and gpgv, else the test is skipped for all to see."""
    for program in ("gpg", "gpgv", "gpgconf"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    with tempfile.TemporaryDirectory(prefix="cs", dir="/tmp") as name:
        yield People(Path(name))
        subprocess.run(
            ["gpgconf", "--homedir", name, "--kill", "all"], check=True, capture_output=True
        )
