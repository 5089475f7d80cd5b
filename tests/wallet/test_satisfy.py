"""Satisfactions, run by another codebase's script interpreter and held against the ways to spend."""

import random
import re

import pytest
from btclib.script.engine import verify_transaction
from btclib.script.engine.flags import ScriptFlag
from btclib.tx.tx import Tx
from btclib.tx.tx_out import TxOut as OtherTxOut
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.keys.bip32 import ExtendedSecretKey
from coldsign.primitives.digests import Digests
from coldsign.primitives.hashes import hash160, sha256, sha256d
from coldsign.primitives.keypath import parse_path
from coldsign.primitives.locks import Locks
from coldsign.primitives.network import MAINNET
from coldsign.primitives.secp import der_encode, sign_ecdsa, sign_schnorr
from coldsign.primitives.tx import OutPoint, Transaction, TxIn, TxOut
from coldsign.wallet.derive import Deriver
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.miniscript.satisfy import Supply, satisfy
from coldsign.wallet.policy import ways
from tests.wallet.expressions import Expressions
from tests.wallet.samples import NUMS, account, key

SATS = 70_000
INDEX = 3
EVERY_RULE = ScriptFlag((1 << 21) - 1) & ~ScriptFlag.CONST_SCRIPTCODE
PREIMAGE = bytes(range(32))
DIGESTS = {
    "sha256": sha256(PREIMAGE),
    "hash256": sha256d(PREIMAGE),
    "hash160": hash160(PREIMAGE),
}
SECRETS = {
    account(n): ExtendedSecretKey.from_seed(sha256(b"coldsign wallet tests %d" % n)).derive(
        parse_path("48h/0h/0h/2h")
    )
    for n in range(40)
}
A, B, C, D = (key(number, "0/*") for number in range(4))


class Coin:
    """A coin of one script expression, and a transaction that spends it."""

    def __init__(self, expression, locks, *, taproot):
        text = f"tr({NUMS},{expression})" if taproot else f"wsh({expression})"
        self.descriptor = Descriptor.parse(text, MAINNET, require_checksum=False)
        self.derived = Deriver(self.descriptor).derive(0, INDEX)
        self.node, _ = self.descriptor.scripts()[0]
        self.locks = locks
        self.prevout = TxOut(SATS, self.derived.script_pubkey)
        spent = TxIn(OutPoint(sha256(text.encode()), 0), b"", locks.sequence)
        paid = TxOut(SATS - 1000, b"\0\x14" + bytes(20))
        self.tx = Transaction(locks.version, (spent,), (paid,), locks.locktime)

    @property
    def positions(self):
        return sorted({at for part in self.node.walk() for at in part.keys})

    def signatures(self, positions):
        digests = Digests(self.tx, (self.prevout,))
        tree = self.derived.taproot
        found = {}
        for position in positions:
            text = self.descriptor.keys[position].text(MAINNET)
            secret = SECRETS[text.rsplit("/", 2)[0]].derive((0, INDEX)).secret
            if tree is not None:
                digest = digests.taproot(0, 0, tree.leaves[0].leaf_hash)
                found[position] = sign_schnorr(secret, digest)
            else:
                digest = digests.segwit_v0(0, self.derived.witness_script, SATS, 1)
                found[position] = der_encode(sign_ecdsa(secret, digest)) + b"\1"
        return found

    def satisfied(self, positions, preimages):
        supply = Supply(self.derived.keys, self.signatures(positions), preimages, self.locks)
        return satisfy(self.node, supply)

    def verify(self, items):
        """Run the whole transaction under all of consensus and standardness."""
        leaf = self.derived.taproot and self.derived.taproot.leaves[0]
        rest = (leaf.script, leaf.control_block) if leaf else (self.derived.witness_script,)
        tx = Transaction(
            self.tx.version,
            self.tx.inputs,
            self.tx.outputs,
            self.tx.locktime,
            ((*items, *rest),),
        )
        spent = OtherTxOut(self.prevout.sats, self.prevout.script)
        verify_transaction([spent], Tx.parse(tx.serialize()), flags=EVERY_RULE)

    def is_open(self, positions, preimages):
        """Whether some way to spend has everything it asks for."""
        have = set(positions)
        return any(
            all(len(have.intersection(group.keys)) >= group.needed for group in way.quorums)
            and all(map(self.locks.older, way.older))
            and all(map(self.locks.after, way.after))
            and all(digest in preimages for _, digest in way.hashes)
            for way in ways(self.node)
        )


LOCKS = (
    Locks(2, 0xFFFFFFFF, 0),
    Locks(2, 0xFFFFFFFD, 1_700_000_000),
    Locks(2, 65535, 499_999_999),
    Locks(2, 144, 900_000),
    Locks(2, 4194999, 500_000_000),
    Locks(1, 144, 0),
)


def with_digests(expression):
    for name, digest in DIGESTS.items():
        expression = re.sub(rf"\b{name}\((ab)+\)", f"{name}({digest.hex()})", expression)
    return expression


def check(seed, depth, *, taproot):
    """One random expression with several random supplies; how many were satisfied, and how many could not be."""
    chance = random.Random(seed)
    expression = with_digests(Expressions(seed, taproot=taproot).make(depth))
    try:
        coin = Coin(expression, chance.choice(LOCKS), taproot=taproot)
    except MalformedError:
        return 0, 0
    yes = no = 0
    for share in (0.3, 0.6, 1.0):
        have = [at for at in coin.positions if chance.random() < share]
        preimages = {d: PREIMAGE for d in DIGESTS.values() if chance.random() < 0.8}
        items = coin.satisfied(have, preimages)
        assert (items is not None) == coin.is_open(have, preimages), (expression, have)
        if items is None:
            no += 1
        else:
            coin.verify(items)
            yes += 1
    return yes, no


def test_random_scripts_are_satisfied_whenever_a_way_is_open():
    counts = [check(seed, seed % 5, taproot=bool(seed & 1)) for seed in range(900)]
    assert sum(yes for yes, _ in counts) > 150
    assert sum(no for _, no in counts) > 150


@pytest.mark.slow
@given(st.integers(10**6), st.integers(0, 6), st.booleans())
@settings(max_examples=20_000, deadline=None)
def test_random_scripts_are_satisfied_at_length(seed, depth, taproot):
    check(seed, depth, taproot=taproot)


OPEN, SHUT = Locks(2, 144, 900_000), Locks(2, 0xFFFFFFFD, 0)
SIG = [bytes((0x30, at)) * 35 + b"\1" for at in range(4)]


def stack(expression, signed=(), *, locks=SHUT, preimages=(), outer="wsh({})"):
    """What satisfies an expression, its signatures and keys named by their position."""
    descriptor = Descriptor.parse(
        outer.format(with_digests(expression)), MAINNET, require_checksum=False
    )
    keys = Deriver(descriptor).keys(0, INDEX)
    sigs = {at: SIG[at] for at in signed}
    node, _ = descriptor.scripts()[0]
    items = satisfy(node, Supply(keys, sigs, dict.fromkeys(preimages, PREIMAGE), locks))
    if items is None:
        return None
    names = {SIG[at]: f"sig{at}" for at in range(4)} | {k: f"key{at}" for at, k in enumerate(keys)}
    names |= {b"": "0", b"\1": "1", PREIMAGE: "preimage"}
    return " ".join(names[item] for item in items)


RECOVERY = f"or_d(multi(2,{A},{B},{C}),and_v(v:pkh({D}),older(144)))"
THRESH = f"thresh(2,pk({A}),s:pk({B}),sln:older(144))"
SHA = f"sha256({'ab' * 32})"


@pytest.mark.parametrize(
    ("expression", "signed", "locks", "expected"),
    [
        (f"pk({A})", (0,), SHUT, "sig0"),
        (f"pk({A})", (), SHUT, None),
        (f"pkh({A})", (0,), SHUT, "sig0 key0"),
        (RECOVERY, (0, 2), SHUT, "0 sig0 sig2"),
        (RECOVERY, (0, 1, 2), OPEN, "0 sig0 sig1"),
        (RECOVERY, (0, 1, 2, 3), OPEN, "sig3 key3 0 0 0"),
        (RECOVERY, (0, 3), OPEN, "sig3 key3 0 0 0"),
        (RECOVERY, (0, 3), SHUT, None),
        (RECOVERY, (0,), OPEN, None),
        (THRESH, (0, 1), SHUT, "1 sig1 sig0"),
        (THRESH, (0, 1), OPEN, "0 sig1 0"),
        (THRESH, (1,), OPEN, "0 sig1 0"),
        (THRESH, (1,), SHUT, None),
        (f"or_b(pk({A}),s:pk({B}))", (0, 1), SHUT, "0 sig0"),
        (f"or_b(pk({A}),s:pk({B}))", (1,), SHUT, "sig1 0"),
        (f"and_b(pk({A}),s:pk({B}))", (0, 1), SHUT, "sig1 sig0"),
        (f"t:or_c(pk({A}),v:pk({B}))", (1,), SHUT, "sig1 0"),
        (f"or_i(pk({A}),pk({B}))", (0,), SHUT, "sig0 1"),
        (f"or_i(pk({A}),pk({B}))", (1,), SHUT, "sig1 0"),
        (f"andor(pk({A}),older(144),pk({B}))", (0, 1), OPEN, "sig0"),
        (f"andor(pk({A}),older(144),pk({B}))", (0, 1), SHUT, "sig1 0"),
        (f"and_v(v:pk({A}),after(900000))", (0,), OPEN, "sig0"),
        (f"and_v(v:pk({A}),after(900001))", (0,), OPEN, None),
        (f"andor(pk({A}),j:and_v(v:pkh({B}),older(144)),pk({C}))", (0, 1), OPEN, "sig1 key1 sig0"),
    ],
)
def test_the_cheapest_way_is_taken(expression, signed, locks, expected):
    assert stack(expression, signed, locks=locks) == expected


def test_a_preimage_is_used_only_where_its_path_is_signed():
    expression = f"or_i(and_v(v:pk({A}),{SHA}),pk({B}))"
    digest = [DIGESTS["sha256"]]
    assert stack(expression, (0,), preimages=digest) == "preimage sig0 1"
    assert stack(expression, (0, 1), preimages=digest) == "sig1 0"
    assert stack(expression, (1,), preimages=digest) == "sig1 0"
    assert stack(expression, (0,)) is None


def test_a_preimage_of_another_length_satisfies_nothing():
    descriptor = Descriptor.parse(
        f"wsh(and_v(v:pk({A}),{with_digests(SHA)}))", MAINNET, require_checksum=False
    )
    node, _ = descriptor.scripts()[0]
    keys = Deriver(descriptor).keys(0, 0)
    for preimage, expected in ((PREIMAGE, (PREIMAGE, SIG[0])), (PREIMAGE + b"\0", None)):
        supply = Supply(keys, {0: SIG[0]}, {DIGESTS["sha256"]: preimage}, SHUT)
        assert satisfy(node, supply) == expected


def test_multisigs_take_the_shortest_signatures_in_the_order_of_their_keys():
    descriptor = Descriptor.parse(
        f"wsh(sortedmulti(2,{A},{B},{C}))", MAINNET, require_checksum=False
    )
    node, _ = descriptor.scripts()[0]
    keys = Deriver(descriptor).keys(0, 0)
    order = sorted(range(3), key=keys.__getitem__)
    assert order != [0, 1, 2]
    long = {0: bytes(72), 1: b"\1" * 71, 2: b"\2" * 71}
    found = satisfy(node, Supply(keys, long, {}, SHUT))
    assert found == (b"", *[long[at] for at in order if at])
    even = {at: SIG[at] for at in range(3)}
    assert satisfy(node, Supply(keys, even, {}, SHUT)) == (b"", *[SIG[at] for at in order[:2]])


@pytest.mark.parametrize("name", ["multi_a", "sortedmulti_a"])
def test_multisigs_of_tapscript_have_an_item_for_each_key(name):
    descriptor = Descriptor.parse(
        f"tr({NUMS},{name}(2,{A},{B},{C}))", MAINNET, require_checksum=False
    )
    node, _ = descriptor.scripts()[0]
    keys = Deriver(descriptor).keys(0, 0)
    order = [1, 2, 3]
    if name == "sortedmulti_a":
        order.sort(key=keys.__getitem__)
        assert order != [1, 2, 3]
    sigs = {1: SIG[1], 3: SIG[3]}
    expected = tuple(sigs.get(at, b"") for at in reversed(order))
    assert satisfy(node, Supply(keys, sigs, {}, SHUT)) == expected
    assert satisfy(node, Supply(keys, {1: SIG[1]}, {}, SHUT)) is None
    every = {at: SIG[at] for at in order}
    expected = (SIG[order[2]], SIG[order[1]], b"")
    assert satisfy(node, Supply(keys, every, {}, SHUT)) == expected


def test_the_largest_multisig_is_quick():
    point = "a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd"
    text = f"tr({NUMS},multi_a(998,{','.join([point] * 999)}))"
    descriptor = Descriptor.parse(text, MAINNET, require_checksum=False)
    node, _ = descriptor.scripts()[0]
    sigs = dict.fromkeys(range(2, 1000), SIG[0])
    found = satisfy(node, Supply((b"",) * 1000, sigs, {}, SHUT))
    assert found == (*[SIG[0]] * 998, b"")


@pytest.mark.parametrize(
    ("locks", "lock", "passes"),
    [
        (Locks(2, 144, 0), 144, True),
        (Locks(2, 143, 0), 144, False),
        (Locks(1, 144, 0), 144, False),
        (Locks(-1, 144, 0), 144, True),
        (Locks(2, 1 << 31 | 144, 0), 144, False),
        (Locks(2, 1 << 22 | 144, 0), 144, False),
        (Locks(2, 1 << 22 | 144, 0), 1 << 22 | 144, True),
        (Locks(2, 1 << 20 | 144, 0), 144, True),
    ],
)
def test_relative_locks(locks, lock, passes):
    assert locks.older(lock) is passes


@pytest.mark.parametrize(
    ("locks", "lock", "passes"),
    [
        (Locks(2, 0, 100), 100, True),
        (Locks(2, 0, 99), 100, False),
        (Locks(2, 0xFFFFFFFF, 100), 100, False),
        (Locks(2, 0, 500_000_000), 100, False),
        (Locks(2, 0, 100), 500_000_000, False),
        (Locks(2, 0, 500_000_000), 500_000_000, True),
    ],
)
def test_absolute_locks(locks, lock, passes):
    assert locks.after(lock) is passes
