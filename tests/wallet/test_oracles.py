"""Our scripts against those of embit and btclib-wallet: two codebases that share nothing with ours."""

import functools

import pytest
from btclib_wallet.descriptors import key_expression
from btclib_wallet.descriptors.descriptors import add_checksum, parse
from embit.descriptor import Descriptor as EmbitDescriptor

from coldsign.primitives.network import MAINNET
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.wallet.samples import NUMS, key

A, B, C, D, E = (key(number) for number in range(5))
H32 = "8f" * 32
H20 = "5a" * 20
SPELLINGS = [
    f"pkh({A})",
    f"wpkh({A})",
    f"sh(wpkh({A}))",
    f"tr({A})",
    f"sh(multi(1,{A}))",
    f"sh(multi(2,{A},{B},{C}))",
    f"sh(sortedmulti(2,{A},{B},{C}))",
    f"sh(wsh(multi(2,{A},{B},{C})))",
    f"sh(wsh(sortedmulti(2,{A},{B},{C})))",
    f"wsh(multi(2,{A},{B},{C}))",
    f"wsh(sortedmulti(2,{A},{B},{C}))",
    f"wsh(sortedmulti(3,{A},{B},{C},{D}))",
    f"wsh(sortedmulti(8,{','.join(key(n) for n in range(15))}))",
    f"wsh(multi(3,{','.join(key(n) for n in range(17))}))",
    f"wsh(pk({A}))",
    f"wsh(pkh({A}))",
    f"sh(wsh(pkh({A})))",
    f"wsh(or_d(multi(2,{A},{B},{C}),and_v(v:pkh({D}),older(4032))))",
    f"wsh(or_d(pk({A}),and_v(v:multi(2,{B},{C},{D}),older(65535))))",
    f"wsh(thresh(3,pk({A}),s:pk({B}),s:pk({C}),sln:older(12960)))",
    f"wsh(andor(pk({A}),older(1008),pk({B})))",
    (
        f"wsh(andor(multi(2,{A},{B}),or_i(and_v(v:pkh({C}),after(900000)),and_v(v:pkh({D}),"
        f"older(4194305))),pk({E})))"
    ),
    f"wsh(and_v(v:pk({A}),sha256({H32})))",
    f"wsh(and_v(and_v(v:pk({A}),v:hash160({H20})),older(16)))",
    f"wsh(and_b(pk({A}),a:pkh({B})))",
    f"wsh(and_n(pk({A}),and_b(pk({B}),s:pk({C}))))",
    f"wsh(or_b(pk({A}),s:pk({B})))",
    f"wsh(t:or_c(pk({A}),v:pkh({B})))",
    f"wsh(or_i(and_v(v:pk({A}),hash256({H32})),and_v(v:pk({B}),ripemd160({H20}))))",
    f"wsh(and_v(or_c(pk({A}),or_c(pk({B}),v:older(1000))),pk({C})))",
    f"wsh(andor(pk({A}),or_d(pk({D}),j:and_v(v:pkh({B}),older(9))),and_v(v:pk({C}),dv:older(17))))",
    f"sh(wsh(thresh(2,pk({A}),s:pk({B}),sln:older(42))))",
    f"tr({A},pk({B}))",
    f"tr({NUMS},multi_a(2,{A},{B},{C}))",
    f"tr({NUMS},sortedmulti_a(2,{A},{B},{C}))",
    f"tr({A},{{pk({B}),multi_a(2,{C},{D},{E})}})",
    f"tr({NUMS},{{{{pk({A}),pk({B})}},and_v(v:pk({C}),older(144))}})",
    (
        f"tr({A},{{sortedmulti_a(1,{B},{C}),{{or_b(pk({D}),s:pk({E})),and_v(v:pk({key(5)}),"
        f"after(700000))}}}})"
    ),
    f"tr({A},thresh(2,pk({B}),s:pk({C}),snl:older(10)))",
    f"tr({A},and_v(v:multi_a(2,{B},{C},{D}),older(52560)))",
    f"tr({A},andor(pk({B}),dv:older(9),pk({C})))",
]
INDEXES = {0: [*range(48), 4096, 2**31 - 1], 1: [0, 1, 77]}


def single(text, branch):
    """The descriptor of one branch, as the oracles that know no multipath take it."""
    return text.replace("<0;1>", str(branch))


@functools.cache
def ours(text):
    """Our script at each branch and index."""
    wallet = Wallet.create("w", Descriptor.parse(text, MAINNET, require_checksum=False))
    places = [(branch, index) for branch, indexes in INDEXES.items() for index in indexes]
    return {place: wallet.derive(*place).script_pubkey for place in places}


@pytest.fixture(scope="module", autouse=True)
def _derive_each_key_once():
    """The spellings have their keys in common; btclib's own derivation computes each place of a key once."""
    derive, derived = vars(key_expression)["derive_"], {}

    def once(xkey, path):
        place = (xkey, tuple(path))
        if place not in derived:
            derived[place] = derive(xkey, path)
        return derived[place]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(key_expression, "derive_", once)
        yield


def test_there_are_enough():
    assert len(SPELLINGS) >= 30
    assert len(set(SPELLINGS)) == len(SPELLINGS)
    assert len(INDEXES[0]) == 50


@pytest.mark.parametrize("number", range(len(SPELLINGS)))
def test_scripts_are_those_of_embit(number):
    scripts = ours(SPELLINGS[number])
    for branch in (0, 1):
        oracle = EmbitDescriptor.from_string(single(SPELLINGS[number], branch))
        for index in INDEXES[branch]:
            assert oracle.derive(index).script_pubkey().data == scripts[branch, index]


@pytest.mark.parametrize("number", range(len(SPELLINGS)))
def test_scripts_are_those_of_btclib(number):
    scripts = ours(SPELLINGS[number])
    for branch in (0, 1):
        oracle = parse(add_checksum(single(SPELLINGS[number], branch)))
        for index in INDEXES[branch]:
            assert oracle.script_pub_key(index).script == scripts[branch, index]


@pytest.mark.parametrize("text", SPELLINGS)
def test_the_canonical_text_is_read_back(text):
    descriptor = Descriptor.parse(text, MAINNET, require_checksum=False)
    assert descriptor.body == text
    assert str(descriptor) == add_checksum(text)
    assert Descriptor.parse(str(descriptor), MAINNET) == descriptor
