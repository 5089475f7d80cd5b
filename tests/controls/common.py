"""What the tests of the controls share: a recorded withdrawal, reviewed, and its wallet."""

import base64
import json
from datetime import UTC, datetime
from functools import cache

import pytest

from coldsign.controls.clearance import ClearanceRefusedError, clear
from coldsign.controls.context import context_of
from coldsign.controls.journal import Journal
from coldsign.controls.latch import Latch
from coldsign.controls.policy import Policy
from coldsign.controls.remember import recall
from coldsign.primitives.network import REGTEST
from coldsign.psbt.model import Psbt
from coldsign.review.finding import Severity
from coldsign.review.report import Report, review
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.vectors import ROOT

NOW = datetime(2026, 11, 22, 17, 0, 0, tzinfo=UTC)
NAME = "wsh-sortedmulti-2of3-4x4"
LAX = b"""
[fee]
refuse_percent = 1000000
confirm_percent = 1000000
refuse_sat_per_vb = 1000000
confirm_sat_per_vb = 1000000
refuse_sats = 2100000000000000
[limits]
gap = 1000000
[allow]
op_return = true
"""


@cache
def fixture(name=NAME):
    return json.loads((ROOT / "tests/data/regtest" / f"{name}.json").read_text())


@cache
def wallet(name=NAME, called="vault"):
    return Wallet.create(called, Descriptor.parse(fixture(name)["descriptor"], REGTEST))


@cache
def psbt(name=NAME):
    return Psbt.parse(base64.b64decode(fixture(name)["psbt"]))


def report(home, *, policy=LAX, name=NAME, manifest=None, now=NOW) -> Report:
    """The recorded withdrawal, reviewed under a policy and this home's journal."""
    memory = recall(Journal(home).entries(), wallet(name))
    context = context_of(memory, psbt(name), Policy.parse(policy), now=now, manifest=manifest)
    return review(psbt(name), wallet(name), context)


def codes(found: Report) -> set[str]:
    return {finding.code for finding in found.findings}


def to_confirm(found):
    return frozenset(finding.code for finding in found.of(Severity.CONFIRM))


def granted(home, *, policy=LAX, given=(), found=None):
    found = found or report(home, policy=policy)
    return clear(
        found,
        policy=Policy.parse(policy),
        latch=Latch(home),
        accepted=to_confirm(found),
        approvals=given,
    )


def reasons(home, **how):
    with pytest.raises(ClearanceRefusedError) as caught:
        granted(home, **how)
    return [reason.code for reason in caught.value.reasons]
