"""The live suite's node: one for each test process, started when the first test asks for it."""

import os
from collections.abc import Iterator

import pytest

from tests.live.node import Node, find_node, running_node


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    command = find_node()
    if command is None:
        message = "no bitcoind found: run `sh .ci/node` once (tests/live/README.md)"
        if os.environ.get("COLDSIGN_NODE_REQUIRED"):
            pytest.fail(message)
        pytest.skip(message)
    with running_node(command, tmp_path_factory.mktemp("node")) as running:
        yield running
