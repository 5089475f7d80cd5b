"""What the journal keeps of a transaction, and reading that back as the memory a review asks for.

The record holds what was proven, not what the PSBT said: amounts, places, kinds.
"""

from collections.abc import Collection, Generator, Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final, NamedTuple

from coldsign.controls.entry import EMPTY, Anchor, Body, Entry, EntryKind, is_halted_after, stamp
from coldsign.controls.pasts import Past, largest_versions, misunderstood
from coldsign.controls.recollection import Recollection
from coldsign.primitives.hashes import sha256
from coldsign.primitives.locks import LOCKTIME_THRESHOLD
from coldsign.primitives.tx import OutPoint
from coldsign.review.facts import Facts
from coldsign.wallet.wallet import Wallet

BLOCKS_A_DAY: Final = 144


def wallet_id(wallet: Wallet) -> str:
    """SHA-256 of the canonical descriptor, hex: the same on every machine that knows the wallet."""
    return sha256(str(wallet.descriptor).encode()).hex()


def record(facts: Facts) -> Body:
    """The part of a journal entry's body that says which transaction it is about."""
    return {
        "network": facts.network.name,
        "wallet": facts.wallet.name,
        "wallet_id": wallet_id(facts.wallet),
        "registration": facts.wallet.digest.hex(),
        "psbt": facts.psbt.digest.hex(),
        "txid": facts.txid,
        "locktime": facts.tx.locktime,
        "fee": facts.totals.fee,
        "leaving": facts.totals.leaving,
        "inputs": [[str(put.outpoint), put.amount, _where(put.place)] for put in facts.inputs],
        "outputs": [
            [out.script.hex(), out.sats, out.kind.value, _where(out.place), out.manifest_id or ""]
            for out in facts.outputs
        ],
    }


class _Marks(NamedTuple):
    """The journal's last words: where it stands, the latch, the wallet's policy bound and used."""

    anchor: Anchor
    halted: bool
    policy: str | None
    used: str | None


class Memory(Recollection):
    """What the journal remembers of transactions on one network, for one wallet's review.

    Coins, payments and withdrawal ids are remembered across all wallets; indexes and spending for
    the one wallet. A transaction counts from its intent on, unless that was abandoned. What was
    approved and not signed is remembered apart.

    Attributes:
        wallet: The wallet under review.
        anchor: Where the journal stood when it was read.
        halted: Whether its last word about the latch is that it was engaged.
        policy: Digest of the policy last bound to the wallet, hex; ``None`` if none was.
        used: Digest of the policy that the wallet last signed under, or that was bound since.
        approved: The transactions that a reviewer approved on this machine and that it did not sign.
    """

    def __init__(
        self,
        wallet: Wallet,
        pasts: Collection[Past],
        approvals: Iterable[Past],
        amounts: Mapping[str, int],
        marks: _Marks,
    ) -> None:
        super().__init__(pasts)
        signed = {past.txid for past in pasts}
        self.approved = Recollection([past for past in approvals if past.txid not in signed])
        self.wallet = wallet
        self.anchor, self.halted, self.policy, self.used = marks
        self._all = tuple(pasts)
        self._amounts = amounts

    def amount_seen(self, outpoint: OutPoint) -> int | None:
        """The amount an earlier review knew for this coin, sats."""
        return self._amounts.get(str(outpoint))

    def last_seen(self, branch: int) -> int | None:
        """The highest index of this wallet's branch that a signed transaction paid to."""
        return self._last_seen.get(branch)

    def paid_scripts(self) -> Iterable[bytes]:
        """Every script of others that a signed transaction paid."""
        return self._by_script.keys()

    def spent_recently(
        self, *, now: datetime, locktime: int, besides: Iterable[OutPoint] = ()
    ) -> int:
        """Sats that left this wallet in the last day, by the stricter of two clocks.

        One clock is the machine's; entries from its future count too, so setting it back gains
        nothing. The other is nLockTime: with the transaction under review locked to a height, all
        that was locked to the 144 heights before it or later counts.

        Transactions that spend exactly the same coins are versions of one: the largest counts.

        Args:
            now: By the machine's clock.
            locktime: Of the transaction under review.
            besides: The coins it spends: past transactions that spend one of them are left out,
                as only one of the two can ever confirm.
        """
        coins = {str(outpoint) for outpoint in besides}
        mine = [
            past for past in self._all if past.is_this_wallet and coins.isdisjoint(past.outpoints)
        ]
        since = stamp(now - timedelta(days=1)) if now.year > 1 else ""
        by_clock = largest_versions([past for past in mine if past.time >= since])
        if not 0 < locktime < LOCKTIME_THRESHOLD:
            return by_clock
        floor = max(1, locktime - BLOCKS_A_DAY + 1)
        return max(
            by_clock,
            largest_versions(
                [past for past in mine if floor <= past.locktime < LOCKTIME_THRESHOLD]
            ),
        )

    @cached_property
    def _last_seen(self) -> dict[int, int]:
        found: dict[int, int] = {}
        for past in self._distinct:
            for branch, index in past.last_seen:
                found[branch] = max(index, found.get(branch, -1))
        return found


def recall(entries: Iterable[Entry], wallet: Wallet) -> Memory:
    """Read the journal once, from end to end, as the memory for one wallet's review.

    Args:
        entries: :meth:`coldsign.controls.journal.Journal.entries`.
        wallet: The wallet under review.

    Raises:
        JournalDamagedError: The chain does not hold, or an intent in it cannot be understood.
    """
    try:
        return _recalled(entries, wallet)
    finally:
        if isinstance(entries, Generator):  # lets go of the lock: the halt goes into this journal
            entries.close()


def _recalled(entries: Iterable[Entry], wallet: Wallet) -> Memory:
    pasts: dict[int, Past] = {}
    approvals: list[Past] = []
    amounts: dict[str, int] = {}
    anchor, halted, policy, used = EMPTY, False, None, None
    identity, network = wallet_id(wallet), wallet.network.name
    for entry in entries:
        anchor = entry.anchor
        try:
            if entry.kind is EntryKind.INTENT and entry.body["network"] == network:
                pasts[entry.seq] = Past.read(entry, identity)
                amounts.update([put[:2] for put in entry.body["inputs"] if put[1] is not None])
                used = _digest(entry, "policy") if pasts[entry.seq].is_this_wallet else used
            elif entry.kind is EntryKind.APPROVED and entry.body.get("network") == network:
                approvals.append(Past.read(entry, identity))
            elif entry.kind is EntryKind.ABANDONED:
                pasts.pop(entry.body["intent"], None)
            elif entry.kind is EntryKind.POLICY and entry.body["wallet_id"] == identity:
                policy = used = _digest(entry, "policy")
        except (AttributeError, LookupError, TypeError, ValueError):
            raise misunderstood(entry.seq) from None
        halted = is_halted_after(entry.kind, halted)
    marks = _Marks(anchor, halted, policy, used)
    return Memory(wallet, pasts.values(), approvals, amounts, marks)


def _digest(entry: Entry, name: str) -> str | None:
    """A digest among an entry's particulars, hex; ``None`` where there is none.

    Raises:
        TypeError: Something else stands there.
    """
    value = entry.body.get(name)
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value


def _where(place: tuple[int, int] | None) -> str | None:
    return None if place is None else f"{place[0]}/{place[1]}"
