"""What a review is held against: limits, the manifest, and what was seen and signed before.

All of it is given: the floor above reads the policy, the manifest file and the journal, and makes
these values.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Protocol

from coldsign.primitives.tx import OutPoint


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers and permissions of a policy; the defaults are those of an empty policy file.

    Rates are in sat/vB, amounts in sats, percentages of what is paid, heights in blocks. A limit of
    0 sats means no limit.
    """

    refuse_sat_per_vb: float = 1000
    confirm_sat_per_vb: float = 100
    refuse_sats: int = 1_000_000
    refuse_percent: float = 10.0
    confirm_percent: float = 5.0
    per_transaction_sats: int = 0
    per_day_sats: int = 0
    max_outputs: int = 1000
    gap: int = 1000
    last_seen_receive: int = 20
    last_seen_change: int = 15
    max_path_depth: int = 12
    height: int = 900_000
    locktime_window: int = 1008
    op_return: bool = False
    foreign_inputs: bool = False
    unproven_v0_amounts: bool = False


class ManifestRow(NamedTuple):
    """One payment that the books demand.

    Attributes:
        id: The withdrawal's id; unique in its manifest.
        address: The address as the manifest writes it.
        script: The script that address stands for.
        sats: The amount due.
    """

    id: str
    address: str
    script: bytes
    sats: int


class Coverage(Enum):
    """Whether one transaction pays a whole manifest, or several pay it together."""

    WHOLE = "whole"
    PART = "part"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the books say must be paid; delivered apart from the PSBT.

    Attributes:
        rows: The payments due.
        digest: SHA-256 of the manifest as it was read.
        coverage: Whether every row must be paid by the one transaction under review.
    """

    rows: tuple[ManifestRow, ...]
    digest: bytes
    coverage: Coverage = Coverage.WHOLE


Payment = tuple[bytes, int]
"""The script that is paid, and the amount in sats."""


class PastTransaction(NamedTuple):
    """A transaction that this machine signed before, or reviewed before in the same batch.

    Attributes:
        txid: Internal byte order.
        outpoints: The coins it spends.
        payments: What it pays to others, in output order.
        manifest_ids: The withdrawal id of each payment, in the same order, "" where it had none;
            or empty.
        more_ids: Payments with the further ids that they were signed for at other times.
        signers: Positions in the descriptor of the keys that signed it here; None where that is not known.
    """

    txid: bytes
    outpoints: tuple[OutPoint, ...]
    payments: tuple[Payment, ...]
    manifest_ids: tuple[str, ...] = ()
    more_ids: tuple[tuple[Payment, str], ...] = ()
    signers: frozenset[int] | None = None

    def paid_as(self, manifest_id: str) -> bool:
        """Whether it was ever signed for the withdrawal of this id."""
        return manifest_id in self.manifest_ids or any(
            name == manifest_id for _, name in self.more_ids
        )

    def ids(self) -> frozenset[str]:
        """Every withdrawal id that it was ever signed for."""
        return frozenset([name for _, name in self.booked() if name])

    @property
    def txid_hex(self) -> str:
        """The id as people write it."""
        return self.txid[::-1].hex()

    def booked(self) -> Iterator[tuple[Payment, str]]:
        """Each payment with each id that it ever had, "" for none; nothing where no ids were recorded."""
        yield from zip(self.payments, self.manifest_ids, strict=False)
        yield from self.more_ids


class Decisions(Protocol):
    """Transactions that were decided on before."""

    def spenders(self, outpoint: OutPoint) -> tuple[PastTransaction, ...]:
        """Those that spend this coin."""
        ...

    def paying(self, script: bytes, sats: int) -> tuple[PastTransaction, ...]:
        """Those that pay exactly this amount to this script."""
        ...

    def paying_between(self, script: bytes, low: int, high: int) -> tuple[PastTransaction, ...]:
        """Those that pay this script an amount from low to high, sats."""
        ...

    def by_manifest_id(self, manifest_id: str) -> tuple[PastTransaction, ...]:
        """Those that paid the withdrawal of this id."""
        ...


class History(Decisions, Protocol):
    """What the journal remembers; a transaction counts from when its signature was decided."""

    @property
    def approved(self) -> Decisions:
        """What a reviewer approved on this machine and what was not signed on it."""
        ...

    def amount_seen(self, outpoint: OutPoint) -> int | None:
        """The amount an earlier review proved or was told for this coin, sats."""
        ...

    def last_seen(self, branch: int) -> int | None:
        """The highest index of this branch (0 receive, 1 change) that a signed transaction paid to."""
        ...

    def paid_scripts(self) -> Iterable[bytes]:
        """Every script that a signed transaction paid, to find addresses made to look like them."""
        ...


class EmptyHistory:
    """The memory of a machine that has decided nothing."""

    @property
    def approved(self) -> Decisions:
        """Nothing was approved."""
        return EmptyHistory()

    def amount_seen(self, outpoint: OutPoint) -> int | None:
        """Nothing was seen."""
        del outpoint
        return None

    def spenders(self, outpoint: OutPoint) -> tuple[PastTransaction, ...]:
        """Nothing was spent."""
        del outpoint
        return ()

    def paying(self, script: bytes, sats: int) -> tuple[PastTransaction, ...]:
        """Nothing was paid."""
        del script, sats
        return ()

    def paying_between(self, script: bytes, low: int, high: int) -> tuple[PastTransaction, ...]:
        """Nothing was paid."""
        del script, low, high
        return ()

    def by_manifest_id(self, manifest_id: str) -> tuple[PastTransaction, ...]:
        """No withdrawal was paid."""
        del manifest_id
        return ()

    def last_seen(self, branch: int) -> int | None:
        """No index was used."""
        del branch
        return None

    def paid_scripts(self) -> Iterable[bytes]:
        """Nobody was paid."""
        return ()


class Destinations(Protocol):
    """The places a policy lets money go to."""

    def covers(self, script: bytes) -> bool:
        """Whether this script is one of them."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """Everything beside the PSBT and the wallet that a review depends on.

    Attributes:
        limits: The policy's numbers.
        rules: Digest of the whole policy that the limits, the destinations and the manifest's coverage are of.
        manifest: What must be paid, where one is used.
        history: The journal's memory.
        destinations: Where money may go; None lets it go anywhere.
        spent_recently_sats: What left this wallet in the last day, by the journal.
        rules_differ: Whether the policy is another than the wallet last signed under.
        batch: The transactions before it in the same batch: reviewed like this one, not signed.
    """

    limits: Limits = field(default_factory=Limits)
    rules: bytes = b""
    manifest: Manifest | None = None
    history: History = field(default_factory=EmptyHistory)
    destinations: Destinations | None = None
    spent_recently_sats: int = 0
    rules_differ: bool = False
    batch: tuple[PastTransaction, ...] = ()
