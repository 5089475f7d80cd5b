from itertools import pairwise

import pytest

from coldsign.errors import MalformedError
from coldsign.keys.bip32 import ExtendedPublicKey
from coldsign.primitives.network import MAINNET, REGTEST
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.policy import Quorum
from coldsign.wallet.wallet import Wallet
from coldsign.wallet.words import after_words, older_words
from tests.wallet.samples import NUMS, attack_wallet, fixtures, key

A, B, C, D = (key(number) for number in range(4))
NAMES = [text[1:9] for text in (A, B, C, D)]
POINT = "a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd"


def wallet(text, network=MAINNET):
    return Wallet.create("w", Descriptor.parse(text, network, require_checksum=False))


def test_a_quorum():
    made = wallet(f"wsh(sortedmulti(2,{A},{B},{C}))")
    assert made.words == f"2 of 3 keys: {NAMES[0]}, {NAMES[1]}, {NAMES[2]}"
    assert made.threshold == (2, 3)
    (path,) = made.spending_paths()
    assert (path.needed, path.keys, path.older, path.after, path.leaf) == (
        2,
        (0, 1, 2),
        None,
        None,
        None,
    )


@pytest.mark.parametrize("outer", ["pkh({})", "wpkh({})", "sh(wpkh({}))", "tr({})"])
def test_a_single_key(outer):
    made = wallet(outer.format(A))
    assert made.words == f"1 key: {NAMES[0]}"
    assert made.threshold == (1, 1)


def test_wallets_without_a_script_tree_need_no_caution():
    assert wallet(f"wpkh({A})").cautions == ()
    assert wallet(f"tr({POINT})").cautions == ()


def test_raw_keys_are_named_by_their_beginning():
    fixture = next(one for one in fixtures() if "uncompressed" in one["kind"])
    words = wallet(fixture["descriptor"], REGTEST).words
    assert words.startswith("3 of 4 keys: 04adaa680da62dfc..., ")


def test_a_recovery_path():
    made = wallet(attack_wallet("W-mini"))
    assert made.words == (
        "2 of 3 keys: 6e3432e4, 0ec422e4, f55b2dbc; or, 52560 blocks (about 1 year) after the coin"
        " was received, 1 key: 6e3432e4"
    )
    first, second = made.spending_paths()
    assert (first.older, second.older) == (None, 52560)
    assert second.keys == (3,)
    assert second.quorums == (Quorum(1, (3,)),)


def test_a_decaying_threshold_counts_keys_together():
    made = wallet(f"wsh(thresh(3,pk({A}),s:pk({B}),s:pk({C}),sln:older(12960)))")
    full, less = made.spending_paths()
    assert (full.needed, full.keys, full.older) == (3, (0, 1, 2), None)
    assert (less.needed, less.keys, less.older) == (2, (0, 1, 2), 12960)
    assert less.words.startswith("12960 blocks (about 90 days) after the coin was received, 2 of 3")


def test_a_threshold_of_groups():
    made = wallet(f"wsh(thresh(2,multi(1,{A},{B}),a:multi(1,{C},{D}),sln:older(9)))")
    paths = made.spending_paths()
    assert [(path.needed, path.older) for path in paths] == [(2, None), (1, 9), (1, 9)]
    assert paths[0].quorums == (Quorum(1, (0, 1)), Quorum(1, (2, 3)))


def test_arguments_that_nothing_can_satisfy_are_no_ways():
    keys = ",".join(f"{'s:' if n else ''}pk({key(n)})" for n in range(25))
    made = wallet(f"tr({NUMS},thresh(25,{keys}{',a:0' * 50}))")  # 10^14 choices, one of them real
    assert [path.needed for path in made.spending_paths()] == [25]


def test_a_tree_has_no_more_ways_to_spend_than_a_script():
    """Its leaves count together, and the key path with them."""
    leaves = [f"pk({key(number)})" for number in range(1, 257)]
    assert len(wallet(f"tr({NUMS},{balanced(leaves)})").spending_paths()) == 256
    with pytest.raises(MalformedError, match="more than 256 ways to spend"):
        wallet(f"tr({A},{balanced(leaves)})")
    with pytest.raises(MalformedError, match="more than 256 ways to spend"):
        wallet(f"tr({NUMS},{balanced([*leaves, f'pk({key(257)})'])})")


def balanced(trees):
    """A tree of these, as flat as it can be."""
    while len(trees) > 1:
        pairs = [f"{{{one},{other}}}" for one, other in pairwise(trees)][::2]
        trees = [*pairs, *trees[len(pairs) * 2 :]]
    return trees[0]


def test_a_hash_and_a_date():
    made = wallet(f"wsh(and_v(v:pk({A}),and_v(v:sha256({'8f' * 32}),after(1700000000))))")
    (path,) = made.spending_paths()
    assert path.hashes == (("sha256", b"\x8f" * 32),)
    assert path.after == 1700000000
    assert path.words == (
        f"from 2023-11-14 22:13 UTC on, 1 key: {NAMES[0]} and the preimage of sha256 {'8f' * 32}"
    )


def test_two_locks_of_one_path_are_said_by_the_later():
    made = wallet(f"wsh(and_v(v:older(10),and_v(v:older(20),pk({A}))))")
    assert made.spending_paths()[0].older == 20


def test_branches_of_an_andor():
    made = wallet(f"wsh(andor(pk({A}),older(1008),pk({B})))")
    assert [(path.keys, path.older) for path in made.spending_paths()] == [
        ((0,), 1008),
        ((1,), None),
    ]


def test_taproot_with_a_closed_key_path():
    made = wallet(f"tr({NUMS},{{multi_a(2,{A},{B}),and_v(v:pk({C}),older(144))}})")
    assert [path.leaf for path in made.spending_paths()] == [0, 1]
    assert made.threshold == (2, 2)
    assert made.words == (
        f"2 of 2 keys: {NAMES[0]}, {NAMES[1]}; or, 144 blocks (about 1 day) after the coin was received,"
        f" 1 key: {NAMES[2]}; the taproot key path is closed (nobody can know the secret of its key)"
    )
    assert made.cautions == ()


def test_an_extended_key_over_the_nums_point_is_closed_too():
    dummy = ExtendedPublicKey(0, bytes(4), 0, bytes(32), b"\x02" + bytes.fromhex(NUMS))
    made = wallet(f"tr({dummy.serialize(MAINNET)}/<0;1>/*,pk({A}))")
    assert "key path is closed" in made.words
    assert made.spending_paths()[0].leaf == 0


def test_an_open_key_path_is_named():
    made = wallet(f"tr({A},pk({B}))")
    key_path, leaf = made.spending_paths()
    assert (key_path.leaf, leaf.leaf) == (None, 0)
    assert key_path.words == f"1 key: {NAMES[0]} alone by the taproot key path"
    assert made.cautions == ()


def test_an_internal_key_without_an_origin_is_a_key_that_can_spend_alone():
    bare = A.partition("]")[2]
    made = wallet(f"tr({bare},pk({B}))")
    assert "a key that can spend alone, of no named cosigner" in made.words
    (caution,) = made.cautions
    assert caution.endswith("is no named cosigner's: it is a key that can spend alone")


def test_an_internal_key_that_makes_a_quorum_needless_is_cautioned_of():
    three = ",".join(key(number) for number in (4, 5, 6))
    (caution,) = wallet(f"tr({A},{{multi_a(2,{B},{C}),multi_a(3,{three})}})").cautions
    assert caution == (
        f"the taproot internal key {NAMES[0]} can spend alone, without the 2 signatures that each script asks for"
    )
    assert wallet(f"tr({A},{{multi_a(2,{B},{C}),pk({D})}})").cautions == ()


@pytest.mark.parametrize(
    ("lock", "words"),
    [
        (1, "1 block (about 10 minutes)"),
        (6, "6 blocks (about 1 hour)"),
        (144, "144 blocks (about 1 day)"),
        (4032, "4032 blocks (about 28 days)"),
        (65535, "65535 blocks (about 1 year)"),
        ((1 << 22) + 1, "about 8 minutes"),
        ((1 << 22) + 169, "about 1 day"),
        ((1 << 22) + 7, "about 1 hour"),
    ],
)
def test_relative_locks_in_words(lock, words):
    assert older_words(lock) == f"{words} after the coin was received"


def test_absolute_locks_in_words():
    assert after_words(900_000) == "from block 900000 on"
    assert after_words(500_000_000) == "from 1985-11-05 00:53 UTC on"
