"""Wallet files as other programs write them."""

from coldsign.keys.versions import SLIP132_PUBLIC
from coldsign.primitives.encoding import base58check_decode, base58check_encode
from tests.wallet.samples import account

PREFIX = {name: version for version, (name, _) in SLIP132_PUBLIC.items()}
PATH = "m/48'/0'/0'/2'"


def xpub(number, prefix="xpub"):
    text = account(number).partition("]")[2]
    if prefix == "xpub":
        return text
    return base58check_encode(PREFIX[prefix] + base58check_decode(text)[4:])


def fingerprint(number):
    return account(number)[1:9]


def sparrow(**changes):
    stores = [
        {
            "label": f"K{n}",
            "source": "HW_AIRGAPPED",
            "keyDerivation": {"masterFingerprint": fingerprint(n), "derivationPath": PATH},
            "extendedPublicKey": xpub(n),
        }
        for n in range(3)
    ]
    script = {"miniscript": {"script": "wsh(sortedmulti(2,k0,k1,k2))"}}
    return {
        "name": "spar",
        "policyType": "MULTI",
        "scriptType": "P2WSH",
        "defaultPolicy": script,
        "keystores": stores,
    } | changes


def electrum(prefix="Zpub", kind="2of3", **changes):
    stores = {
        f"x{n + 1}/": {
            "type": "bip32",
            "xpub": xpub(n, prefix),
            "derivation": PATH,
            "root_fingerprint": fingerprint(n),
            "xprv": None,
        }
        for n in range(3)
    }
    return {"wallet_type": kind, "seed_version": 59} | stores | changes
