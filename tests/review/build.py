"""PSBTs made for one test each: an honest withdrawal, of which a test changes one thing."""

import json
import struct
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from pathlib import Path

from coldsign.keys.bip32 import ExtendedSecretKey
from coldsign.primitives.address import to_address, to_script
from coldsign.primitives.cursor import compact_size, var_bytes
from coldsign.primitives.digests import Digests
from coldsign.primitives.network import Network
from coldsign.primitives.secp import der_encode, sign_ecdsa
from coldsign.primitives.tx import OutPoint, Transaction, TxIn, TxOut
from coldsign.psbt.model import Psbt
from coldsign.review.context import Context, EmptyHistory, Manifest, ManifestRow, PastTransaction
from coldsign.review.report import Report, review
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet

DATA = Path(__file__).resolve().parent.parent / "data"
ATTACKS = json.loads((DATA / "attacks" / "psbt.json").read_text())
META = ATTACKS["meta"]
MAINNET = Network.named("mainnet")
OUR_FINGERPRINT = bytes.fromhex(META["cosigners"][0]["fingerprint"])
PAYEES = tuple(to_script(row["address"], MAINNET) for row in META["manifest"])
STRANGER = bytes.fromhex("0014") + sha256(b"stranger").digest()[:20]
G = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")

Pairs = list[tuple[bytes, bytes]]


@cache
def wallet(name: str = "W-wsh") -> Wallet:
    descriptor = Descriptor.parse(
        META["wallets"][name]["descriptor"], MAINNET, require_checksum=False
    )
    ours = [i for i, key in enumerate(descriptor.keys) if key.fingerprint == OUR_FINGERPRINT]
    return Wallet.create(name, descriptor, our_keys=ours)


def secret(cosigner: int, path: tuple[int, ...]) -> bytes:
    key, _ = ExtendedSecretKey.parse(META["cosigners"][cosigner]["xprv"])
    return bytes(key.derive(path).secret)


@dataclass
class Coin:
    """One input: where it is ours, or a foreign script, and changes to its map."""

    place: tuple[int, int] | None = (0, 3)
    sats: int = 50_000_000
    script: bytes = STRANGER
    sequence: int = 0xFFFF_FFFD
    parent_sequence: int = 0xFFFF_FFFF
    parent_script_sig: bytes = b""
    drop: tuple[int, ...] = ()
    change: dict[bytes, bytes] = field(default_factory=dict)
    add: Pairs = field(default_factory=list)


@dataclass
class Pay:
    """One output: a script, or a place of ours with its metadata."""

    sats: int
    script: bytes = STRANGER
    place: tuple[int, int] | None = None
    drop: tuple[int, ...] = ()
    add: Pairs = field(default_factory=list)


HONEST_COINS = (Coin((0, 3), 50_000_000), Coin((0, 7), 80_000_000))
HONEST_PAYMENTS = (
    Pay(30_000_000, PAYEES[0]),
    Pay(20_000_000, PAYEES[1]),
    Pay(79_995_000, place=(1, 12)),
)


@dataclass
class Draft:
    """A whole PSBT of version 0."""

    coins: tuple[Coin, ...] = HONEST_COINS
    payments: tuple[Pay, ...] = HONEST_PAYMENTS
    wallet: str = "W-wsh"
    version: int = 2
    locktime: int = 0
    add: Pairs = field(default_factory=list)

    def own(self, place: tuple[int, int]):
        return wallet(self.wallet).derive(*place)

    def script(self, coin: Coin | Pay) -> bytes:
        return coin.script if coin.place is None else self.own(coin.place).script_pubkey

    def parent(self, number: int) -> Transaction:
        coin = self.coins[number]
        came_from = OutPoint(sha256(u32(number) + bytes([coin.sats % 251])).digest(), 0)
        spent = TxIn(came_from, coin.parent_script_sig, coin.parent_sequence)
        outputs = (TxOut(31_337, STRANGER), TxOut(coin.sats, self.script(coin)))
        return Transaction(2, (spent,), outputs, 0)

    def tx(self) -> Transaction:
        inputs = tuple(
            TxIn(OutPoint(self.parent(i).txid(), 1), b"", coin.sequence)
            for i, coin in enumerate(self.coins)
        )
        outputs = tuple(TxOut(pay.sats, self.script(pay)) for pay in self.payments)
        return Transaction(self.version, inputs, outputs, self.locktime)

    def origins(self, place: tuple[int, int], kind: int) -> Pairs:
        """Key origins as an honest coordinator gives them."""
        derived, owner = self.own(place), wallet(self.wallet)
        pairs = []
        for position, key in enumerate(derived.keys):
            origin = owner.origin(position, *place).to_bytes()
            if derived.taproot is not None:
                leaves = [x.leaf_hash for x in derived.taproot.leaves if position in x.keys]
                origin = compact_size(len(leaves)) + b"".join(leaves) + origin
            pairs.append((bytes([kind]) + key, origin))
        return list(dict(pairs).items())

    def input_pairs(self, number: int) -> Pairs:
        coin = self.coins[number]
        parent = self.parent(number)
        out = TxOut(coin.sats, self.script(coin)).serialize()
        legacy = self.wallet == "W-sh"
        pairs = [(b"\x00", parent.serialize())]
        pairs += [] if legacy else [(b"\x01", out)]
        if coin.place is not None:
            derived = self.own(coin.place)
            if derived.redeem_script is not None:
                pairs.append((b"\x04", derived.redeem_script))
            if derived.witness_script is not None:
                pairs.append((b"\x05", derived.witness_script))
            pairs += self.origins(coin.place, 0x16 if derived.taproot else 0x06)
            if derived.taproot is not None:
                pairs.append((b"\x17", derived.taproot.internal_key))
                for leaf in derived.taproot.leaves:
                    script = leaf.script + bytes([leaf.version])
                    pairs.append((b"\x15" + leaf.control_block, script))
        pairs = [(k, coin.change.get(k, v)) for k, v in pairs if k[0] not in coin.drop]
        return pairs + coin.add

    def output_pairs(self, number: int) -> Pairs:
        pay = self.payments[number]
        pairs: Pairs = []
        if pay.place is not None:
            derived = self.own(pay.place)
            if derived.redeem_script is not None:
                pairs.append((b"\x00", derived.redeem_script))
            if derived.witness_script is not None:
                pairs.append((b"\x01", derived.witness_script))
            pairs += self.origins(pay.place, 0x07 if derived.taproot else 0x02)
            if derived.taproot is not None:
                pairs.append((b"\x05", derived.taproot.internal_key))
        return [pair for pair in pairs if pair[0][0] not in pay.drop] + pay.add

    def raw(self) -> bytes:
        unsigned = self.tx().serialize_without_witness()
        maps = [[(b"\x00", unsigned), *self.add]]
        maps += [self.input_pairs(i) for i in range(len(self.coins))]
        maps += [self.output_pairs(i) for i in range(len(self.payments))]
        return b"psbt\xff" + b"".join(serialize_map(pairs) for pairs in maps)

    def psbt(self) -> Psbt:
        return Psbt.parse(self.raw())

    def signature(self, number: int, cosigner: int = 1, sighash: int = 1) -> tuple[bytes, bytes]:
        """A PSBT_IN_PARTIAL_SIG pair of a cosigner over this input of W-wsh."""
        coin = self.coins[number]
        derived = self.own(coin.place)
        path = wallet(self.wallet).origin(cosigner, *coin.place).path
        digest = Digests(self.tx()).segwit_v0(number, derived.witness_script, coin.sats, sighash)
        der = der_encode(sign_ecdsa(secret(cosigner, path), digest))
        return b"\x02" + derived.keys[cosigner], der + bytes([sighash])

    def with_coin(self, number: int, **changes) -> "Draft":
        coins = list(self.coins)
        coins[number] = replace(coins[number], **changes)
        return replace(self, coins=tuple(coins))

    def with_payment(self, number: int, **changes) -> "Draft":
        payments = list(self.payments)
        payments[number] = replace(payments[number], **changes)
        return replace(self, payments=tuple(payments))

    def review(self, context: Context | None = None, **kwargs) -> Report:
        return review(self.psbt(), wallet(self.wallet), context or Context(), **kwargs)


def serialize_map(pairs: Pairs) -> bytes:
    return b"".join(var_bytes(key) + var_bytes(value) for key, value in pairs) + b"\x00"


def u32(value: int) -> bytes:
    return struct.pack("<I", value)


def manifest(*rows: tuple[str, bytes, int], **kwargs) -> Manifest:
    made = tuple(ManifestRow(i, to_address(s, MAINNET) or "", s, sats) for i, s, sats in rows)
    return Manifest(made, sha256(repr(rows).encode()).digest(), **kwargs)


HONEST_MANIFEST = manifest(("wd-1", PAYEES[0], 30_000_000), ("wd-2", PAYEES[1], 20_000_000))


class Memory(EmptyHistory):
    """A journal in memory."""

    def __init__(self):
        self.past: list[PastTransaction] = []
        self.amounts: dict[OutPoint, int] = {}
        self.indexes: dict[int, int] = {}

    def saw(self, report: Report) -> None:
        for known in report.facts.inputs:
            if known.amount is not None:
                self.amounts.setdefault(known.outpoint, known.amount)

    def signed(self, report: Report) -> None:
        facts = report.facts
        paid = [out for out in facts.outputs if not out.ours]
        self.past.append(
            PastTransaction(
                facts.tx.txid(),
                tuple(known.outpoint for known in facts.inputs),
                tuple((out.script, out.sats) for out in paid),
                tuple(out.manifest_id or "" for out in paid),
                signers=frozenset(facts.our_keys) or None,
            )
        )

    def amount_seen(self, outpoint):
        return self.amounts.get(outpoint)

    def spenders(self, outpoint):
        return tuple(past for past in self.past if outpoint in past.outpoints)

    def paying(self, script, sats):
        return tuple(past for past in self.past if (script, sats) in past.payments)

    def paying_between(self, script, low, high):
        return tuple(
            past
            for past in self.past
            if any(paid == script and low <= sats <= high for paid, sats in past.payments)
        )

    def by_manifest_id(self, manifest_id):
        return tuple(past for past in self.past if manifest_id in past.manifest_ids)

    def last_seen(self, branch):
        return self.indexes.get(branch)

    def paid_scripts(self):
        return [script for past in self.past for script, _ in past.payments]


class Reviewer(Memory):
    """The journal of a machine that approves and signs nothing."""

    def __init__(self):
        super().__init__()
        self.given = Memory()

    @property
    def approved(self):
        return self.given


def codes(report: Report) -> set[str]:
    return {finding.code for finding in report.findings}


def grave(report: Report) -> set[str]:
    """The codes that are more than a note."""
    return {finding.code for finding in report.findings if finding.severity.value != "note"}
