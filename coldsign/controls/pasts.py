"""Transactions as the journal's intents tell of them, as little decoded as a memory of them needs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, Self

from coldsign.controls.chain import Damage, JournalDamagedError
from coldsign.controls.entry import Entry
from coldsign.primitives.tx import OutPoint
from coldsign.review.context import PastTransaction

Booked = tuple[bytes, int, str]
"""Script, sats and withdrawal id, "" where there was none."""

_OWN_KINDS: Final = frozenset({"change", "self"})


class Past(NamedTuple):
    """One intent.

    Attributes:
        seq: The line.
        txid: As people write it.
        time: By the clock of the machine.
        locktime: The transaction's.
        leaving: Sats that left the wallet.
        is_this_wallet: Whether it spends from the wallet under review.
        outpoints: The coins it spends, as text.
        payments: Script, sats and withdrawal id of what it pays to others.
        last_seen: Of this wallet, the highest index of each branch that it pays to.
        more_ids: Payments again, with the further ids that they were signed for at other times.
        signers: Positions in the wallet of the keys that signed; None where not every line says so.
    """

    seq: int
    txid: str
    time: str
    locktime: int
    leaving: int
    is_this_wallet: bool
    outpoints: tuple[str, ...]
    payments: tuple[Booked, ...]
    last_seen: tuple[tuple[int, int], ...]
    more_ids: tuple[Booked, ...] = ()
    signers: frozenset[int] | None = None

    @classmethod
    def read(cls, entry: Entry, wallet: str) -> Self:
        """Take what is needed out of an intent, for one wallet's review.

        Raises:
            LookupError: A particular is missing; also ``AttributeError``, ``TypeError`` and ``ValueError``, of
                another kind.
        """
        body = entry.body
        is_this_wallet = body["wallet_id"] == wallet
        outpoints = tuple([put[0] for put in body["inputs"]])
        payments = tuple(
            [
                (bytes.fromhex(script), sats, manifest_id)
                for script, sats, kind, _, manifest_id in body["outputs"]
                if kind not in _OWN_KINDS
            ]
        )
        "".join([body["txid"], *outpoints, *[name for *_, name in payments]])  # texts, all of them
        sum([body["leaving"], body["locktime"], *[sats for _, sats, _ in payments]])  # and numbers
        return cls(
            entry.seq,
            txid=body["txid"],
            time=entry.time,
            locktime=body["locktime"],
            leaving=body["leaving"],
            is_this_wallet=is_this_wallet,
            outpoints=outpoints,
            payments=payments,
            # not where coins were spent from: whoever knows the wallet can send one anywhere in it
            last_seen=_highest([out[3] for out in body["outputs"]]) if is_this_wallet else (),
            signers=frozenset(body.get("positions", ())) or None,
        )

    def public(self) -> PastTransaction:
        """As the review knows it.

        Raises:
            JournalDamagedError: It cannot be understood.
        """
        try:
            return PastTransaction(
                txid=bytes.fromhex(self.txid)[::-1],
                outpoints=tuple([_outpoint(text) for text in self.outpoints]),
                payments=tuple([(script, sats) for script, sats, _ in self.payments]),
                manifest_ids=tuple([manifest_id for *_, manifest_id in self.payments]),
                more_ids=tuple([((script, sats), name) for script, sats, name in self.more_ids]),
                signers=self.signers,
            )
        except (TypeError, ValueError):
            raise misunderstood(self.seq) from None


def distinct(pasts: Iterable[Past]) -> tuple[Past, ...]:
    """Each transaction once, with all that it was ever signed for."""
    versions: dict[str, list[Past]] = {}
    for past in pasts:
        versions.setdefault(past.txid, []).append(past)
    return tuple([same[0] if len(same) == 1 else _merged(same) for same in versions.values()])


def _merged(same: Sequence[Past]) -> Past:
    """One of several intents to sign one transaction: an id that it had once is never forgotten."""
    ids: dict[tuple[bytes, int], dict[str, None]] = {}
    for script, sats, name in [payment for past in same for payment in past.payments]:
        ids.setdefault((script, sats), {}).update({name: None} if name else {})
    left = {payment: list(names) for payment, names in ids.items()}
    # of two wallets that spend together, one pays what is change to the other
    most = [Counter([(script, sats) for script, sats, _ in past.payments]) for past in same]
    payments = [(*paid, left[paid].pop(0) if left[paid] else "") for paid in _union(most)]
    signers = [past.signers for past in same if past.signers is not None]
    return same[-1]._replace(
        is_this_wallet=any(past.is_this_wallet for past in same),
        payments=tuple(payments),
        last_seen=tuple([seen for past in same for seen in past.last_seen]),
        more_ids=tuple([(*payment, name) for payment, names in left.items() for name in names]),
        signers=frozenset().union(*signers) if len(signers) == len(same) else None,
    )


def _union(counters: Iterable[Counter[tuple[bytes, int]]]) -> Iterator[tuple[bytes, int]]:
    most: Counter[tuple[bytes, int]] = Counter()
    for counter in counters:
        most |= counter
    return most.elements()


def _outpoint(text: str) -> OutPoint:
    txid, _, vout = text.partition(":")
    return OutPoint(bytes.fromhex(txid)[::-1], int(vout))


def _highest(places: Iterable[str | None]) -> tuple[tuple[int, int], ...]:
    """The highest index of each branch among places such as ``0/7``."""
    found: dict[int, int] = {}
    for text in places:
        if text is not None:
            branch, index = map(int, text.split("/"))
            found[branch] = max(index, found.get(branch, -1))
    return tuple(found.items())


def misunderstood(line: int) -> JournalDamagedError:
    """The error for a line whose hash holds and whose particulars do not."""
    reason = "its particulars are not those of its kind"
    return JournalDamagedError(Damage.BROKEN, line, reason)


def largest_versions(pasts: Iterable[Past]) -> int:
    """Sats that left by them; of those that spend exactly the same coins, the largest counts."""
    versions: dict[frozenset[str], int] = {}
    for past in pasts:
        coins = frozenset(past.outpoints)
        versions[coins] = max(past.leaving, versions.get(coins, 0))
    return sum(versions.values())
