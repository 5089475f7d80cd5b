"""A laptop that is set up once; each test gets a copy of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from coldsign.keys import agefile
from tests.cli.laptop import Laptop
from tests.program.client import is_real
from tests.quickage import QuickAge


@pytest.fixture(scope="session")
def _equipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("equipped")
    laptop = Laptop(folder)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(agefile, "age", QuickAge())
        laptop.equip("wsh-sortedmulti-2of3-4x4", wallet="vault", key="mine", files="r")
    laptop.equip("wpkh-1x2", wallet="single", key=None, files="s")
    return folder


@pytest.fixture(autouse=True)
def _quick_key_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key files get the smallest work factor here; the product's own is tested in tests/keys."""
    if not is_real():
        monkeypatch.setattr(agefile, "age", QuickAge())


@pytest.fixture
def laptop(_equipped: Path, tmp_path: Path) -> Iterator[Laptop]:
    """A laptop with the wallets ``vault`` (2 of 3) and ``single``, a key of the first, and one request of each."""
    folder = tmp_path / "laptop"
    shutil.copytree(_equipped, folder)
    found = Laptop(folder)
    yield found
    for terminal in found.terminals:
        terminal.close()
