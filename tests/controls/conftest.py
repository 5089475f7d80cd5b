"""A home folder, and throw-away OpenPGP keys, made once for all tests: making them takes a second."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from coldsign.controls.keyring import pin, ring_path
from tests.controls.gnupg import People, people


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of the scenarios, by the fingerprints of their keys."""

    gpg: People
    ring: Path
    anna: str
    bert: str
    cleo: str
    stranger: str
    expired: str
    revoked: str
    desk: str


@pytest.fixture(scope="session")
def cast() -> Iterator[Cast]:
    """Everybody but the stranger is pinned."""
    for gpg in people():
        names = {name: gpg.make(name) for name in ("anna", "bert", "cleo", "stranger", "revoked")}
        expired = gpg.make("expired", made="20200101T000000", expires="1y")
        desk = gpg.make("desk", usage="default")
        gpg.revoke(names["revoked"])
        home = gpg.folder / "h"
        wanted = [names[name] for name in ("anna", "bert", "cleo", "revoked")]
        pin(home, gpg.export(), [*wanted, expired])
        yield Cast(gpg, ring_path(home), expired=expired, desk=desk, **names)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home folder; not made yet."""
    return tmp_path / "home"
