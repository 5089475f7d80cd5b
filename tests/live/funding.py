"""Puts coins into a wallet of a kind, and asks the node for a PSBT that spends them."""

import itertools
from dataclasses import dataclass

import wallycore

from tests.live.kinds import Kind
from tests.live.node import Node

COIN_SATS = (30_000_000, 12_345_678, 7_000_001)
PAYMENT_SATS = (20_000_000, 9_999_999)
_names = itertools.count()


@dataclass(frozen=True, slots=True)
class Funded:
    """A request for signatures, and the node's own signature of it for each of the signers."""

    psbt: str
    by_node: dict[int, str]


def fund(node: Node, kind: Kind) -> Funded:
    """Three coins (one of them change of before), two payments and change: as PSBT version 0."""
    number = next(_names)
    watching = f"{kind.name}-{number}"
    node.add_wallet(watching, kind.descriptor, private=False)
    branches = node.addresses(kind.descriptor, 0, 2)
    receive, change = branches[0], branches[-1]
    node.pay(list(zip((receive[0], receive[-1], change[0]), COIN_SATS, strict=True)))
    if kind.sequence is not None:
        node.mine(kind.sequence)
    coins = node.call("listunspent", wallet=watching)
    inputs = [
        {"txid": coin["txid"], "vout": coin["vout"], "sequence": kind.sequence or 0xFFFFFFFD}
        for coin in coins
    ]
    types = ("bech32m", "legacy")
    paid = [node.call("getnewaddress", "", type_, wallet="miner") for type_ in types]
    outputs = [
        {address: f"{sats / 10**8:.8f}"} for address, sats in zip(paid, PAYMENT_SATS, strict=True)
    ]
    options = {"fee_rate": 5, "changeAddress": change[-1], "changePosition": 1}
    created = node.call(
        "walletcreatefundedpsbt", inputs, outputs, 0, options, True, wallet=watching
    )
    psbt = str(created["psbt"])
    return Funded(
        psbt, {who: _node_signs(node, kind, who, f"{watching}-{who}", psbt) for who in kind.signers}
    )


def _node_signs(node: Node, kind: Kind, signer: int, name: str, psbt: str) -> str:
    node.add_wallet(name, kind.private_descriptor(signer), private=True)
    sighash = "DEFAULT" if kind.name.startswith("tr") else "ALL"
    return str(
        node.call("walletprocesspsbt", psbt, True, sighash, True, False, wallet=name)["psbt"]
    )


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
