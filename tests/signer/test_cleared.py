"""The whole way below the ceremony, with a clearance that the controls granted."""

import base64

import pytest

from coldsign.controls.clearance import clear
from coldsign.controls.latch import Latch
from coldsign.controls.policy import Policy
from coldsign.controls.remember import recall
from coldsign.psbt.model import Psbt
from coldsign.review.context import Context
from coldsign.review.finding import Severity
from coldsign.review.report import review
from coldsign.signer.sign import sign
from coldsign.signer.verify import verify
from tests.signer.common import NAMES, fixture, keyring, signatures, unsigned, wallet


@pytest.mark.parametrize("name", NAMES)
def test_what_the_controls_clear_is_signed_as_by_the_node(name, tmp_path):
    vault, before = wallet(name), unsigned(name)
    policy = Policy.parse(b"")
    context = Context(limits=policy.limits, rules=policy.digest, history=recall((), vault))
    report = review(before, vault, context)
    accepted = frozenset(found.code for found in report.of(Severity.CONFIRM))
    clearance = clear(report, policy=policy, latch=Latch(tmp_path), accepted=accepted)
    with keyring(fixture(name)["cosigners"][0]) as ring:
        after = sign(before, ring, clearance)
    verify(before, after, clearance)
    node = Psbt.parse(base64.b64decode(fixture(name)["signed_by_node"][0]))
    assert signatures(after) == signatures(node)
