"""How the catalogue's recipes are collected, and what they may come to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.attacks.box import WALLETS, Box

Recipe = Callable[[Box], Iterator[bytes | Callable[[], bytes]]]


@dataclass(frozen=True)
class Row:
    """One row of the catalogue.

    Attributes:
        id: Its number there.
        verdict: REJECT, WARN, OK or DISPLAY.
        make: Variants of it out of an honest PSBT.
        wallets: The wallets it can be made for.
        versions: The PSBT versions it can be made in.
    """

    id: str
    verdict: str
    make: Recipe
    wallets: tuple[str, ...]
    versions: tuple[int, ...]


ROWS: list[Row] = []
SEGWIT_V0 = ("W-wsh", "W-shwsh", "W-wpkh", "W-mini")
MULTISIG = ("W-wsh", "W-shwsh", "W-sh")
WITNESS_SCRIPT = ("W-wsh", "W-shwsh", "W-mini")
TAPROOT = ("W-trkey", "W-trmulti")
NOT_TAPROOT = tuple(name for name in WALLETS if name not in TAPROOT)


def row(
    number: str,
    verdict: str = "REJECT",
    *,
    on: tuple[str, ...] = WALLETS,
    versions: tuple[int, ...] = (0, 2),
) -> Callable[[Recipe], Recipe]:
    """Enter a recipe under a row's number."""

    def enter(make: Recipe) -> Recipe:
        ROWS.append(Row(number, verdict, make, on, versions))
        return make

    return enter


def each(number: str, verdict: str = "REJECT", **where) -> Callable:
    """A recipe that changes one box in place, once for every item it is given."""

    def enter(change: Callable) -> Callable:
        def make(box: Box) -> Iterator[Callable[[], bytes]]:
            for edit in change(box):
                yield lambda e=edit: edited(box, e)

        make.__qualname__ = change.__name__
        row(number, verdict, **where)(make)
        return change

    return enter


def edited(box: Box, edit: Callable[[Box], object]) -> bytes:
    """The bytes of a box after one change to a copy of it."""
    hostile = box.copy()
    edit(hostile)
    return hostile.raw()
