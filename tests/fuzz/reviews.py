"""What must hold of any bytes reviewed, and signed where nothing speaks against it.

The first byte says which wallet the rest, a PSBT, is reviewed for; the second is a set of switches for what it is
held against. Wallets and keys are those of our fixtures, so that the deep code is reached.
"""

import base64
import json
from functools import cache, lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

from coldsign.errors import LockedError
from coldsign.keys.keyring import Keyring
from coldsign.keys.mnemonic import Mnemonic
from coldsign.primitives.hashes import sha256d
from coldsign.primitives.network import MAINNET, REGTEST
from coldsign.psbt.model import Psbt
from coldsign.review.context import Context, Limits
from coldsign.review.render import to_json, to_lines
from coldsign.review.report import Report, review
from coldsign.signer.sign import sign
from coldsign.signer.verify import verify
from coldsign.wallet.derive import Deriver
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.fuzz.psbts import parse
from tests.review.build import HONEST_MANIFEST, Memory

DATA = Path(__file__).resolve().parent.parent / "data"
CATALOGUE = json.loads((DATA / "attacks" / "psbt.json").read_text())

# Crash files name wallets by their place here: new ones go to the end.
ATTACKED = ("W-wsh", "W-shwsh", "W-sh", "W-wpkh", "W-trkey", "W-trmulti", "W-mini")
FUNDED = (
    "pkh-4x5",
    "sh-multi-3of4-uncompressed-3x5",
    "sh-sortedmulti-2of3-3x3",
    "sh-wpkh-4x4",
    "sh-wsh-sortedmulti-2of3-4x4",
    "tr-key-3x3",
    "tr-key-or-multi_a-1x2",
    "tr-multi_a-2of3-2x1",
    "tr-sortedmulti_a-3of4-1x4",
    "wpkh-1x2",
    "wsh-miniscript-recovery-1x4",
    "wsh-multi-3of5-1x5",
    "wsh-sortedmulti-2of3-4x4",
    "wsh-sortedmulti-3of4-3x1",
)
NAMES = ATTACKED + FUNDED

MANIFEST, AGAIN, LAX, TIGHT, OURS, SHOWN, WIDE, SIGNED = (1 << bit for bit in range(8))
_LAX = Limits(op_return=True, foreign_inputs=True, unproven_v0_amounts=True, height=800_000)
_TIGHT = Limits(max_outputs=3, per_transaction_sats=10**7, gap=5, refuse_percent=0.1, height=1000)


class Subject(NamedTuple):
    """A wallet, and how one of its keys is unlocked."""

    wallet: Wallet
    secret: dict[str, str]

    def keyring(self) -> Keyring:
        """The unlocked key."""
        if "xprv" in self.secret:
            return Keyring.from_xprv(self.secret["xprv"])
        if "wif" in self.secret:
            return Keyring.from_wif(self.secret["wif"])
        words = Mnemonic.parse(self.secret["mnemonic"])
        return Keyring.from_mnemonic(words, self.secret["passphrase"])


@cache
def subject(name: str) -> Subject:
    """The wallet of this name."""
    if name in ATTACKED:
        text, secret = (
            CATALOGUE["meta"]["wallets"][name]["descriptor"],
            CATALOGUE["meta"]["cosigners"][0],
        )
        descriptor = Descriptor.parse(text, MAINNET, require_checksum=False)
        ours = bytes.fromhex(secret["fingerprint"])
        positions = [i for i, key in enumerate(descriptor.keys) if key.fingerprint == ours]
        return Subject(Wallet.create(name, descriptor, our_keys=positions), secret)
    fixture = json.loads((DATA / "regtest" / f"{name}.json").read_text())
    descriptor = Descriptor.parse(fixture["descriptor"], REGTEST)
    return Subject(Wallet.create("w", descriptor), fixture["cosigners"][0])


@cache
def opened(name: str) -> Keyring:
    """Its key, unlocked once."""
    return subject(name).keyring()


def remember() -> None:
    """Work out once what no mutant changes and costs most: each place's scripts, each wallet's text."""
    Deriver.derive = lru_cache(maxsize=1024)(Deriver.derive)
    texts = {
        id(subject(name).wallet.descriptor): str(subject(name).wallet.descriptor) for name in NAMES
    }
    write = Descriptor.__str__
    Descriptor.__str__ = lambda self: texts.get(id(self)) or write(self)


def holds(data: bytes) -> bool:
    """The contract of parser, facts and review; whether the PSBT was accepted by the parser."""
    if len(data) < 2:
        return False
    name, switches = NAMES[data[0] % len(NAMES)], data[1]
    psbt = parse(data[2:])
    if psbt is None:
        return False
    wallet = subject(name).wallet
    memory = Memory()
    limits = _LAX if switches & LAX else _TIGHT if switches & TIGHT else Limits(height=900_000)
    context = Context(
        limits=limits, manifest=HONEST_MANIFEST if switches & MANIFEST else None, history=memory
    )
    ours = (0,) if switches & OURS else ()
    report = review(psbt, wallet, context, our_keys=ours)
    if switches & AGAIN:
        memory.saw(report)
        memory.signed(report)
        report = review(psbt, wallet, context, our_keys=ours)
    _check(report)
    if switches & SHOWN:
        _show(report, 120 if switches & WIDE else 40)
    if switches & SIGNED and report.verdict != "refuse":
        _sign(psbt, report, opened(name))
    return True


def _check(report: Report) -> None:
    """What a report that lets a signature through must say."""
    facts = report.facts
    if len(report.review_code) != 6 or report.verdict not in {"ok", "confirm", "refuse"}:
        raise AssertionError(report)
    if facts.tx.txid() != sha256d(facts.tx.serialize_without_witness()):
        raise AssertionError("another txid")
    if report.verdict == "refuse":
        return
    outs = sum(out.sats for out in facts.tx.outputs)
    if not facts.own_inputs or facts.fee is None or facts.fee < 0 or not facts.tx.outputs:
        raise AssertionError("nothing to sign, or an impossible fee, is not refused")
    if sum(known.amount or 0 for known in facts.inputs) - outs != facts.fee:
        raise AssertionError("the fee is not what inputs and outputs leave")
    if any(known.ownership.false_claims for known in facts.inputs):
        raise AssertionError("a false claim about an input is not refused")
    if any(out.ownership.false_claims for out in facts.outputs):
        raise AssertionError("a false claim about an output is not refused")


def _show(report: Report, width: int) -> None:
    json.dumps(to_json(report), allow_nan=False)
    for line in to_lines(report, width):
        if len(line.text) > width or not (line.text.isascii() and line.text.isprintable()):
            raise AssertionError(f"a line that no terminal should get: {line.text!r}")


def _sign(psbt: Psbt, report: Report, keyring: Keyring) -> None:
    """Sign and look at it as the signer does; a ``SelfCheckError`` would be a bug."""
    inputs = tuple(known.index for known in report.facts.own_inputs)
    clearance = SimpleNamespace(
        report=report, psbt_digest=psbt.digest, inputs=inputs, demand_standing=lambda: None
    )
    try:
        after = sign(psbt, keyring, clearance)
    except LockedError:
        return
    verify(psbt, after, clearance)
    if parse(after.serialize()) is None:
        raise AssertionError("our own reply is malformed")


def seeds() -> list[bytes]:
    """Every PSBT of our fixtures and attacks, each for the wallet it is about."""
    found: list[bytes] = []
    for name in FUNDED:
        fixture = json.loads((DATA / "regtest" / f"{name}.json").read_text())
        texts = (fixture["psbt"], *fixture["signed_by_node"][:2])
        found += [_seed(name, SHOWN | SIGNED | LAX, base64.b64decode(text)) for text in texts]
    for number, vector in enumerate(CATALOGUE["vectors"]):
        for text in vector.get("sequence") or [vector.get("psbt")]:
            if text and vector["wallet"] in ATTACKED:
                switches = SHOWN | SIGNED if number % 4 else number & 0xFF
                found.append(_seed(vector["wallet"], switches, base64.b64decode(text)))
    return found


def _seed(name: str, switches: int, psbt: bytes) -> bytes:
    return bytes((NAMES.index(name), switches)) + psbt
