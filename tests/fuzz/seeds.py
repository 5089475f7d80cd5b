"""The seeds every fuzzer starts from, and whatever once broke the parser."""

from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"


def seed_files(parser: str) -> list[Path]:
    """The files of one parser's corpus; there is no fuzzing without them."""
    found = sorted((FOLDER / parser).iterdir())
    assert found
    return found


def seeds(parser: str) -> list[bytes]:
    """What is in them."""
    return [path.read_bytes() for path in seed_files(parser)]
