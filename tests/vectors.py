"""Where third parties' published vectors are read from; they are never committed here."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def vector_file(name: str) -> Path:
    """The path of one vector file, or a visible skip where the vectors are absent."""
    folder = Path(os.environ.get("COLDSIGN_VECTORS") or ROOT.parent / "shared" / "vectors")
    path = folder / name
    if not path.is_file():
        pytest.skip(
            f"vector file {name} not found: set COLDSIGN_VECTORS to the folder that holds it"
        )
    return path
