"""The signers measured: each reads PSBT bytes, signs with the first cosigner's key, gives bytes.

`prepare` is not timed: a peer's wallet is made and its key unlocked there, as for coldsign.
"""

import base64
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.benchmarks.sign.make import Case
from tests.live.node import Node

Sign = Callable[[bytes], bytes]
TPRV = bytes.fromhex("04358394")


@dataclass(frozen=True, slots=True)
class Peer:
    """A signer.

    `largest` is the number of inputs past which it would take minutes; a `fresh` one is prepared
    again before each pass, so that nothing it remembers helps it; `cores` is how many it may use.
    `clock` is processor time, which other work on the machine hardly changes, or the time that
    passes, where that is the point.
    """

    name: str
    prepare: Callable[[Case], Sign]
    largest: int = 100_000
    fresh: bool = False
    cores: int = 1
    clock: Callable[[], float] = time.process_time


def _wallycore(case: Case) -> Sign:
    import wallycore

    master = case.wallet.master(0)

    def sign(data: bytes) -> bytes:
        psbt = wallycore.psbt_from_bytes(data, 0)
        wallycore.psbt_sign_bip32(psbt, master, wallycore.EC_FLAG_GRIND_R)
        return bytes(wallycore.psbt_to_bytes(psbt, 0))

    return sign


def _bdk(case: Case) -> Sign:
    import bdkpython

    receive, change = (
        bdkpython.Descriptor(
            case.wallet.descriptor(private=0, tail=f"/{branch}/*"), bdkpython.NetworkKind.TEST
        )
        for branch in (0, 1)
    )
    wallet = bdkpython.Wallet(
        receive,
        change,
        bdkpython.Network.REGTEST,
        bdkpython.Persister.new_in_memory(),
        lookahead=case.inputs,
    )
    options = bdkpython.SignOptions(
        trust_witness_utxo=False,
        assume_height=None,
        allow_all_sighashes=False,
        try_finalize=False,
        sign_with_tap_internal_key=False,
        allow_grinding=True,
    )

    def sign(data: bytes) -> bytes:
        psbt = bdkpython.Psbt(base64.b64encode(data).decode())
        wallet.sign(psbt, options)
        return base64.b64decode(psbt.serialize())

    return sign


def _embit(case: Case) -> Sign:
    from embit.bip32 import HDKey
    from embit.psbt import PSBT

    root = HDKey.from_seed(case.wallet.seed(0), TPRV)

    def sign(data: bytes) -> bytes:
        psbt = PSBT.parse(data)
        psbt.sign_with(root)
        return bytes(psbt.serialize())

    return sign


def _btclib(case: Case) -> Sign:
    import wallycore
    from btclib_wallet.psbt.psbt import Psbt
    from btclib_wallet.psbt_signer import SoftwareSigner

    private = wallycore.BIP32_FLAG_KEY_PRIVATE
    signer = SoftwareSigner(wallycore.bip32_key_to_base58(case.wallet.master(0), private))

    def sign(data: bytes) -> bytes:
        return bytes(signer.sign_psbt(Psbt.parse(data)).serialize())

    return sign


def _processor_time(pid: int) -> float:
    """Seconds of processor time of another process, its threads together, and of this one."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(file.read_text().split()[0]) for file in threads) / 1e9 + time.process_time()


def node_peer(node: Node, pid: int) -> Peer:
    """A live node's `walletprocesspsbt`, over RPC, as a wallet program would call it."""
    wallets = itertools.count()

    def prepare(case: Case) -> Sign:
        name = f"wallet-{next(wallets)}"
        node.call("createwallet", name, False, True)
        request = {
            "desc": case.wallet.descriptor(private=0),
            "timestamp": "now",
            "range": [0, 3 * case.inputs + 100],
        }
        (result,) = node.call("importdescriptors", [request], wallet=name)
        assert result["success"], result
        sighash = "DEFAULT" if case.wallet.kind == "tr" else "ALL"

        def sign(data: bytes) -> bytes:
            text = base64.b64encode(data).decode()
            done = node.call("walletprocesspsbt", text, True, sighash, True, False, wallet=name)
            return base64.b64decode(done["psbt"])

        return sign

    return Peer("Bitcoin node (RPC)", prepare, clock=partial(_processor_time, pid))


PEERS = (
    Peer("wallycore (C)", _wallycore),
    Peer("bdkpython (Rust)", _bdk),
    Peer("embit", _embit),
    Peer("btclib-wallet", _btclib, largest=10),
)
