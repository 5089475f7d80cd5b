"""Transactions decided on before, found by their coins, their payments and their withdrawal ids."""

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property

from coldsign.controls.pasts import Past, distinct
from coldsign.primitives.tx import OutPoint
from coldsign.review.context import PastTransaction


class Recollection:
    """Transactions, each once however often it was decided on; indexed only where somebody asks."""

    def __init__(self, pasts: Iterable[Past]) -> None:
        self._distinct = distinct(pasts)
        self._told: dict[int, PastTransaction] = {}

    def spenders(self, outpoint: OutPoint) -> tuple[PastTransaction, ...]:
        """The transactions that spend this coin, each once."""
        return self._published(self._by_outpoint.get(str(outpoint), ()))

    def paying(self, script: bytes, sats: int) -> tuple[PastTransaction, ...]:
        """The transactions that pay exactly this amount to this script."""
        return self._published(self._by_payment.get((script, sats), ()))

    def paying_between(self, script: bytes, low: int, high: int) -> tuple[PastTransaction, ...]:
        """The transactions that pay this script an amount from low to high, sats."""
        paid = self._by_script.get(script)
        if paid is None:  # nearly always: whoever is paid a batch was seldom paid before
            return ()
        near = {past.txid: past for sats, past in paid if low <= sats <= high}
        return self._published(near.values())

    def by_manifest_id(self, manifest_id: str) -> tuple[PastTransaction, ...]:
        """The transactions that paid the withdrawal of this id."""
        return self._published(self._by_manifest_id.get(manifest_id, ()))

    def _published(self, pasts: Collection[Past]) -> tuple[PastTransaction, ...]:
        """Each as the review knows it, worked out once: every coin and payment of a replaced batch asks."""
        if not pasts:
            return ()
        found = [self._told.get(past.seq) or past.public() for past in pasts]
        self._told.update(zip([past.seq for past in pasts], found, strict=True))
        return tuple(found)

    @cached_property
    def _by_outpoint(self) -> Mapping[str, list[Past]]:
        found: dict[str, list[Past]] = {}
        for past in self._distinct:
            for text in past.outpoints:
                found.setdefault(text, []).append(past)
        return found

    @cached_property
    def _by_payment(self) -> Mapping[tuple[bytes, int], list[Past]]:
        found: dict[tuple[bytes, int], list[Past]] = {}
        for past in self._distinct:
            for script, sats in {payment[:2] for payment in past.payments}:
                found.setdefault((script, sats), []).append(past)
        return found

    @cached_property
    def _by_script(self) -> Mapping[bytes, list[tuple[int, Past]]]:
        found: dict[bytes, list[tuple[int, Past]]] = {}
        for (script, sats), pasts in self._by_payment.items():
            found.setdefault(script, []).extend((sats, past) for past in pasts)
        return found

    @cached_property
    def _by_manifest_id(self) -> Mapping[str, list[Past]]:
        found: dict[str, list[Past]] = {}
        for past in self._distinct:
            for manifest_id in {name for *_, name in (*past.payments, *past.more_ids)} - {""}:
                found.setdefault(manifest_id, []).append(past)
        return found
