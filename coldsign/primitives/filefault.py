"""The system's file errors in our words: what is wrong with which path, and what to do."""

import errno
import os
import stat
from pathlib import Path
from typing import Final

from coldsign.errors import ColdsignError, UnfitError, UsageError
from coldsign.primitives.text import printable

KINDS: Final = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFREG: "a file",
    stat.S_IFSOCK: "a socket",
}
_PATH_SHOWN: Final = 200  # characters of a path in a message: a terminal line or two
_LOOK: Final = "look at its owner and permissions"
_MAKE_ROOM: Final = "make room and try again; nothing was half-written"
_CHECK: Final = "check the name and the folder"
_ON_RECORD: Final = "the journal says what was done"
# For each of the system's error numbers: reason, hint, code.
_MISNAMED: Final = {
    errno.ENOENT: ("it does not exist", _CHECK, "no-such-file"),
    errno.EEXIST: ("it exists already", "choose another name; --force replaces it", "file-exists"),
    errno.EISDIR: ("it is a folder", "name a file in it", "usage"),
    errno.ENOTDIR: ("a part of that path is not a folder", _CHECK, "usage"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter one", "usage"),
}
_UNFIT: Final = {
    errno.ELOOP: ("it is a symbolic link", "", "unsafe-file"),
    errno.ENOSPC: ("the disk is full", _MAKE_ROOM, "disk-full"),
    errno.EDQUOT: ("the disk quota is used up", _MAKE_ROOM, "disk-full"),
    errno.EFBIG: ("the file would be too large", _MAKE_ROOM, "disk-full"),
    errno.EACCES: ("permission denied", _LOOK, "permission-denied"),
    errno.EPERM: ("operation not permitted", _LOOK, "permission-denied"),
    errno.EROFS: ("the disk is read-only", "", "read-only"),
}
_OF_STREAMS: Final = {
    errno.EBADF: (
        "standard output is closed",
        "give it a file, a pipe or a terminal",
        "closed-output",
    ),
    errno.EPIPE: (
        "the reader of the output went away",
        "run it again without that pipe",
        "broken-pipe",
    ),
}


def failure(error: OSError, doing: str, path: Path) -> ColdsignError:
    """The error to raise for a system's refusal.

    Args:
        error: What the system said.
        doing: The beginning of the sentence: ``"cannot write"``.
        path: The file or folder it was about.

    Returns:
        A UsageError for a path that was named wrongly (codes ``no-such-file``, ``file-exists``),
        else an UnfitError.
    """
    kind, reason, hint, code = _meaning(error)
    return kind(f"{doing} {shown(path)}: {reason}", hint=hint, code=code)


def stream_failure(error: OSError) -> UnfitError:
    """As :func:`failure`, for the output that a person or a pipe reads; what was read of it cannot be taken back."""
    number = error.errno or 0
    if number in _OF_STREAMS:
        reason, advice, code = _OF_STREAMS[number]
    else:
        _, reason, _, code = _meaning(error)
        advice = "make room and run it again" if code == "disk-full" else ""
    hint = f"{advice}; {_ON_RECORD}" if advice else _ON_RECORD
    return UnfitError(reason, hint=hint, code=code or "file")


def _meaning(error: OSError) -> tuple[type[UsageError | UnfitError], str, str, str]:
    """The kind of error it is here, with reason, hint and code."""
    number = error.errno or 0
    if number in _MISNAMED:
        return (UsageError, *_MISNAMED[number])
    strange = os.strerror(number).lower() if number else "input or output failed"
    return (UnfitError, *_UNFIT.get(number, (strange, "", "")))


def unsafe(path: Path, status: os.stat_result, *, wanted: int) -> UnfitError:
    """The error for one of our own files or folders that is not private as it must be.

    Args:
        path: The file or folder.
        status: Its ``lstat``.
        wanted: ``stat.S_IFREG`` or ``stat.S_IFDIR``.
    """
    kind = stat.S_IFMT(status.st_mode)
    hint = ""
    if kind != wanted:
        fault = f"is {KINDS.get(kind, 'a device')}, not {KINDS[wanted]}"
    elif status.st_uid != os.geteuid():
        fault = f"belongs to another user (uid {status.st_uid})"
    else:
        mode = "700" if wanted == stat.S_IFDIR else "600"
        fault = f"is open to other users (mode {stat.S_IMODE(status.st_mode):04o})"
        hint = f"find out why, then: chmod {mode} {shown(path)}"
    return UnfitError(f"{shown(path)} {fault}", hint=hint, code="unsafe-file")


def shown(path: Path) -> str:
    """A path as it may stand in a message."""
    return printable(str(path), limit=_PATH_SHOWN)


def demand_private(path: Path, status: os.stat_result) -> None:
    """Let only a regular file pass that is ours and closed to others.

    Raises:
        UnfitError: It is not that.
    """
    is_ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
    if not is_ours or status.st_mode & 0o077:
        raise unsafe(path, status, wanted=stat.S_IFREG)
