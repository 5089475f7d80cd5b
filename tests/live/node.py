"""A Bitcoin node on loopback, in regtest mode, that lives as long as the tests that need it."""

import base64
import http.client
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
RPC_SECONDS = 120


class NodeError(Exception):
    """The node answered a call with an error."""


def find_node() -> str | None:
    """The command that starts a node, where there is one already; see README.md."""
    done = subprocess.run(
        ["sh", ROOT / ".ci" / "node", "--find"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None


class Node:
    """JSON-RPC to one running node."""

    def __init__(self, port: int, cookie: Path) -> None:
        self._port = port
        self._cookie = cookie

    def call(self, method: str, *params: Any, wallet: str | None = None) -> Any:
        """One call; amounts come back as `Decimal`."""
        auth = base64.b64encode(self._cookie.read_bytes()).decode()
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=RPC_SECONDS)
        try:
            body = json.dumps({"method": method, "params": params, "id": 0})
            path = f"/wallet/{wallet}" if wallet is not None else "/"
            connection.request("POST", path, body, {"Authorization": f"Basic {auth}"})
            answer = json.loads(connection.getresponse().read(), parse_float=Decimal)
        finally:
            connection.close()
        if answer["error"]:
            raise NodeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def mine(self, blocks: int = 1) -> None:
        self.call("generatetoaddress", blocks, self.call("getnewaddress", wallet="miner"))

    def pay(self, coins: list[tuple[str, int]]) -> None:
        """Makes one mined coin of so many satoshis at each address."""
        paid = [
            self.call("sendtoaddress", address, f"{sats / 10**8:.8f}", wallet="miner")
            for address, sats in coins
        ]
        self.mine()
        waiting = set(self.call("getrawmempool")) & set(paid)
        if waiting:
            raise NodeError(f"a block without {waiting} of {paid}")

    def with_checksum(self, descriptor: str) -> str:
        return f"{descriptor}#{self.call('getdescriptorinfo', descriptor)['checksum']}"

    def addresses(
        self, descriptor: str, first: int = 0, last: int | None = None
    ) -> list[list[str]]:
        """The addresses of each branch of a public descriptor; one where it has no range."""
        span = [] if "*" not in descriptor else [[first, first if last is None else last]]
        found = self.call("deriveaddresses", self.with_checksum(descriptor), *span)
        return found if isinstance(found[0], list) else [found]

    def add_wallet(self, name: str, descriptor: str, *, private: bool) -> None:
        """A blank wallet that holds this one descriptor and watches from now on."""
        self.call("createwallet", name, not private, True)
        request = {"desc": self.with_checksum(descriptor), "timestamp": "now"}
        if "*" in descriptor:
            request["range"] = [0, 60]
        for result in self.call("importdescriptors", [request], wallet=name):
            if not result["success"]:
                raise NodeError(str(result))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_node(command: str, folder: Path) -> Iterator[Node]:
    """A node in an empty folder, with a funded `miner` wallet; stopped at the end."""
    port = _free_port()
    options = [
        "-regtest",
        "-server",
        "-listen=0",
        "-connect=0",
        "-rpcbind=127.0.0.1",
        "-rpcallowip=127.0.0.1",
    ]
    options += [
        f"-datadir={folder}",
        f"-rpcport={port}",
        "-dbcache=16",
        "-fallbackfee=0.0001",
        "-keypool=5",
    ]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen([command, *options], stdout=output, stderr=subprocess.STDOUT)
        try:
            node = Node(port, folder / "regtest" / ".cookie")
            _wait_until_ready(node, process, folder / "output")
            node.call("createwallet", "miner")
            node.mine(110)
            yield node
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)


def _wait_until_ready(node: Node, process: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            node.call("getblockchaininfo")
        except (OSError, NodeError, http.client.HTTPException, json.JSONDecodeError):
            time.sleep(0.1)
        else:
            return
    raise NodeError(f"the node did not start: {output.read_text(errors='replace')[-2000:]}")
