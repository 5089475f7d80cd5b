import dataclasses

import pytest

from coldsign.errors import UsageError
from coldsign.primitives.network import MAINNET, NETWORKS, REGTEST, Network


def test_names():
    assert [network.name for network in NETWORKS] == [
        "mainnet",
        "testnet4",
        "testnet3",
        "signet",
        "regtest",
    ]
    assert all(Network.named(network.name) is network for network in NETWORKS)
    assert str(Network.REGTEST) == "regtest"


def test_an_unknown_name():
    with pytest.raises(UsageError, match=r"\\x1b") as caught:
        Network.named("main\x1b")
    assert "testnet4" in caught.value.hint


def test_mainnet_shares_nothing_with_the_others():
    for network in NETWORKS[1:]:
        for field in ("hrp", "p2pkh", "p2sh", "wif", "xpub", "xprv", "group"):
            assert getattr(network, field) != getattr(MAINNET, field)
    assert len({network.hrp for network in NETWORKS}) == 3
    assert REGTEST.hrp == "bcrt"


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        MAINNET.hrp = "xx"
