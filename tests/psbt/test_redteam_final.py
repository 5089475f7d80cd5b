"""A PSBT slipped among the replies to finish: what it brings must not push out what the cosigners signed."""

import pytest

from coldsign.errors import RefusedError
from coldsign.primitives.script import multisig, p2wsh
from coldsign.psbt.combine import combine
from coldsign.psbt.finalize import extract, finalize
from coldsign.psbt.model import Psbt
from tests.psbt.samples import KEYS, XONLY, v0
from tests.psbt.test_finalize import SCHNORR, SIGS, leaf, leaf_hash, leaf_sig, multi_a, sig, utxo

SCRIPT = multisig(2, KEYS[:3])
COIN = (utxo(p2wsh(SCRIPT)), (0x05, b"", SCRIPT))
GOOD = ((b"", SIGS[0], SIGS[1], SCRIPT),)
NOTHING = [(0x07, b"", b""), (0x08, b"", b"\0")]
RUBBISH = (0x08, b"", b"\2\1\1\1\1")
FALSE = b"\x20" + XONLY[5] + b"\xac"


def psbt(*pairs):
    return Psbt.parse(v0([pairs]))


def joined(*replies):
    return combine([psbt(*COIN, *reply) for reply in replies])


@pytest.mark.parametrize("final", [*NOTHING, RUBBISH, (0x07, b"", b"\x51")])
def test_what_is_called_final_does_not_push_out_enough_signatures(final):
    finished = finalize(joined([sig(0)], [sig(1)], [final]))
    assert extract(finished).witnesses == GOOD
    assert extract(finished).inputs[0].script_sig == b""


@pytest.mark.parametrize("final", NOTHING)
def test_an_empty_final_field_finishes_nothing(final):
    with pytest.raises(RefusedError, match="2 signatures needed, 1 present"):
        finalize(joined([sig(0)], [final]))
    with pytest.raises(RefusedError, match="2 signatures needed, 0 present"):
        finalize(psbt(*COIN, final))
    with pytest.raises(RefusedError, match="input 0 is not finished"):
        extract(psbt(final))


def test_a_reply_that_was_finished_elsewhere_stays_finished_beside_one_signature():
    finished = finalize(joined([sig(0)], [sig(1)]))
    (reply,) = [pair for pair in finished.inputs[0].map.pairs if pair[0].type == 0x08]
    again = joined([sig(0)], [(0x08, b"", reply[1])])
    assert extract(finalize(again)).witnesses == GOOD


def test_what_is_called_final_stands_in_for_no_signatures_where_it_may_not():
    for final in (RUBBISH, (0x07, b"", b"\x51")):
        with pytest.raises(RefusedError, match="2 signatures needed, 1 present"):
            finalize(joined([sig(0)], [final]), final_stands_in=False)
        alone = joined([final])
        assert finalize(alone, final_stands_in=False).raw == alone.raw


def test_a_leaf_that_the_coin_is_not_locked_to_is_not_used_however_small_it_is():
    script = multi_a(2, 3)
    real = [*leaf(script), leaf_sig(0, script), leaf_sig(2, script)]
    forged = (0x14, XONLY[5] + leaf_hash(FALSE), SCHNORR[0])
    blocks = [b"\xc0" + XONLY[5], leaf(FALSE, at=5)[1][1], leaf(FALSE, script, at=5)[1][1]]
    for block in blocks:
        hostile = psbt(*real, (0x15, block, FALSE + b"\xc0"), forged)
        assert extract(finalize(hostile)).witnesses[0][3] == script
        with pytest.raises(RefusedError, match="no leaf to finish"):
            finalize(psbt(real[0], (0x15, block, FALSE + b"\xc0"), forged))


def test_a_control_block_of_the_other_parity_is_not_used():
    script = multi_a(1, 2)
    coin, (kind, block, value) = leaf(script)
    odd = bytes((block[0] ^ 1,)) + block[1:]
    with pytest.raises(RefusedError, match="no leaf to finish"):
        finalize(psbt(coin, (kind, odd, value), leaf_sig(0, script)))


def test_branches_are_hashed_in_their_order():
    one, other = multi_a(1, 2), multi_a(1, 3)
    for script, beside in ((one, other), (other, one)):
        made = leaf(script, beside)
        assert extract(finalize(psbt(*made, leaf_sig(0, script)))).witnesses[0][-2] == script
    assert leaf(one, other)[0] == leaf(other, one)[0]
