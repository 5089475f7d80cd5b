"""Decoders that are worth remembering: curve points and previous transactions repeat in a PSBT.

Each raises ``MalformedError`` with the reason; the map adds which field it was and where.
"""

from typing import NamedTuple

from coldsign.errors import MalformedError
from coldsign.primitives.tx import Transaction
from coldsign.psbt.values import witness_stack

MAX_PREVIOUS_TX = 400_000
"""Bytes of one previous transaction: nodes relay none above 400,000 weight units, and each byte
weighs at least one."""

OFF_CURVE = "not a public key on secp256k1"
OFF_CURVE_XONLY = "not an x-only public key on secp256k1"

MAX_PARTS = 200_000
"""Inputs, outputs and witness items of previous transactions, leaves of script trees, and items of
final witnesses, in all. Each costs a microsecond and 100 bytes however short it is; four megabytes of
previous transactions with ordinary outputs have 120,000."""


class Musig2Key(NamedTuple):
    """Who gives a MuSig2 nonce or partial signature, and for what.

    Attributes:
        participant: The giver's compressed public key.
        aggregate: The compressed aggregate public key.
        leaf_hash: The tapleaf that is signed; None for the key path.
    """

    participant: bytes
    aggregate: bytes
    leaf_hash: bytes | None


class PreviousTx(NamedTuple):
    """A previous transaction and its id, computed once.

    Attributes:
        tx: The transaction.
        txid: Its id in internal byte order.
    """

    tx: Transaction
    txid: bytes


class Memory:
    """What one parse has already worked out, so that equal bytes are worked out once.

    A PSBT repeats its public keys (in derivations, signatures and leaves), and inputs that spend
    outputs of one transaction repeat it whole.

    Public keys are looked at for their form only and gathered in ``points``: whether they are on the
    curve costs more than all else, and is free for keys that someone derives anyway.
    """

    __slots__ = ("_left", "_previous", "points", "xonly")

    def __init__(self) -> None:
        self.points: set[bytes] = set()
        self.xonly: set[bytes] = set()
        self._left = MAX_PARTS
        self._previous: dict[bytes, PreviousTx] = {}

    def spend(self, parts: int) -> None:
        """Count small parts read out of values.

        Raises:
            MalformedError: There are more than ``MAX_PARTS`` of them.
        """
        self._left -= parts
        if self._left < 0:
            raise MalformedError(f"more than {MAX_PARTS} outputs, witness items and leaves in all")

    def public_key(self, data: bytes) -> bytes:
        """A public key of 33 or 65 bytes."""
        size = len(data)
        if not ((size == 33 and data[0] in {2, 3}) or (size == 65 and data[0] == 4)):
            raise MalformedError(OFF_CURVE)  # the hybrid forms 6 and 7 are no wallet's
        self.points.add(data)
        return data

    def compressed_key(self, data: bytes) -> bytes:
        """A public key of 33 bytes."""
        if len(data) != 33:
            raise MalformedError(f"a compressed public key has 33 bytes, not {len(data)}")
        return self.public_key(data)

    def xonly_key(self, data: bytes) -> bytes:
        """An x-only public key (BIP-340)."""
        if len(data) != 32:
            raise MalformedError(OFF_CURVE_XONLY)
        self.xonly.add(data)
        return data

    def previous_tx(self, data: bytes) -> PreviousTx:
        """A whole previous transaction, with or without its witnesses."""
        known = self._previous.get(data)
        if known is None:
            if len(data) > MAX_PREVIOUS_TX:
                raise MalformedError(
                    f"{len(data)} bytes are more than a previous transaction may have"
                )
            tx = Transaction.parse(data, "previous transaction")
            self.spend(len(tx.inputs) + len(tx.outputs) + sum(map(len, tx.witnesses)))
            known = self._previous[data] = PreviousTx(tx, tx.txid())
        return known

    def script_witness(self, data: bytes) -> bytes:
        """A final scriptWitness, kept as it came."""
        self.spend(len(witness_stack(data)))
        return data

    def keys(self, data: bytes) -> tuple[bytes, ...]:
        """MuSig2 participants: compressed keys, one after the other (BIP-373)."""
        if not data or len(data) % 33:
            raise MalformedError(f"participant keys have 33 bytes each, not {len(data)} in all")
        return tuple(self.compressed_key(data[at : at + 33]) for at in range(0, len(data), 33))

    def musig2_key(self, data: bytes) -> Musig2Key:
        """The key data of a MuSig2 nonce or partial signature (BIP-373)."""
        if len(data) not in {66, 98}:
            raise MalformedError(f"the key data has 66 or 98 bytes, not {len(data)}")
        participant, aggregate = self.compressed_key(data[:33]), self.compressed_key(data[33:66])
        return Musig2Key(participant, aggregate, data[66:] or None)

    def public_nonce(self, data: bytes) -> bytes:
        """A MuSig2 public nonce: two points (BIP-327)."""
        if len(data) != 66:
            raise MalformedError(f"a public nonce has 66 bytes, not {len(data)}")
        self.compressed_key(data[:33])
        self.compressed_key(data[33:])
        return data

    def extended_key(self, data: bytes) -> bytes:
        """The 78 bytes of an extended public key (BIP-32)."""
        if len(data) != 78:
            raise MalformedError(f"an extended public key has 78 bytes, not {len(data)}")
        if not data[4] and any(data[5:13]):
            raise MalformedError("a master key has no parent fingerprint and no child number")
        self.compressed_key(data[45:])
        return data
