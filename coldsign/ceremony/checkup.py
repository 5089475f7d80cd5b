"""What the doctor looks at and what it says: a machine, and one verdict for each of its properties."""

import os
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, Self

from coldsign.primitives.process import is_dumpable


class Verdict(Enum):
    """Whether a machine may sign as far as one property goes."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(NamedTuple):
    """One property of the machine.

    Attributes:
        name: A stable kebab-case word.
        verdict: ok, warn (a person decides) or fail (not fit to sign).
        detail: What was found, in one line.
        hint: What can be done about it, or nothing.
    """

    name: str
    verdict: Verdict
    detail: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """Everything a check reads, so that a test can hand in another machine.

    Attributes:
        root: The root of the file system: ``/``, or a tree that looks like one.
        home: coldsign's home folder.
        environ: The environment.
        now: Seconds since 1970.
        user: The effective user id.
        optimize: Python's ``-O`` level.
        module_path: Where Python looks for modules.
        current: The current folder.
        hooks: Files of Python's start-up hooks that ran, but for one of the interpreter's own.
        dumpable: Whether other processes can read this one's memory.
        random: The system's random generator.
        free_bytes: Free space for a folder's file system.
        version_of: The version of an installed distribution, or None.
    """

    root: Path
    home: Path
    environ: Mapping[str, str]
    now: float
    user: int
    optimize: int
    module_path: tuple[str, ...]
    current: str
    hooks: tuple[str, ...]
    dumpable: bool
    random: Callable[[int], bytes]
    free_bytes: Callable[[Path], int]
    version_of: Callable[[str], str | None]

    @classmethod
    def here(cls, home: Path) -> Self:
        """This machine and this process."""
        return cls(
            root=Path("/"),
            home=home,
            environ=dict(os.environ),
            now=time.time(),
            user=os.geteuid(),
            optimize=sys.flags.optimize,
            module_path=tuple(sys.path),
            current=current_folder(),
            hooks=startup_hooks(sys.modules),
            dumpable=is_dumpable(),
            random=os.urandom,
            free_bytes=free_bytes,
            version_of=installed_version,
        )

    def text(self, path: str) -> str | None:
        """The content of a small system file, or None where it is missing or gives no answer."""
        try:
            return (self.root / path).read_text("utf-8", "replace")
        except OSError:
            return None

    def entries(self, folder: str, pattern: str = "*") -> tuple[Path, ...]:
        """What stands in a system folder, by name; nothing where it is missing."""
        return tuple(sorted((self.root / folder).glob(pattern)))


def current_folder() -> str:
    """The current folder; a dot where it was removed."""
    try:
        return str(Path.cwd())
    except OSError:
        return "."


def startup_hooks(modules: Mapping[str, ModuleType]) -> tuple[str, ...]:
    """The files of the hooks that Python ran at its start; their names where no file is known.

    A hook in the standard library's own folder, as Debian has one, came with the interpreter and is
    trusted as far as it is.
    """
    found = []
    for name in ("sitecustomize", "usercustomize"):
        if name in modules:
            file = modules[name].__file__ or name
            if Path(file).parent != Path(sysconfig.get_path("stdlib")):
                found.append(file)
    return tuple(found)


def mode_of(path: Path) -> int:
    """The type and permissions of what a path leads to; 0 where it leads nowhere we may look."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def free_bytes(folder: Path) -> int:
    """The space an unprivileged user can still fill in a folder's file system, in bytes."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def installed_version(distribution: str) -> str | None:
    """The version of an installed distribution."""
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
