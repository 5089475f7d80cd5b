"""Enough cosigners, one after another: what comes out is the node's own transaction."""

import pytest

from coldsign.psbt.combine import combine
from coldsign.psbt.finalize import extract, finalize
from coldsign.signer.sign import sign
from coldsign.signer.verify import verify
from tests.signer.common import NAMES, clearance, fixture, keyring, unsigned, wallet

FINISHED = [name for name in NAMES if "miniscript" not in name]
"""Of a miniscript, only the node knows the witness."""


def test_all_templates_are_finished():
    assert len(FINISHED) == 17


def sign_alone(name, cosigner, before):
    cleared = clearance(before, wallet(name))
    with keyring(fixture(name)["cosigners"][cosigner]) as ring:
        after = sign(before, ring, cleared)
    verify(before, after, cleared)
    return after


@pytest.mark.parametrize("name", FINISHED)
def test_side_by_side_and_combined(name):
    final = fixture(name)["final"]
    parts = [sign_alone(name, cosigner, unsigned(name)) for cosigner in final["signers"]]
    transaction = extract(finalize(combine(parts)))
    assert transaction.serialize().hex() == final["hex"]
    assert transaction.txid_hex() == final["txid"]


@pytest.mark.parametrize("name", FINISHED)
def test_one_after_another(name):
    final, psbt = fixture(name)["final"], unsigned(name)
    for cosigner in final["signers"]:
        psbt = sign_alone(name, cosigner, psbt)
    assert extract(finalize(psbt)).serialize().hex() == final["hex"]
