"""What every fuzzer starts from: the corpus beside this file, and whatever once broke something."""

from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"


def seed_files(target: str) -> list[Path]:
    """The files of one target's corpus; there is no fuzzing without them."""
    found = sorted((FOLDER / target).iterdir())
    assert found
    return found


def seeds(target: str) -> list[bytes]:
    """What is in them."""
    return [path.read_bytes() for path in seed_files(target)]


def crash_files() -> list[Path]:
    """What once broke something: ``crash-TARGET-...``."""
    return sorted(FOLDER.glob("crash-*"))
