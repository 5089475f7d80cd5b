"""What must hold of any wallet file and any descriptor.

The first byte says how the rest is read: as a file or a descriptor, and for which network.
"""

import json
from pathlib import Path

from coldsign.errors import MalformedError, RefusedError
from coldsign.primitives.network import MAINNET, REGTEST, TESTNET4, Network
from coldsign.wallet import registry
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.formats.export import Format, export
from coldsign.wallet.formats.recognise import recognise
from coldsign.wallet.wallet import Wallet

DATA = Path(__file__).resolve().parent.parent / "data"
NETWORKS = (MAINNET, REGTEST, TESTNET4, MAINNET)
KINDS = ("", "wpkh", "tr", "wsh-multi")
FILE, DESCRIPTOR, REGISTERED = range(3)


def holds(data: bytes) -> bool:
    """The contract of the wallet floor; whether there is a wallet."""
    if not data:
        return False
    how, network, body = data[0] % 3, NETWORKS[data[0] // 3 % 4], data[1:]
    try:
        if how == REGISTERED:
            wallet = registry.parse(body)
            if (
                registry.serialize(wallet) != body
                and registry.parse(registry.serialize(wallet)) != wallet
            ):
                raise AssertionError("a registration is not what it says")
            return True
        descriptor = _read(how, data[0] // 12 % 4, body, network)
    except MalformedError:
        return False
    except RefusedError as no:
        if no.code != "registration-changed":
            raise
        return False
    _use(descriptor, network, tuple(Format)[len(body) % len(Format)])
    return True


def _read(how: int, kind: int, body: bytes, network: Network) -> Descriptor:
    if how == DESCRIPTOR:
        return Descriptor.parse(body.decode("utf-8", "replace"), network, require_checksum=False)
    return recognise(body, network, script_kind=KINDS[kind]).descriptor


def _use(descriptor: Descriptor, network: Network, form: Format) -> None:
    """A descriptor reads the same again; a wallet of it derives, speaks and is exported."""
    if Descriptor.parse(str(descriptor), network) != descriptor:
        raise AssertionError("a descriptor reads otherwise a second time")
    try:
        wallet = Wallet.create("fuzzed", descriptor)
    except MalformedError:
        return
    wallet.derive(0, 0)
    words = wallet.words.replace("\n", "")
    if not (words.isprintable() and wallet.spending_paths()):
        raise AssertionError("words that no terminal should get")
    try:
        written = export(wallet, form)
    except MalformedError:
        return
    mine = Wallet.create("again", recognise(written, network).descriptor)
    if mine.derive(0, 0).script_pubkey != wallet.derive(0, 0).script_pubkey:
        raise AssertionError(f"{form.value} changes the wallet")


def seeds() -> list[bytes]:
    """Our wallets as descriptors, in every format that can say them, and registered."""
    found = []
    recorded = sorted((DATA / "regtest").glob("*.json"))
    texts = [(json.loads(path.read_text())["descriptor"], 1) for path in recorded]
    meta = json.loads((DATA / "attacks" / "psbt.json").read_text())["meta"]
    texts += [(entry["descriptor"], 0) for entry in meta["wallets"].values()]
    for text, network in texts:
        descriptor = Descriptor.parse(text, NETWORKS[network], require_checksum=False)
        wallet = Wallet.create("vault", descriptor)
        found.append(bytes((DESCRIPTOR + 3 * network,)) + descriptor.body.encode())
        found.append(bytes((REGISTERED,)) + registry.serialize(wallet))
        for form in Format:
            try:
                found.append(bytes((FILE + 3 * network,)) + export(wallet, form))
            except MalformedError:
                continue
    return found
