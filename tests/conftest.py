"""What holds for every test: a home of its own, examples that can be repeated, and no waiting for a disk."""

import gc
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

# On a gate the examples are the same every time; at a desk they are new ones every time.
settings.register_profile("desk", deadline=None)
settings.register_profile("gate", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("gate" if os.environ.get("CI") else "desk")
# A shell starts what runs in its background with Ctrl-C ignored, `nohup` with a hang-up: programs that we start would
# inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _synced(descriptor: int) -> None:
    """A sync that does not wait for the disk: no test cuts the power. What is not open fails as it does."""
    os.fstat(descriptor)


os.fsync = _synced


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Thousands of tests are made here, and live to the end: no search for garbage finds any among them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_unconfigure() -> None:
    """What was set aside above is let go, so that libraries that count their objects at the end miss none."""
    gc.unfreeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A worker runs its half in order, so that what a file's tests share is made once, then helps the other."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the home of whoever runs it, nor follows their settings."""
    home = str(tmp_path_factory.getbasetemp() / "home")
    for name in ("HOME", "COLDSIGN_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, home)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "GNUPGHOME"):
        monkeypatch.delenv(name, raising=False)
