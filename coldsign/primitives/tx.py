"""Transactions: a strict reader and writer of the network's format (BIP-144).

Amounts are kept as any signed 64-bit number: whether they are in range is the review's question.
"""

import struct
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from coldsign.errors import MalformedError
from coldsign.primitives.cursor import Cursor, compact_size, var_bytes
from coldsign.primitives.hashes import sha256d

MAX_TRANSACTION = 4_000_000
"""Bytes; by consensus a block weighs at most 4 000 000, and each byte of it at least 1."""

_MIN_INPUT, _MIN_OUTPUT = 41, 9
_INPUT_HEAD = struct.Struct("<32sIB")
_OUTPUT_HEAD = struct.Struct("<qB")
_U32 = struct.Struct("<I")


class OutPoint(NamedTuple):
    """Where a coin is: the transaction's id in internal byte order, and the output's number."""

    txid: bytes
    vout: int

    def __str__(self) -> str:
        return f"{self.txid[::-1].hex()}:{self.vout}"

    def serialize(self) -> bytes:
        """36 bytes, as in an input."""
        return self.txid + _U32.pack(self.vout)


class TxIn(NamedTuple):
    """An input: the coin it spends, its scriptSig and its sequence."""

    outpoint: OutPoint
    script_sig: bytes
    sequence: int

    def serialize(self) -> bytes:
        """The input without its witness."""
        return self.outpoint.serialize() + var_bytes(self.script_sig) + _U32.pack(self.sequence)


class TxOut(NamedTuple):
    """An output: an amount in satoshi, as claimed, and the script it is locked to."""

    sats: int
    script: bytes

    def serialize(self) -> bytes:
        """The amount, then the script with its length."""
        return self.sats.to_bytes(8, "little", signed=True) + var_bytes(self.script)


Witness = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction.

    Attributes:
        version: Signed, 32 bits.
        inputs: In order.
        outputs: In order.
        locktime: A height below 500 000 000, else a Unix time.
        witnesses: One stack for each input, or empty where no input has a witness.
    """

    version: int
    inputs: tuple[TxIn, ...]
    outputs: tuple[TxOut, ...]
    locktime: int
    witnesses: tuple[Witness, ...] = ()
    _stripped: bytes | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def parse(cls, data: bytes, what: str = "transaction") -> "Transaction":
        """Read a transaction with or without witnesses; ``serialize`` gives the same bytes back.

        Raises:
            MalformedError: Not to the byte what Bitcoin Core would write, or without inputs.
        """
        if len(data) > MAX_TRANSACTION:
            raise MalformedError(f"{what}: {len(data)} bytes are more than a block can hold")
        if data[4:5] != b"\0":
            return _read_plain(data, what)
        if data[5:6] != b"\1":
            raise MalformedError(f"{what}: neither inputs nor a witness marker at offset 4")
        return _read_segwit(data, what)

    @classmethod
    def parse_unsigned(cls, data: bytes, what: str = "unsigned transaction") -> "Transaction":
        """Read the form without witnesses, as BIP-174 asks; no inputs are allowed there.

        Raises:
            MalformedError: As in ``parse``.
        """
        if len(data) > MAX_TRANSACTION:
            raise MalformedError(f"{what}: {len(data)} bytes are more than a block can hold")
        return _read_plain(data, what)

    def serialize(self) -> bytes:
        """The network's format: with witnesses where there are any."""
        if not self.witnesses:
            return self.serialize_without_witness()
        stripped = self.serialize_without_witness()
        stacks = [
            compact_size(len(stack)) + b"".join(map(var_bytes, stack)) for stack in self.witnesses
        ]
        return stripped[:4] + b"\0\1" + stripped[4:-4] + b"".join(stacks) + stripped[-4:]

    def serialize_without_witness(self) -> bytes:
        """The format whose double SHA-256 is the txid."""
        if self._stripped is None:
            object.__setattr__(self, "_stripped", self._build())
        return self._stripped or b""

    def _build(self) -> bytes:
        parts = [self.version.to_bytes(4, "little", signed=True), compact_size(len(self.inputs))]
        parts.extend([txin.serialize() for txin in self.inputs])
        parts.append(compact_size(len(self.outputs)))
        parts.extend([out.serialize() for out in self.outputs])
        parts.append(_U32.pack(self.locktime))
        return b"".join(parts)

    def txid(self) -> bytes:
        """The id in internal byte order, as outpoints carry it."""
        return sha256d(self.serialize_without_witness())

    def txid_hex(self) -> str:
        """The id as people write it."""
        return self.txid()[::-1].hex()

    def weight(self) -> int:
        """Weight units (BIP-141): three times the size without witnesses plus the whole size."""
        return 3 * len(self.serialize_without_witness()) + len(self.serialize())


def _count(data: bytes, at: int, smallest: int, what: str) -> tuple[int, int]:
    """A count of things that take at least ``smallest`` bytes each, and the offset after it."""
    if at < len(data) and (first := data[at]) < 0xFD:
        count, stop = first, at + 1
    else:
        cursor = Cursor(data, what)
        cursor.offset = at
        count, stop = cursor.compact_size(), cursor.offset
    if count * smallest > len(data) - stop:
        raise MalformedError(f"{what}: {count} items cannot follow offset {at}, the data ends")
    return count, stop


def _read_inputs(data: bytes, at: int, what: str) -> tuple[tuple[TxIn, ...], int]:
    count, at = _count(data, at, _MIN_INPUT, what)
    head, tail, new = _INPUT_HEAD.unpack_from, _U32.unpack_from, tuple.__new__
    inputs: list[TxIn] = []
    for _ in range(count):
        txid, vout, size = head(data, at)
        at += 37
        if size >= 0xFD:
            size, at = _count(data, at - 1, 1, what)
        stop = at + size
        (sequence,) = tail(data, stop)
        outpoint = new(OutPoint, (txid, vout))
        inputs.append(new(TxIn, (outpoint, data[at:stop], sequence)))
        at = stop + 4
    return tuple(inputs), at


def _read_outputs(data: bytes, at: int, what: str) -> tuple[tuple[TxOut, ...], int]:
    count, at = _count(data, at, _MIN_OUTPUT, what)
    head, new = _OUTPUT_HEAD.unpack_from, tuple.__new__
    outputs: list[TxOut] = []
    for _ in range(count):
        sats, size = head(data, at)
        at += 9
        if size >= 0xFD:
            size, at = _count(data, at - 1, 1, what)
        stop = at + size
        outputs.append(new(TxOut, (sats, data[at:stop])))
        at = stop
    return tuple(outputs), at  # a script cut short shows when the locktime is read


def _read_witnesses(
    data: bytes, at: int, inputs: int, what: str
) -> tuple[tuple[Witness, ...], int]:
    stacks: list[Witness] = []
    end = len(data)
    for _ in range(inputs):
        count, at = _count(data, at, 1, what)
        items: list[bytes] = []
        for _ in range(count):
            if at < end and (size := data[at]) < 0xFD:
                at += 1
            else:
                size, at = _count(data, at, 1, what)
            stop = at + size
            items.append(data[at:stop])
            at = stop
        stacks.append(tuple(items))
    if not any(stacks):
        raise MalformedError(f"{what}: the witness form without any witness")
    return tuple(stacks), at


def _read_locktime(data: bytes, at: int, what: str) -> int:
    left = len(data) - at
    if left != 4:
        problem = f"{left - 4} bytes too many" if left > 4 else "cut short"
        raise MalformedError(f"{what}: {problem} at offset {at}")
    return int.from_bytes(data[at:], "little")


def _read_plain(data: bytes, what: str) -> Transaction:
    try:
        inputs, at = _read_inputs(data, 4, what)
        outputs, at = _read_outputs(data, at, what)
    except struct.error:
        raise MalformedError(f"{what}: cut short at offset {len(data)}") from None
    locktime = _read_locktime(data, at, what)
    version = int.from_bytes(data[:4], "little", signed=True)
    tx = Transaction(version, inputs, outputs, locktime)
    object.__setattr__(tx, "_stripped", data)
    return tx


def _read_segwit(data: bytes, what: str) -> Transaction:
    try:
        inputs, at = _read_inputs(data, 6, what)
        outputs, after_outputs = _read_outputs(data, at, what)
        witnesses, at = _read_witnesses(data, after_outputs, len(inputs), what)
    except struct.error:
        raise MalformedError(f"{what}: cut short at offset {len(data)}") from None
    locktime = _read_locktime(data, at, what)
    version = int.from_bytes(data[:4], "little", signed=True)
    tx = Transaction(version, inputs, outputs, locktime, witnesses)
    object.__setattr__(tx, "_stripped", data[:4] + data[6:after_outputs] + data[at:])
    return tx


def bitcoinlib_digest(
    data: bytes, index: int, script_code: bytes, *, sighash: int, sats: int | None
) -> bytes:
    """A signature digest as python-bitcoinlib computes it, at quadratic cost: for small ones.

    Args:
        data: The transaction, without witnesses.
        index: The input.
        script_code: The script that is signed.
        sighash: The sighash type.
        sats: The coin's amount for segwit version 0 (BIP-143), or None for the legacy digest.

    Raises:
        MalformedError: It cannot read the transaction (one without inputs, say), or cannot compute
            this one: a locktime of 2^31 or later, SINGLE without an output, or a script that is
            cut short.
    """
    from bitcoin.core.script import (
        SIGVERSION_BASE,
        SIGVERSION_WITNESS_V0,
        CScript,
        CScriptInvalidError,
        SignatureHash,
    )

    tx = _bitcoinlib(data)
    version = SIGVERSION_BASE if sats is None else SIGVERSION_WITNESS_V0
    script = CScript(script_code)
    if sats is None and script.is_witness_scriptpubkey():
        raise MalformedError("python-bitcoinlib signs no witness program the legacy way")
    try:
        return bytes(SignatureHash(script, tx, index, sighash, amount=sats, sigversion=version))
    except (struct.error, ValueError, CScriptInvalidError):
        raise MalformedError("python-bitcoinlib cannot compute this digest") from None


def _bitcoinlib(data: bytes) -> Any:  # noqa: ANN401 - the library has no types
    from bitcoin.core import CTransaction
    from bitcoin.core.serialize import SerializationError

    try:
        return CTransaction.deserialize(data)
    except (SerializationError, ValueError):
        raise MalformedError("python-bitcoinlib cannot read this transaction") from None
