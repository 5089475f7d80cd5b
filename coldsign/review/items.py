"""What is known about each input and output, and their sums."""

from dataclasses import dataclass
from enum import Enum

from coldsign.primitives.address import to_address
from coldsign.primitives.network import Network
from coldsign.primitives.script import ScriptType
from coldsign.primitives.tx import OutPoint
from coldsign.psbt.input_map import PsbtInput
from coldsign.psbt.output_map import PsbtOutput
from coldsign.review.ownership import Ownership
from coldsign.review.presigned import Presigned
from coldsign.review.prevouts import AmountFault, Prevout
from coldsign.wallet.derive import Derived
from coldsign.wallet.wallet import Place


class OutputKind(Enum):
    """What an output means to this wallet; the word is the one of the JSON report."""

    PAYMENT = "payment"
    CHANGE = "change"
    SELF = "self"
    DATA = "data"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class InputFacts:
    """What is known about one input.

    Attributes:
        index: Its number.
        outpoint: The coin it spends.
        sequence: Its sequence.
        prevout: Amount and script, and how far they are proven.
        ownership: Whether and where the script is ours.
        presigned: The signatures already there.
        given: The PSBT's map.
        network: For its address.
    """

    index: int
    outpoint: OutPoint
    sequence: int
    prevout: Prevout
    ownership: Ownership
    presigned: Presigned
    given: PsbtInput
    network: Network

    @property
    def sats(self) -> int | None:
        """The proven amount; None if it is unproven."""
        return self.amount if self.prevout.proven else None

    @property
    def amount(self) -> int | None:
        """The amount, proven or only claimed; None if not even claimed."""
        return self.prevout.out.sats if self.prevout.out is not None else None

    @property
    def script(self) -> bytes | None:
        """The script the coin is locked to, as far as it is known."""
        return self.prevout.out.script if self.prevout.out is not None else None

    @property
    def address(self) -> str | None:
        """The address the coin was sent to."""
        return to_address(self.script, self.network) if self.script is not None else None

    @property
    def ours(self) -> bool:
        """Whether the wallet derives exactly this script."""
        return self.ownership.place is not None

    @property
    def place(self) -> Place | None:
        """Where in the wallet it is."""
        return self.ownership.place

    @property
    def derived(self) -> Derived | None:
        """What the wallet derives there."""
        return self.ownership.derived

    @property
    def signatures(self) -> tuple[int, ...]:
        """Positions of the keys that have validly signed."""
        return self.presigned.valid

    @property
    def faults(self) -> tuple[AmountFault, ...]:
        """What is wrong with the data about the coin."""
        return self.prevout.faults

    @property
    def where(self) -> str:
        """The place findings name."""
        return f"input {self.index}"


@dataclass(frozen=True, slots=True)
class OutputFacts:
    """What is known about one output.

    Attributes:
        index: Its number.
        sats: Its amount.
        script: Its script.
        form: The template the script follows.
        address: Its address; None if it has none.
        kind: What it means to this wallet.
        ownership: Whether and where the script is ours.
        given: The PSBT's map.
        manifest_id: The withdrawal it pays, where a manifest is used.
    """

    index: int
    sats: int
    script: bytes
    form: ScriptType
    address: str | None
    kind: OutputKind
    ownership: Ownership
    given: PsbtOutput
    manifest_id: str | None = None

    @property
    def ours(self) -> bool:
        """Whether the wallet derives exactly this script."""
        return self.ownership.place is not None

    @property
    def place(self) -> Place | None:
        """Where in the wallet it is."""
        return self.ownership.place

    @property
    def where(self) -> str:
        """The place findings name."""
        return f"output {self.index}"


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums in sats; the input side counts claimed amounts where proof is missing.

    Attributes:
        inputs: All inputs together; None if an amount is not even claimed.
        payments: Everything that is not ours: payments, data, unknown scripts.
        change: Everything that comes back to us, on any branch.
        own: What our own inputs are worth.
    """

    inputs: int | None
    payments: int
    change: int
    own: int

    @property
    def fee(self) -> int | None:
        """What miners get; None if an input's amount is unknown."""
        return None if self.inputs is None else self.inputs - self.payments - self.change

    @property
    def leaving(self) -> int | None:
        """What this wallet has less afterwards, others' coins apart; 0 where it gains by them."""
        return None if self.inputs is None else max(self.own - self.change, 0)

    @property
    def fee_base(self) -> int:
        """What the fee is held against: what is paid, or spent where nobody is paid.

        With others' coins it is no more than what we lose.
        """
        if self.leaving is None or self.own in {self.inputs, 0}:
            return self.payments or self.inputs or 0
        return min(self.payments, self.leaving) or self.own

    @property
    def fee_percent(self) -> float | None:
        """The fee as a percentage of what it is held against; None if either is unknown."""
        return self.fee * 100 / self.fee_base if self.fee_base and self.fee is not None else None
