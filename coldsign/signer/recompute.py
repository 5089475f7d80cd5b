"""The digests a second time, by another way: straight from the bytes of the unsigned transaction.

Written apart from ``coldsign.primitives.digests`` on purpose, and for SIGHASH_ALL and taproot's
default alone: a fault in one of the two makes them differ.
"""

import hashlib
import struct
from collections.abc import Sequence

from coldsign.errors import MalformedError, SelfCheckError
from coldsign.primitives.cursor import Cursor, compact_size, var_bytes
from coldsign.primitives.hashes import sha256, sha256d, tagged_hash
from coldsign.primitives.locks import SEQUENCE_FINAL
from coldsign.primitives.tx import TxOut, bitcoinlib_digest
from coldsign.psbt.fields import Global
from coldsign.psbt.model import Psbt

_ALL = b"\x01\0\0\0"
_LIBRARY_COST = 200
"""Up to so many inputs times inputs and outputs python-bitcoinlib, which is quadratic, is asked."""


def unsigned_bytes(psbt: Psbt) -> bytes:
    """The unsigned transaction: as it stands in a PSBT of version 0, from the maps in version 2."""
    if not psbt.version:
        return next(
            value for key, value in psbt.global_map.map.pairs if key.type == Global.UNSIGNED_TX
        )
    inputs = [
        (i.previous_txid or b"")
        + struct.pack("<I", i.output_index or 0)
        + b"\0"
        + struct.pack("<I", SEQUENCE_FINAL if i.sequence is None else i.sequence)
        for i in psbt.inputs
    ]
    outputs = [struct.pack("<q", o.amount or 0) + var_bytes(o.script or b"") for o in psbt.outputs]
    head = struct.pack("<i", psbt.global_map.tx_version or 0)
    return b"".join(
        [
            *(head, compact_size(len(inputs)), *inputs),
            *(compact_size(len(outputs)), *outputs, struct.pack("<I", psbt.tx.locktime)),
        ]
    )


class Recomputed:
    """The digests of one unsigned transaction, recomputed.

    Args:
        raw: The unsigned transaction.
        coins: What its inputs spend, in order.

    Raises:
        SelfCheckError: The bytes are not an unsigned transaction with as many inputs.
    """

    def __init__(self, raw: bytes, coins: Sequence[TxOut]) -> None:
        self._raw = raw
        self._coins = coins
        self._outpoints: list[bytes] = []
        self._sequences: list[bytes] = []
        self._script_at: list[int] = []
        try:
            self._read(Cursor(raw, "unsigned transaction"))
        except MalformedError as problem:
            raise SelfCheckError(f"self-check: {problem.message}") from None
        if len(self._outpoints) != len(coins):
            raise SelfCheckError("self-check: the number of inputs changed")
        everything = len(self._outpoints) + self._output_count
        self._library = len(self._outpoints) * everything <= _LIBRARY_COST
        self._segwit_v0: tuple[bytes, bytes] | None = None
        self._taproot: dict[int, bytes] = {}

    def _read(self, cursor: Cursor) -> None:
        self._version = cursor.read(4)
        for _ in range(cursor.compact_size()):
            self._outpoints.append(cursor.read(36))
            self._script_at.append(cursor.offset)
            if cursor.u8():
                raise cursor.error("a script in an input that is not signed yet")
            self._sequences.append(cursor.read(4))
        self._output_count = cursor.compact_size()
        start = cursor.offset
        for _ in range(self._output_count):
            cursor.read(8)
            cursor.var_bytes()
        self._outputs = self._raw[start : cursor.offset]
        self._locktime = cursor.read(4)
        cursor.finish()

    def legacy(self, index: int, code: bytes) -> bytes:
        """The legacy SIGHASH_ALL digest: the transaction with the script in this input's place."""
        at, whole = self._script_at[index], memoryview(self._raw)
        state = hashlib.sha256(whole[:at])
        state.update(var_bytes(code))
        state.update(whole[at + 1 :])
        state.update(_ALL)
        return self._agreed(hashlib.sha256(state.digest()).digest(), index, code, None)

    def segwit_v0(self, index: int, code: bytes) -> bytes:
        """The BIP-143 SIGHASH_ALL digest."""
        if self._segwit_v0 is None:
            prevouts = sha256d(b"".join(self._outpoints))
            sequences = sha256d(b"".join(self._sequences))
            tail = sha256d(self._outputs) + self._locktime + _ALL
            self._segwit_v0 = self._version + prevouts + sequences, tail
        head, tail = self._segwit_v0
        sats = self._coins[index].sats
        own = self._outpoints[index] + var_bytes(code) + struct.pack("<q", sats)
        return self._agreed(sha256d(head + own + self._sequences[index] + tail), index, code, sats)

    def taproot(self, index: int, sighash: int, leaf_hash: bytes | None) -> bytes:
        """The BIP-341 digest of all inputs and outputs, or with a leaf that of BIP-342."""
        head = self._taproot.get(sighash)
        if head is None:
            amounts = b"".join([struct.pack("<q", coin.sats) for coin in self._coins])
            scripts = b"".join([var_bytes(coin.script) for coin in self._coins])
            parts = (b"".join(self._outpoints), amounts, scripts)
            hashes = [*map(sha256, parts), sha256(b"".join(self._sequences)), sha256(self._outputs)]
            start = bytes((0, sighash)) + self._version + self._locktime
            head = self._taproot[sighash] = start + b"".join(hashes)
        spend = b"\0" if leaf_hash is None else b"\2"
        leaf = b"" if leaf_hash is None else leaf_hash + b"\0\xff\xff\xff\xff"
        return tagged_hash("TapSighash", head + spend + index.to_bytes(4, "little") + leaf)

    def _agreed(self, digest: bytes, index: int, code: bytes, sats: int | None) -> bytes:
        """The digest, if python-bitcoinlib finds the same for a small transaction.

        Raises:
            SelfCheckError: It finds another one.
        """
        if not self._library:
            return digest
        try:
            second = bitcoinlib_digest(self._raw, index, code, sighash=1, sats=sats)
        except MalformedError:  # a locktime from the year 2038 on
            return digest
        if second != digest:
            raise SelfCheckError(f"self-check: input {index}: two digests differ")
        return digest
