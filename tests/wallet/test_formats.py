import json
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.keys.bip32 import ExtendedPublicKey
from coldsign.primitives.network import MAINNET, REGTEST, TESTNET4
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.formats import bip388
from coldsign.wallet.formats.export import Format, export
from coldsign.wallet.formats.recognise import MAX_FILE, recognise
from coldsign.wallet.wallet import Wallet
from tests.vectors import vector_file
from tests.wallet.files import PATH, electrum, fingerprint, sparrow, xpub
from tests.wallet.samples import NUMS, account, attack_wallet, key, with_checksum

A, B, C, D = (key(number) for number in range(4))
MULTI = f"sortedmulti(2,{A},{B},{C})"


def wallet(text, name="vault", network=MAINNET):
    return Wallet.create(name, Descriptor.parse(text, network, require_checksum=False))


def read(content, network=MAINNET):
    return recognise(content if isinstance(content, bytes) else content.encode(), network)


def refused(content, match, network=MAINNET):
    with pytest.raises(MalformedError, match=match or None) as caught:
        read(json.dumps(content) if isinstance(content, dict) else content, network)
    return caught.value


# --- round trips


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("outer", ["sh({})", "wsh({})", "sh(wsh({}))"])
def test_a_sorted_multisig_survives_every_format(form, outer):
    made = wallet(outer.format(MULTI))
    imported = read(export(made, form))
    assert imported.descriptor == made.descriptor
    assert imported.source
    unnamed = {Format.DESCRIPTOR, Format.BSMS, Format.CRYPTO_OUTPUT}
    assert imported.name == (None if form in unnamed else "vault")


@pytest.mark.parametrize("form", [Format.DESCRIPTOR, Format.BSMS, Format.BIP388, Format.SPECTER])
@pytest.mark.parametrize(
    "text",
    [
        f"wpkh({A})",
        f"tr({A},{{pk({B}),multi_a(2,{C},{D})}})",
        attack_wallet("W-mini"),
        f"wsh(multi(1,{A},{B}))",
    ],
)
def test_other_wallets_survive_the_formats_that_can_say_them(form, text):
    made = wallet(text)
    assert read(export(made, form)).descriptor == made.descriptor


def test_wallets_that_a_format_cannot_say():
    fixed = wallet(f"wsh(sortedmulti(1,{account(0)},{account(1)}))")
    raw = wallet(f"tr({NUMS},pk({A}))")
    plain = wallet(f"wsh(sortedmulti(1,{xpub(0)}/<0;1>/*,{xpub(1)}/<0;1>/*))")
    for form, bad in (
        (Format.COLDCARD, raw),
        (Format.COLDCARD, wallet(f"wsh(multi(1,{A},{B}))")),
        (Format.COLDCARD, fixed),
        (Format.COLDCARD, plain),
        (Format.CARAVAN, fixed),
        (Format.CARAVAN, wallet(f"wpkh({A})")),
        (Format.BIP388, fixed),
        (Format.BIP388, raw),
    ):
        with pytest.raises(MalformedError):
            export(bad, form)
    assert read(export(plain, Format.CARAVAN)).descriptor == plain.descriptor
    for made in (fixed, raw):
        assert read(export(made, Format.BSMS)).descriptor == made.descriptor


def test_formats_of_test_networks():
    keys = ",".join(f"{account(n, network=REGTEST)}/<0;1>/*" for n in range(2))
    for network, word in ((REGTEST, "regtest"), (TESTNET4, "testnet")):
        made = wallet(f"wsh(sortedmulti(1,{keys}))", network=network)
        content = export(made, Format.CARAVAN)
        assert json.loads(content)["network"] == word
        assert read(content, network).descriptor == made.descriptor


# --- descriptors as text


def branches(text):
    return [with_checksum(text.replace("<0;1>", branch)) for branch in "01"]


def test_descriptor_lines():
    text = f"wsh({MULTI})"
    receive, change = branches(text)
    both = with_checksum(text)
    expected = wallet(text).descriptor
    for content in (
        both,
        f"\ufeff{both}\r\n",
        f"# a comment\n{both}\n",
        f"{receive}\n{change}\n",
        f"# both\n{both}\n\n# receive\n{receive}\n\n# change\n{change}\n",
    ):
        assert read(content).descriptor == expected


def test_descriptor_lines_that_are_not_one_wallet():
    receive, change = branches(f"wsh({MULTI})")
    other = branches(f"wsh(sortedmulti(2,{A},{B},{D}))")
    refused(f"{receive}\n{other[1]}", "differ in more than their branch")
    refused(f"{receive}\n{branches(f'wpkh({A})')[1]}", "differ in more than their branch")
    refused(f"{receive}\n{branches(f'wsh(sortedmulti(1,{A},{B},{C}))')[1]}", "differ in more")
    refused(f"{receive}\n{with_checksum(f'wsh({MULTI})')}", "differ in more")
    refused(f"{receive}\n{change}\n{change}", "not one wallet|differ")
    refused("\n".join([with_checksum(f"wpkh({A})"), receive, change]), "not one wallet")
    refused("\n".join([receive] * 4), "4 descriptors")
    refused("# nothing\n", "no descriptor in it")
    refused("", "no descriptor in it")
    refused(f"wsh({MULTI})", "checksum is missing")
    longer = with_checksum(f"wpkh({key(0, '1/0/*')})")
    refused(f"{branches(f'wpkh({A})')[0]}\n{longer}", "differ in more")
    both = with_checksum(f"wpkh({key(0, '1/1/*')})")
    refused(
        f"{with_checksum(f'wpkh({key(0, chr(48) + chr(47) + chr(48) + chr(47) + chr(42))})')}\n{both}",
        "differ",
    )
    unranged = with_checksum(f"wpkh({A[: A.index('<')]}0)")
    refused(f"{branches(f'wpkh({A})')[0]}\n{unranged}", "differ")


def test_the_order_of_the_two_is_kept():
    receive, change = branches(f"wpkh({A})")
    imported = read(f"{change}\n{receive}")
    with pytest.raises(MalformedError, match="change branch comes before"):
        Wallet.create("w", imported.descriptor)


# --- BSMS of BIP-129


def bsms_records():
    text = vector_file("bip-0129-vectors.txt").read_text()
    return re.findall(r"<pre>(BSMS 1\.0\n.*?)</pre>", text, re.DOTALL)


def test_the_records_of_bip_129():
    wallets = keys = 0
    for record in bsms_records():
        if "sortedmulti(" in record or "multi(" in record:
            imported = read(record)
            made = Wallet.create("w", imported.descriptor)
            assert made.address(0, 0) == record.splitlines()[3]
            assert read(export(made, Format.BSMS)).descriptor == imported.descriptor
            wallets += 1
        else:
            refused(record, "key record")
            keys += 1
    assert wallets == 4
    assert keys >= 8


def test_bsms_files_that_are_refused():
    lines = export(wallet(f"wsh({MULTI})"), Format.BSMS).decode().splitlines()
    for number, line, match in (
        (0, "BSMS 2.0", "version other"),
        (1, lines[1] + "#aaaaaaaa", "checksum"),
        (2, "/1/*,/0/*", "path restrictions"),
        (2, A, "key record \\(round 1\\)"),
        (2, "No path restrictions", "path restrictions"),
        (2, "/0/*", "first address|branch"),
        (3, wallet(f"wpkh({A})").address(0, 0), "first address"),
        (3, "", "3 lines"),
    ):
        changed = [*lines]
        changed[number] = line
        if (number, line) == (2, "/0/*"):
            assert read("\n".join(changed)).descriptor.branch_count == 1
        else:
            refused("\n".join(changed), match)
    refused("\n".join([*lines, "more"]), "5 lines")
    free = export(wallet(f"wsh({MULTI})"), Format.BSMS).decode().replace("/**", "/<0;1>/*")
    refused(free.replace("/0/*,/1/*", "/9/*"), "no template")
    assert read(free).descriptor == wallet(f"wsh({MULTI})").descriptor


# --- wallet policies (BIP-388)


def policies():
    text = vector_file("bip-0388-vectors.txt").read_text()
    found = re.findall(
        r"Descriptor template: (\S+)\n Keys info: (\[.*?\])\n Descriptor: (\S+)", text
    )
    assert len(found) == 9
    return found


def test_the_policies_of_bip_388():
    for template, keys, descriptor in policies():
        fields = {"descriptor_template": template, "keys_info": json.loads(keys)}
        if "musig" in template:
            refused(fields, "MuSig2")
            continue
        imported = read(json.dumps(fields))
        assert imported.descriptor.body == descriptor.replace("'", "h")
        again, infos = bip388.reduce(imported.descriptor)
        assert again == template
        assert list(infos) == [info.replace("'", "h") for info in json.loads(keys)]


@pytest.mark.parametrize(
    ("template", "count", "match"),
    [
        ("pkh(@0)", 1, "placeholder is not"),
        ("pkh(@0/0/**)", 1, "placeholder is not"),
        ("sh(multi(1,@1/**,@0/**))", 2, "in order"),
        ("sh(multi(1,@0/**,@2/**))", 3, "in order"),
        ("sh(multi(1,@0/**,@0/**))", 1, "twice with the same branch"),
        ("sh(multi(1,@0/<0;1>/*,@0/<1;2>/*))", 1, "twice with the same branch"),
        (f"sh(multi(1,@0/**,{account(1)}/<0;1>/*))", 1, "in the template itself"),
        ("pkh(@0/<0;1;2>/*)", 1, "placeholder is not"),
        ("pkh(@0/<3;3>/*)", 1, "twice with the same branch"),
        ("tr(musig(@0/**,@1/**))", 2, "MuSig2"),
        ("wpkh(@0/**)", 2, "in order"),
        ("wpkh(@0/**", 1, "placeholder is not"),
    ],
)
def test_policies_that_bip_388_calls_invalid(template, count, match):
    keys = [account(number) for number in range(count)]
    refused({"descriptor_template": template, "keys_info": keys}, match)


def test_keys_of_policies():
    for keys, match in (
        ([account(0), 7], "a key is not text"),
        ([account(0), account(1) + "/0"], "@1 is no extended key"),
        ([account(0), f"[00000000]{xpub(0)}"], "are the same"),
        ([account(0)], "not @0 to @0"),
        ("x", "not a list"),
    ):
        refused({"template": "wsh(multi(1,@0/**,@1/**))", "keys": keys}, match)


# --- Coldcard


def coldcard(**changes):
    lines = {
        "Name": "CC-2-of-3",
        "Policy": "2 of 3",
        "Derivation": PATH,
        "Format": "P2WSH",
    } | changes
    head = [f"{name}: {value}" for name, value in lines.items() if value is not None]
    keys = [f"{fingerprint(number).upper()}: {xpub(number)}" for number in range(3)]
    return "\n".join(["# Coldcard Multisig setup file", "", *head, "", *keys, ""])


def test_a_coldcard_file():
    expected = wallet(f"wsh({MULTI})").descriptor
    imported = read(coldcard())
    assert imported.descriptor == expected
    assert imported.name == "CC-2-of-3"
    assert read(coldcard().replace("2 of 3\n", "2/3\n")).descriptor == expected
    assert (
        read(coldcard().replace(": ", ":   ").lower().replace("2 of 3", "2 OF 3")[:0] or coldcard())
        == imported
    )
    zpub = coldcard().replace(xpub(1), xpub(1, "Zpub"))
    assert read(zpub).descriptor == expected
    assert read(coldcard(Format=None)).descriptor.script_kind == "sh-multi"
    assert read(coldcard(Format="p2sh-p2wsh")).descriptor.script_kind == "sh-wsh-multi"
    assert read(coldcard(Name="a/b")).name is None


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (coldcard(Policy="4 of 3"), "quorum of 4 of 3"),
        (coldcard(Policy="0 of 3"), "quorum of 0 of 3"),
        (coldcard(Policy="2 OF 3"), "no line 'Policy"),
        (coldcard(Policy="2 of 4"), "says 4 keys, it has 3"),
        (coldcard(Format="P2TR"), "format P2TR is unknown"),
        (coldcard(Derivation=None), "no derivation"),
        (coldcard(Derivation="unknown"), "no derivation"),
        (coldcard(Derivation="m/48x"), "not a step"),
        (coldcard(Extra="1"), "field extra is unknown"),
        (coldcard() + "Name: again", "name stands in it twice"),
        (coldcard() + "Policy: 2 of 3", "policy stands in it twice"),
        (coldcard() + "something", "not 'name: value'"),
        (coldcard() + "\n" * 300, "more than 200 lines"),
        (coldcard().replace(xpub(1), xpub(1)[:-1] + "1"), "Coldcard file: extended key"),
        (coldcard().replace(xpub(1), xpub(1, "Ypub")), "a Ypub is not a key for wsh"),
        (coldcard().replace(xpub(1), xpub(1, "zpub")), "a zpub is not a key for wsh"),
    ],
)
def test_coldcard_files_that_are_refused(content, match):
    content = content.rstrip("\n") + "\n" * 300 if "200 lines" in match else content
    if "200 lines" in match:
        content += "# end"
    refused(content, match)


def test_a_coldcard_file_for_another_network():
    assert refused(coldcard(), "main networks", REGTEST).code == "wrong-network"


# --- Caravan


def caravan(**changes):
    keys = [
        {"name": f"k{n}", "bip32Path": PATH, "xpub": xpub(n), "xfp": fingerprint(n)}
        for n in range(3)
    ]
    fields = {
        "name": "treasury",
        "addressType": "P2WSH",
        "network": "mainnet",
        "client": {"type": "public"},
        "quorum": {"requiredSigners": 2, "totalSigners": 3},
        "extendedPublicKeys": keys,
        "startingAddressIndex": 0,
    } | changes
    return {name: value for name, value in fields.items() if value is not None}


def test_a_caravan_file():
    imported = read(json.dumps(caravan()))
    assert imported.descriptor == wallet(f"wsh({MULTI})").descriptor
    assert imported.name == "treasury"


@pytest.mark.parametrize("change", [{"bip32Path": "Unknown"}, {"xfp": "Unknown"}, {"xfp": None}])
def test_caravan_keys_of_unknown_origin(change):
    fields = caravan()
    fields["extendedPublicKeys"][1] |= change
    keys = read(json.dumps(fields)).descriptor.keys
    assert [one.origin is None for one in keys] == [False, True, False]


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        (caravan(addressType="P2TR"), "address type P2TR"),
        (caravan(addressType=None), "addressType is missing"),
        (caravan(network="testnet"), "it is for testnet, not mainnet"),
        (caravan(network="moon"), "it is for moon"),
        (caravan(quorum=2), "object is due"),
        (caravan(quorum={"requiredSigners": True}), "whole number"),
        (caravan(quorum={"requiredSigners": 2, "totalSigners": 4}), "totalSigners"),
        (caravan(quorum={"requiredSigners": 4}), "quorum of 4 of 3"),
        (caravan(extendedPublicKeys={}), "not a list"),
        (caravan(extendedPublicKeys=[7]), "totalSigners"),
        (caravan(quorum={"requiredSigners": 1}, extendedPublicKeys=[7]), "key 1: an object"),
        (caravan(quorum={"requiredSigners": 1}, extendedPublicKeys=[{}]), "xpub is missing"),
        (
            caravan(
                quorum={"requiredSigners": 1},
                extendedPublicKeys=[{"xpub": xpub(0), "xfp": "zz"}],
            ),
            "no fingerprint",
        ),
        (
            caravan(
                quorum={"requiredSigners": 1},
                extendedPublicKeys=[{"xpub": xpub(0), "bip32Path": 7}],
            ),
            "not a step",
        ),
    ],
)
def test_caravan_files_that_are_refused(fields, match):
    refused(fields, match)


# --- Specter


def test_specter_files():
    expected = wallet(f"wsh({MULTI})").descriptor
    receive, change = branches(f"wsh({MULTI})")
    for fields in (
        {"label": "x", "blockheight": 0, "descriptor": str(expected)},
        {"label": "x", "descriptor": receive},
        {"label": "x", "descriptor": receive.partition("#")[0]},
        {"name": "x", "recv_descriptor": receive, "change_descriptor": change},
    ):
        imported = read(json.dumps(fields))
        assert imported.descriptor == expected
        assert imported.name == "x"
    assert "change is /1/*" in read(json.dumps({"descriptor": receive})).source
    fixed = with_checksum(f"wpkh({account(0)})")
    assert read(json.dumps({"descriptor": fixed})).descriptor.ranged is False


def test_specter_files_that_are_refused():
    receive, change = branches(f"wsh({MULTI})")
    refused({"descriptor": change}, "neither <0;1>")
    refused({"descriptor": 7}, "not text")
    refused({"descriptor": receive, "change_descriptor": receive}, "twice|differ|branch")
    refused({"descriptor": receive[:-8] + "qqqqqqqq"}, "checksum")


# --- Sparrow and Electrum


def test_sparrow_files():
    imported = read(json.dumps(sparrow()))
    assert imported.descriptor == wallet(f"wsh({MULTI})").descriptor
    assert imported.name == "spar"
    single = sparrow(policyType="SINGLE", scriptType="P2WPKH", keystores=sparrow()["keystores"][:1])
    assert read(json.dumps(single)).descriptor == wallet(f"wpkh({A})").descriptor


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        (sparrow(policyType="SINGLE"), "no wallet that can be read"),
        (sparrow(scriptType="P2TR"), "no wallet that can be read"),
        (sparrow(defaultPolicy=None), "object is due"),
        (sparrow(defaultPolicy={"miniscript": {"script": "wsh(pk(k0))"}}), "no quorum"),
        (
            sparrow(defaultPolicy={"miniscript": {"script": "wsh(sortedmulti(2,k0,k1))"}}),
            "no quorum of its 3 keys",
        ),
        (sparrow(keystores=[{"seed": {"x": 1}}]), "holds a secret key"),
        (sparrow(keystores=[{}]), "keyDerivation"),
    ],
)
def test_sparrow_files_that_are_refused(fields, match):
    refused(fields, match)


def test_electrum_files():
    expected = {"Zpub": "wsh-multi", "Ypub": "sh-wsh-multi", "xpub": "sh-multi"}
    for prefix, kind in expected.items():
        imported = read(json.dumps(electrum(prefix)))
        assert imported.descriptor.script_kind == kind
        assert imported.descriptor.keys == wallet(f"wsh({MULTI})").descriptor.keys
    for prefix, kind in {"zpub": "wpkh", "ypub": "sh-wpkh", "xpub": "pkh"}.items():
        store = electrum(prefix)["x1/"]
        fields = {"wallet_type": "standard", "keystore": store}
        assert read(json.dumps(fields)).descriptor.script_kind == kind
    unknown = electrum()["x1/"] | {"derivation": None, "root_fingerprint": None, "xpub": xpub(0)}
    fields = {"wallet_type": "standard", "keystore": unknown}
    assert read(json.dumps(fields)).descriptor.keys[0].origin is None


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        (electrum(kind="imported"), "type imported cannot be read"),
        (electrum(kind="2of4"), "key 4: an object is due"),
        (electrum(kind="0of0"), "no keys"),
        (electrum("zpub"), "do not name one script type"),
        (electrum() | {"x2/": electrum("Ypub")["x2/"]}, "do not name one script type"),
        (electrum() | {"x2/": electrum()["x2/"] | {"xprv": "Zprv"}}, "holds a secret key"),
        (electrum() | {"x2/": electrum()["x2/"] | {"root_fingerprint": "?"}}, "no fingerprint"),
        (electrum(kind=7), "not text"),
    ],
)
def test_electrum_files_that_are_refused(fields, match):
    refused(fields, match)


# --- anything


def test_files_that_are_no_wallet():
    refused(b"\xff\xfe", "neither text nor CBOR")
    refused({"a": 1}, "JSON of a kind that is not known")
    refused('{"a": 1', "not JSON")
    refused('{"descriptor": 1, "descriptor": 2}', "twice")
    refused(b" " * (MAX_FILE + 1), "more than")
    for text in ("hello", "https://example.org", "bc1qexample", "# a comment\nhello"):
        refused(text, "this text describes no wallet")
    xpub = key(0).partition("]")[2].partition("/")[0]
    for text in (xpub, key(0)):
        refused(text, "an extended public key alone is no wallet")
    for sealed in ("QklFMQPx8A==", "QklFMgKx8A=="):
        refused(sealed, "an Electrum file that is encrypted")
    refused("addwallet w&wsh(pk(A))", "Specter's text for a Specter-DIY")
    for fields in ({"xfp": "00000000", "xpub": "x"}, {"ExtPubKey": "x"}):
        refused(fields, "JSON with the keys of a signing device")
    refused("# a comment", "no descriptor in it")


@pytest.mark.parametrize(
    "content",
    [
        "\n" * MAX_FILE,
        "policy:" + " " * (MAX_FILE - 7),
        "BSMS 1.0" + "\n" * (MAX_FILE - 8),
        json.dumps({"template": "@1234/**" * 500_000, "keys": []}),
        json.dumps({"template": "", "keys": [""] * 500_000}),
        '{"a":' + "9" * 1_000_000 + "}",
        "[" * 1_000_000,
    ],
)
def test_large_files_are_refused_soon(content):
    refused(content, "")


def test_no_message_repeats_a_secret():
    secrets = [
        "KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU74sHUHy8S",
        "xprv9s21ZrQH143K31xYSDQpPDxsXRTUcvj2iNHm5NUtrGiGG5e2DtALGdso3pGz6ssrdK4PFmM8NSpSBHNqPqm55Qn3LqFtT2emdEXVYsCzC2U",
        "legalwinnerthankyearwavesausageworthusefullegalwinner",
    ]
    for secret in secrets:
        for damage in (secret, secret[:-1], secret + "x", secret[1:]):
            for outer in (
                "{}",
                "pkh({}/x)",
                "wsh(pk({}x))",
                "wsh({})",
                "tr({},{})",
                "[{}",
                "{}:pk(x)",
            ):
                text = outer.format(damage, damage)
                try:
                    Descriptor.parse(text, MAINNET, require_checksum=False)
                except MalformedError as error:
                    shown = error.message + error.hint
                    pieces = {secret[i : i + 12] for i in range(len(secret) - 11)}
                    assert not [piece for piece in pieces if piece in shown], text


ALPHABET = "0123456789()[],'/*abcdefh@:{}<;>#_xpub\n \"" + "é"
PARTS = st.sampled_from(
    ["wsh(", "sh(", "tr(", "pk(", "multi(2,", "thresh(1,", "v:", ")", ",", "{", "}", A, B, NUMS, "#", "BSMS 1.0\n",
     "Policy: 2 of 3\n", '{"descriptor":"', '"}', "/**", "<0;1>", "older(9)", "and_v(", "@0/**"]
)  # fmt: skip


@given(st.one_of(st.text(), st.text(ALPHABET), st.lists(PARTS).map("".join)))
@settings(max_examples=400, deadline=None)
@example("sh(")
@example("tr(" + A + ",{")
def test_any_text_is_a_wallet_or_malformed(text):
    try:
        imported = read(text.encode("utf-8", "surrogatepass"))
    except MalformedError:
        return
    assert Descriptor.parse(str(imported.descriptor), MAINNET) == imported.descriptor


@given(st.one_of(st.text(ALPHABET), st.lists(PARTS).map("".join)))
@settings(max_examples=400, deadline=None)
def test_any_text_is_a_descriptor_or_malformed(text):
    try:
        found = Descriptor.parse(text, MAINNET, require_checksum=False)
    except MalformedError:
        return
    assert Descriptor.parse(str(found), MAINNET) == found


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_mutated_wallet_file_is_a_wallet_or_malformed(data):
    form = data.draw(st.sampled_from(list(Format)))
    content = bytearray(export(wallet(f"wsh({MULTI})"), form))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        imported = read(bytes(content))
    except MalformedError:
        return
    assert isinstance(imported.descriptor.keys[0].public, ExtendedPublicKey)
