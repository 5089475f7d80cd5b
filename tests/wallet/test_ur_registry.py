import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.keys.bip32 import ExtendedPublicKey, ExtendedSecretKey
from coldsign.primitives.hashes import sha256
from coldsign.primitives.network import MAINNET, TESTNET4
from coldsign.wallet.checksum import checksum
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.formats import ur_registry
from coldsign.wallet.formats.cbor import Tag, decode, encode
from coldsign.wallet.formats.recognise import recognise
from coldsign.wallet.wallet import Wallet
from tests.vectors import vector_file
from tests.wallet.samples import account, key

A, B, C = (key(number) for number in range(3))
POINT = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")


def vectors(name, field, kind):
    found = json.loads(vector_file(f"qr/{name}").read_text())["vectors"]
    chosen = [
        bytes.fromhex(one[field])
        for one in found
        if one.get(field) and one.get("ur", "").startswith(f"ur:{kind}/")
    ]
    assert chosen
    return chosen


FILES = (("ur_registry_bcr.json", "last_hex_before"), ("ur_registry_hummingbird.json", "cbor"))


@pytest.mark.parametrize(("name", "field"), FILES)
def test_published_outputs(name, field):
    bodies = []
    for data in vectors(name, field, "crypto-output"):
        assert encode(decode(data)) == data
        bodies.append(recognise(data, MAINNET).descriptor.body)
    key_data = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5"
    assert f"pkh({key_data})" in bodies
    assert any(body.startswith("sh(wpkh(03fff97b") for body in bodies)
    assert any(body.startswith("sh(multi(2,022f01e5") for body in bodies)
    assert any(
        body.startswith("pkh([d34db33f/44h/0h/0h]xpub6") and body.endswith("/1/*)")
        for body in bodies
    )
    assert any(body.startswith("wsh(multi(1,xpub661MyMw") and "/1/0/*" in body for body in bodies)


ACCOUNT_KEYS = {
    "pkh": "44h/0h/0h",
    "sh-wpkh": "49h/0h/0h",
    "wpkh": "84h/0h/0h",
    "tr": "86h/0h/0h",
}


@pytest.mark.parametrize(("name", "field"), FILES)
@pytest.mark.parametrize("kind", ["crypto-account", "account-descriptor"])
def test_published_accounts(name, field, kind):
    for data in vectors(name, field, kind):
        with pytest.raises(MalformedError, match="several wallets") as caught:
            recognise(data, MAINNET)
        assert caught.value.code == "choose-account"
        for script_kind, path in ACCOUNT_KEYS.items():
            found = ur_registry.parse(data, MAINNET, script_kind=script_kind).descriptor
            assert found.script_kind == script_kind
            assert f"[37b5eed4/{path}]" in found.body
            Wallet.create("w", found)
        with pytest.raises(MalformedError, match=r"test|main networks"):
            recognise(data, TESTNET4)


@pytest.mark.parametrize(("name", "field"), FILES)
def test_other_registry_types_are_no_wallets(name, field):
    used = 0
    for one in json.loads(vector_file(f"qr/{name}").read_text())["vectors"]:
        kind = one.get("ur", "").split("/")[0]
        if one.get(field) and not kind.endswith(("output", "account", "-descriptor")):
            used += 1
            with pytest.raises(MalformedError):
                recognise(bytes.fromhex(one[field]), MAINNET)
    assert used >= 2


@pytest.mark.parametrize(
    "text",
    [
        f"pkh({A})",
        f"wpkh({A})",
        f"sh(wpkh({A}))",
        f"tr({A})",
        f"sh(sortedmulti(2,{A},{B}))",
        f"wsh(multi(2,{A},{B},{C}))",
        f"sh(wsh(sortedmulti(2,{A},{B},{C})))",
        f"wpkh({key(0, '0/*')})",
        f"wpkh({key(0, '0/5')})",
        f"wpkh({key(0, '7/<2;3>/*')})",
    ],
)
def test_what_is_written_is_read_back(text):
    made = Wallet.create("w", Descriptor.parse(text, MAINNET, require_checksum=False))
    data = ur_registry.serialize(made)
    assert encode(decode(data)) == data
    assert recognise(data, MAINNET).descriptor == made.descriptor
    assert ur_registry.parse(encode(Tag(308, decode(data))), MAINNET).descriptor == made.descriptor


@pytest.mark.parametrize(
    "text",
    [
        f"wpkh({A})",
        f"wsh(multi(2,{A},{B},{C}))",
        f"wpkh({key(0, '0/5')})",
        f"wpkh({key(0, '7/<2;3>/*')})",
        f"wpkh({account(0)})",
        f"tr({A},{{pk({B}),and_v(v:pk({C}),older(9))}})",
        f"wsh(or_d(pk({A}),and_v(v:pk({key(0, '<2;3>/*')}),older(9))))",
        f"wsh(sortedmulti(1,{A},{POINT.hex()}))",
    ],
)
def test_every_wallet_is_written_as_a_template_and_read_back(text):
    made = Wallet.create("w", Descriptor.parse(text, MAINNET, require_checksum=False))
    data = ur_registry.serialize_template(made)
    assert encode(decode(data)) == data
    read = recognise(data, MAINNET)
    assert read.descriptor == made.descriptor
    assert read.name == "w"
    keys = {encode(item) for item in decode(data)[2]}
    assert len(keys) == len(decode(data)[2])  # a key that stands twice is listed once


def test_test_networks_are_written_too():
    text = f"wpkh({account(0, network=TESTNET4)}/<0;1>/*)"
    made = Wallet.create("w", Descriptor.parse(text, TESTNET4, require_checksum=False))
    data = ur_registry.serialize(made)
    assert recognise(data, TESTNET4).descriptor == made.descriptor
    with pytest.raises(MalformedError, match="test networks"):
        recognise(data, MAINNET)


def test_keys_without_an_origin_give_the_same_scripts():
    master = ExtendedSecretKey.from_seed(sha256(b"coldsign wallet tests 0"))
    public = master.neuter().serialize(MAINNET)
    plain = account(0).partition("]")[2]
    for text in (f"{plain}/<0;1>/*", f"[{master.fingerprint.hex()}]{public}/<0;1>/*"):
        descriptor = Descriptor.parse(f"wpkh({text})", MAINNET, require_checksum=False)
        made = Wallet.create("w", descriptor)
        read = Wallet.create("w", recognise(ur_registry.serialize(made), MAINNET).descriptor)
        assert read.derive(1, 9) == made.derive(1, 9)


@pytest.mark.parametrize(
    "text", [f"tr({A},pk({B}))", f"wsh(pk({A}))", f"wsh(sortedmulti(1,{A},{POINT.hex()}))"]
)
def test_what_cannot_be_written(text):
    made = Wallet.create("w", Descriptor.parse(text, MAINNET, require_checksum=False))
    with pytest.raises(MalformedError):
        ur_registry.serialize(made)


def hdkey(**changes):
    """A key's fields by name; the last step of its origin is hardened 2."""
    public = ExtendedPublicKey.parse(account(0).partition("]")[2])[0]
    path = [48, True, 0, True, 0, True, 2, True]
    origin = {1: path, 2: int(account(0)[1:9], 16)}
    fields = {
        "data": public.pubkey,
        "chain": public.chain_code,
        "use": None,
        "origin": Tag(304, origin),
        "children": None,
        "parent": int.from_bytes(public.parent_fingerprint, "big"),
        "secret": None,
    } | changes
    numbers = {
        "secret": 2,
        "data": 3,
        "chain": 4,
        "use": 5,
        "origin": 6,
        "children": 7,
        "parent": 8,
    }
    return {numbers[name]: value for name, value in fields.items() if value is not None}


def output(**changes):
    return encode(Tag(404, Tag(303, hdkey(**changes))))


def test_a_key_without_children_has_receive_and_change():
    assert recognise(output(), MAINNET).descriptor.body == f"wpkh({A})"


def test_children():
    steps = Tag(304, {1: [[0, False, 1, False], [], False]})
    assert recognise(output(children=steps), MAINNET).descriptor.body == f"wpkh({A})"
    plain = Tag(304, {1: [5, False, [], False]})
    assert recognise(output(children=plain), MAINNET).descriptor.body.endswith("/5/*)")


def test_keys_without_origin_or_chain_code():
    body = recognise(output(origin=None), MAINNET).descriptor.body
    assert body.startswith("wpkh(xpub661MyMw")  # no depth is known
    raw = recognise(output(chain=None, children=None), MAINNET).descriptor
    assert raw.body == f"wpkh({account(0).partition(']')[0]}]{raw.keys[0].public.hex()})"


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (output(secret=True), "secret key"),
        (output(data=bytes(33)), "no public key"),
        (output(data=7), "no public key"),
        (output(chain=bytes(31)), "another size"),
        (output(parent=1 << 32), "parent fingerprint"),
        (output(use=Tag(305, {1: 60})), "another coin"),
        (output(use=Tag(305, {2: 1})), "test networks"),
        (output(use=Tag(305, {2: 9})), "unknown networks"),
        (output(use=7), "use information"),
        (output(origin=Tag(305, {})), "origin is of another kind"),
        (output(origin=Tag(304, 7)), "origin is no map"),
        (output(origin=Tag(304, {1: [48]})), "no hardened flag"),
        (output(origin=Tag(304, {1: [1 << 31, True]})), "no index"),
        (output(origin=Tag(304, {1: [[], True]})), "no index"),
        (output(origin=Tag(304, {1: 7})), "no list"),
        (output(origin=Tag(304, {1: [], 2: 0})), "no valid fingerprint"),
        (output(origin=Tag(304, {1: [], 3: 256})), "no valid depth"),
        (output(children=Tag(304, {1: [[], True]})), "no index"),
        (output(children=Tag(304, {1: [0, True, [], False]})), "hardened step"),
        (output(children=Tag(304, {1: [[0, True, 1, True], [], False]})), "hardened step"),
        (encode(Tag(404, Tag(303, 7))), "key is no map"),
        (encode(Tag(404, 7)), "an hdkey or eckey is due"),
        (encode(Tag(303, hdkey())), "one key, not a wallet"),
        (encode({1: 7, 2: [Tag(303, hdkey())], 3: "device"}), "the keys of a device"),
        (encode(Tag(405, Tag(306, {3: POINT}))), "several kinds"),
        (encode(Tag(401, Tag(406, {1: 1}))), "without its quorum or keys"),
        (encode(Tag(401, Tag(406, 7))), "without its quorum or keys"),
        (encode({1: 7, 2: []}), "none"),
        (encode({1: 0, 2: []}), "master fingerprint"),
        (encode({5: 1}), "another kind"),
        (encode({1: "wpkh(@1)", 2: [Tag(40303, hdkey())]}), "no key @1"),
        (encode({1: "wpkh(@0)", 2: [Tag(40303, hdkey())] * 2}), "not used"),
        (encode({1: "wpkh(@0)", 2: 7}), "another kind"),
        (
            encode({1: "wpkh(@0/0/*)", 2: [Tag(40303, hdkey(children=Tag(304, {1: []})))]}),
            "steps in the",
        ),
        (encode({1: 7, 2: [{1: 7}]}), "another kind"),
        (encode(Tag(308, [])), "is due"),
    ],
)
def test_items_that_are_refused(data, match):
    with pytest.raises(MalformedError, match=match):
        recognise(data, MAINNET)


def test_templates():
    item = {
        1: "wsh(sortedmulti(1,@0/<0;1>/*,@1))",
        2: [Tag(40303, hdkey()), Tag(40306, {3: POINT})],
        3: "n",
    }
    imported = recognise(encode(item), MAINNET)
    assert imported.descriptor.body == f"wsh(sortedmulti(1,{A},{POINT.hex()}))"
    assert imported.name == "n"
    account_of_one = {
        1: 7,
        2: [{1: "wpkh(@0)", 2: [Tag(40303, hdkey())]}, {1: "cosigner(@0)", 2: []}],
    }
    assert recognise(encode(account_of_one), MAINNET).descriptor.body == f"wpkh({A})"
    with pytest.raises(MalformedError, match=r"offers no tr wallet \(wpkh\)"):
        recognise(encode(account_of_one), MAINNET, script_kind="tr")


def test_an_older_account_is_read_without_the_keys_for_multisig_wallets():
    made = hdkey()
    path = {name: value for name, value in made[6].value.items() if name == 1}
    single = Tag(308, Tag(404, Tag(303, made | {6: Tag(304, path)})))
    cosigner = Tag(308, Tag(410, Tag(303, made)))
    outputs = [Tag(400, Tag(401, cosigner.value)), Tag(401, Tag(303, made)), cosigner, single]
    master = int(account(0)[1:9], 16)
    read = recognise(encode(Tag(311, {1: master, 2: outputs})), MAINNET)
    assert read.descriptor.body == f"wpkh({A})"


def test_the_kind_that_is_asked_for_is_the_one_that_is_read():
    text = f"wpkh({A})#".encode() + checksum(f"wpkh({A})").encode()
    assert recognise(text, MAINNET, script_kind="wpkh").descriptor.body == f"wpkh({A})"
    with pytest.raises(MalformedError, match="of the kind wpkh, not tr") as caught:
        recognise(text, MAINNET, script_kind="tr")
    assert caught.value.code == "other-script"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "cut short at offset 0"),
        ("19ff", "cut short inside a number at offset 0"),
        ("1801", "shortest form"),
        ("190001", "shortest form"),
        ("1a00000001", "shortest form"),
        ("9f", "indefinite"),
        ("1c", "indefinite"),
        ("20", "no registry type"),
        ("f6", "no registry type"),
        ("f90000", "no registry type"),
        ("f90014", "no registry type"),
        ("f814", "shortest form"),
        ("f8ff", "no registry type"),
        ("61ff", "not UTF-8"),
        ("a1616101", "no number"),
        ("a201010102", "stands twice"),
        ("0000", "left over"),
        ("81" * 30, "nested too deep"),
        ("9a00ffffff" + "00" * 20000, "too many items"),
        ("bb" + "ff" * 8, "cut short"),
        ("5affffffff", "are due"),
    ],
)
def test_cbor_that_is_refused(text, match):
    with pytest.raises(MalformedError, match=match):
        decode(bytes.fromhex(text))


ITEMS = st.recursive(
    st.integers(0, 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=40) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(0, 300), inner, max_size=4)
        | st.builds(Tag, st.integers(0, 50_000), inner)
    ),
    max_leaves=20,
)


@given(ITEMS)
@settings(max_examples=200, deadline=None)
def test_cbor_is_read_as_it_was_written(item):
    assert decode(encode(item)) == item


@given(st.binary(max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_bytes_are_cbor_or_malformed(data):
    try:
        item = decode(data)
    except MalformedError:
        return
    assert decode(encode(item)) == item


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_mutated_output_is_a_wallet_or_malformed(data):
    content = bytearray(output(children=Tag(304, {1: [[0, False, 1, False], [], False]})))
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = recognise(bytes(content), MAINNET)
    except MalformedError:
        return
    assert Descriptor.parse(str(found.descriptor), MAINNET) == found.descriptor


ITEMS = st.recursive(
    st.one_of(st.integers(0, 1 << 40), st.booleans(), st.binary(max_size=4), st.just("x")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.integers(0, 8), inner, max_size=3),
        st.builds(Tag, st.sampled_from([304, 305]), inner),
    ),
    max_leaves=6,
)


@settings(max_examples=300)
@given(st.integers(2, 8), ITEMS, st.sampled_from([None, 304, 305]), st.integers(0, 8))
def test_a_key_with_any_item_for_a_field_is_read_or_malformed(field, item, tag, inner):
    fields = {3: POINT, 4: bytes(32)}
    fields[field] = item if tag is None else Tag(tag, {inner: item})
    data = encode(Tag(308, Tag(404, Tag(303, fields))))
    try:
        found = recognise(data, MAINNET)
    except MalformedError:
        return
    assert found.descriptor.script_kind == "wpkh"


@pytest.mark.parametrize("number", [[], {}, Tag(1, []), True])
def test_a_network_that_is_no_number_is_of_no_network(number):
    fields = {3: POINT, 4: bytes(32), 5: Tag(305, {2: number})}
    with pytest.raises(MalformedError, match="a key of the unknown networks"):
        recognise(encode(Tag(308, Tag(404, Tag(303, fields)))), MAINNET)


def test_a_text_that_names_one_key_a_million_times_is_not_written_out():
    item = {1: f"wsh(multi(1{',@0' * 1_000_000}))", 2: [Tag(303, {3: POINT, 4: bytes(32)})]}
    with pytest.raises(MalformedError, match="names more than 1100 keys"):
        recognise(encode(item), MAINNET)
