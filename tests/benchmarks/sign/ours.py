"""coldsign's whole `sign` short of the person, as `ceremony/walk.py` puts it together."""

import dataclasses
import tempfile
import time
from functools import partial
from pathlib import Path

import wallycore

from coldsign.controls.clearance import clear
from coldsign.controls.latch import Latch
from coldsign.controls.policy import Policy
from coldsign.controls.remember import recall
from coldsign.keys.keyring import Keyring
from coldsign.primitives.cores import Cores
from coldsign.primitives.network import Network
from coldsign.psbt.model import Psbt
from coldsign.review.context import Context
from coldsign.review.finding import Severity
from coldsign.review.report import Report, review
from coldsign.signer.verified import sign_verified
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.benchmarks.sign.make import Case
from tests.benchmarks.sign.peers import Peer, Sign

OURS = "coldsign"
# The one refusal that a benchmark of 1000 inputs cannot avoid: no node relays a transaction so
# heavy. It is found, like everything else, and then left out so that there is something to sign.
UNAVOIDABLE = "too-heavy"
POLICY = b"[fee]\nrefuse_sats = 10_000_000\n"  # hundreds of inputs pay more than a withdrawal may


def _relayable(report: Report) -> Report:
    findings = tuple(one for one in report.findings if one.code != UNAVOIDABLE)
    assert not any(one.severity is Severity.REFUSE for one in findings), findings
    return dataclasses.replace(report, findings=findings)


def _coldsign(case: Case, cores: Cores) -> Sign:
    # The first cosigner's place in the descriptor; a taproot wallet's first key is its internal one.
    ours = (1 if case.wallet.kind == "tr" else 0,)
    descriptor = Descriptor.parse(case.wallet.descriptor(), Network.REGTEST)
    wallet = Wallet.create("vault", descriptor, our_keys=ours)
    private = wallycore.BIP32_FLAG_KEY_PRIVATE
    unlocked = Keyring.from_xprv(wallycore.bip32_key_to_base58(case.wallet.master(0), private))
    policy, memory = Policy.parse(POLICY), recall((), wallet)
    latch = Latch(Path(tempfile.gettempdir()) / "no-home")
    context = Context(limits=policy.limits, rules=policy.digest, history=memory)

    def run(data: bytes) -> bytes:
        before = Psbt.read(data)
        report = _relayable(review(before, wallet, context, our_keys=ours, cores=cores))
        accepted = frozenset(one.code for one in report.findings)
        clearance = clear(report, policy=policy, latch=latch, accepted=accepted)
        return sign_verified(before, lambda: unlocked, clearance, cores=cores).serialize()

    return run


def coldsign(cores: int) -> Peer:
    """coldsign on so many cores."""
    if cores == 1:
        return Peer(OURS, partial(_coldsign, cores=Cores(1)), fresh=True)
    prepare = partial(_coldsign, cores=Cores(cores))
    name = f"{OURS}, {cores} cores"
    return Peer(name, prepare, fresh=True, cores=cores, clock=time.perf_counter)
