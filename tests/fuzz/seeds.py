"""The seeds every fuzzer starts from, and whatever once broke the parser."""

from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"


def seeds(parser: str) -> list[bytes]:
    """The files of one parser's corpus; there is no fuzzing without them."""
    found = [path.read_bytes() for path in sorted((FOLDER / parser).iterdir())]
    assert found
    return found
