"""The system calls under :mod:`coldsign.primitives.storage`, each of which raises ``OSError``."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

_CHUNK: Final = 1 << 20  # bytes moved by one system call
# Answers of file systems without hard links (vfat and exfat sticks, some network mounts).
_NO_LINKS: Final = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


class Readable(Protocol):
    """What :func:`read_untrusted` needs of a stream: ``sys.stdin.buffer``, ``io.BytesIO``."""

    def read(self, size: int, /) -> bytes | None:
        """At most ``size`` bytes; none at the end."""
        ...


def sync_folder(folder: Path) -> None:
    """Put a folder's entries onto the disk; a file system that cannot do that is left alone."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def temporary_beside(path: Path, mode: int) -> Iterator[tuple[Path, int]]:
    """A new file beside ``path``, gone at the end whatever happens (unless it was renamed)."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    serial = 0
    while True:
        # Names are counted, not drawn: a leftover of an earlier process with our number is stepped
        # over.
        temporary = path.with_name(f".{os.getpid()}-{serial}.tmp")
        try:
            descriptor = os.open(temporary, flags, mode)
        except FileExistsError:
            serial += 1
            continue
        break
    try:
        try:
            yield temporary, descriptor
        finally:
            os.close(descriptor)
    finally:
        temporary.unlink(missing_ok=True)


def rename_without_replacing(temporary: Path, path: Path) -> None:
    """Give ``temporary`` the name ``path`` unless something has that name (FileExistsError)."""
    try:
        os.link(temporary, path, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    else:
        return
    # No hard links here: take the name with an empty file, which only we can have made, and rename
    # over that.
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC))
    try:
        temporary.rename(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte, however few the system takes at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest[:_CHUNK]) :]


def append_or_cut_back(descriptor: int, data: bytes, size: int) -> None:
    """Append and fsync, or cut the file back to its old ``size`` before the failure goes on."""
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    except BaseException:
        os.ftruncate(descriptor, size)
        raise


def read_capped(file: Readable, cap: int) -> bytes | None:
    """Everything up to the end, or ``None`` when that is more than ``cap`` bytes."""
    chunks: list[bytes] = []
    room = cap + 1
    while room:
        chunk = file.read(min(room, _CHUNK))
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
        room -= len(chunk)
    return None
