"""The commands whose whole process is measured."""

import os
import tempfile
from pathlib import Path

from coldsign.primitives.network import REGTEST
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.benchmarks.sign.make import Wallet as Quorum
from tests.benchmarks.sign.make import make
from tests.benchmarks.sign.process import Command, best, run

VAULT = Quorum("wsh", 2, 3)
# One megabyte of PSBT, and the smallest withdrawal.
REVIEWS = ((2, 2), (1950, 2))
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


def commands() -> list[Command]:
    """Start-up, a small and a large review, and audits."""
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
        return found + _audits(folder)
