"""Files that survive a crash and do not leak: the one door to the disk.

Three kinds of files, three kinds of trust:

* what coldsign keeps in its home folder: private (0700 folders, 0600 files, our own, never a
  symbolic link), written to a temporary name, fsynced, renamed, the folder fsynced, so that a
  reader sees the old bytes or the new, never half;
* what a person names as input (:func:`read_untrusted`): anything, of at most the size the caller
  can explain;
* what a person names as output (:func:`write_output`): whole or not at all, never over something
  that was there unless forced, never through a symbolic link.

Temporary names start with a dot and end in ``.tmp``; no kept name starts with a dot, so what a
power cut leaves behind is never taken for content.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from io import BufferedRandom, BufferedReader
from pathlib import Path
from typing import Final

from coldsign.errors import MalformedError, UsageError
from coldsign.primitives.filefault import KINDS, demand_private, failure, shown, unsafe
from coldsign.primitives.fileio import (
    Readable,
    append_or_cut_back,
    read_capped,
    rename_without_replacing,
    sync_folder,
    temporary_beside,
    write_all,
)

_OURS: Final = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


def ensure_private_dir(path: Path) -> Path:
    """Make ``path``, and missing parents, a folder that only its owner can look into.

    A folder that exists already must be ours and closed to others; an empty one of ours is closed
    on the spot.

    Raises:
        UnfitError: It is a symbolic link, not a folder, another user's, open to others, or cannot
            be made.
    """
    try:
        _make_folders(path)
        status = path.lstat()
        if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid():
            if status.st_mode & 0o077 and not any(path.iterdir()):
                path.chmod(0o700)
                status = path.lstat()
            if status.st_mode & 0o077 == 0:
                return path
    except OSError as error:
        raise failure(error, "cannot make the folder", path) from None
    raise unsafe(path, status, wanted=stat.S_IFDIR)


def demand_writable(folder: Path) -> None:
    """Stop where a folder takes no new files, or cannot be made; nothing is written.

    Raises:
        UnfitError: It is read-only, or forbids it.
    """
    nearest = folder
    while not os.access(nearest, os.F_OK) and nearest != nearest.parent:
        nearest = nearest.parent
    if not os.access(nearest, os.W_OK | os.X_OK):
        fixed = os.statvfs(nearest).f_flag & os.ST_RDONLY
        refusal = OSError(errno.EROFS if fixed else errno.EACCES, "")
        raise failure(refusal, "cannot write to the folder", nearest)


def atomic_write(path: Path, data: bytes, *, mode: int = 0o600, replace: bool) -> None:
    """Write the whole of ``data`` under ``path`` and onto the disk, or leave everything as it was.

    Args:
        path: In a folder that exists. If it is a symbolic link, the link itself is replaced, never
            what it points at.
        data: The whole content.
        mode: Permissions of the new file, less the process's umask.
        replace: Whether a file of that name may be replaced.

    Raises:
        UsageError: The file exists and may not be replaced (code ``file-exists``), or its folder
            does not exist.
        UnfitError: The disk is full, read-only, failing, or forbids it.
    """
    try:
        with temporary_beside(path, mode) as (temporary, descriptor):
            write_all(descriptor, data)
            os.fsync(descriptor)
            if replace:
                temporary.rename(path)
            else:
                rename_without_replacing(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        raise failure(error, "cannot write", path) from None


def keep_as(path: Path, name: Path) -> None:
    """Give a file a second name that is free; where a disk has only one name for a file, another one.

    Raises:
        UsageError: The name is taken (code ``file-exists``).
        UnfitError: The disk refuses.
    """
    try:
        rename_without_replacing(path, name)
        sync_folder(name.parent)
    except OSError as error:
        raise failure(error, "cannot write", name) from None


def append_durably(path: Path, data: bytes) -> int:
    """Add ``data`` to the end of a private file, onto the disk; return its new size in bytes.

    The file is made when missing. If the write fails (a full disk, Ctrl-C) the file is cut back to
    what it was; after a power cut a part of ``data`` may stand at its end.

    Raises:
        UnfitError: As :func:`read_private` and :func:`atomic_write`.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | _OURS
    try:
        is_new = not path.exists()
        descriptor = os.open(path, flags, 0o600)
        try:
            demand_private(path, os.fstat(descriptor))
            size = os.fstat(descriptor).st_size
            append_or_cut_back(descriptor, data, size)
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(path.parent)
    except OSError as error:
        raise failure(error, "cannot write", path) from None
    return size + len(data)


@contextlib.contextmanager
def open_private(path: Path) -> Iterator[BufferedReader]:
    """Open one of coldsign's own files to read it piece by piece.

    Raises:
        UsageError: There is no such file (code ``no-such-file``).
        UnfitError: As :func:`read_private`; also for a failure inside the ``with`` block.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | _OURS), "rb") as file:
            demand_private(path, os.fstat(file.fileno()))
            yield file
    except OSError as error:
        raise failure(error, "cannot read", path) from None


@contextlib.contextmanager
def open_to_cut(path: Path) -> Iterator[BufferedRandom]:
    """As :func:`open_private`, and it can be cut short."""
    try:
        with os.fdopen(os.open(path, os.O_RDWR | _OURS), "r+b") as file:
            demand_private(path, os.fstat(file.fileno()))
            yield file
    except OSError as error:
        raise failure(error, "cannot cut", path) from None


def read_private(path: Path, cap: int) -> bytes:
    """Read one of coldsign's own files: regular, ours, closed to others, at most ``cap`` bytes.

    Raises:
        UsageError: There is no such file (code ``no-such-file``).
        UnfitError: It is a symbolic link, not a regular file, another user's, or open to others; or
            reading failed.
        MalformedError: It is larger than ``cap``.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | _OURS), "rb", buffering=0) as file:
            demand_private(path, os.fstat(file.fileno()))
            data = read_capped(file, cap)
    except OSError as error:
        raise failure(error, "cannot read", path) from None
    if data is None:
        raise MalformedError(f"{shown(path)} is larger than the {cap} bytes that it can have")
    return data


def read_untrusted(source: Path | Readable, cap: int, *, what: str) -> bytes:
    """Read what a person named as input: a file, a device, a pipe, an open stream.

    Args:
        source: A path (symbolic links are followed) or a binary stream, read to its end.
        cap: The most bytes it may have; the caller's reason stands beside its constant.
        what: For messages: ``"manifest"``, ``"PSBT"``.

    Raises:
        UsageError: A path that is missing, a folder, or may not be read.
        MalformedError: More than ``cap`` bytes.
        UnfitError: Reading failed.
    """
    try:
        if isinstance(source, Path):
            with source.open("rb", buffering=0) as file:
                data = read_capped(file, cap)
        else:
            data = read_capped(source, cap)
    except OSError as error:
        subject = source if isinstance(source, Path) else Path("-")
        raise failure(error, f"cannot read the {what}", subject) from None
    if data is None:
        raise MalformedError(
            f"the {what} is larger than {cap} bytes",
            hint="is this the right file?",
            code="too-large",
        )
    return data


def readable(path: Path, doing: str = "cannot read") -> Path:
    """The path, if there is something that may be read.

    Args:
        path: Of a file or a folder.
        doing: How the error begins.

    Raises:
        UsageError: There is nothing of that name.
        UnfitError: It may not be read.
    """
    try:
        # A pipe would give its bytes to whoever opens it first.
        if stat.S_ISREG(path.stat().st_mode):
            path.open("rb").close()
    except OSError as error:
        raise failure(error, doing, path) from None
    return path


def write_output(path: Path, data: bytes, *, force: bool) -> None:
    """Write a file that a person named as output: whole or not at all.

    Raises:
        UsageError: Something of that name exists and ``force`` is not set; or it is a folder, a
            device or a symbolic link, which are never written to; or its folder does not exist.
        UnfitError: As :func:`atomic_write`.
    """
    try:
        kind = stat.S_IFMT(path.lstat().st_mode)
    except FileNotFoundError:
        kind = stat.S_IFREG
    except OSError as error:
        raise failure(error, "cannot write", path) from None
    if kind != stat.S_IFREG:
        raise UsageError(
            f"{shown(path)} is {KINDS.get(kind, 'a device')}, not a file that can be replaced",
            hint="name a file; without --out the answer goes to standard output",
        )
    atomic_write(path, data, mode=0o666, replace=force)


def _make_folders(path: Path) -> None:
    missing = [path]
    while not (parent := missing[-1].parent).exists():
        missing.append(parent)
    for folder in reversed(missing):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            sync_folder(folder.parent)
