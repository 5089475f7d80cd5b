import json
import pickle

import pytest

from coldsign.errors import MalformedError
from coldsign.keys.bip32 import ExtendedPublicKey, ExtendedSecretKey
from coldsign.primitives.address import to_address
from coldsign.primitives.hashes import sha256, tagged_hash
from coldsign.primitives.keypath import HARDENED, KeyOrigin, parse_path
from coldsign.primitives.network import MAINNET, REGTEST, SIGNET, TESTNET4, Network
from coldsign.primitives.secp import taproot_output
from coldsign.primitives.tx import Transaction
from coldsign.wallet.derive import Derived
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import CHANGE, RECEIVE, Place, Wallet
from tests.wallet.samples import (
    NUMS,
    account,
    attack_wallets,
    fixtures,
    key,
    with_checksum,
)

A, B, C, D = (key(number) for number in range(4))


def make(text, network=MAINNET, name="w", **more):
    return Wallet.create(name, Descriptor.parse(text, network, require_checksum=False), **more)


def refused(text, match, network=MAINNET, code=None):
    with pytest.raises(MalformedError, match=match) as caught:
        make(text, network)
    if code:
        assert caught.value.code == code


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda fixture: fixture["name"])
def test_every_output_of_ours_in_the_recorded_spends_is_found(fixture):
    wallet = make(fixture["descriptor"], Network.named(fixture["network"]))
    assert str(wallet.descriptor) == fixture["descriptor"]
    count = 60 if wallet.descriptor.ranged else 1
    found = {
        wallet.derive(branch, index).script_pubkey.hex(): (branch, index)
        for branch in range(wallet.branches)
        for index in range(count)
    }
    for output in fixture["outputs"]:
        assert (output["script"] in found) == output["mine"]
        if output["mine"]:
            branch, index = found[output["script"]]
            assert wallet.address(branch, index) == output["address"]
            assert branch == (CHANGE if output["change"] and wallet.branches == 2 else RECEIVE)
    ours = {wallet.address(*place) for place in found.values()}
    assert {spent["address"] for spent in fixture["inputs"]} <= ours


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda fixture: fixture["name"])
def test_the_spends_reveal_the_scripts_that_we_derive(fixture):
    wallet = make(fixture["descriptor"], Network.named(fixture["network"]))
    final = Transaction.parse(bytes.fromhex(fixture["final"]["hex"]))
    pushed = b"".join(txin.script_sig for txin in final.inputs) + b"".join(
        item for witness in final.witnesses for item in witness
    )
    spent = {entry["address"] for entry in fixture["inputs"]}
    for branch in range(wallet.branches):
        for index in range(60 if wallet.descriptor.ranged else 1):
            derived = wallet.derive(branch, index)
            if to_address(derived.script_pubkey, wallet.network) in spent:
                assert (derived.redeem_script or b"") in pushed
                assert (derived.witness_script or b"") in pushed
                for leaf in derived.taproot.leaves if derived.taproot else ():
                    used = leaf.script in pushed
                    assert used == (leaf.control_block in pushed)


@pytest.mark.parametrize("name", attack_wallets())
def test_first_addresses_of_the_attack_wallets(name):
    given = attack_wallets()[name]
    wallet = make(given["descriptor"])
    assert wallet.address(RECEIVE, 0) == given["first_receive"]
    assert wallet.address(CHANGE, 0) == given["first_change"]


def test_script_kinds():
    multi = f"multi(2,{A},{B})"
    kinds = {
        f"pkh({A})": "pkh",
        f"wpkh({A})": "wpkh",
        f"sh(wpkh({A}))": "sh-wpkh",
        f"sh({multi})": "sh-multi",
        f"sh(wsh({multi}))": "sh-wsh-multi",
        f"wsh({multi})": "wsh-multi",
        f"wsh(sorted{multi})": "wsh-multi",
        f"wsh(pk({A}))": "wsh-miniscript",
        f"sh(wsh(and_v(v:{multi},older(9))))": "sh-wsh-miniscript",
        f"tr({A})": "tr",
        f"tr({A},pk({B}))": "tr",
    }
    assert {text: make(text).script_kind for text in kinds} == kinds


def test_derived_keys_stand_at_their_positions():
    wallet = make(f"wsh(sortedmulti(2,{A},{B},{C}))")
    derived = wallet.derive(1, 7)
    assert isinstance(derived, Derived)
    assert (derived.branch, derived.index) == (1, 7)
    for position, expression in enumerate(wallet.descriptor.keys):
        public = expression.public
        assert isinstance(public, ExtendedPublicKey)
        assert derived.keys[position] == public.derive((1, 7)).pubkey
        assert derived.keys[position] in derived.witness_script


def test_taproot_leaves_prove_themselves():
    wallet = make(f"tr({A},{{pk({B}),{{multi_a(1,{C},{D}),and_v(v:pk({key(4)}),older(9))}}}})")
    derived = wallet.derive(0, 3)
    taproot = derived.taproot
    assert [leaf.keys for leaf in taproot.leaves] == [(1,), (2, 3), (4,)]
    assert all(len(one) == 32 for one in derived.keys)
    output, parity = taproot_output(taproot.internal_key, taproot.merkle_root)
    assert output == taproot.output_key
    assert derived.script_pubkey == b"\x51\x20" + output
    for leaf in taproot.leaves:
        size = bytes((len(leaf.script),))
        node = tagged_hash("TapLeaf", b"\xc0" + size + leaf.script)
        assert node == leaf.leaf_hash
        assert leaf.version == 0xC0
        block = leaf.control_block
        assert block[0] == 0xC0 | parity
        assert block[1:33] == taproot.internal_key
        for start in range(33, len(block), 32):
            sibling = block[start : start + 32]
            node = tagged_hash("TapBranch", min(node, sibling) + max(node, sibling))
        assert node == taproot.merkle_root


def test_places_that_do_not_exist():
    wallet = make(f"wpkh({A})")
    for branch, index in ((2, 0), (-1, 0), (0, -1), (0, HARDENED)):
        with pytest.raises(MalformedError, match=r"no (branch|address)"):
            wallet.derive(branch, index)
    single = make(f"pkh({account(0)})")
    assert single.derive(0, 0).keys == (single.descriptor.keys[0].public.pubkey,)
    with pytest.raises(MalformedError, match="no address 1"):
        single.derive(0, 1)


def test_origins_and_places_are_inverse():
    wallet = make(f"wsh(or_d(multi(2,{A},{B}),and_v(v:pk({key(0, '<2;3>/*')}),older(9))))")
    for position in range(3):
        for place in (Place(0, 0), Place(1, 12345), Place(0, HARDENED - 1)):
            origin = wallet.origin(position, *place)
            tail = wallet.tail(position, *place)
            assert origin.path[-len(tail) :] == tail
            assert wallet.places([(b"", origin)])[0] == place
    assert wallet.tail(2, 1, 5) == (3, 5)


def test_foreign_hints_name_no_place():
    wallet = make(f"wpkh({A})")
    right = wallet.origin(0, 1, 4)
    foreign = [
        KeyOrigin(b"\0\0\0\1", right.path),
        KeyOrigin(right.fingerprint, right.path[:-1]),
        KeyOrigin(right.fingerprint, (*right.path[:-2], 2, 4)),
        KeyOrigin(right.fingerprint, (*right.path[:-1], 4 + HARDENED)),
        KeyOrigin(right.fingerprint, (*right.path, 0)),
        KeyOrigin(right.fingerprint, ()),
    ]
    assert wallet.places([(b"", one) for one in foreign]) == ()
    assert wallet.places([(b"", foreign[0]), (b"", right)])[0] == Place(1, 4)


def test_all_places_that_hints_name():
    wallet = make(f"wsh(multi(1,{A},{B}))")
    hints = [wallet.origin(0, 1, 4), wallet.origin(1, 1, 4), wallet.origin(1, 0, 9)]
    assert wallet.places([(b"", one) for one in hints]) == (Place(1, 4), Place(0, 9))


def test_places_of_wallets_without_a_wildcard():
    fixture = next(one for one in fixtures() if "uncompressed" in one["kind"])
    wallet = make(fixture["descriptor"], REGTEST)
    assert wallet.places([(b"", wallet.origin(3, 0, 0))])[0] == Place(0, 0)
    assert wallet.tail(0, 0, 0) == ()
    two = make(f"pkh({account(0)}/<4;5>)")
    assert two.places([(b"", two.origin(0, 1, 0))])[0] == Place(1, 0)
    assert two.derive(0, 0) != two.derive(1, 0)


def test_keys_without_an_origin_have_their_own_fingerprint():
    plain = account(0).partition("]")[2]
    wallet = make(f"wpkh({plain}/<0;1>/*)")
    public = wallet.descriptor.keys[0].public
    assert wallet.origin(0, 0, 3) == KeyOrigin(public.fingerprint, (0, 3))
    raw = make(f"tr({NUMS},pk({A}))")
    assert raw.origin(0, 0, 0) == KeyOrigin(bytes.fromhex("7c461e5d"), ())  # as Core's PSBTs say


def test_the_digest_binds_everything():
    made = make(f"wpkh({A})", our_keys=[0], created_by="paper")
    others = [
        make(f"wpkh({A})", our_keys=[0], created_by="paper", name="x"),
        make(f"wpkh({B})", our_keys=[0], created_by="paper"),
        make(f"wpkh({A})", created_by="paper"),
        make(f"wpkh({A})", our_keys=[0]),
    ]
    digests = {made.digest, *(other.digest for other in others)}
    assert len(digests) == 5
    assert made.digest == make(f"wpkh({A})", our_keys=[0, 0], created_by="paper").digest
    test = account(0, network=TESTNET4)
    assert make(f"wpkh({test})", TESTNET4).digest != make(f"wpkh({test})", SIGNET).digest


def test_untrusted_words_on_the_origin_are_made_printable():
    made = make(f"wpkh({A})", created_by="a \x1b[31mfile" + "x" * 300)
    assert made.created_by.startswith("a \\x1b[31mfile")
    assert len(made.created_by) == 200


@pytest.mark.parametrize("name", ["", " a", "a ", "a/b", "-a", ".a", "a\n", "ä", "x" * 65, "a\\b"])
def test_unsafe_names(name):
    with pytest.raises(MalformedError, match="no name for a wallet") as caught:
        make(f"wpkh({A})", name=name)
    assert caught.value.code == "wallet-name"


def test_keys_of_ours_must_exist():
    for position in (-1, 1):
        with pytest.raises(MalformedError, match="none of its keys"):
            make(f"wpkh({A})", our_keys=[position])


# --- what is not fit to be registered


def test_branches_other_than_receive_and_change():
    for tail in ("<0;1;2>/*", "<1;0>/*"):
        refused(f"wpkh({key(0, tail)})", "<0;1>|branch", code="wallet-branches")
    refused(f"wpkh({key(0, '<0;0>/*')})", "stands in it twice")
    assert make(f"wpkh({key(0, '<10;11>/*')})").branches == 2
    assert make(f"wpkh({key(0, '0/*')})").branches == 1


def origin_of(number, path, actual, fingerprint=None):
    """A key that claims another path, or another master, than it has."""
    master = ExtendedSecretKey.from_seed(sha256(b"coldsign wallet tests %d" % number))
    public = master.derive(parse_path(actual)).neuter().serialize(MAINNET)
    steps = f"/{path}" if path else ""
    return f"[{fingerprint or master.fingerprint.hex()}{steps}]{public}/<0;1>/*"


@pytest.mark.parametrize(
    ("path", "actual", "fingerprint", "match"),
    [
        ("48h/0h/0h/2h", "48h/0h/0h", None, "its depth is 3, its origin has 4 steps"),
        ("48h/0h/0h/2h", "48h/0h/0h/1h", None, "it is child 1h, its origin ends with 2h"),
        ("48h/0h", "48h/0", None, "it is child 0, its origin ends with 0h"),
        ("45h", "45h", "00112233", "its parent is not the master key"),
        ("", "m", "00112233", "a master key of another fingerprint"),
    ],
)
def test_origins_that_contradict_the_key(path, actual, fingerprint, match):
    refused(f"wpkh({origin_of(0, path, actual, fingerprint)})", match, code="key-origin")


def test_origins_that_agree_with_the_key():
    for path in ("45h", "m", "48h/0h/0h/2h"):
        made = make(f"wpkh({origin_of(0, path.removeprefix('m'), path)})")
        assert made.origin(0, 1, 7).path == (*parse_path(path), 1, 7)


def duplicates():
    plain = account(0).partition("]")[2]
    child = ExtendedPublicKey.parse(plain)[0].child(0).serialize(MAINNET)
    compressed = bytes.fromhex("02" + NUMS)
    return [
        (f"multi(2,{A},{A},{B})", "give the same public keys"),
        (f"multi(2,{A},[00112233/48h/0h/0h/2h]{plain}/<0;1>/*)", "give the same"),
        (f"multi(2,{A},{plain}/<2;3>/*)", "are one key under two names"),
        (f"multi(2,{A},{key(0, '<1;2>/*')})", "give the same"),
        (f"multi(2,{A},{key(0, '<2;3>/*')})", "one master key"),
        (f"multi(2,{A},{child}/*)", "give the same"),
        (f"multi(2,{A},{key(0, '1/9')})", "give the same"),
        (f"multi(2,{key(0, '1/9')},{A})", "give the same"),
        (f"multi(2,{compressed.hex()},{A},{compressed.hex()})", "give the same"),
        (f"multi(2,{A},{key(0, path='48h/0h/5h/2h')})", "one master key"),
        (f"thresh(2,pk({A}),s:pk({key(0, '<2;3>/*')}))", "one master key"),
    ]


@pytest.mark.parametrize(("script", "match"), duplicates())
def test_no_key_stands_twice(script, match):
    refused(f"wsh({script})", match, code="duplicate-key")


def test_one_key_under_another_chain_code_is_still_one_key():
    public = ExtendedPublicKey.parse(account(0).partition("]")[2])[0]
    other = ExtendedPublicKey(
        public.depth, public.parent_fingerprint, public.child_number, bytes(32), public.pubkey
    )
    refused(f"wsh(multi(2,{A},{other.serialize(MAINNET)}/<0;1>/*))", "under two names")


def test_one_xpub_with_disjoint_branches_is_legal_in_different_ways_to_spend():
    assert len(make(attack_wallets()["W-mini"]["descriptor"]).spending_paths()) == 2
    leaves = f"{{sortedmulti_a(1,{B},{C}),pk({key(0, '<2;3>/*')})}}"
    assert [path.keys for path in make(f"tr({A},{leaves})").spending_paths()] == [
        (0,),
        (1, 2),
        (3,),
    ]


def test_the_zero_fingerprint_identifies_nobody():
    one, two = (account(n).replace(account(n)[1:9], "00000000") for n in (0, 1))
    made = make(f"wsh(multi(2,{one}/<0;1>/*,{two}/<0;1>/*))")
    assert [key.fingerprint for key in made.descriptor.keys] == [bytes(4), bytes(4)]


def test_raw_keys_of_one_fingerprint_are_told_apart_by_the_keys():
    fixture = next(one for one in fixtures() if "uncompressed" in one["kind"])
    assert make(fixture["descriptor"], REGTEST).branches == 1


def test_a_wallet_of_another_network_is_refused():
    for fixture in fixtures():
        if "uncompressed" not in fixture["kind"]:
            refused(fixture["descriptor"], "keys? of the test networks", code="wrong-network")
    with pytest.raises(MalformedError, match="main networks"):
        make(f"wpkh({A})", REGTEST)


def test_checksums():
    text = with_checksum(f"wpkh({A})")
    assert str(Descriptor.parse(text, MAINNET)) == text
    with pytest.raises(MalformedError, match="checksum is missing") as caught:
        Descriptor.parse(f"wpkh({A})", MAINNET)
    assert caught.value.code == "descriptor-checksum"
    wrong = text[:-1] + ("q" if text[-1] != "q" else "p")
    with pytest.raises(MalformedError, match="is not that of its text"):
        Descriptor.parse(wrong, MAINNET, require_checksum=False)


def test_text_and_keys_that_are_none():
    wif = "KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU74sHUHy8S"
    for text, match in (
        (f"wpkh({A}))", "text is left over"),
        (f"wpkh({A}", "'\\)' is due at the end"),
        (f"wpkh({A},{B})", "'\\)' is due"),
        ("wpkh(m)", "neither an extended key"),
        (f"wpkh({A.replace('<0;1>', 'm')})", "m is not a step"),
        (f"wpkh({A.replace('0;1', 'm;1')})", "m is not a step"),
        ("wpkh(" + "zz" * 33 + ")", "neither"),
        ("wpkh(" + "0 " * 33 + ")", "neither"),
        ("wpkh(02" + "ff" * 32 + ")", "not on the curve"),
        ("tr(" + "ff" * 32 + ")", "x-only key that is not on the curve"),
        (f"wpkh({wif[:-1]}T)", "WIF"),
        (f"wpkh({wif}/0)", "only extended keys have children"),
        (f"wpkh({A[1:]})", "opening bracket is missing"),
        (f"wpkh([xyz]{A})", "eight hex digits of fingerprint"),
        (f"wpkh([00000000]{A})", "a second origin"),
        ("wpkh([00000000])", "no key"),
        (f"wpkh({A}h)", "hardened wildcard"),
        (f"wpkh({A.replace('<0;1>', '<0;1>/<0;1>')})", "more than one multipath step"),
        (f"wpkh({A.replace('<0;1>', '<0;1')})", "closing > is missing"),
        (f"wpkh({A.replace('<0;1>', '<0>')})", "2 to 64 indexes"),
        ("wpkh()", "key 1 is missing"),
        (f"wsh(multi(1,{A},{B.replace('0;1', '0;1;2')}))", "have different lengths"),
        (f"sh(pk({A}))", r"sh\(\) can hold"),
        (f"tr(musig({A},{B}))", "cannot sign for MuSig2 wallets yet"),
    ):
        with pytest.raises(MalformedError, match=match):
            make(text)
    with pytest.raises(MalformedError, match="main networks") as caught:
        make(f"wpkh({wif})", REGTEST)
    assert caught.value.code == "wrong-network"


@pytest.mark.parametrize(
    ("tail", "match"),
    [
        ("/<0;1>/*h", "a hardened wildcard"),
        ("/<0;1>/*'", "a hardened wildcard"),
        ("/0h/<0;1>/*", "a hardened step after an extended public key"),
        ("/<0h;1h>/*", "a hardened step after an extended public key"),
    ],
)
@pytest.mark.parametrize("script", ["wpkh({})", "wsh(multi(1,{},{}))", "tr({},pk({}))"])
def test_a_step_that_no_xpub_can_take_is_refused(script, tail, match):
    for spoiled in range(script.count("{}")):
        keys = [f"{account(n)}{tail}" if n == spoiled else key(n) for n in range(2)]
        refused(script.format(*keys), f"key {spoiled + 1}: {match}")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("addr(bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4)", "names an address, not its keys"),
        ("raw(0014751e76e8199196d454941c45d1b3a323f1433bd6)", "names a script, not its keys"),
        (f"combo({A})", "stands for several kinds of addresses"),
        (f"pk({A})", "has no address"),
        (f"pk(02{NUMS})", "has no address"),
        (f"multi(1,{A})", "has no address"),
        (f"rawtr({NUMS})", "hides what the output key commits to"),
    ],
)
def test_scripts_that_prove_no_ownership_are_no_wallets(text, match):
    refused(text, match, code="descriptor-kind")


def test_of_secret_keys_only_the_public_half_is_kept():
    wif = "KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU74sHUHy8S"
    body = make(f"wpkh({wif})").descriptor.body
    assert body == "wpkh(02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9)"
    master = ExtendedSecretKey.from_seed(sha256(b"coldsign wallet tests 0"))
    text = master.serialize(MAINNET)
    assert make(f"wpkh({text}/48h/0h/0h/2h/<0;1>/*)").descriptor.body == f"wpkh({A})"
    assert make(f"wpkh([00000001]{text}/48h/0h/0h/2h/<0;1>/*)".replace("00000001", A[1:9])).words
    plain = make(f"wpkh({text}/<0;1>/*)").descriptor
    assert plain.keys[0].origin is None
    assert plain.body.startswith("wpkh(xpub")
    refused(f"wpkh({text}/<0h;1h>/*)", "multipath with or before a hardened step")


def test_spellings_are_made_one():
    text = f"wpkh({A})"
    other = text.replace("h/", "'/").replace("h]", "']").replace(A[1:9], A[1:9].upper())
    assert other != text
    assert Descriptor.parse(other, MAINNET, require_checksum=False).body == text
    assert Descriptor.parse(with_checksum(other) + "\r\n", MAINNET).body == text
    for bad in (text.replace("h/", "H/"), text.replace(",", ", "), text.replace("(", " (")):
        if bad != text:
            with pytest.raises(MalformedError):
                Descriptor.parse(bad, MAINNET, require_checksum=False)


def test_the_record_of_attacks_has_the_wallets_used_here():
    assert json.dumps(attack_wallets())
    assert {"W-wsh", "W-mini", "W-trmulti"} <= attack_wallets().keys()


@pytest.mark.parametrize("text", [f"wsh(multi(2,{A},{B}))", f"tr({A},pk({B}))"])
def test_a_wallet_travels_to_other_processes(text):
    made = make(text, our_keys=(0,))
    there = pickle.loads(pickle.dumps(made))
    assert there == made
    assert there.derive(1, 3) == made.derive(1, 3)
    assert there.places([(b"", made.origin(1, 1, 3))])[0] == Place(1, 3)
