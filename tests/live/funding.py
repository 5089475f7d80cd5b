"""Puts coins into a wallet of a kind, and asks the node for a PSBT that spends them."""

import base64
from dataclasses import dataclass, field

import wallycore

from coldsign.psbt.fields import In
from coldsign.psbt.model import Psbt
from coldsign.psbt.raw import Key
from tests.live.kinds import HASH160, HASH256, PREIMAGE, SHA256, Kind
from tests.live.node import Node

COIN_SATS = (30_000_000, 12_345_678, 7_000_001)
PAYMENT_SATS = (20_000_000, 9_999_999)
_FIELDS = {SHA256: In.SHA256, HASH256: In.HASH256, HASH160: In.HASH160}


@dataclass(slots=True)
class Vault:
    """A wallet of a kind at the node: one that watches, and one with each signer's secret."""

    node: Node
    kind: Kind
    _signing: dict[int, str] = field(default_factory=dict)
    _spends: int = 0

    def __post_init__(self) -> None:
        self.node.add_wallet(self.kind.name, self.kind.descriptor, private=False)

    def fund(self) -> str:
        """Three new coins (one of them change of before), two payments and change: as PSBT version 0."""
        node, kind, first = self.node, self.kind, 3 * self._spends
        branches = node.addresses(kind.descriptor, first, first + 2)
        self._spends += 1
        receive, change = branches[0], branches[-1]
        node.pay(list(zip((receive[0], receive[-1], change[0]), COIN_SATS, strict=True)))
        if kind.sequence is not None:
            node.mine(kind.sequence)
        mine = {receive[0], receive[-1], change[0]}
        coins = [c for c in node.call("listunspent", wallet=kind.name) if c["address"] in mine]
        assert len(coins) >= len(COIN_SATS), (coins, node.call("getblockchaininfo"))
        sequence = 0xFFFFFFFD if kind.sequence is None else kind.sequence
        inputs = [{"txid": c["txid"], "vout": c["vout"], "sequence": sequence} for c in coins]
        paid = [
            node.call("getnewaddress", "", form, wallet="miner") for form in ("bech32m", "legacy")
        ]
        outputs = [
            {address: f"{sats / 10**8:.8f}"}
            for address, sats in zip(paid, PAYMENT_SATS, strict=True)
        ]
        options = {"fee_rate": 5, "changeAddress": change[-1], "changePosition": 1}
        created = node.call(
            "walletcreatefundedpsbt",
            inputs,
            outputs,
            kind.locktime,
            options,
            True,
            wallet=kind.name,
        )
        return with_preimages(str(created["psbt"]), kind)

    def signed_by_node(self, signer: int, psbt: str) -> str:
        """The node's own signatures of one cosigner."""
        kind, node = self.kind, self.node
        if signer not in self._signing:
            self._signing[signer] = f"{kind.name}-{signer}"
            node.add_wallet(self._signing[signer], kind.private_descriptor(signer), private=True)
        sighash = "DEFAULT" if kind.name.startswith("tr") else "ALL"
        wallet = self._signing[signer]
        found = node.call("walletprocesspsbt", psbt, True, sighash, True, False, wallet=wallet)
        return str(found["psbt"])


def with_preimages(psbt: str, kind: Kind) -> str:
    """The request with the preimages that a coordinator knows in every input."""
    if not kind.preimages:
        return psbt
    parsed = Psbt.parse(base64.b64decode(psbt))
    pairs = [(Key(_FIELDS[digest], digest), PREIMAGE) for digest in kind.preimages]
    inputs = [found.map.adding(tuple(pairs)) for found in parsed.inputs]
    outputs = [found.map for found in parsed.outputs]
    made = Psbt.of_maps(parsed.global_map.map, inputs, outputs)
    return base64.b64encode(made.serialize()).decode()


def as_version_2(psbt: str) -> str:
    """The same request as PSBT version 2 (BIP-370), rewritten by libwally."""
    parsed = wallycore.psbt_from_base64(psbt, 0)
    wallycore.psbt_set_version(parsed, 0, 2)
    # Nobody may add inputs or outputs any more; otherwise coldsign refuses.
    wallycore.psbt_set_tx_modifiable_flags(parsed, 0)
    return str(wallycore.psbt_to_base64(parsed, 0))


def as_version_0(psbt: str) -> str:
    """A version 2 PSBT as the node reads it."""
    parsed = wallycore.psbt_from_base64(psbt, 0)
    wallycore.psbt_set_version(parsed, 0, 0)
    return str(wallycore.psbt_to_base64(parsed, 0))


def signatures(node: Node, psbt: str) -> list[dict[str, object]]:
    """Every signature of every input, as the node reads it (version 0 only)."""
    names = ("partial_signatures", "taproot_key_path_sig", "taproot_script_path_sigs")
    return [
        {name: one.get(name) for name in names} for one in node.call("decodepsbt", psbt)["inputs"]
    ]
