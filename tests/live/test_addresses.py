"""The node and coldsign derive the same addresses from the same descriptors."""

import pytest

from coldsign.primitives.network import Network
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.live.kinds import ADDRESSES, Kind
from tests.live.node import Node

pytestmark = pytest.mark.live
INDEXES = 50


@pytest.mark.parametrize("first", [0, 2**31 - INDEXES], ids=["first", "last"])
@pytest.mark.parametrize("kind", ADDRESSES, ids=lambda kind: kind.name)
def test_addresses_are_the_nodes(node: Node, kind: Kind, first: int) -> None:
    text = node.with_checksum(kind.descriptor)
    wallet = Wallet.create("vault", Descriptor.parse(text, Network.REGTEST))
    theirs = node.addresses(kind.descriptor, first, first + INDEXES - 1)
    indexes = range(first, first + INDEXES) if wallet.descriptor.ranged else range(1)
    ours = [
        [wallet.address(branch, index) for index in indexes] for branch in range(wallet.branches)
    ]
    assert ours == theirs


def test_enough_descriptors_are_compared() -> None:
    assert len({kind.descriptor for kind in ADDRESSES}) >= 30
