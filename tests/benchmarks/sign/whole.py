"""The commands whose whole process is measured."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import wallycore

from coldsign.primitives.network import REGTEST
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.benchmarks.sign.make import Wallet as Quorum
from tests.benchmarks.sign.make import make, signatures
from tests.benchmarks.sign.process import Command, best, run

VAULT = Quorum("wsh", 2, 3)
# The smallest withdrawal, and one megabyte of PSBT: more than a node relays, so it is only looked at.
REVIEWS = ((2, 2), (1950, 2))
# The smallest, and the largest that a node relays.
SIGNINGS = ((2, 2), (900, 2))
ADDRESSES = 10_000


def _audits(folder: Path) -> list[Command]:
    """The audit of a list of addresses, on one core and on all."""
    wallet = Wallet.create("vault", Descriptor.parse(VAULT.descriptor(), REGTEST))
    rows = [f"{wallet.address(0, index)},{index}\n" for index in range(ADDRESSES)]
    (folder / "addresses.csv").write_text("".join(rows))
    found = []
    for workers in sorted({1, os.cpu_count() or 1}):
        words = ("wallet", "audit", "vault", str(folder / "addresses.csv"))
        measured = best(folder, *words, "--workers", str(workers), runs=2)
        of = f" of {ADDRESSES} addresses, workers: {workers}"
        found.append(Command("wallet audit", of, *measured))
    return found


def _signings(folder: Path) -> Iterator[Command]:
    """A whole `sign` without a person: the key read from words, the answer written to a file."""
    private = wallycore.BIP32_FLAG_KEY_PRIVATE
    secret = folder / "secret"
    secret.write_text(wallycore.bip32_key_to_base58(VAULT.master(0), private) + "\n")
    secret.chmod(0o600)
    for inputs, outputs in SIGNINGS:
        file = folder / f"{inputs}x{outputs}.psbt"
        file.write_bytes(make(VAULT, inputs, outputs).psbt)
        run(folder, "inspect", str(file), "--wallet", "vault", "--json")
        report, _ = json.JSONDecoder().raw_decode((folder / "output").read_text())
        words = ["sign", str(file), "--wallet", "vault", "--key", "-", "--secret-file", str(secret)]
        words += ["--expect", " ".join(report["review_code"])]
        for code in {one["code"] for one in report["findings"] if one["severity"] == "confirm"}:
            words += ["--accept", code]
        # The journal remembers what was signed, so each run begins with a home of its own.
        made = []
        for number in range(5):
            fresh = folder / f"{inputs}-{number}"
            shutil.copytree(folder / "home", fresh / "home")
            made.append(run(fresh, *words, "--out", str(fresh / "signed.psbt")))
            if len(list(signatures((fresh / "signed.psbt").read_bytes()))) != inputs:
                raise RuntimeError(f"coldsign sign of {inputs} x {outputs} did not sign")
        seconds, mebibytes = min(one for one, _ in made), max(most for _, most in made)
        of = f" of {inputs} x {outputs}, {file.stat().st_size / 1000:.0f} KB"
        yield Command("sign", of, seconds, mebibytes)


def commands() -> list[Command]:
    """Start-up, reviews, signings and audits, small and large."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "wallet.txt").write_text(VAULT.descriptor() + "\n")
        run(folder, "wallet", "add", "vault", str(folder / "wallet.txt"), "--yes")
        found = [Command("--version", "", *best(folder, "--version"))]
        for inputs, outputs in REVIEWS:
            file = folder / f"{inputs}.psbt"
            file.write_bytes(make(VAULT, inputs, outputs).psbt)
            measured = best(folder, "inspect", str(file), "--wallet", "vault")
            of = f" of {inputs} x {outputs}, {file.stat().st_size / 1000:.0f} KB"
            found.append(Command("inspect", of, *measured))
        return [*found, *_signings(folder), *_audits(folder)]
