"""Files that are changed in two steps, and what a disk that refuses one of them makes of it."""

import errno
from pathlib import Path

import pytest

from coldsign.errors import UnfitError
from coldsign.primitives.staged import put_aside, put_in_place, remove, stage, waiting


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x"


def test_there_and_back(path: Path) -> None:
    for missing in (put_in_place, put_aside, remove):
        missing(path)
        missing(path / "no" / "folder")
    stage(path, b"new")
    assert not path.exists()
    put_in_place(path)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    put_aside(path)
    assert (path.exists(), waiting(path).read_bytes()) == (False, b"new")
    remove(waiting(path))
    assert not [*path.parent.iterdir()]


@pytest.mark.parametrize(("act", "call"), [(put_in_place, "rename"), (remove, "unlink")])
def test_a_refusal_of_the_disk_is_named(act, call, path: Path, monkeypatch) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise OSError(errno.EROFS, "no")

    stage(path, b"new")
    monkeypatch.setattr(Path, call, refuse)
    with pytest.raises(UnfitError, match="read-only"):
        act(path)
