import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.primitives import script as s
from coldsign.primitives.address import to_address, to_script
from coldsign.primitives.encoding import base58check_encode
from coldsign.primitives.network import MAINNET, NETWORKS, REGTEST, SIGNET, TESTNET3, TESTNET4
from tests.vectors import ROOT, vector_file

QUICK = settings(max_examples=200, deadline=None)
HASHES = st.binary(min_size=20, max_size=20)
KEYS = st.binary(min_size=32, max_size=32)
SCRIPTS = (
    st.builds(s.p2pkh, HASHES)
    | st.builds(s.p2sh, st.binary())
    | st.builds(s.p2wpkh, HASHES)
    | st.builds(s.p2wsh, st.binary())
    | st.builds(s.p2tr, KEYS)
    | st.just(s.P2A_SCRIPT)
    | st.builds(lambda p: b"\x52" + bytes((len(p),)) + p, st.binary(min_size=2, max_size=40))
)


@QUICK
@given(SCRIPTS, st.sampled_from(NETWORKS))
def test_round_trip(script, network):
    address = to_address(script, network)
    assert to_script(address, network) == script


@QUICK
@given(SCRIPTS, st.sampled_from(NETWORKS[1:]))
def test_mainnet_and_the_others_are_never_mixed(script, network):
    with pytest.raises(MalformedError, match="belongs to mainnet, not to"):
        to_script(to_address(script, MAINNET), network)
    with pytest.raises(MalformedError, match=f"belongs to .*{network.name}.*, not to mainnet"):
        to_script(to_address(script, network), MAINNET)


def test_shared_prefixes_are_all_named():
    address = to_address(s.p2tr(bytes(32)), SIGNET)
    assert to_script(address, TESTNET3) == to_script(address, TESTNET4) == s.p2tr(bytes(32))
    with pytest.raises(MalformedError, match="testnet4 or testnet3 or signet, not to regtest"):
        to_script(address, REGTEST)
    with pytest.raises(MalformedError, match="belongs to no network coldsign knows"):
        to_script(base58check_encode(b"\x30" + bytes(20)), MAINNET)


@QUICK
@given(st.text(max_size=100))
def test_any_text_is_an_address_or_malformed(text):
    try:
        script = to_script(text, MAINNET)
    except MalformedError:
        return
    assert to_address(script, MAINNET).lower() == text.lower()


@pytest.mark.parametrize(
    "script",
    [
        b"",
        b"\x6a\x01a",
        s.multisig(1, (b"\x02" * 33,)),
        b"\x00\x15" + bytes(21),
        b"\x21" + b"\x02" * 33 + b"\xac",
    ],
)
def test_scripts_without_an_address(script):
    assert to_address(script, MAINNET) is None


def test_wrong_texts_say_why():
    for text, message in (
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "not an address: the bech32 checksum"),
        ("1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAM0", "not an address: character 34 is not base58"),
        (base58check_encode(bytes(22)), "22 bytes of base58 data"),
    ):
        with pytest.raises(MalformedError, match=message):
            to_script(text, MAINNET)


def test_the_nodes_addresses():
    files = sorted((ROOT / "tests/data/regtest").glob("*.json"))
    assert len(files) == 18
    for file in files:
        for out in json.loads(file.read_text())["outputs"]:
            if out["address"]:
                script = bytes.fromhex(out["script"])
                assert to_address(script, REGTEST) == out["address"]
                assert to_script(out["address"], REGTEST) == script


def test_bip341_addresses():
    for case in json.loads(vector_file("bip-0341-wallet.json").read_text())["scriptPubKey"]:
        script = bytes.fromhex(case["expected"]["scriptPubKey"])
        assert to_address(script, MAINNET) == case["expected"]["bip350Address"]


def test_invalid_addresses():
    for case in json.loads(vector_file("bech32-invalid-addresses.json").read_text())["vectors"]:
        for network in NETWORKS:
            with pytest.raises(MalformedError):
                to_script(case["address"], network)
