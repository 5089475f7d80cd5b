"""What holds for every test: a home of its own, and examples that can be repeated."""

import os

import pytest
from hypothesis import settings

# On a gate the examples are the same every time; at a desk they are new ones every time.
settings.register_profile("desk", deadline=None)
settings.register_profile("gate", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("gate" if os.environ.get("CI") else "desk")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the home of whoever runs it, nor follows their settings."""
    home = str(tmp_path_factory.getbasetemp() / "home")
    for name in ("HOME", "COLDSIGN_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, home)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "GNUPGHOME"):
        monkeypatch.delenv(name, raising=False)
