"""Joining PSBTs of one transaction: everything of all of them, in one order, and no contradictions."""

import base64

import pytest

from coldsign.errors import RefusedError, UsageError
from coldsign.psbt.combine import combine
from coldsign.psbt.model import Psbt
from tests.psbt.samples import KEYS, attack, bip_vectors, fixture, recorded, v0, v2

FLAGS = 0x06


def parsed(*datas: bytes) -> list[Psbt]:
    return [Psbt.parse(data) for data in datas]


def vectors(start: str) -> list[bytes]:
    found = [v for v in bip_vectors() if v["section"].startswith(start)]
    return [base64.b64decode(v["psbt"]) for v in found]


def test_the_bips_signed_psbts():
    both = vectors("must create this PSBT")
    (joined,) = vectors("Given both of the above PSBTs, a combiner must create")
    signed = [psbt for psbt in parsed(*both) if any(p.partial_sigs for p in psbt.inputs)]
    assert len(signed) == 2
    same = [set(m.pairs) for m in Psbt.parse(joined).maps()]  # the BIP's own order is by key hash
    assert [set(m.pairs) for m in combine(signed).maps()] == same


def test_the_bips_unknown_pairs():
    both = vectors("Given these two PSBTs with unknown key-value pairs")
    (joined,) = vectors("A combiner which orders keys lexicographically")
    assert len(both) == 2
    assert combine(parsed(*both)).raw == joined


@pytest.mark.parametrize("path", recorded(), ids=lambda path: path.stem)
def test_the_order_makes_no_difference(path):
    found = fixture(path)
    psbts = parsed(*(base64.b64decode(text) for text in found["signed_by_node"]))
    assert combine(psbts).raw == combine(psbts[::-1]).raw == combine([combine(psbts), *psbts]).raw


def test_nothing_combines_to_nothing():
    with pytest.raises(UsageError):
        combine([])


def test_one_psbt_is_itself_in_order():
    data = v0([[(0xF1, b"", b""), (0xF0, b"", b"")]])
    assert combine(parsed(data)).raw == v0([[(0xF0, b"", b""), (0xF1, b"", b"")]])


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (v0(), v0([(), ()]), "different transactions"),
        (v0(), v2(), "different versions"),
        (
            v0([[(5, b"", b"w")]]),
            v0([[(5, b"", b"v")]]),
            "contradict each other in PSBT_IN_WITNESS_",
        ),
        (
            v2([[(0x10, b"", bytes(4))]]),
            v2([[(0x10, b"", b"\1\0\0\0")]]),
            "input 0: the PSBTs contradict each other in PSBT_IN_SEQUENCE",
        ),
    ],
)
def test_what_does_not_combine(one, other, words):
    with pytest.raises(RefusedError, match=words):
        combine(parsed(one, other))


def test_a_previous_transaction_may_lack_its_witnesses():
    full, stripped = parsed(attack("OK-10"), attack("I-32"))
    assert full.unique_id() == stripped.unique_id()
    joined = combine([full, stripped])
    assert joined.inputs[0].non_witness_utxo == full.inputs[0].non_witness_utxo
    assert joined.raw == combine([stripped, full]).raw


def test_a_previous_transaction_may_not_be_another():
    with pytest.raises(RefusedError, match="PSBT_IN_NON_WITNESS_UTXO"):
        combine(parsed(attack("OK-10"), attack("I-04")))


@pytest.mark.parametrize(
    ("flags", "joined"),
    [((3, 1), 1), ((3, 3), 3), ((4, 0), 4), ((7, 1), 5), ((None, 3), 0), ((None, 4), 4)],
)
def test_modifiable_is_what_all_leave_so(flags, joined):
    psbts = parsed(*(v2(extra=[] if f is None else [(FLAGS, b"", bytes((f,)))]) for f in flags))
    assert combine(psbts).tx_modifiable == joined
    assert combine(psbts[::-1]).tx_modifiable == joined


def test_no_flags_stay_none():
    assert combine(parsed(v2(), v2())).tx_modifiable is None


def test_fields_of_one_are_fields_of_all():
    one, other = (
        v0([[(0x04, b"", b"r")]]),
        v0([[(0x02, KEYS[0], bytes.fromhex("300602010102010101"))]]),
    )
    joined = combine(parsed(one, other)).inputs[0]
    assert joined.redeem_script == b"r"
    assert list(joined.partial_sigs) == [KEYS[0]]
