"""Variants of every row on every wallet, in both versions: verdict and reason must stay the row's."""

from itertools import islice

import pytest

from coldsign.errors import MalformedError
from coldsign.psbt.model import Psbt
from coldsign.review.context import Context
from coldsign.review.report import review
from tests.attacks import recipes_container, recipes_inputs, recipes_outputs, recipes_tx
from tests.attacks.box import WALLETS, Box, honest
from tests.attacks.reasons import REASONS, is_for_its_reason
from tests.attacks.rows import ROWS
from tests.review.build import codes, wallet

MODULES = (recipes_container, recipes_tx, recipes_inputs, recipes_outputs)
FEW = 6
"""Variants of each recipe that the fast suite tries."""
ALLOWED = {
    "REJECT": {"refuse", "malformed"},
    "WARN": {"confirm"},
    "OK": {"ok"},
    "DISPLAY": {"ok"},
}


def seen(raw: bytes, name: str) -> tuple[str, set[str]]:
    """The verdict on some bytes, and the codes of what was found."""
    try:
        psbt = Psbt.parse(raw)
    except MalformedError:
        return "malformed", {"malformed"}
    report = review(psbt, wallet(name), Context())
    return report.verdict, codes(report)


def verdict(raw: bytes, name: str) -> str:
    return seen(raw, name)[0]


def wrong_verdicts(box: Box, most: int | None = None) -> tuple[list[str], int]:
    """The variants of one control without their row's verdict or reason, and how many there were.

    Args:
        box: The control.
        most: How many variants of each recipe are tried; all by default.
    """
    wrong, tried = [], 0
    for row in ROWS:
        if box.wallet not in row.wallets or box.version not in row.versions:
            continue
        for number, made in enumerate(islice(row.make(box), most)):
            tried += 1
            found, why = seen(made() if callable(made) else made, box.wallet)
            if found not in ALLOWED[row.verdict] or not is_for_its_reason(row.id, why):
                wrong.append(f"{row.id} {row.make.__qualname__} #{number}: {found}, {sorted(why)}")
    return wrong, tried


@pytest.mark.parametrize("name", WALLETS)
@pytest.mark.parametrize("version", [0, 2])
def test_variants_keep_the_verdict_of_their_row(name, version):
    box = honest(name, version=version)
    assert verdict(box.raw(), name) == "ok"
    wrong, tried = wrong_verdicts(box, FEW)
    assert not wrong, wrong[:20]
    assert tried > 150


@pytest.mark.push
@pytest.mark.parametrize("name", WALLETS)
@pytest.mark.parametrize("version", [0, 2])
def test_all_variants_keep_the_verdict_of_their_row(name, version):
    wrong, tried = wrong_verdicts(honest(name, version=version))
    assert not wrong, wrong[:20]
    assert tried > 1000


def test_every_refusal_and_question_has_a_reason():
    assert {row.id for row in ROWS if row.verdict in {"REJECT", "WARN"}} <= set(REASONS)


@pytest.mark.slow
@pytest.mark.parametrize("coins", [((0, 3), (0, 7)), ((0, 0), (0, 1_000_000)), ((1, 2), (0, 5))])
@pytest.mark.parametrize("name", WALLETS)
@pytest.mark.parametrize("version", [0, 2])
def test_all_variants_in_other_places(name, version, coins):
    box = honest(name, version=version, coins=coins)
    wrong, tried = wrong_verdicts(box)
    assert not wrong, wrong[:20]
    assert tried > 1000
