"""Registering wallets from every kind of file, and writing them again, through the command line."""

import json

import pytest

from coldsign.keys.bip32 import ExtendedPublicKey
from coldsign.primitives.keypath import parse_path
from coldsign.primitives.network import MAINNET, NETWORKS
from coldsign.qr.ur.uri import whole_text
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.formats import ur_registry
from coldsign.wallet.formats.cbor import Tag, encode
from coldsign.wallet.formats.export import Format
from coldsign.wallet.wallet import Wallet
from tests.cli.laptop import Laptop
from tests.wallet.files import electrum, sparrow
from tests.wallet.samples import NUMS, account, key, with_checksum

A, B, C, D = (key(number) for number in range(4))
MULTI = f"wsh(sortedmulti(2,{A},{B},{C}))"
WALLETS = {
    "pkh": f"pkh({A})",
    "wpkh": f"wpkh({A})",
    "sh-wpkh": f"sh(wpkh({A}))",
    "sh-multi": f"sh(sortedmulti(2,{A},{B},{C}))",
    "sh-wsh-multi": f"sh(wsh(sortedmulti(2,{A},{B},{C})))",
    "wsh-multi": MULTI,
    "wsh-multi-in-order": f"wsh(multi(2,{A},{B},{C}))",
    "wsh-miniscript": f"wsh(or_d(multi(2,{A},{B},{C}),and_v(v:pkh({D}),older(4032))))",
    "sh-wsh-miniscript": f"sh(wsh(or_d(pk({A}),and_v(v:pkh({B}),after(900000)))))",
    "tr": f"tr({A})",
    "tr-nums": f"tr({NUMS},multi_a(2,{A},{B},{C}))",
    "tr-tree": f"tr({A},{{pk({B}),and_v(v:multi_a(1,{C},{D}),older(52560))}})",
}
SAYS = {
    Format.DESCRIPTOR: set(WALLETS),
    Format.BSMS: set(WALLETS),
    Format.BIP388: set(WALLETS) - {"tr-nums"},
    Format.COLDCARD: {"sh-multi", "sh-wsh-multi", "wsh-multi"},
    Format.CARAVAN: {"sh-multi", "sh-wsh-multi", "wsh-multi"},
    Format.SPECTER: set(WALLETS),
    Format.CRYPTO_OUTPUT: {n for n in WALLETS if "miniscript" not in n and not n.startswith("tr-")},
    Format.OUTPUT_DESCRIPTOR: set(WALLETS),
}
"""Which wallets a format can say."""


def text_of(name):
    return with_checksum(WALLETS[name]) + "\n"


def add(laptop, name, content, *words, network="mainnet"):
    """Register a wallet from a file; the JSON of its registration."""
    source = laptop.write("wallet.file", content)
    arguments = ("--json", "wallet", "add", name, source, "--yes", *words)
    outcome = laptop.run(*arguments, network=network)
    assert outcome.code == 0, outcome.err
    return outcome.document


def addresses(laptop, name):
    found = []
    for branch in ((), ("--change",)):
        words = ("--json", "wallet", "addresses", name, "--count", "5", *branch)
        found += laptop.run(*words, network="mainnet").document["addresses"]
    return found


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("name", WALLETS)
def test_an_exported_wallet_is_registered_again_as_itself(name, form, tmp_path):
    laptop, again = Laptop(tmp_path / "one"), Laptop(tmp_path / "two")
    for one in (laptop, again):
        one.folder.mkdir()
    made = add(laptop, "vault", text_of(name))
    written = laptop.run("wallet", "export", "vault", "--format", form.value, network="mainnet")
    if name not in SAYS[form]:
        assert written.code == 3
        assert len(written.errors) == 1
        return
    assert written.code == 0, written.err
    read = add(again, "vault", written.out)
    assert read["descriptor"] == made["descriptor"]
    assert addresses(again, "vault") == addresses(laptop, "vault")
    second = again.run("wallet", "export", "vault", "--format", form.value, network="mainnet")
    assert second.out == written.out
    assert add(again, "vault", second.out, "--force")["digest"] == read["digest"]
    if form is Format.DESCRIPTOR:
        assert read["digest"] == made["digest"]


def ur(kind, message):
    return whole_text(kind, message)


def hdkey(number, path):
    text = account(number, path)
    public, _ = ExtendedPublicKey.parse(text.partition("]")[2])
    steps = [part for step in parse_path(path) for part in (step & 0x7FFFFFFF, True)]
    origin = Tag(304, {1: steps, 2: int(text[1:9], 16)})
    return Tag(303, {3: public.pubkey, 4: public.chain_code, 6: origin})


ACCOUNTS = {
    "pkh": ("44h/0h/0h", (403,)),
    "sh-wpkh": ("49h/0h/0h", (400, 404)),
    "wpkh": ("84h/0h/0h", (404,)),
    "tr": ("86h/0h/0h", (409,)),
}


def crypto_account(kinds):
    items = []
    for kind in kinds:
        path, tags = ACCOUNTS[kind]
        item = hdkey(0, path)
        for tag in reversed(tags):
            item = Tag(tag, item)
        items.append(item)
    fingerprint = int(account(0)[1:9], 16)
    return ur("crypto-account", encode({1: fingerprint, 2: items}))


def output(text):
    wallet = Wallet.create("w", Descriptor.parse(with_checksum(text), MAINNET))
    return ur("crypto-output", ur_registry.serialize(wallet))


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(sparrow()),
        json.dumps(electrum()),
        output(MULTI),
        output(MULTI).lower(),
        f"{with_checksum(MULTI.replace('<0;1>', '0'))}\n{with_checksum(MULTI.replace('<0;1>', '1'))}\n",
    ],
    ids=["sparrow", "electrum", "crypto-output", "crypto-output-lower", "two-descriptors"],
)
def test_files_of_other_programs(content, tmp_path):
    laptop = Laptop(tmp_path)
    found = add(laptop, "vault", content)
    assert found["descriptor"] == with_checksum(MULTI)
    shown = laptop.run("wallet", "show", "vault", network="mainnet").out
    assert "2 of 3 keys" in shown
    assert "read from" in shown


def test_a_wallet_of_an_account_is_chosen_by_its_script(tmp_path):
    laptop = Laptop(tmp_path)
    content = crypto_account(ACCOUNTS)
    for kind, (path, _) in ACCOUNTS.items():
        found = add(laptop, kind, content, "--script", kind)
        assert found["script"] == kind
        assert f"/{path}]" in found["descriptor"]
    source = laptop.write("account.txt", content)
    unchosen = laptop.run("wallet", "add", "any", source, "--yes", network="mainnet")
    assert unchosen.code == 3
    assert "offers several wallets" in unchosen.errors[0]
    assert "--script" in unchosen.hints[0]
    lone = add(laptop, "lone", crypto_account(["wpkh"]), "--force")
    assert lone["script"] == "wpkh"


def test_a_file_of_another_script_than_was_asked_for_is_refused(tmp_path):
    laptop = Laptop(tmp_path)
    source = laptop.write("wallet.txt", text_of("wsh-multi"))
    no = laptop.run("wallet", "add", "w", source, "--yes", "--script", "wpkh", network="mainnet")
    assert no.code == 3
    assert "of the kind wsh-multi, not wpkh" in no.errors[0]
    account_of_one = laptop.write("account.txt", crypto_account(["wpkh"]))
    words = ("wallet", "add", "w", account_of_one, "--yes", "--script", "tr")
    assert laptop.run(*words, network="mainnet").code == 3
    assert laptop.run("wallet", "show", "w", network="mainnet").code == 2


CONDITIONS = {
    "pkh": "to spend: 1 key: {0}",
    "wpkh": "to spend: 1 key: {0}",
    "sh-wpkh": "to spend: 1 key: {0}",
    "sh-multi": "to spend: 2 of 3 keys: {0}, {1}, {2}",
    "sh-wsh-multi": "to spend: 2 of 3 keys: {0}, {1}, {2}",
    "wsh-multi": "to spend: 2 of 3 keys: {0}, {1}, {2}",
    "wsh-multi-in-order": "to spend: 2 of 3 keys: {0}, {1}, {2}",
    "wsh-miniscript": (
        "to spend: 2 of 3 keys: {0}, {1}, {2}; or, 4032 blocks (about 28 days) after the coin was"
        " received, 1 key: {3}"
    ),
    "sh-wsh-miniscript": "to spend: 1 key: {0}; or, from block 900000 on, 1 key: {1}",
    "tr": "to spend: 1 key: {0}",
    "tr-nums": (
        "to spend: 2 of 3 keys: {0}, {1}, {2}; the taproot key path is closed (nobody can know the"
        " secret of its key)"
    ),
    "tr-tree": (
        "to spend: 1 key: {0} alone by the taproot key path; or, 1 key: {1}; or, 52560 blocks"
        " (about 1 year) after the coin was received, 1 of 2 keys: {2}, {3}"
    ),
}


@pytest.mark.parametrize("name", WALLETS)
def test_the_spending_conditions_are_shown_in_words(name, tmp_path):
    laptop = Laptop(tmp_path)
    add(laptop, "vault", text_of(name))
    shown = laptop.run("wallet", "show", "vault", network="mainnet").out
    fingerprints = [account(number)[1:9] for number in range(4)]
    assert CONDITIONS[name].format(*fingerprints) in " ".join(shown.split())


@pytest.mark.parametrize("network", [one.name for one in NETWORKS])
def test_keys_of_another_network_are_refused(network, tmp_path):
    laptop = Laptop(tmp_path)
    is_main = network == "mainnet"
    own = (
        {"network": MAINNET}
        if is_main
        else {"network": next(n for n in NETWORKS if n.name == network)}
    )
    right = with_checksum(f"wpkh({account(0, **own)}/<0;1>/*)")
    other = next(n for n in NETWORKS if (n.name == "mainnet") != is_main)
    wrong = with_checksum(f"wpkh({account(0, network=other)}/<0;1>/*)")
    found = add(laptop, "right", right, network=network)
    assert found["network"] == network
    source = laptop.write("wrong.txt", wrong)
    no = laptop.run("wallet", "add", "wrong", source, "--yes", network=network)
    assert no.code == 3
    elsewhere = "testnet4" if network != "testnet4" else "signet"
    assert laptop.run("wallet", "show", "right", network=elsewhere).code == 2


def test_the_wallet_id_is_the_same_on_every_laptop(laptop):
    """Whatever its name, and whichever key is ours there; what one machine registered has a digest of its own."""
    mine = laptop.good("--json", "wallet", "show", "vault").document
    source = laptop.path("r.wallet")
    theirs = laptop.good("--json", "wallet", "add", "cold", source, "--yes", "--force").document
    assert mine["wallet_id"] == theirs["wallet_id"]
    assert mine["digest"] != theirs["digest"]
    shown = "".join(laptop.good("wallet", "show", "cold").out.split())
    assert f"walletid,thesameoneverylaptop{mine['wallet_id']}" in shown
    listed = laptop.good("wallet", "list").out.splitlines()
    assert {line.split()[-1] for line in listed if line.split()[0] in {"vault", "cold"}} == {
        mine["wallet_id"][:8]
    }
