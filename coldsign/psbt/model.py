"""A PSBT as typed claims over the bytes that arrived: read once, strictly, and kept."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coldsign.errors import MalformedError
from coldsign.primitives.hashes import sha256
from coldsign.primitives.locks import SEQUENCE_FINAL
from coldsign.primitives.secp import is_public_key, is_xonly
from coldsign.primitives.tx import OutPoint, Transaction, TxIn, TxOut
from coldsign.psbt.fields import Global, In, Out
from coldsign.psbt.global_map import GlobalMap
from coldsign.psbt.input_map import PsbtInput
from coldsign.psbt.memory import OFF_CURVE, OFF_CURVE_XONLY, Memory
from coldsign.psbt.output_map import PsbtOutput
from coldsign.psbt.reader import MapReader
from coldsign.psbt.values import demand_relayable
from coldsign.psbt.version2 import locktime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from coldsign.psbt.raw import Map

__all__ = ["MAGIC", "MAX_PSBT", "GlobalMap", "Psbt", "PsbtInput", "PsbtOutput"]

MAGIC = b"psbt\xff"

MAX_PSBT = 4 * 1024 * 1024
"""Bytes. The 2,400 inputs a standard transaction can have take about 2.2 MB as 3-of-4 with their
previous transactions; nobody reviews a larger file, and as QR frames it would take hours."""

MAX_INPUTS, MAX_OUTPUTS = 4_000_000 // (4 * 41), 4_000_000 // (4 * 9)
"""What fits a block's 4,000,000 weight units if each has the least size, 41 and 9 bytes."""


@dataclass(frozen=True, slots=True)
class Psbt:
    """A partially signed transaction of version 0 (BIP-174) or 2 (BIP-370): claims, not facts.

    Attributes:
        version: 0 or 2.
        global_map: The global map.
        inputs: The input maps, in the transaction's order.
        outputs: The output maps, in the transaction's order.
        tx: The unsigned transaction; in version 2 built from the maps, with their locktime.
        raw: The serialisation.
        points: The public keys in it, of 33 or 65 bytes.
        xonly: The x-only public keys in it.
    """

    version: int
    global_map: GlobalMap
    inputs: tuple[PsbtInput, ...]
    outputs: tuple[PsbtOutput, ...]
    tx: Transaction
    raw: bytes
    points: frozenset[bytes]
    xonly: frozenset[bytes]

    @classmethod
    def parse(cls, data: bytes) -> "Psbt":
        """Read a whole binary PSBT; ``serialize`` gives the same bytes back.

        Raises:
            MalformedError: It is too large, cut short, has bytes left over, or breaks a rule of
                its BIPs.
        """
        psbt = cls.read(data)
        psbt.prove_points(frozenset())
        return psbt

    @classmethod
    def read(cls, data: bytes) -> "Psbt":
        """``parse`` without its dearest part: whoever calls this must call ``prove_points`` next.

        Raises:
            MalformedError: As in ``parse``.
        """
        if len(data) > MAX_PSBT:
            raise MalformedError(
                f"{len(data)} bytes are more than the {MAX_PSBT} a PSBT may have",
                hint="split the withdrawal into smaller ones",
            )
        if not data.startswith(MAGIC):
            raise MalformedError("not a PSBT: it does not begin with psbt and 0xff")
        memory = Memory()
        reader = MapReader(data, len(MAGIC))
        globals_ = GlobalMap.read(reader.read(Global, 0), memory)
        inputs, outputs = _counts(globals_, reader.remaining)
        in_raw = [reader.read(In, index) for index in range(inputs)]
        out_raw = [reader.read(Out, index) for index in range(outputs)]
        reader.finish()
        return cls._typed(globals_, in_raw, out_raw, memory=memory, raw=data)

    @classmethod
    def _typed(
        cls,
        globals_: GlobalMap,
        inputs: "Iterable[Map]",
        outputs: "Iterable[Map]",
        *,
        memory: Memory,
        raw: bytes,
    ) -> "Psbt":
        """Read the fields of the input and output maps."""
        version = globals_.version
        inputs_ = tuple([PsbtInput.read(m, version, memory) for m in inputs])
        outputs_ = tuple([PsbtOutput.read(m, version, memory) for m in outputs])
        tx = globals_.unsigned_tx or _transaction(globals_, inputs_, outputs_)
        points, xonly = frozenset(memory.points), frozenset(memory.xonly)
        return cls(version, globals_, inputs_, outputs_, tx, raw, points, xonly)

    def prove_points(self, known: frozenset[bytes]) -> None:
        """Check that every public key is on the curve, except those known to be, in either form.

        Raises:
            MalformedError: One is not; the message names it.
        """
        for key in self.points - known:
            if not is_public_key(key):
                raise self._off_curve(key, OFF_CURVE)
        for key in self.xonly - known:
            if not is_xonly(key):
                raise self._off_curve(key, OFF_CURVE_XONLY)

    def _off_curve(self, key: bytes, problem: str) -> MalformedError:
        """An error that names the first pair the key occurs in."""
        return next(
            m.error(pair, problem)
            for m in self.maps()
            for pair in m.pairs
            if key in pair[0].data or key in pair[1]
        )

    @classmethod
    def of_maps(
        cls, global_map: "Map", inputs: "Iterable[Map]", outputs: "Iterable[Map]"
    ) -> "Psbt":
        """A PSBT of maps made or changed here, checked as strictly as one that was read.

        Raises:
            MalformedError: The maps do not make a valid PSBT.
        """
        return cls.parse(joined((global_map, *inputs, *outputs)))

    def keeping(self, keep: "Callable[[Map], Map]") -> "Psbt":
        """This PSBT with fewer pairs, none of them new: their points need no second proof.

        Args:
            keep: Gives each map with the pairs that stay, among them those its version requires.
        """
        kept = [keep(m) for m in self.maps()]
        after = 1 + len(self.inputs)
        memory = Memory()
        globals_ = GlobalMap.read(kept[0], memory)
        raw = joined(kept)
        return self._typed(globals_, kept[1:after], kept[after:], memory=memory, raw=raw)

    def with_signed(
        self, global_map: GlobalMap, inputs: tuple[PsbtInput, ...], memory: Memory
    ) -> "Psbt":
        """The same PSBT with other pairs in its global and input maps, and the bytes of that."""
        points, xonly = self.points | memory.points, self.xonly | memory.xonly
        changed = replace(self, global_map=global_map, inputs=inputs, points=points, xonly=xonly)
        return replace(changed, raw=joined(changed.maps()))

    def maps(self) -> "tuple[Map, ...]":
        """All maps in the order they are written."""
        inputs, outputs = [i.map for i in self.inputs], [o.map for o in self.outputs]
        return (self.global_map.map, *inputs, *outputs)

    def serialize(self) -> bytes:
        """The bytes that were read."""
        return self.raw

    @property
    def digest(self) -> bytes:
        """SHA-256 of the serialisation."""
        return sha256(self.raw)

    @property
    def tx_modifiable(self) -> int | None:
        """What others may still change, as bits (BIP-370); None where the PSBT says nothing."""
        return self.global_map.tx_modifiable

    def unique_id(self) -> bytes:
        """What PSBTs of one transaction have in common (BIP-370, "Unique Identification").

        In version 0 the unsigned transaction's id; in version 2 the same with every sequence 0.
        """
        if not self.version:
            return self.tx.txid()
        inputs = tuple(txin._replace(sequence=0) for txin in self.tx.inputs)
        return Transaction(self.tx.version, inputs, self.tx.outputs, self.tx.locktime).txid()


def joined(maps: "Iterable[Map]") -> bytes:
    """The bytes of a PSBT of these maps."""
    return MAGIC + b"".join([m.serialize() for m in maps])


def _counts(globals_: GlobalMap, remaining: int) -> tuple[int, int]:
    """How many maps follow; no more than can, at a byte each."""
    tx = globals_.unsigned_tx
    inputs = len(tx.inputs) if tx else globals_.input_count or 0
    outputs = len(tx.outputs) if tx else globals_.output_count or 0
    if inputs > MAX_INPUTS or outputs > MAX_OUTPUTS:
        raise MalformedError(f"{inputs} inputs and {outputs} outputs fit no block")
    if inputs + outputs > remaining:
        raise MalformedError(f"{inputs + outputs} maps announced, {remaining} bytes left for them")
    return inputs, outputs


def _transaction(
    globals_: GlobalMap, inputs: tuple[PsbtInput, ...], outputs: tuple[PsbtOutput, ...]
) -> Transaction:
    """The unsigned transaction of version 2 (BIP-370, "Transaction Extractor")."""
    tx = Transaction(
        version=globals_.tx_version or 0,
        inputs=tuple(
            TxIn(
                OutPoint(i.previous_txid or b"", i.output_index or 0),
                b"",
                SEQUENCE_FINAL if i.sequence is None else i.sequence,
            )
            for i in inputs
        ),
        outputs=tuple(TxOut(o.amount or 0, o.script or b"") for o in outputs),
        locktime=locktime(
            ((i.required_time_locktime, i.required_height_locktime) for i in inputs),
            globals_.fallback_locktime,
        ),
    )
    demand_relayable(len(tx.serialize_without_witness()))
    return tx
