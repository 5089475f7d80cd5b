"""The targets: what each is given, and what must hold of any bytes."""

from collections.abc import Callable
from typing import NamedTuple

from tests.fuzz import codes, papers, psbts, reviews, wallets
from tests.fuzz.seeds import seeds


class Target(NamedTuple):
    """One thing to fuzz.

    Attributes:
        holds: Whether the bytes were accepted; raises whatever must not happen.
        seeds: What to start from.
        head: How many bytes stand before the PSBT that is in it; None where there is none.
    """

    holds: Callable[[bytes], bool]
    seeds: Callable[[], list[bytes]]
    head: int | None = None


def _psbts() -> list[bytes]:
    return seeds("psbt") + [data[2:] for data in reviews.seeds()]


TARGETS = {
    "psbt": Target(psbts.holds, _psbts, 0),
    "edit": Target(psbts.edits, _psbts, 0),
    "review": Target(reviews.holds, reviews.seeds, 2),
    "codes": Target(codes.holds, codes.seeds),
    "wallets": Target(wallets.holds, wallets.seeds),
    "papers": Target(papers.holds, papers.seeds),
}
