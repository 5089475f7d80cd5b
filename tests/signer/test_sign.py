import base64

import pytest

from coldsign.psbt.model import Psbt
from coldsign.signer.sign import sign
from coldsign.signer.verify import verify
from tests.signer.common import (
    NAMES,
    clearance,
    fixture,
    keyring,
    signatures,
    unsigned,
    wallet,
)

CASES = [(name, cosigner) for name in NAMES for cosigner in range(len(fixture(name)["cosigners"]))]


def test_there_are_all_fixtures():
    assert len(NAMES) == 18
    assert len(CASES) == 66


@pytest.mark.parametrize(("name", "cosigner"), CASES)
def test_signatures_are_the_nodes(name, cosigner):
    given = fixture(name)
    before = unsigned(name)
    cleared = clearance(before, wallet(name))
    with keyring(given["cosigners"][cosigner]) as ring:
        after = sign(before, ring, cleared)
    verify(before, after, cleared)
    node = Psbt.parse(base64.b64decode(given["signed_by_node"][cosigner]))
    assert signatures(after) == signatures(node)
    assert len(signatures(after)) == len(before.inputs)
    assert Psbt.parse(after.serialize()).raw == after.raw
