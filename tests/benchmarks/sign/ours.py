"""coldsign's whole `sign` short of the person, as `ceremony/walk.py` puts it together."""

import wallycore
from coldsign.controls.clearance import clear
from coldsign.controls.policy import Policy

from coldsign.keys.keyring import Keyring
from coldsign.primitives.network import Network
from coldsign.psbt.model import Psbt
from coldsign.review.context import Context
from coldsign.review.report import review
from coldsign.signer.sign import sign
from coldsign.signer.verify import verify
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.benchmarks.sign.make import Case
from tests.benchmarks.sign.peers import Peer, Sign


def _coldsign(case: Case) -> Sign:
    descriptor = Descriptor.parse(case.wallet.descriptor(), Network.REGTEST)
    wallet = Wallet.create("vault", descriptor, our_keys=(0,))
    private = wallycore.BIP32_FLAG_KEY_PRIVATE
    keyring = Keyring.from_xprv(wallycore.bip32_key_to_base58(case.wallet.master(0), private))
    policy = Policy.parse(b"")
    context = Context(policy.limits)

    def run(data: bytes) -> bytes:
        before = Psbt.parse(data)
        report = review(before, wallet, context, our_keys=(0,))
        accepted = frozenset(one.code for one in report.findings)
        clearance = clear(report, policy=policy, approvals=(), accepted=accepted)
        after = sign(before, keyring, clearance)
        verify(before, after, clearance)
        return after.serialize()

    return run


COLDSIGN = Peer("coldsign, all checks", _coldsign, fresh=True)
