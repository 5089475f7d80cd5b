import re

import pytest
from btclib_wallet.descriptors.descriptors import add_checksum
from btclib_wallet.descriptors.descriptors import parse as btclib_parse
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.primitives.network import MAINNET
from coldsign.wallet.derive import Deriver
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from coldsign.wallet.words import spending_paths
from tests.wallet.expressions import Expressions
from tests.wallet.samples import DATA, NUMS, key

A, B, C, D = (key(number) for number in range(4))
H32 = "8f" * 32


def parse(text):
    return Descriptor.parse(text, MAINNET, require_checksum=False)


def refused(script, match, outer="wsh({})"):
    with pytest.raises(MalformedError, match=match) as caught:
        parse(outer.format(script))
    return caught.value


def verdicts(seed, depth, *, taproot):
    """Our verdict and btclib's on one random expression, and its script by both if it is good."""
    expression = Expressions(seed, taproot=taproot).make(depth)
    text = f"tr({NUMS},{expression})" if taproot else f"wsh({expression})"
    try:
        descriptor = parse(text)
        ours = Deriver(descriptor).derive(0, 3).script_pubkey
        assert Descriptor.parse(str(descriptor), MAINNET) == descriptor
    except MalformedError:
        ours = None
    try:
        theirs = btclib_parse(add_checksum(text)).script_pub_key(3).script
    except Exception:  # noqa: BLE001  # an oracle's error types are its own
        theirs = None
    return ours, theirs, expression


def test_verdicts_are_those_of_btclib():
    good = 0
    for seed in range(600):
        ours, theirs, expression = verdicts(seed, seed % 5, taproot=bool(seed & 1))
        assert ours == theirs, expression
        good += ours is not None
    assert 120 < good < 480


@pytest.mark.slow
@given(st.integers(10**6), st.integers(0, 6), st.booleans())
@settings(max_examples=20_000, deadline=None)
def test_verdicts_are_those_of_btclib_at_length(seed, depth, taproot):
    ours, theirs, expression = verdicts(seed, depth, taproot=taproot)
    assert ours == theirs, expression


@pytest.mark.parametrize(
    ("script", "match"),
    [
        (f"and_v(pk({A}),pk({B}))", "arguments of and_v have the wrong types"),
        (f"pk_k({A})", "not of type B"),
        (f"v:pk({A})", "not of type B"),
        (f"or_b(pk({A}),pk({B}))", "arguments of or_b"),
        (f"thresh(1,pk({A}),pk({B}))", "arguments of thresh"),
        (f"sha256({H32})", "needs no signature"),
        ("older(9)", "needs no signature"),
        ("1", "needs no signature"),
        (f"or_i(pk({A}),older(9))", "needs no signature"),
        (f"or_b(pk({A}),a:sha256({H32}))", "needs no signature"),
        (f"and_b(pk({A}),a:or_b(sha256({H32}),a:hash160({'ab' * 20})))", "malleable"),
        (f"and_v(v:pk({A}),and_v(v:after(9),after(500000000)))", "locks by height and by time"),
        (f"and_v(v:pk({A}),and_v(v:older(9),older(4194305)))", "locks by height and by time"),
        (f"thresh(3,pk({A}),sln:after(9),sln:after(500000001))", "locks by height and by time"),
        (f"and_v(v:pk({A}),0)", "nothing can satisfy"),
        (f"and_v(v:pk({A}),sortedmulti(1,{B}))", r"sortedmulti\(\) is no expression"),
        (f"multi(0,{A})", "quorum of 0 of 1"),
        (f"multi(2,{A})", "quorum of 2 of 1"),
        ("multi(1)", "quorum of 1 of 0"),
        (f"thresh(0,pk({A}))", "threshold of 0 of 1"),
        (f"thresh(2,pk({A}))", "threshold of 2 of 1"),
        (f"and_v(v:pk({A}),older(0))", "locks nothing"),
        (f"and_v(v:pk({A}),after(0))", "locks nothing"),
        (f"and_v(v:pk({A}),older(2147483648))", "number below 2"),
        (f"and_v(v:pk({A}),older(65536))", "does not mean the time"),
        (f"and_v(v:pk({A}),older(4194304))", "does not mean the time"),
        (f"and_v(v:pk({A}),older(09))", "locks nothing"),
        (f"and_v(v:pk({A}),sha256(ab))", "32 bytes in hexadecimal"),
        (f"and_v(v:pk({A}))", "',' is due"),
        (f"and_v(v:pk({A}),pk({B}),pk({C}))", "'\\)' is due"),
        (f"x:pk({A})", "no wrapper"),
        (f":pk({A})", "no wrapper"),
        (f"s:a:pk({A})", "is no expression"),
        (f"{'n' * 200}:pk({A})", "nested too deep"),
        ("or_i(" * 200, "nested more than 128"),
        (f"multi_a(1,{A})", "not allowed in wsh"),
        (f"wpkh({A})", r"wpkh\(\) is no expression of wsh\(\)"),
        ("", "this is no expression"),
    ],
)
def test_scripts_that_are_refused(script, match):
    refused(script, match)


def test_locks_in_different_paths_may_differ_in_kind():
    after = f"or_i(and_v(v:pk({A}),after(9)),and_v(v:pk({B}),after(500000000)))"
    assert [path.after for path in spending_paths(parse(f"wsh({after})"))] == [9, 500_000_000]
    older = f"andor(pk({A}),older(9),and_v(v:pk({B}),older(4194305)))"
    assert [path.older for path in spending_paths(parse(f"wsh({older})"))] == [9, 4_194_305]


def test_uncompressed_and_x_only_keys_stay_in_their_scripts():
    point = (
        "04a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd"
        "5b8dec5235a0fa8722476c7709c02559e3aa73aa03918ba2d492eea75abea235"
    )
    refused(f"pk({point})", "uncompressed key in a segwit")
    refused(f"pk({point})", "uncompressed key in a taproot", "tr(" + A + ",{})")
    refused(f"pk({NUMS})", "x-only key in a segwit")
    refused(f"multi(1,{NUMS})", "x-only key in a legacy", "sh({})")
    assert parse(f"pkh({point})").keys[0].public == bytes.fromhex(point)
    compressed = "03" + point[2:66]
    assert parse(f"tr({A},pk({compressed}))").keys[1].public == bytes.fromhex(point[2:66])


def keys(count):
    return ",".join(key(number) for number in range(count))


@pytest.mark.parametrize(
    ("outer", "most"), [("sh(sortedmulti(1,{}))", 15), ("wsh(multi(1,{}))", 20)]
)
def test_the_most_keys_of_a_multisig(outer, most):
    descriptor = parse(outer.format(keys(most)))
    derived = Deriver(descriptor).derive(0, 0)
    assert len(derived.redeem_script or derived.witness_script) <= 3600
    with pytest.raises(MalformedError, match=f"{most + 1} keys"):
        parse(outer.format(keys(most + 1)))


def test_fifteen_uncompressed_keys_do_not_fit_into_520_bytes():
    text = (DATA / "regtest" / "sh-multi-3of4-uncompressed-3x5.json").read_text()
    distinct = sorted(set(re.findall('04[0-9a-f]{128}(?=[",)])', text)))[:4]
    eight = ",".join([*distinct, *distinct])
    error = refused(f"multi(1,{eight})", "531 bytes of script, where 520 is the most", "sh({})")
    assert error.code == "script-limits"
    seven = parse(f"sh(multi(1,{','.join([*distinct, *distinct[:3]])}))")
    assert len(Deriver(seven).derive(0, 0).redeem_script) == 7 * 66 + 3


def test_the_most_keys_of_a_tapscript():
    point = "a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd"
    descriptor = parse(f"tr({NUMS},multi_a(999,{','.join([point] * 999)}))")
    assert len(descriptor.keys) == 1 + 999
    refused(f"multi_a(1,{','.join([point] * 1000)})", "1000 keys", f"tr({NUMS},{{}})")


def test_limits_of_scripts():
    lots = f"pk({A})"
    for number in range(1, 103):
        lots = f"and_v(v:pk({key(number)}),{lots})"
    refused(lots, "bytes of script, where 3600 is the most")
    ops = f"pk({A})"
    for _ in range(50):
        ops = f"and_v(v:hash160({'ab' * 20}),{ops})"
    assert parse(f"wsh({ops})")
    refused(f"and_v(v:hash160({'ab' * 20}),{ops})", "executed opcodes, where 201")
    items = f"multi(20,{keys(20)})"
    for _ in range(4):
        items = f"and_v(v:multi(20,{keys(20)}),{items})"
    refused(items, "105 witness items, where 100")
    parse(f"tr({NUMS},{ops})")
    parse(f"tr({NUMS},and_v(v:hash160({'ab' * 20}),{ops}))")


def test_more_ways_than_can_be_reviewed_are_refused_at_registration():
    either = [f"or_b(pk({key(2 * n)}),s:pk({key(2 * n + 1)}))" for n in range(9)]
    script = either[0]
    for one in either[1:]:
        script = f"and_b({script},a:{one})"
    with pytest.raises(MalformedError, match="more than 256 ways"):
        Wallet.create("w", parse(f"wsh({script})"))


def test_more_than_any_script_can_hold():
    point = "a34b99f22c790c4e36b2b3c2c35a36db06226e41c692fc82b8b56ac1c540c5bd"
    refused(
        f"thresh(1{',pk(' + point + ')'}{(',s:pk(' + point + ')') * 999})",
        "more than 999",
        f"tr({NUMS},{{}})",
    )
    leaf = f"multi_a(1,{','.join([point] * 600)})"
    refused(f"{{{leaf},{leaf}}}", "more than 1100 keys", f"tr({NUMS},{{}})")
    with pytest.raises(MalformedError, match="longer than"):
        parse("wpkh(" + "0" * 300_000)
    with pytest.raises(MalformedError, match="more than 4096 characters"):
        parse(f"wpkh([{'0' * 5000}])")


def test_deep_trees():
    tree = f"pk({A})"
    for _ in range(129):
        tree = f"{{pk({B}),{tree}}}"
    refused(tree, "nested more than 128", f"tr({NUMS},{{}})")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (f"c:pk_k({A})", f"pk({A})"),
        (f"c:pk_h({A})", f"pkh({A})"),
        (f"or_i(0,pk({A}))", f"l:pk({A})"),
        (f"or_i(pk({A}),0)", f"u:pk({A})"),
        (f"and_v(v:pk({A}),1)", f"tv:pk({A})"),
        (f"andor(pk({A}),pk({B}),0)", f"and_n(pk({A}),pk({B}))"),
        (f"and_b(pk({A}),s:c:pk_k({B}))", None),
        (f"and_b(pk({A}),sc:pk_k({B}))", f"and_b(pk({A}),s:pk({B}))"),
        (f"and_v(v:pk({A}),sha256({H32.upper()}))", f"and_v(v:pk({A}),sha256({H32}))"),
    ],
)
def test_abbreviations_are_those_of_bitcoin_core(text, canonical):
    if canonical is None:
        refused(text, "no expression")
    else:
        assert parse(f"wsh({text})").body == f"wsh({canonical})"
