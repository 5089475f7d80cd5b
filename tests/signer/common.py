"""What the signer's tests share: our regtest fixtures, reviewed, cleared and ready to sign."""

import base64
import json
import struct
from functools import cache
from types import SimpleNamespace

from coldsign.keys.keyring import Keyring
from coldsign.keys.mnemonic import Mnemonic
from coldsign.primitives.cursor import compact_size
from coldsign.primitives.hashes import hash160, sha256
from coldsign.primitives.network import REGTEST
from coldsign.primitives.script import p2wpkh
from coldsign.primitives.tx import OutPoint, Transaction, TxIn, TxOut
from coldsign.psbt.fields import Global, In, Out
from coldsign.psbt.model import Psbt
from coldsign.psbt.raw import Key, Map
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
        report=SimpleNamespace(facts=facts),
        psbt_digest=psbt.digest,
        inputs=cleared,
        demand_standing=lambda: None,
    )


def signatures(psbt):
    """Every signature pair, with its input."""
    return {
        (index, key): value
        for index, found in enumerate(psbt.inputs)
        for key, value in found.map.pairs
        if key.type in SIGNATURES
    }


def with_pairs(psbt, index, pairs, *, without=()):
    """The same PSBT with one input's pairs changed."""
    maps = [found.map for found in psbt.inputs]
    kept = [pair for pair in maps[index].pairs if pair[0].type not in without]
    maps[index] = Map.of(In, index, [*kept, *pairs])
    return Psbt.of_maps(psbt.global_map.map, maps, [out.map for out in psbt.outputs])


def as_version2(psbt, flags=3):
    """The same transaction as a PSBT of version 2, with these TX_MODIFIABLE flags."""
    tx = psbt.tx
    global_map = Map.of(
        Global,
        0,
        [
            (Key(Global.TX_VERSION, b""), struct.pack("<i", tx.version)),
            (Key(Global.FALLBACK_LOCKTIME, b""), struct.pack("<I", tx.locktime)),
            (Key(Global.INPUT_COUNT, b""), compact_size(len(tx.inputs))),
            (Key(Global.OUTPUT_COUNT, b""), compact_size(len(tx.outputs))),
            (Key(Global.TX_MODIFIABLE, b""), bytes((flags,))),
            (Key(Global.VERSION, b""), struct.pack("<I", 2)),
        ],
    )
    inputs = [
        Map.of(
            In,
            index,
            [
                *found.map.pairs,
                (Key(In.PREVIOUS_TXID, b""), txin.outpoint.txid),
                (Key(In.OUTPUT_INDEX, b""), struct.pack("<I", txin.outpoint.vout)),
                (Key(In.SEQUENCE, b""), struct.pack("<I", txin.sequence)),
            ],
        )
        for index, (found, txin) in enumerate(zip(psbt.inputs, tx.inputs, strict=True))
    ]
    outputs = [
        Map.of(
            Out,
            index,
            [
                *found.map.pairs,
                (Key(Out.AMOUNT, b""), struct.pack("<q", out.sats)),
                (Key(Out.SCRIPT, b""), out.script),
            ],
        )
        for index, (found, out) in enumerate(zip(psbt.outputs, tx.outputs, strict=True))
    ]
    return Psbt.of_maps(global_map, inputs, outputs)


def spending(vault, inputs=1, outputs=1, *, locktime=0):
    """A PSBT of version 0 that spends coins of a wallet's first addresses, with all fields."""
    tx_inputs, maps = [], []
    for index in range(inputs):
        derived = vault.derive(0, index)
        source = OutPoint(sha256(index.to_bytes(4, "big")), 1)
        previous = Transaction(
            2, (TxIn(source, b"", 0),), (TxOut(100_000 + index, derived.script_pubkey),), 0
        )
        tx_inputs.append(TxIn(OutPoint(previous.txid(), 0), b"", 0xFFFFFFFD))
        maps.append(Map.of(In, index, _fields(vault, derived, previous)))
    sats = 90_000 * inputs // outputs
    tx_outputs = tuple(TxOut(sats - n, p2wpkh(hash160(bytes((n % 256,))))) for n in range(outputs))
    tx = Transaction(2, tuple(tx_inputs), tx_outputs, locktime)
    global_map = Map.of(Global, 0, [(Key(Global.UNSIGNED_TX, b""), tx.serialize())])
    return Psbt.of_maps(global_map, maps, [Map.of(Out, n, ()) for n in range(outputs)])


def _fields(vault, derived, previous):
    place = derived.branch, derived.index
    origins = [vault.origin(n, *place).to_bytes() for n in range(len(derived.keys))]
    if derived.taproot is not None:
        yield Key(In.WITNESS_UTXO, b""), previous.outputs[0].serialize()
        for leaf in derived.taproot.leaves:
            yield Key(In.TAP_LEAF_SCRIPT, leaf.control_block), leaf.script + bytes((leaf.version,))
        for number, (public, origin) in enumerate(zip(derived.keys, origins, strict=True)):
            hashes = [leaf.leaf_hash for leaf in derived.taproot.leaves if number in leaf.keys]
            value = compact_size(len(hashes)) + b"".join(hashes) + origin
            yield Key(In.TAP_BIP32_DERIVATION, public), value
        return
    yield Key(In.NON_WITNESS_UTXO, b""), previous.serialize()
    if derived.redeem_script is not None:
        yield Key(In.REDEEM_SCRIPT, b""), derived.redeem_script
    if derived.witness_script is not None:
        yield Key(In.WITNESS_SCRIPT, b""), derived.witness_script
    for public, origin in zip(derived.keys, origins, strict=True):
        yield Key(In.BIP32_DERIVATION, public), origin
