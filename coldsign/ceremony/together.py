"""What only shows where several PSBTs lie side by side: each is reviewed alone, against what was signed before."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from coldsign.primitives.amount import btc
from coldsign.review.items import OutputFacts, OutputKind
from coldsign.review.report import Report


@dataclass(frozen=True, slots=True)
class Clash:
    """Something about several PSBTs of one batch.

    Attributes:
        code: ``same-transaction``, ``same-coin`` or ``same-payment``.
        psbts: Which of the batch, from 0.
        text: One sentence for a person, who counts from 1.
    """

    code: str
    psbts: tuple[int, ...]
    text: str


def clashes(reports: Sequence[Report]) -> list[Clash]:
    """What must be known of a batch before its PSBTs are signed one by one."""
    found = [
        Clash("same-transaction", places, f"{_named(places)} are the same transaction")
        for places in _shared((place, (r.facts.txid,)) for place, r in enumerate(reports))
    ]
    several = _distinct(reports)
    rivals = [*_shared((place, _coins(report)) for place, report in several.items())]
    found += [
        Clash(
            "same-coin",
            places,
            f"{_named(places)} spend the same coin: only one of them can be confirmed",
        )
        for places in dict.fromkeys(rivals)
    ]
    for places, payment in _payments(several):
        if not any({*places} <= {*rival} for rival in rivals):
            text = f"{_named(places)} pay {btc(payment.sats)} BTC each to the same address"
            found.append(Clash("same-payment", places, text))
    return found


def _distinct(reports: Sequence[Report]) -> dict[int, Report]:
    """The first report of every transaction, under its place in the batch."""
    seen: dict[str, int] = {}
    for place, report in enumerate(reports):
        seen.setdefault(report.facts.txid, place)
    return {place: reports[place] for place in seen.values()}


def _coins(report: Report) -> list[Hashable]:
    return [known.outpoint for known in report.facts.inputs]


def _payments(several: dict[int, Report]) -> Iterator[tuple[tuple[int, ...], OutputFacts]]:
    """Every payment that more than one transaction makes, and which of them."""
    payers: dict[tuple[bytes, int], dict[int, OutputFacts]] = {}
    for place, report in several.items():
        for output in report.facts.outputs:
            if output.kind is OutputKind.PAYMENT:
                payers.setdefault((output.script, output.sats), {})[place] = output
    for places in payers.values():
        if len(places) > 1:
            yield tuple(places), next(iter(places.values()))


def _shared(
    holdings: Iterable[tuple[int, Iterable[Hashable]]],
) -> Iterator[tuple[int, ...]]:
    """The places that hold a thing together, for every thing that more than one holds."""
    holders: dict[Hashable, dict[int, None]] = {}
    for place, things in holdings:
        for thing in things:
            holders.setdefault(thing, {})[place] = None
    return (tuple(places) for places in holders.values() if len(places) > 1)


def _named(places: tuple[int, ...]) -> str:
    *others, last = (str(place + 1) for place in places)
    return f"PSBTs {', '.join(others)} and {last}"
