"""Large PSBTs that a real node made, with the words of their cosigners; measured where they are.

`COLDSIGN_FIXTURES` names the folder, else `../shared/fixtures/large` beside the checkout.
"""

import base64
import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import wallycore

from tests.benchmarks.sign.make import Case, Wallet

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Recorded(Wallet):
    """The wallet of one recorded PSBT: a quorum whose seeds are known."""

    label: str
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.kind} {self.needed}-of-{self.total}, recorded from a node"

    def seed(self, place: int) -> bytes:
        return bytes(wallycore.bip39_mnemonic_to_seed512(self.words[place], None))


def recorded() -> Iterator[Case]:
    """Every recorded PSBT that is here, the smallest first."""
    folder = Path(os.environ.get("COLDSIGN_FIXTURES") or ROOT.parent / "shared/fixtures/large")
    found = [_case(path) for path in folder.glob("wsh-sortedmulti-*.json.gz")]
    yield from sorted(found, key=lambda case: (case.inputs, case.outputs))


def _case(path: Path) -> Case:
    with gzip.open(path) as file:
        record = json.load(file)
    words = tuple(cosigner["mnemonic"] for cosigner in record["cosigners"])
    wallet = Recorded("wsh", record["threshold"], len(words), record["name"], words)
    if wallet.descriptor() != record["descriptor"]:
        raise ValueError(f"{path.name}: its words do not give its descriptor")
    psbt = base64.b64decode(record["psbt"])
    return Case(wallet, len(record["inputs"]), len(record["outputs"]), psbt)
