"""The lock files: one process at a time, and readers on a disk that they may not write to."""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from coldsign.errors import UnfitError
from coldsign.primitives.filefault import demand_private, failure, shown
from coldsign.primitives.text import printable

_POLL_SECONDS: Final = 0.05
_OURS: Final = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_NOT_TO_BE_WRITTEN: Final = {errno.EROFS, errno.EACCES, errno.EPERM}


@contextlib.contextmanager
def exclusive_lock(path: Path, *, wait_seconds: float = 2.0) -> Iterator[None]:
    """Hold the lock file ``path`` against every other process, and every other open of it.

    The kernel lets go of the lock when the process ends, however it ends. Not re-entrant.

    Args:
        path: The lock file; made when missing and left in place. Holds the number of the process
            that locked it.
        wait_seconds: How long another holder is waited for.

    Raises:
        UnfitError: Another process holds it (code ``busy``), or the file cannot be opened.
    """
    try:
        descriptor = _open_to_write(path)
    except OSError as error:
        raise failure(error, "cannot lock", path) from None
    with _held(descriptor, path, fcntl.LOCK_EX, wait_seconds):
        with contextlib.suppress(OSError):  # the number is only there for the other's error message
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        yield


@contextlib.contextmanager
def reading_lock(path: Path, *, wait_seconds: float = 2.0) -> Iterator[bool]:
    """Keep every writer out while something is read, also where this process may not write.

    Whoever writes takes :func:`exclusive_lock`, which makes the file. Where it is missing and cannot
    be made, nobody was writing when the reading began; if it is there afterwards, somebody is since.

    Args:
        path: The lock file.
        wait_seconds: How long a writer is waited for.

    Yields:
        Whether writers are kept out; they are not where there is no lock file and none can be made.

    Raises:
        UnfitError: As :func:`exclusive_lock`.
    """
    if _is_ours_to_write(path):
        with exclusive_lock(path, wait_seconds=wait_seconds):
            yield True
    elif (descriptor := _open_to_read(path)) is None:
        yield False
    else:
        with _held(descriptor, path, fcntl.LOCK_SH, wait_seconds):
            yield True


def _open_to_write(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | _OURS, 0o600)


def _is_ours_to_write(path: Path) -> bool:
    try:
        os.close(_open_to_write(path))
    except OSError as error:
        return error.errno not in _NOT_TO_BE_WRITTEN  # anything else is for the lock to name
    return True


def _open_to_read(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | _OURS)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise failure(error, "cannot lock", path) from None


@contextlib.contextmanager
def _held(descriptor: int, path: Path, kind: int, wait_seconds: float) -> Iterator[None]:
    try:
        demand_private(path, os.fstat(descriptor))
        _acquire(descriptor, path, kind, wait_seconds)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, kind: int, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
                continue
            holder = printable(os.pread(descriptor, 20, 0).strip())
            raise UnfitError(
                f"another coldsign (process {holder}) is using {shown(path.parent)}",
                hint="wait until it is done, or end it",
                code="busy",
            ) from None
        except OSError as error:
            raise failure(error, "cannot lock", path) from None
        return
