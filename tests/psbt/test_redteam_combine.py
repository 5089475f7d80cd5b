"""A PSBT slipped among the cosigners' replies: joined, they must be what each of them was signed as."""

import base64

import pytest

from coldsign.errors import RefusedError
from coldsign.psbt.combine import combine
from coldsign.psbt.model import Psbt
from tests.psbt.samples import KEYS, fixture, recorded, v2

FINAL, REPLACEABLE = b"\xff" * 4, b"\xfd" + b"\xff" * 3
SEQUENCE, PARTIAL_SIG, FINAL_WITNESS = 0x10, 0x02, 0x08
SIGNATURE = next(
    value
    for path in recorded()
    for text in fixture(path)["signed_by_node"]
    for found in Psbt.parse(base64.b64decode(text)).inputs
    for value in found.partial_sigs.values()
)
SIGNED = (PARTIAL_SIG, KEYS[0], SIGNATURE)


def psbt(*pairs):
    return Psbt.parse(v2([pairs]))


@pytest.mark.parametrize("proof", [SIGNED, (FINAL_WITNESS, b"", b"\x01\x00")])
def test_sequences_that_a_signed_one_does_not_have_are_not_joined_to_it(proof):
    signed, other = psbt(proof), psbt((SEQUENCE, b"", REPLACEABLE))
    assert signed.unique_id() == other.unique_id()
    for pair in ([signed, other], [other, signed]):
        with pytest.raises(RefusedError, match="other sequences"):
            combine(pair)


def test_sequences_that_say_the_same_are_joined():
    signed, other = psbt(SIGNED), psbt((SEQUENCE, b"", FINAL))
    assert combine([signed, other]).tx == signed.tx


def test_before_anybody_signed_sequences_may_still_come():
    joined = combine([psbt(), psbt((SEQUENCE, b"", REPLACEABLE))])
    assert joined.tx.inputs[0].sequence == 0xFFFF_FFFD


def test_a_signature_that_was_made_for_them_stays():
    joined = combine([psbt(), psbt((SEQUENCE, b"", REPLACEABLE), SIGNED)])
    assert joined.inputs[0].partial_sigs == {KEYS[0]: SIGNATURE}
