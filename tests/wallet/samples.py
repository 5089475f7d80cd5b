"""Descriptors that the tests of this floor share."""

import json
from pathlib import Path

from coldsign.keys.bip32 import ExtendedSecretKey
from coldsign.primitives.hashes import sha256
from coldsign.primitives.keypath import format_path, parse_path
from coldsign.primitives.network import MAINNET, Network
from coldsign.wallet.checksum import checksum

DATA = Path(__file__).resolve().parent.parent / "data"
NUMS = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0"


def fixtures():
    paths = sorted((DATA / "regtest").glob("*.json"))
    assert paths, "no regtest fixtures"
    return [json.loads(path.read_text()) for path in paths]


def regtest_descriptor():
    return [(data["descriptor"], Network.named(data["network"])) for data in fixtures()]


def attack_wallets():
    return json.loads((DATA / "attacks" / "psbt.json").read_text())["meta"]["wallets"]


def attack_wallet(name):
    return attack_wallets()[name]["descriptor"]


def account(number, path="48h/0h/0h/2h", network=MAINNET):
    """A cosigner's account: its origin and extended public key, as text."""
    master = ExtendedSecretKey.from_seed(sha256(b"coldsign wallet tests %d" % number))
    steps = parse_path(path)
    key = master.derive(steps).neuter().serialize(network)
    return f"[{master.fingerprint.hex()}/{format_path(steps)}]{key}"


def key(number, tail="<0;1>/*", path="48h/0h/0h/2h"):
    return f"{account(number, path)}/{tail}"


def with_checksum(body):
    return f"{body}#{checksum(body)}"
