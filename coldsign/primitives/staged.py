"""Files that count by what the journal says of them, changed so that a power cut at any moment loses neither.

The new content waits under a second name beside the old one until the journal has the decision; then
it is renamed over the old one. Whoever reads takes of the two the one that the journal names.
"""

from pathlib import Path

from coldsign.primitives.filefault import failure
from coldsign.primitives.fileio import sync_folder
from coldsign.primitives.storage import atomic_write


def waiting(path: Path) -> Path:
    """Where the content waits that will have this name, or had it."""
    return path.with_name(f"{path.name}.next")


def stage(path: Path, data: bytes) -> None:
    """Put new content onto the disk, waiting to be put in place.

    Raises:
        UnfitError: As :func:`coldsign.primitives.storage.atomic_write`.
    """
    atomic_write(waiting(path), data, replace=True)


def put_in_place(path: Path) -> None:
    """Give waiting content its name; nothing happens where none waits.

    Raises:
        UnfitError: The disk refuses.
    """
    _rename(waiting(path), path)


def put_aside(path: Path) -> None:
    """Let content wait to be removed; nothing happens where there is none.

    Raises:
        UnfitError: The disk refuses.
    """
    _rename(path, waiting(path))


def remove(path: Path) -> None:
    """Take a file away for good, if it is there.

    Raises:
        UnfitError: The disk refuses.
    """
    try:
        path.unlink(missing_ok=True)
        if path.parent.exists():
            sync_folder(path.parent)
    except OSError as error:
        raise failure(error, "cannot remove", path) from None


def _rename(old: Path, new: Path) -> None:
    try:
        old.rename(new)
        sync_folder(new.parent)
    except FileNotFoundError:
        return
    except OSError as error:
        raise failure(error, "cannot write", new) from None
