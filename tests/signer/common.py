"""What the signer's tests share: our regtest fixtures, reviewed, cleared and ready to sign."""

import base64
import json
from functools import cache
from types import SimpleNamespace

from coldsign.keys.keyring import Keyring
from coldsign.keys.mnemonic import Mnemonic
from coldsign.primitives.network import REGTEST
from coldsign.psbt.fields import In
from coldsign.psbt.model import Psbt
from coldsign.review.facts import gather
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.vectors import ROOT

FILES = sorted((ROOT / "tests/data/regtest").glob("*.json"))
NAMES = [file.stem for file in FILES]
SIGNATURES = {In.PARTIAL_SIG, In.TAP_KEY_SIG, In.TAP_SCRIPT_SIG}


@cache
def fixture(name):
    return json.loads((ROOT / "tests/data/regtest" / f"{name}.json").read_text())


@cache
def wallet(name, our_keys=()):
    descriptor = Descriptor.parse(fixture(name)["descriptor"], REGTEST)
    return Wallet.create("vault", descriptor, our_keys=our_keys)


def keyring(cosigner):
    if "wif" in cosigner:
        return Keyring.from_wif(cosigner["wif"])
    return Keyring.from_mnemonic(Mnemonic.parse(cosigner["mnemonic"]), cosigner["passphrase"])


@cache
def unsigned(name):
    return Psbt.parse(base64.b64decode(fixture(name)["psbt"]))


def clearance(psbt, vault, *, inputs=None, our_keys=()):
    """A clearance without the floor that grants them, so that it can be wrong on purpose."""
    facts = gather(psbt, vault, our_keys=our_keys)
    cleared = tuple(range(len(psbt.inputs))) if inputs is None else inputs
    return SimpleNamespace(
        report=SimpleNamespace(facts=facts), psbt_digest=psbt.digest, inputs=cleared
    )


def signatures(psbt):
    """Every signature pair, with its input."""
    return {
        (index, key): value
        for index, found in enumerate(psbt.inputs)
        for key, value in found.map.pairs
        if key.type in SIGNATURES
    }
