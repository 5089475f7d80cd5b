"""Facts do not depend on how many processes work them out, and no public key stays unproven."""

import pytest

from coldsign.errors import MalformedError
from coldsign.primitives import cores
from coldsign.primitives.cores import Cores
from coldsign.psbt.model import Psbt
from coldsign.review.facts import gather
from tests.review.build import Draft, wallet

OFF_CURVE = b"\x02" + bytes(31) + b"\x05"
ORIGIN = bytes(8)


@pytest.mark.parametrize("name", ["W-wsh", "W-trmulti"])
def test_facts_do_not_depend_on_how_many_work(monkeypatch, name):
    monkeypatch.setattr(cores, "LEAST", 1)
    psbt = Draft(wallet=name).psbt()
    alone = gather(psbt, wallet(name))
    assert alone.own_inputs
    assert gather(psbt, wallet(name), cores=Cores(3)) == alone


def test_a_key_off_the_curve_is_found_where_it_is_not_derived():
    draft = Draft().with_payment(0, add=[(b"\x02" + OFF_CURVE, ORIGIN)])
    with pytest.raises(MalformedError, match="not a public key on secp256k1"):
        draft.psbt()
    psbt = Psbt.read(draft.raw())
    with pytest.raises(MalformedError, match=r"output 0: .*not a public key on secp256k1"):
        gather(psbt, wallet())
