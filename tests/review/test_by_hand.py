"""Facts made by hand: shapes and sums that the codec does not let through, and that the checks refuse all the same."""

from dataclasses import replace

import pytest

from coldsign.primitives.keypath import KeyOrigin
from coldsign.review.checklist import CHECKS
from coldsign.review.checks.transaction import totals_do_not_add_up
from coldsign.review.context import Context
from coldsign.review.facts import gather
from coldsign.review.items import Totals
from tests.review.build import (
    Draft,
    codes,
    wallet,
)
from tests.review.drafts import (
    HONEST,
    xpub,
)


def test_a_transaction_without_inputs_is_refused():
    report = Draft(coins=()).review()
    assert {"no-inputs", "nothing-of-ours"} <= codes(report)


def test_amounts_out_of_range_are_refused():
    facts = gather(HONEST.psbt(), wallet())
    outputs = tuple(replace(out, sats=-1) for out in facts.outputs)
    found = {
        check.__name__: list(check(replace(facts, outputs=outputs), Context())) for check in CHECKS
    }
    assert len(found["amount_out_of_range"]) == 3
    huge = replace(facts, totals=Totals(22 * 10**14, 22 * 10**14, 0, 0))
    found = {check.__name__: list(check(huge, Context())) for check in CHECKS}
    assert [finding.where for finding in found["amount_out_of_range"]] == ["transaction"] * 2
    known = facts.inputs[0]
    prevout = known.prevout._replace(out=known.prevout.out._replace(sats=-5))
    negative = replace(facts, inputs=(replace(known, prevout=prevout),))
    found = {check.__name__: list(check(negative, Context())) for check in CHECKS}
    assert [finding.where for finding in found["amount_out_of_range"]] == ["input 0"]


def test_a_report_that_hides_an_output_is_refused():
    facts = gather(HONEST.psbt(), wallet())
    hiding = replace(facts, totals=replace(facts.totals, payments=1))
    assert [f.code for f in totals_do_not_add_up(hiding, Context())] == ["totals-do-not-add-up"]
    missing = replace(facts, outputs=facts.outputs[:1])
    assert [f.code for f in totals_do_not_add_up(missing, Context())] == ["totals-do-not-add-up"]


@pytest.mark.parametrize("flags", [1, 2, 4, 8, 0xFF])
def test_a_transaction_others_may_change_is_refused(flags):
    psbt = HONEST.psbt()
    changed = replace(psbt, global_map=replace_field(psbt.global_map, tx_modifiable=flags))
    check = next(check for check in CHECKS if check.__name__ == "still_modifiable")
    facts = gather(psbt, wallet())
    assert not list(check(facts, Context()))
    assert [f.code for f in check(replace(facts, psbt=changed), Context())] == ["still-modifiable"]


def replace_field(value, **changes):
    return value._replace(**changes) if hasattr(value, "_replace") else replace(value, **changes)


def test_an_xpub_whose_depth_is_not_its_paths_length_is_refused():
    psbt = HONEST.psbt()
    key, value = xpub(depth=1)
    changed = replace_field(psbt.global_map, xpubs={key[1:]: KeyOrigin.parse_bytes(value)})
    facts = replace(gather(psbt, wallet()), psbt=replace(psbt, global_map=changed))
    found = [finding.code for check in CHECKS for finding in check(facts, Context())]
    assert "xpub-depth-differs" in found
