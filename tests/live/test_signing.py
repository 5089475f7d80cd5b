"""From a real node's coins to a mined transaction, with coldsign in the middle."""

import base64
from collections.abc import Iterable
from pathlib import Path

import pytest

from coldsign.ceremony.finish import finish
from coldsign.psbt.combine import combine
from coldsign.psbt.edit import ReplyLevel, trim
from coldsign.psbt.finalize import extract
from coldsign.psbt.model import Psbt
from tests.live.funding import Vault, as_version_0, as_version_2, signatures
from tests.live.keyholder import Keyholder, coldsign
from tests.live.kinds import ALL, Kind
from tests.live.node import Node
from tests.live.walker import Walker

pytestmark = pytest.mark.live
by_name = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
NAMED = {kind.name: kind for kind in ALL}
LEVELS = list(ReplyLevel)


@pytest.fixture(scope="session")
def vaults() -> dict[str, Vault]:
    """The node's wallets, made when the first test of a kind asks for them."""
    return {}


def opened(vaults: dict[str, Vault], node: Node, kind: Kind) -> Vault:
    if kind.name not in vaults:
        vaults[kind.name] = Vault(node, kind)
    return vaults[kind.name]


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def walkers(node: Node, kind: Kind, folder: Path, signers: Iterable[int]) -> dict[int, Walker]:
    descriptor = node.with_checksum(kind.descriptor)
    return {
        signer: Walker.of(folder / f"walker-{signer}", kind.cosigners[signer], descriptor)
        for signer in signers
    }


def spend(node: Node, transaction: str) -> None:
    """Offers a transaction to the mempool, and mines it."""
    (verdict,) = node.call("testmempoolaccept", [transaction])
    if verdict["allowed"]:
        txid = node.call("sendrawtransaction", transaction)
        node.mine()
    else:  # Knots alone counts the idle keys of a large multisig as data; a block takes it all the same
        assert verdict["reject-reason"] == "txn-datacarrier-exceeded"
        address = node.call("getnewaddress", wallet="miner")
        txid = verdict["txid"]
        node.call("generateblock", address, [transaction])
    assert txid not in node.call("getrawmempool")
    assert txid in node.call("getblock", node.call("getbestblockhash"))["tx"]


@by_name
def test_the_program_signs_and_finishes_what_the_node_asked(
    node: Node, vaults: dict[str, Vault], kind: Kind, tmp_path: Path
) -> None:
    vault = opened(vaults, node, kind)
    text = vault.fund()
    request = tmp_path / "request.psbt"
    request.write_bytes(base64.b64decode(text))
    first, *others = kind.signers
    holder = Keyholder.stateless(
        tmp_path / "holder", kind.cosigners[first], node.with_checksum(kind.descriptor)
    )
    reply = holder.folder / "reply.psbt"
    report = holder.sign(request, out=reply)
    assert report["totals"]["payments"] == 29_999_999
    replies = {first: Psbt.parse(reply.read_bytes())}
    for signer, walker in walkers(node, kind, tmp_path, others).items():
        replies[signer] = walker.sign(request.read_bytes()).psbt
    for signer, signed in replies.items():
        by_node = vault.signed_by_node(signer, text)
        assert signatures(node, base64_of(signed.raw)) == signatures(node, by_node)
    joined = {level: node_combines(node, text, replies.values(), level) for level in LEVELS}
    assert len({repr(signatures(node, one)) for one in joined.values()}) == 1
    finals = [node.call("finalizepsbt", one) for one in joined.values()]
    assert all(final["complete"] for final in finals)
    joined_here = tmp_path / "joined.psbt"
    sources = [holder.write(f"reply-{n}.psbt", base64_of(p.raw)) for n, p in replies.items()]
    holder.run("combine", request, *sources, "--out", joined_here)
    ours = holder.run("finalize", joined_here, "--wallet", "vault").strip()
    assert [final["hex"] for final in finals] == [ours] * len(LEVELS)
    spend(node, ours)


def node_combines(node: Node, request: str, replies: Iterable[Psbt], level: ReplyLevel) -> str:
    """What the node makes of the request and of each reply, cut to a level."""
    return str(
        node.call("combinepsbt", [request, *[base64_of(trim(one, level).raw) for one in replies]])
    )


@by_name
def test_version_2_is_answered_in_version_2_and_mined(
    node: Node, vaults: dict[str, Vault], kind: Kind, tmp_path: Path
) -> None:
    vault = opened(vaults, node, kind)
    text = vault.fund()
    request = base64.b64decode(as_version_2(text))
    assert Psbt.parse(request).version == 2
    replies = {}
    for signer, walker in walkers(node, kind, tmp_path, kind.signers).items():
        replies[signer] = walker.sign(request).psbt
        # PSBT_GLOBAL_VERSION (key fb, one byte long) with the value 2, four bytes long (BIP-370).
        assert bytes.fromhex("01fb0402000000") in replies[signer].raw
        by_node = signatures(node, vault.signed_by_node(signer, text))
        assert signatures(node, as_version_0(base64_of(replies[signer].raw))) == by_node
    cut = [trim(one, LEVELS[number % 3]) for number, one in enumerate(replies.values())]
    joined = combine([Psbt.parse(request), *cut])
    tx = extract(finish(joined, walker.wallet))
    node_final = node.call("finalizepsbt", as_version_0(base64_of(joined.raw)))
    assert node_final["hex"] == tx.serialize().hex()
    spend(node, tx.serialize().hex())


@pytest.mark.parametrize("name", ["pkh", "wsh-sortedmulti-2of3", "tr-multi_a-2of3"])
def test_encrypted_keys_sign_version_2_through_the_program(
    node: Node, vaults: dict[str, Vault], name: str, tmp_path: Path
) -> None:
    kind = NAMED[name]
    request = tmp_path / "request.txt"
    request.write_text(as_version_2(opened(vaults, node, kind).fund()))
    descriptor = node.with_checksum(kind.descriptor)
    replies = []
    for number, signer in enumerate(kind.signers):
        make = Keyholder.stateless if number else Keyholder.storing
        holder = make(tmp_path / str(signer), kind.cosigners[signer], descriptor)
        replies.append(holder.folder / "reply.psbt")
        holder.sign(request, out=replies[-1], reply="trimmed")
        assert Psbt.parse(replies[-1].read_bytes()).version == 2
    joined = tmp_path / "joined.psbt"
    coldsign("combine", request, *replies, "--out", joined, folder=tmp_path)
    spend(node, coldsign("finalize", joined, folder=tmp_path).strip())


@pytest.mark.parametrize("dialect", ["ur", "bbqr", "pmofn", "base64"])
def test_pictures_carry_the_request_and_the_reply(
    node: Node, vaults: dict[str, Vault], dialect: str, tmp_path: Path
) -> None:
    vault = opened(vaults, node, NAMED["wpkh" if dialect == "base64" else "wsh-sortedmulti-2of3"])
    kind, text = vault.kind, vault.fund()
    request = tmp_path / "request.txt"
    request.write_text(text)
    pictures = tmp_path / "frames.png"
    coldsign("qr", "show", request, "--format", dialect, "--out", pictures, folder=tmp_path)
    frames = sorted(tmp_path.rglob("frames*.png"), reverse=True)
    assert frames
    replies = []
    for signer in kind.signers:
        holder = Keyholder.stateless(
            tmp_path / str(signer), kind.cosigners[signer], node.with_checksum(kind.descriptor)
        )
        holder.sign(*frames, out=holder.folder / "reply.png")
        read = holder.folder / "read.psbt"
        holder.run("qr", "scan", *sorted(holder.folder.rglob("reply*.png")), "--out", read)
        reply = base64_of(read.read_bytes())
        by_node = vault.signed_by_node(signer, text)
        assert signatures(node, reply) == signatures(node, by_node)
        replies.append(reply)
    joined = node.call("combinepsbt", [text, *replies])
    spend(node, node.call("finalizepsbt", joined)["hex"])
