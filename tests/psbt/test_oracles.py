"""Others take our replies: bdk (rust-bitcoin) and libwally combine and finalize them to the node's transaction."""

import base64

import pytest
import wallycore

from coldsign.psbt.edit import ReplyLevel, trim
from coldsign.psbt.model import Psbt
from tests.psbt.samples import fixture, recorded

bdk = pytest.importorskip("bdkpython")

NOT_IN_WALLY = ("tr-multi_a", "tr-sortedmulti_a", "wsh-miniscript")


def replies(found: dict, level: ReplyLevel) -> list[str]:
    texts = [found["signed_by_node"][number] for number in found["final"]["signers"]]
    trimmed = [trim(Psbt.parse(base64.b64decode(text)), level) for text in texts]
    return [base64.b64encode(psbt.raw).decode() for psbt in trimmed]


@pytest.mark.parametrize("level", list(ReplyLevel))
@pytest.mark.parametrize("path", recorded(), ids=lambda path: path.stem)
def test_bdk_takes_our_replies(path, level):
    found = fixture(path)
    joined = bdk.Psbt(found["psbt"])
    for reply in replies(found, level):
        joined = joined.combine(bdk.Psbt(reply))
    final = joined.finalize()
    assert final.could_finalize
    assert bytes(final.psbt.extract_tx().serialize()).hex() == found["final"]["hex"]


@pytest.mark.parametrize("level", list(ReplyLevel))
@pytest.mark.parametrize(
    "path",
    [path for path in recorded() if not path.stem.startswith(NOT_IN_WALLY)],
    ids=lambda path: path.stem,
)
def test_libwally_takes_our_replies(path, level):
    found = fixture(path)
    joined = wallycore.psbt_from_base64(found["psbt"], 0)
    for reply in replies(found, level):
        wallycore.psbt_combine(joined, wallycore.psbt_from_base64(reply, 0))
    wallycore.psbt_finalize(joined, 0)
    tx = wallycore.psbt_extract(joined, wallycore.WALLY_PSBT_EXTRACT_FINAL)
    assert wallycore.tx_to_hex(tx, wallycore.WALLY_TX_FLAG_USE_WITNESS) == found["final"]["hex"]
