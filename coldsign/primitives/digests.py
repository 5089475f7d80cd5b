"""What a signature signs: the legacy, BIP-143 and BIP-341/342 digests of one transaction.

Everything that inputs share is hashed once, and only when it is needed; an input then costs a few
hundred bytes of hashing. Only the legacy digest still hashes the whole transaction for each input,
as consensus defines it, from a copied state and one buffer. An annex is never signed.
"""

import struct
from enum import IntEnum
from functools import cached_property
from hashlib import sha256 as _sha256
from typing import TYPE_CHECKING

from coldsign.errors import MalformedError
from coldsign.primitives.cursor import compact_size, var_bytes
from coldsign.primitives.hashes import sha256, sha256d, tagged_state
from coldsign.primitives.tx import Transaction, TxOut

if TYPE_CHECKING:
    from hashlib import _Hash


class Sighash(IntEnum):
    """Which outputs are signed (BIP-341, "Common signature message")."""

    DEFAULT = 0
    ALL = 1
    NONE = 2
    SINGLE = 3


ANYONECANPAY = 0x80
"""Added to a type: of the inputs, only this one is signed."""

_ECDSA_TYPES = {
    base | flag: (int(base), bool(flag)) for base in list(Sighash)[1:] for flag in (0, ANYONECANPAY)
}
_TAPROOT_TYPES = {0: (0, False)} | _ECDSA_TYPES
_BLANK = 41
"""Bytes of an input whose script is empty."""
_ZERO = bytes(32)
_KEY_PATH = b"\0"
_SCRIPT_PATH = b"\2"
_LEAF_TAIL = b"\0\xff\xff\xff\xff"
"""Key version 0, and no OP_CODESEPARATOR executed (BIP-342)."""


def _type_of(sighash: int, known: dict[int, tuple[int, bool]]) -> tuple[int, bool]:
    """Which outputs are signed, and whether of the inputs only this one is."""
    try:
        return known[sighash]
    except KeyError:
        raise MalformedError(f"sighash type {sighash:#04x} does not exist") from None


class Digests:
    """The digests of one transaction.

    Args:
        tx: The transaction.
        prevouts: The coins its inputs spend, in order; only the taproot digests need them.
    """

    def __init__(self, tx: Transaction, prevouts: tuple[TxOut, ...] = ()) -> None:
        self._tx = tx
        self._prevouts = prevouts
        self._version = tx.version.to_bytes(4, "little", signed=True)
        self._locktime = struct.pack("<I", tx.locktime)
        self._messages: dict[int, _Hash] = {}

    def segwit_v0(self, index: int, script_code: bytes, sats: int, sighash: int) -> bytes:
        """The BIP-143 digest of one input.

        Args:
            index: The input.
            script_code: The witness script, or the P2PKH script of a P2WPKH key.
            sats: The amount of the coin it spends.
            sighash: The sighash type.

        Raises:
            MalformedError: There is no such sighash type.
        """
        base, alone = _type_of(sighash, _ECDSA_TYPES)
        txin = self._tx.inputs[index]
        if sighash == Sighash.ALL:
            state, outputs = self._v0_all.copy(), self._v0_tail
        else:
            state = _sha256(self._version + self._v0_hashes(base, alone=alone))
            outputs = self._v0_outputs(base, index) + self._locktime
        amount = struct.pack("<qI", sats, txin.sequence)
        state.update(txin.outpoint.serialize() + var_bytes(script_code) + amount + outputs)
        state.update(struct.pack("<I", sighash))
        return _sha256(state.digest()).digest()

    @cached_property
    def _v0_all(self) -> "_Hash":
        """The state after what all inputs signed with SIGHASH_ALL begin with."""
        return _sha256(self._version + self._v0_hashes(Sighash.ALL, alone=False))

    @cached_property
    def _v0_tail(self) -> bytes:
        return self._v0_outputs(Sighash.ALL, 0) + self._locktime

    def _v0_hashes(self, base: int, *, alone: bool) -> bytes:
        prevouts = _ZERO if alone else sha256(self._sha_prevouts)
        sequences = _ZERO if alone or base != Sighash.ALL else sha256(self._sha_sequences)
        return prevouts + sequences

    def _v0_outputs(self, base: int, index: int) -> bytes:
        if base == Sighash.ALL:
            return sha256(self._sha_outputs)
        if base == Sighash.SINGLE and index < len(self._tx.outputs):
            return sha256d(self._tx.outputs[index].serialize())
        return _ZERO

    def taproot(self, index: int, sighash: int, leaf_hash: bytes | None = None) -> bytes:
        """The BIP-341 digest of one input, or with a leaf the one of BIP-342.

        Args:
            index: The input.
            sighash: The sighash type; 0 is the default, which signs as ALL.
            leaf_hash: The leaf that is spent, or None for the key path.

        Raises:
            MalformedError: There is no such sighash type, no output for SINGLE, or not every coin
                that is spent was given.
        """
        base, alone = _type_of(sighash, _TAPROOT_TYPES)
        if len(self._prevouts) != len(self._tx.inputs):
            raise MalformedError("a taproot signature needs the coins of all inputs")
        state = self._message(sighash).copy()
        state.update(_KEY_PATH if leaf_hash is None else _SCRIPT_PATH)
        state.update(self._one_input(index) if alone else struct.pack("<I", index))
        if base == Sighash.SINGLE:
            if index >= len(self._tx.outputs):
                raise MalformedError(f"input {index}: no output for a SINGLE signature")
            state.update(sha256(self._tx.outputs[index].serialize()))
        if leaf_hash is not None:
            state.update(leaf_hash + _LEAF_TAIL)
        return state.digest()

    def _one_input(self, index: int) -> bytes:
        txin, coin = self._tx.inputs[index], self._prevouts[index]
        return txin.outpoint.serialize() + coin.serialize() + struct.pack("<I", txin.sequence)

    def _message(self, sighash: int) -> "_Hash":
        """The state after what all inputs signed with this type begin with."""
        if (state := self._messages.get(sighash)) is not None:
            return state
        base, alone = _type_of(sighash, _TAPROOT_TYPES)
        state = tagged_state("TapSighash")
        state.update(b"\0" + bytes((sighash,)) + self._version + self._locktime)
        if not alone:
            state.update(self._sha_prevouts + self._sha_amounts + self._sha_scripts)
            state.update(self._sha_sequences)
        if base in {Sighash.DEFAULT, Sighash.ALL}:
            state.update(self._sha_outputs)
        self._messages[sighash] = state
        return state

    @cached_property
    def _sha_prevouts(self) -> bytes:
        return sha256(b"".join([txin.outpoint.serialize() for txin in self._tx.inputs]))

    @cached_property
    def _sha_sequences(self) -> bytes:
        sequences = [txin.sequence for txin in self._tx.inputs]
        return sha256(struct.pack(f"<{len(sequences)}I", *sequences))

    @cached_property
    def _sha_outputs(self) -> bytes:
        return sha256(b"".join([out.serialize() for out in self._tx.outputs]))

    @cached_property
    def _sha_amounts(self) -> bytes:
        amounts = [coin.sats for coin in self._prevouts]
        return sha256(struct.pack(f"<{len(amounts)}q", *amounts))

    @cached_property
    def _sha_scripts(self) -> bytes:
        return sha256(b"".join([var_bytes(coin.script) for coin in self._prevouts]))

    def legacy(self, index: int, script_code: bytes, sighash: int) -> bytes:
        """The digest of an input that is no witness program.

        Args:
            index: The input.
            script_code: The redeem script or output script, without any OP_CODESEPARATOR.
            sighash: The sighash type.

        Raises:
            MalformedError: There is no such sighash type, or no output for SINGLE (where consensus
                would have the number one signed).
        """
        base, alone = _type_of(sighash, _ECDSA_TYPES)
        txin = self._tx.inputs[index]
        own = var_bytes(script_code) + struct.pack("<I", txin.sequence)
        kind = struct.pack("<I", sighash)
        if sighash != Sighash.ALL:
            own = txin.outpoint.serialize() + own
            return sha256d(self._legacy_message(index, own, base, alone=alone) + kind)
        state = self._legacy_states[index].copy()
        state.update(txin.outpoint.serialize() + own)
        state.update(memoryview(self._legacy_blanks)[_BLANK * (index + 1) :])
        state.update(self._legacy_outputs)
        state.update(kind)
        return _sha256(state.digest()).digest()

    @cached_property
    def _legacy_blanks(self) -> bytes:
        """All inputs with empty scripts."""
        return b"".join(
            [
                txin.outpoint.serialize() + b"\0" + struct.pack("<I", txin.sequence)
                for txin in self._tx.inputs
            ]
        )

    @cached_property
    def _legacy_states(self) -> "list[_Hash]":
        """For each input the state before it."""
        state = _sha256(self._version + compact_size(len(self._tx.inputs)))
        states: list[_Hash] = []
        for start in range(0, len(self._legacy_blanks), _BLANK):
            states.append(state.copy())
            state.update(self._legacy_blanks[start : start + _BLANK])
        return states

    @cached_property
    def _legacy_outputs(self) -> bytes:
        outputs = [out.serialize() for out in self._tx.outputs]
        return compact_size(len(outputs)) + b"".join(outputs) + self._locktime

    def _legacy_message(self, index: int, own: bytes, base: int, *, alone: bool) -> bytes:
        """The message of a type other than ALL, whose own input is already written."""
        inputs = [own]
        if not alone:
            inputs = [
                txin.outpoint.serialize()
                + b"\0"
                + (struct.pack("<I", txin.sequence) if base == Sighash.ALL else bytes(4))
                for txin in self._tx.inputs
            ]
            inputs[index] = own
        head = self._version + compact_size(len(inputs)) + b"".join(inputs)
        return head + self._legacy_some_outputs(index, base)

    def _legacy_some_outputs(self, index: int, base: int) -> bytes:
        if base == Sighash.ALL:
            return self._legacy_outputs
        if base == Sighash.NONE:
            return b"\0" + self._locktime
        if index >= len(self._tx.outputs):
            raise MalformedError(f"input {index}: no output for a SINGLE signature")
        empty = TxOut(-1, b"").serialize() * index
        own = self._tx.outputs[index].serialize()
        return compact_size(index + 1) + empty + own + self._locktime
