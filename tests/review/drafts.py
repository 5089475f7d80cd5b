"""Drafts that depart from the honest withdrawal in one thing, and the memories they are reviewed against."""

from dataclasses import replace

from coldsign.keys.bip32 import ExtendedSecretKey
from coldsign.primitives.keypath import KeyOrigin
from coldsign.primitives.network import Network
from coldsign.primitives.script import push
from coldsign.primitives.secp import der_decode, der_encode
from coldsign.primitives.tx import OutPoint, Transaction
from coldsign.review.context import Context, Limits
from tests.review.build import (
    PAYEES,
    STRANGER,
    Coin,
    Draft,
    G,
    Memory,
    Reviewer,
    u32,
    wallet,
)

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

HONEST = Draft()

DATA = b"\x6a" + push(b"hello world")


def pays(script, sats=30_000_000, **kwargs):
    return HONEST.with_payment(0, script=script, sats=sats, **kwargs)


def locked(locktime, sequence=0xFFFF_FFFD, **kwargs):
    coins = tuple(replace(coin, sequence=sequence) for coin in HONEST.coins)
    return Draft(coins=coins, locktime=locktime, **kwargs)


def fee(sats):
    return HONEST.with_payment(2, sats=80_000_000 - sats)


def limits(**kwargs):
    return Context(limits=Limits(**kwargs))


def xpub(cosigner=0, *, version=None, depth=None, claimed_by=None):
    """A PSBT_GLOBAL_XPUB pair of a cosigner of W-wsh."""
    key = wallet().descriptor.keys[cosigner]
    public = key.public
    data = (
        (version or Network.named("mainnet").xpub)
        + bytes([public.depth if depth is None else depth])
        + public.parent_fingerprint
        + u32(public.child_number)[::-1]
        + public.chain_code
        + public.pubkey
    )
    origin = key.origin if claimed_by is None else KeyOrigin(claimed_by, key.origin.path)
    return b"\x01" + data, origin.to_bytes()


def other_xpub(fingerprint):
    """An extended key that is in no wallet, at the path of our own."""
    secret = ExtendedSecretKey.from_seed(bytes(range(32)))
    path = wallet().descriptor.keys[0].origin.path
    public = secret.derive(path).neuter()
    head = Network.named("mainnet").xpub + bytes([len(path)]) + public.parent_fingerprint
    data = head + u32(public.child_number)[::-1] + public.chain_code + public.pubkey
    return b"\x01" + data, KeyOrigin(fingerprint, path).to_bytes()


def origin(cosigner, *path):
    """The value of a key origin under a cosigner's account."""
    start = wallet().descriptor.keys[cosigner].origin
    return KeyOrigin(start.fingerprint, start.path + path).to_bytes()


def our_key(place=(0, 3), cosigner=0, name="W-wsh"):
    return wallet(name).derive(*place).keys[cosigner]


def signed_by(*cosigners, inputs=(0, 1), draft=HONEST, change=lambda pair: pair):
    for number in inputs:
        pairs = [change(draft.signature(number, cosigner)) for cosigner in cosigners]
        draft = draft.with_coin(number, add=pairs)
    return draft


def high_s(pair):
    key, signature = pair
    compact = der_decode(signature[:-1])
    s = ORDER - int.from_bytes(compact[32:], "big")
    return key, der_encode(compact[:32] + s.to_bytes(32, "big")) + b"\x01"


def after(*earlier, draft=HONEST, **kwargs):
    """A draft with the memory of others having been reviewed and signed."""
    history = Memory()
    context = Context(history=history, **kwargs)
    for other in earlier:
        report = other.review(context)
        history.saw(report)
        history.signed(report)
    return draft, context


def reviewer(*earlier, draft=HONEST, **kwargs):
    """A draft with the memory of others having been reviewed and approved."""
    context = Context(history=Reviewer(), **kwargs)
    for other in earlier:
        context.history.given.signed(other.review(context))
    return draft, context


def beside(*earlier, draft=HONEST, **kwargs):
    """A draft in a batch behind others that were reviewed and not signed."""
    context = Context(**kwargs)
    for other in earlier:
        found = other.review(context).as_past()
        context = replace(context, batch=(*context.batch, found))
    return draft, context


def other_coins(draft=HONEST):
    return replace(draft, coins=(Coin((0, 9), 50_000_000), Coin((0, 11), 80_000_000)))


class Only:
    """A policy's list of places."""

    def __init__(self, *scripts):
        self.scripts = scripts

    def covers(self, script):
        return script in self.scripts


class WrongParent(Draft):
    """A PSBT whose first previous transaction is another one than the input says."""

    def input_pairs(self, number):
        pairs = super().input_pairs(number)
        parent = self.parent(number)
        other = Transaction(1, parent.inputs, parent.outputs, 0).serialize()
        return [(b"\0", other) if pair[0] == b"\0" and not number else pair for pair in pairs]


class Outpoints(Draft):
    """A PSBT that spends what a test says."""

    def tx(self):
        tx = super().tx()
        first = tx.inputs[0]._replace(outpoint=self.spends(tx))
        return replace(tx, inputs=(first, *tx.inputs[1:]))


class Null(Outpoints):
    def spends(self, tx):
        return OutPoint(bytes(32), 0)


class NoSuchCoin(Outpoints):
    def spends(self, tx):
        return tx.inputs[0].outpoint._replace(vout=7)


class Twice(Draft):
    """A PSBT that lists its first coin twice."""

    def parent(self, number):
        return super().parent(0)


LOOK_ALIKE = STRANGER[:2] + PAYEES[0][2:6] + bytes(10) + PAYEES[0][-6:]

MUSIG = (b"\x1a" + G, G + G)
