"""The whole way, once, on throw-away regtest keys: a coordinator, two keyholders, QR pictures between them.

Nothing is skipped: the pictures are written, read back by the decoder child, reviewed, approved, signed, verified and
answered in pictures again, with the same functions that ``coldsign sign`` uses.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from coldsign.ceremony.desk import Desk, open_desk
from coldsign.ceremony.intake import read_frames
from coldsign.ceremony.operator import Operator
from coldsign.ceremony.registration import register
from coldsign.ceremony.reply import answer
from coldsign.ceremony.walk import Job, sign_walk
from coldsign.ceremony.withdrawal import Coin, make_withdrawal
from coldsign.controls.policy import Policy
from coldsign.keys.entropy import gather
from coldsign.keys.keyring import Keyring
from coldsign.keys.mnemonic import Mnemonic
from coldsign.keys.versions import NetworkGroup
from coldsign.primitives.keypath import format_path, parse_path
from coldsign.primitives.network import Network
from coldsign.primitives.script import p2tr, p2wpkh
from coldsign.primitives.text import counted
from coldsign.primitives.tx import Transaction, TxOut
from coldsign.psbt.combine import combine
from coldsign.psbt.edit import ReplyLevel
from coldsign.psbt.finalize import extract, finalize
from coldsign.psbt.model import Psbt
from coldsign.qr.payload import Dialect, Payload, PayloadKind
from coldsign.qr.splitter import split
from coldsign.qr.write import save
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.ownkeys import own_positions
from coldsign.wallet.wallet import Wallet

_PATH = parse_path("m/48h/1h/0h/2h")
_WALLET = "demo"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Keyholder:
    """One cosigner of the demo: a laptop of their own, and their key.

    Attributes:
        number: From 1, in the order in which they sign.
        desk: Their laptop's records.
        keyring: Their key, unlocked.
        wallet: The wallet as they registered it.
    """

    number: int
    desk: Desk
    keyring: Keyring
    wallet: Wallet

    @property
    def name(self) -> str:
        """What the demo calls them, and their laptop's folder."""
        return _name(self.number)


MakeOperator = Callable[[Keyholder, Job], Operator]


def run_demo(folder: Path, say: Say, operator: MakeOperator) -> Transaction:
    """Walk a withdrawal from its request to a finished transaction.

    Args:
        folder: An empty folder for the laptops' records and the pictures.
        say: Told what happens, line by line.
        operator: Makes who decides, for each keyholder.

    Returns:
        The finished transaction; its coins are invented, so no node takes it.
    """
    rings = [_throw_away_key() for _ in range(3)]
    descriptor = _descriptor(rings)
    say("made 3 throw-away regtest keys and a 2-of-3 wallet")
    holders = [_keyholder(folder, n + 1, rings[n], descriptor) for n in range(2)]
    request = _request(holders[0].wallet, rings)
    pictures = folder / "request"
    save(split(request, kind=PayloadKind.PSBT, dialect=Dialect.UR), pictures, force=False)
    say(f"the coordinator wrote the withdrawal as QR pictures: {_count(pictures)} in request/")
    replies = [_one_signature(holder, pictures, folder, say, operator) for holder in holders]
    joined = combine([Psbt.parse(read_frames([reply]).data) for reply in replies])
    transaction = extract(finalize(joined))
    say("the coordinator joined both replies and finished the transaction")
    for ring in rings:
        ring.wipe()
    return transaction


def _one_signature(
    holder: Keyholder, pictures: Path, folder: Path, say: Say, operator: MakeOperator
) -> Path:
    """Pictures in, a review, an approval, one signature, pictures out."""
    say(f"{holder.name} reads the pictures, reviews and signs")
    payload: Payload = read_frames([pictures])
    job = Job(payload.data, holder.wallet, Policy.empty())
    signed = sign_walk(job, holder.desk, operator(holder, job))
    reply = answer(signed.psbt, payload, level=ReplyLevel.FULL, form="auto")
    out = folder / f"reply-{holder.name}"
    save(reply.frames(), out, force=False)
    say(
        f"{holder.name} signed {counted(len(signed.inputs), 'input')}; reply: {_count(out)} in {out.name}/"
    )
    return out


def _throw_away_key() -> Keyring:
    with gather(16, os.urandom) as entropy:
        mnemonic = Mnemonic.from_entropy(entropy.buffer)
    try:
        return Keyring.from_mnemonic(mnemonic, group=NetworkGroup.TEST)
    finally:
        mnemonic.wipe()


def _descriptor(rings: list[Keyring]) -> Descriptor:
    keys = [
        f"[{ring.fingerprint.hex()}/{format_path(_PATH)}]"
        f"{ring.xpub(_PATH).serialize(Network.named('regtest'))}/<0;1>/*"
        for ring in rings
    ]
    text = f"wsh(sortedmulti(2,{','.join(keys)}))"
    return Descriptor.parse(text, Network.named("regtest"), require_checksum=False)


def _name(number: int) -> str:
    return f"keyholder-{number}"


def _keyholder(folder: Path, number: int, ring: Keyring, descriptor: Descriptor) -> Keyholder:
    desk = open_desk(folder / _name(number), Network.named("regtest"))
    ours = own_positions(descriptor, ring)
    wallet = Wallet.create(_WALLET, descriptor, our_keys=ours, created_by="coldsign demo")
    register(desk, wallet, force=False)
    return Keyholder(number, desk, ring, wallet)


def _request(wallet: Wallet, rings: list[Keyring]) -> bytes:
    """Two coins, two payments to strangers, and change."""
    stranger = rings[2].xpub(parse_path("m/7h"))
    payments = (
        TxOut(40_000_000, p2wpkh(stranger.child(0).fingerprint * 5)),
        TxOut(25_000_000, p2tr(stranger.child(1).pubkey[1:])),
    )
    coins = (Coin(0, 0, 50_000_000), Coin(0, 1, 30_000_000))
    return make_withdrawal(wallet, coins, payments, change=Coin(1, 0, 14_995_000))


def _count(folder: Path) -> str:
    return counted(len(list(folder.iterdir())), "picture")
