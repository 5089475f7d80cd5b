"""`python -m tests.benchmarks`: everything that is measured, in one run; writes docs/performance.md.

Each part is a process of its own and prints its tables: signing, the audit, QR pictures. It wants a
machine without other work and takes about a quarter of an hour.
"""

import argparse
import subprocess
import sys
from pathlib import Path

PARTS = ("sign", "audit", "qr")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


def measured(part: str) -> str:
    command = [sys.executable, "-m", f"tests.benchmarks.{part}"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--out", type=Path, default=PAGE)
    options = parser.parse_args()
    sections = [measured(part).strip() for part in PARTS]
    options.out.write_text("\n\n".join(sections) + "\n")


main()
