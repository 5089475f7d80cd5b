"""A home that this process may read and not write, by the system's own word."""

import contextlib
import importlib
import os
import pkgutil
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import coldsign

_NOBODY = 65534
# Python's own library may lie where nobody else may read: what the program loads late is loaded before.
for _module in pkgutil.walk_packages(coldsign.__path__, "coldsign."):
    if not _module.name.endswith("__main__"):
        importlib.import_module(_module.name)


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """A copy of ``folder`` that nothing can be written to; root gives its rights up meanwhile."""
    was_root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / folder.name
        shutil.copytree(folder, copy)
        inside = [Path(place), copy, *copy.rglob("*")]
        for path in inside:
            path.chmod(0o500 if path.is_dir() else 0o400)
            if was_root:
                os.chown(path, _NOBODY, -1)
        try:
            if was_root:
                os.seteuid(_NOBODY)
            yield copy
        finally:
            if was_root:
                os.seteuid(0)
            for path in inside:
                path.chmod(0o700)
