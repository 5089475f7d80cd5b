"""Vaults for attacks."""

from pathlib import Path

import pytest

from tests.attacks.vault import Vault, copied, template, watched


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return template(tmp_path_factory.mktemp("pristine"))


@pytest.fixture
def vault(pristine: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    fresh = copied(pristine, tmp_path / "vault")
    watched(monkeypatch, fresh)
    return fresh
