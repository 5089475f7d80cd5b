"""What ceremony and command-line tests stand on: a desk in a folder, recorded fixtures, and operators."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coldsign.ceremony.checkup import Machine
from coldsign.ceremony.desk import Desk
from coldsign.ceremony.operator import Consent
from coldsign.ceremony.walk import Job
from coldsign.controls.journal import Journal
from coldsign.controls.latch import Latch
from coldsign.controls.policy import Policy
from coldsign.errors import LockedError
from coldsign.keys.keyring import Keyring
from coldsign.keys.keystore import Keystore
from coldsign.keys.mnemonic import Mnemonic
from coldsign.keys.versions import NetworkGroup
from coldsign.primitives.network import Network
from coldsign.psbt.model import Psbt
from coldsign.review.report import Report
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.registry import Registry
from coldsign.wallet.wallet import Wallet

DATA = Path(__file__).resolve().parent.parent / "data"
REGTEST = Network.named("regtest")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def make_desk(home: Path, network: Network = REGTEST) -> Desk:
    """A desk whose clock stands still."""
    return Desk(
        home,
        network,
        Keystore(home),
        Registry(home),
        Journal(home),
        Latch(home),
        lambda: NOON,
        lambda: Machine.here(home),
    )


@dataclass(frozen=True)
class Fixture:
    """One recorded spend."""

    name: str
    raw: dict[str, Any]

    @property
    def psbt(self) -> bytes:
        return base64.b64decode(self.raw["psbt"])

    @property
    def wallet(self) -> Wallet:
        return Wallet.create("fixture", Descriptor.parse(self.raw["descriptor"], REGTEST))

    def keyring(self, cosigner: int) -> Keyring:
        return keyring_of(self.raw["cosigners"][cosigner])

    def signed_by_node(self, cosigner: int) -> Psbt:
        return Psbt.parse(base64.b64decode(self.raw["signed_by_node"][cosigner]))

    def job(self, **options: Any) -> Job:
        return Job(self.psbt, self.wallet, Policy.empty(), **options)


def keyring_of(cosigner: dict[str, str]) -> Keyring:
    if "wif" in cosigner:
        return Keyring.from_wif(cosigner["wif"])
    mnemonic = Mnemonic.parse(cosigner["mnemonic"])
    return Keyring.from_mnemonic(mnemonic, cosigner["passphrase"], group=NetworkGroup.TEST)


def fixture(name: str) -> Fixture:
    return Fixture(name, json.loads((DATA / "regtest" / f"{name}.json").read_text()))


def fixture_names() -> list[str]:
    names = sorted(path.stem for path in (DATA / "regtest").glob("*.json"))
    assert len(names) >= 15, "the recorded fixtures are missing"
    return names


def no_key() -> Keyring:
    raise LockedError("the key was asked for")


@dataclass
class Yes:
    """Accepts everything that can be accepted, and notes what it saw."""

    key: Callable[[], Keyring] = no_key
    seen: list[Report] = field(default_factory=list)
    asked: int = 0

    def look(self, report: Report) -> None:
        self.seen.append(report)

    def approve(self, report: Report) -> Consent:
        return Consent(frozenset(finding.code for finding in report.findings), "test")

    def unlock(self) -> Keyring:
        self.asked += 1
        return self.key()
