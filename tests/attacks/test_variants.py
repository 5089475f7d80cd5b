"""Variants of every row on every wallet, in both versions: the verdict must stay the row's."""

import pytest

from coldsign.errors import MalformedError
from coldsign.psbt.model import Psbt
from coldsign.review.context import Context
from coldsign.review.report import review
from tests.attacks import recipes_container, recipes_inputs, recipes_outputs, recipes_tx
from tests.attacks.box import WALLETS, Box, honest
from tests.attacks.rows import ROWS
from tests.review.build import wallet

MODULES = (recipes_container, recipes_tx, recipes_inputs, recipes_outputs)
ALLOWED = {
    "REJECT": {"refuse", "malformed"},
    "WARN": {"confirm"},
    "OK": {"ok"},
    "DISPLAY": {"ok"},
}


def verdict(raw: bytes, name: str) -> str:
    try:
        psbt = Psbt.parse(raw)
    except MalformedError:
        return "malformed"
    return review(psbt, wallet(name), Context()).verdict


FEW = 3
"""Variants of one row that the fast suite tries; the slow one tries all of them, in more places."""


def wrong_verdicts(box: Box, most: int | None = None) -> tuple[list[str], int]:
    """The variants of one control that do not get their row's verdict, and how many there were."""
    wrong, tried = [], 0
    for row in ROWS:
        if box.wallet not in row.wallets or box.version not in row.versions:
            continue
        variants = list(row.make(box))
        step = max(1, len(variants) // most) if most else 1
        for number in range(0, len(variants), step):
            tried += 1
            made = variants[number]
            found = verdict(made() if callable(made) else made, box.wallet)
            if found not in ALLOWED[row.verdict]:
                wrong.append(f"{row.id} {row.make.__qualname__} #{number}: {found}")
    return wrong, tried


@pytest.mark.parametrize("name", WALLETS)
@pytest.mark.parametrize("version", [0, 2])
def test_variants_keep_the_verdict_of_their_row(name, version):
    box = honest(name, version=version)
    assert verdict(box.raw(), name) == "ok"
    wrong, tried = wrong_verdicts(box, FEW)
    assert not wrong
    assert tried > 100


@pytest.mark.slow
@pytest.mark.parametrize("coins", [((0, 3), (0, 7)), ((0, 0), (0, 1_000_000)), ((1, 2), (0, 5))])
@pytest.mark.parametrize("name", WALLETS)
@pytest.mark.parametrize("version", [0, 2])
def test_all_variants_in_other_places(name, version, coins):
    box = honest(name, version=version, coins=coins)
    wrong, tried = wrong_verdicts(box)
    assert not wrong, wrong[:20]
    assert tried > 1000
