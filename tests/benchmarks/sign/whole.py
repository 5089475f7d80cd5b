"""The commands whose whole process is measured."""

import tempfile
from pathlib import Path

from tests.benchmarks.sign.make import Wallet, make
from tests.benchmarks.sign.process import best, run
from tests.benchmarks.sign.tables import Command

VAULT = Wallet("wsh", 2, 3)
# One megabyte of PSBT, and the smallest withdrawal.
REVIEWS = ((2, 2), (1800, 2))


def commands() -> list[Command]:
    """Start-up, a small and a large review."""
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
    return found
