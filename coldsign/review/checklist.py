"""Every check, in the order of the report."""

from collections.abc import Callable, Iterator

from coldsign.review.checks import (
    approved,
    batch,
    change,
    claims,
    fees,
    history,
    inputs,
    manifest,
    outputs,
    paths,
    psbtv2,
    sighash,
    signatures,
    taproot,
    transaction,
    xpubs,
)
from coldsign.review.context import Context
from coldsign.review.facts import Facts
from coldsign.review.finding import Finding

Check = Callable[[Facts, Context], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    *transaction.CHECKS,
    *inputs.CHECKS,
    *claims.CHECKS,
    *sighash.CHECKS,
    *change.CHECKS,
    *outputs.CHECKS,
    *manifest.CHECKS,
    *history.CHECKS,
    *approved.CHECKS,
    *batch.CHECKS,
    *fees.CHECKS,
    *paths.CHECKS,
    *signatures.CHECKS,
    *taproot.CHECKS,
    *psbtv2.CHECKS,
    *xpubs.CHECKS,
)
