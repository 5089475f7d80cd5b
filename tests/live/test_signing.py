"""From a real node's coins to a mined transaction, with coldsign's program in the middle."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.funding import as_version_0, as_version_2, fund, signatures
from tests.live.keyholder import Keyholder, coldsign
from tests.live.kinds import ALL, Kind
from tests.live.node import Node

pytestmark = pytest.mark.live
by_name = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)


def holders(
    node: Node, kind: Kind, folder: Path, make: Callable[..., Keyholder] = Keyholder.storing
) -> dict[int, Keyholder]:
    descriptor = node.with_checksum(kind.descriptor)
    return {
        signer: make(folder / str(signer), kind.cosigners[signer], descriptor)
        for signer in kind.signers
    }


def base64_of(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def spend(node: Node, transaction: str) -> None:
    (verdict,) = node.call("testmempoolaccept", [transaction])
    assert verdict["allowed"], verdict
    txid = node.call("sendrawtransaction", transaction)
    node.mine()
    assert txid not in node.call("getrawmempool")


@by_name
def test_node_accepts_what_each_cosigner_signed(node: Node, kind: Kind, tmp_path: Path) -> None:
    funded = fund(node, kind)
    request = tmp_path / "request.psbt"
    request.write_bytes(base64.b64decode(funded.psbt))
    replies = []
    for signer, holder in holders(node, kind, tmp_path).items():
        reply = holder.folder / "reply.psbt"
        report = holder.sign(request, out=reply)
        assert report["totals"]["payments"] == 29_999_999
        assert signatures(node, base64_of(reply)) == signatures(node, funded.by_node[signer])
        replies.append(base64_of(reply))
    joined = node.call("combinepsbt", replies) if len(replies) > 1 else replies[0]
    final = node.call("finalizepsbt", joined)
    assert final["complete"]
    spend(node, final["hex"])


@by_name
def test_version_2_is_answered_in_version_2_and_mined(
    node: Node, kind: Kind, tmp_path: Path
) -> None:
    request = tmp_path / "request.txt"
    request.write_text(as_version_2(fund(node, kind).psbt))
    replies = []
    for holder in holders(node, kind, tmp_path, Keyholder.stateless).values():
        replies.append(holder.folder / "reply.psbt")
        holder.sign(request, out=replies[-1])
        # PSBT_GLOBAL_VERSION (key fb, one byte long) with the value 2, four bytes long (BIP-370).
        assert bytes.fromhex("01fb0402000000") in replies[-1].read_bytes()
    joined = tmp_path / "joined.psbt"
    if len(replies) > 1:
        coldsign("combine", *replies, "--out", joined, folder=tmp_path)
    else:
        joined.write_bytes(replies[0].read_bytes())
    if "miniscript" in kind.name:  # coldsign finishes templates; any other script is the node's
        final = node.call("finalizepsbt", as_version_0(base64_of(joined)))["hex"]
    else:
        final = coldsign("finalize", joined, folder=tmp_path).strip()
    spend(node, final)


@pytest.mark.parametrize("dialect", ["ur", "bbqr", "pmofn", "base64"])
def test_pictures_carry_the_request_and_the_reply(node: Node, dialect: str, tmp_path: Path) -> None:
    kind = next(
        kind
        for kind in ALL
        if kind.name == ("wpkh" if dialect == "base64" else "wsh-sortedmulti-2of3")
    )
    funded = fund(node, kind)
    request = tmp_path / "request.txt"
    request.write_text(funded.psbt)
    coldsign(
        "qr",
        "show",
        request,
        "--format",
        dialect,
        "--out",
        tmp_path / "frames.png",
        folder=tmp_path,
    )
    frames = sorted(tmp_path.rglob("frames*.png"), reverse=True)
    assert frames
    replies = []
    for signer, holder in holders(node, kind, tmp_path).items():
        holder.sign(*frames, out=holder.folder / "reply.png")
        pictures = sorted(holder.folder.rglob("reply*.png"))
        read = holder.folder / "read.psbt"
        holder.run("qr", "scan", *pictures, "--out", read)
        assert signatures(node, base64_of(read)) == signatures(node, funded.by_node[signer])
        replies.append(base64_of(read))
    joined = node.call("combinepsbt", replies) if len(replies) > 1 else replies[0]
    spend(node, node.call("finalizepsbt", joined)["hex"])
