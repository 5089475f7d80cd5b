"""An input map as typed claims (BIP-174, BIP-127, BIP-370, BIP-371, BIP-373)."""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from coldsign.primitives.hashes import hash160, ripemd160, sha256, sha256d
from coldsign.primitives.keypath import KeyOrigin
from coldsign.primitives.tx import Transaction, TxOut
from coldsign.psbt import taproot as t
from coldsign.psbt import values as v
from coldsign.psbt.fields import Field, In
from coldsign.psbt.memory import Memory, Musig2Key
from coldsign.psbt.raw import NOTHING, Map

_V2_IN: frozenset[Field] = frozenset(
    {
        In.PREVIOUS_TXID,
        In.OUTPUT_INDEX,
        In.SEQUENCE,
        In.REQUIRED_TIME_LOCKTIME,
        In.REQUIRED_HEIGHT_LOCKTIME,
    }
)
_COMMON_IN = frozenset(range(In.FINAL_SCRIPTWITNESS + 1))
"""BIP-174's own fields, which segwit version 0 needs: nine of ten PSBTs have no others."""


class PsbtInput(NamedTuple):
    """An input map (BIP-174, BIP-127, BIP-370, BIP-371, BIP-373). All of it is a claim.

    Attributes:
        map: The pairs as they arrived.
        non_witness_utxo: The whole previous transaction.
        non_witness_utxo_txid: Its id, recomputed, in internal byte order.
        witness_utxo: The output that is spent.
        partial_sigs: ECDSA signatures with their sighash byte, by public key.
        sighash_type: The type signatures must have.
        redeem_script: What P2SH hashes.
        witness_script: What P2WSH hashes.
        bip32_derivations: Key origins by public key.
        final_script_sig: The complete scriptSig.
        final_script_witness: The complete witness, serialised.
        por_commitment: The message of a proof of reserves: this is no transaction to broadcast.
        preimages: Hash preimages by hash.
        previous_txid: The coin's transaction id in internal byte order; only in version 2.
        output_index: The coin's output number; only in version 2.
        sequence: The input's sequence; only in version 2.
        required_time_locktime: Earliest Unix time; only in version 2.
        required_height_locktime: Lowest block height; only in version 2.
        tap_key_sig: Schnorr signature of the key path.
        tap_script_sigs: Schnorr signatures by x-only key and leaf hash.
        tap_leaf_scripts: Script and leaf version by control block.
        tap_bip32_derivations: Leaf hashes and key origin by x-only key.
        tap_internal_key: The x-only internal key.
        tap_merkle_root: The root of the script tree.
        musig2_participants: Participants' keys by aggregate key.
        musig2_pub_nonces: Public nonces by who gives them.
        musig2_partial_sigs: Partial signatures by who gives them.
        unknown_count: Pairs without a meaning here; they are kept and never shown.
    """

    map: Map
    non_witness_utxo: Transaction | None
    non_witness_utxo_txid: bytes | None
    witness_utxo: TxOut | None
    partial_sigs: Mapping[bytes, bytes]
    sighash_type: int | None
    redeem_script: bytes | None
    witness_script: bytes | None
    bip32_derivations: Mapping[bytes, KeyOrigin]
    final_script_sig: bytes | None
    final_script_witness: bytes | None
    por_commitment: str | None = None
    preimages: Mapping[bytes, bytes] = NOTHING
    previous_txid: bytes | None = None
    output_index: int | None = None
    sequence: int | None = None
    required_time_locktime: int | None = None
    required_height_locktime: int | None = None
    tap_key_sig: bytes | None = None
    tap_script_sigs: Mapping[tuple[bytes, bytes], bytes] = NOTHING
    tap_leaf_scripts: Mapping[bytes, tuple[bytes, int]] = NOTHING
    tap_bip32_derivations: Mapping[bytes, t.LeafOrigin] = NOTHING
    tap_internal_key: bytes | None = None
    tap_merkle_root: bytes | None = None
    musig2_participants: Mapping[bytes, tuple[bytes, ...]] = NOTHING
    musig2_pub_nonces: Mapping[Musig2Key, bytes] = NOTHING
    musig2_partial_sigs: Mapping[Musig2Key, bytes] = NOTHING
    unknown_count: int = 0

    @classmethod
    def read(cls, m: Map, version: int, memory: Memory) -> "PsbtInput":
        """Read the fields; the coin itself stands here only in version 2.

        Raises:
            MalformedError: A field is malformed, missing, or of the other version.
        """
        previous = m.one(In.NON_WITNESS_UTXO, memory.previous_tx)
        found = cls(
            map=m,
            non_witness_utxo=previous and previous.tx,
            non_witness_utxo_txid=previous and previous.txid,
            witness_utxo=m.one(In.WITNESS_UTXO, v.txout),
            partial_sigs=m.many(In.PARTIAL_SIG, memory.public_key, v.ecdsa_signature),
            sighash_type=m.one(In.SIGHASH_TYPE, v.u32),
            redeem_script=m.one(In.REDEEM_SCRIPT, bytes),
            witness_script=m.one(In.WITNESS_SCRIPT, bytes),
            bip32_derivations=m.many(In.BIP32_DERIVATION, memory.public_key, KeyOrigin.parse_bytes),
            final_script_sig=m.one(In.FINAL_SCRIPTSIG, bytes),
            final_script_witness=m.one(In.FINAL_SCRIPTWITNESS, memory.script_witness),
        )
        if not version and _COMMON_IN.issuperset(m.fields):
            return found
        return found._with_rare(version, memory)

    def _with_rare(self, version: int, memory: Memory) -> "PsbtInput":
        """Read the fields that a PSBT of version 0 for segwit version 0 does not have."""
        m = self.map
        if not version:
            m.forbid(_V2_IN, v.ONLY_V2)
        found = self._replace(
            por_commitment=m.one(In.POR_COMMITMENT, v.utf8),
            preimages=_preimages(m),
            previous_txid=m.require(In.PREVIOUS_TXID, v.hash32) if version else None,
            output_index=m.require(In.OUTPUT_INDEX, v.u32) if version else None,
            sequence=m.one(In.SEQUENCE, v.u32),
            required_time_locktime=m.one(In.REQUIRED_TIME_LOCKTIME, v.time_locktime),
            required_height_locktime=m.one(In.REQUIRED_HEIGHT_LOCKTIME, v.height_locktime),
            tap_key_sig=m.one(In.TAP_KEY_SIG, v.schnorr_signature),
            tap_script_sigs=m.many(
                In.TAP_SCRIPT_SIG, partial(t.script_sig_key, memory), v.schnorr_signature
            ),
            tap_leaf_scripts=m.many(
                In.TAP_LEAF_SCRIPT, partial(t.control_block, memory), t.leaf_script
            ),
            tap_bip32_derivations=m.many(In.TAP_BIP32_DERIVATION, memory.xonly_key, t.leaf_origin),
            tap_internal_key=m.one(In.TAP_INTERNAL_KEY, memory.xonly_key),
            tap_merkle_root=m.one(In.TAP_MERKLE_ROOT, v.hash32),
            musig2_participants=m.many(
                In.MUSIG2_PARTICIPANT_PUBKEYS, memory.compressed_key, memory.keys
            ),
            musig2_pub_nonces=m.many(In.MUSIG2_PUB_NONCE, memory.musig2_key, memory.public_nonce),
            musig2_partial_sigs=m.many(In.MUSIG2_PARTIAL_SIG, memory.musig2_key, v.hash32),
            unknown_count=v.unknown_count(m),
        )
        m.check(In.TAP_LEAF_SCRIPT, t.same_leaf_version, "not the control block's leaf version")
        return found


def _preimages(m: Map) -> dict[bytes, bytes]:
    """Hash preimages, checked against their hashes."""
    found = {
        **m.many(In.RIPEMD160, v.hash20, bytes),
        **m.many(In.SHA256, v.hash32, bytes),
        **m.many(In.HASH160, v.hash20, bytes),
        **m.many(In.HASH256, v.hash32, bytes),
    }
    for field, digest in (
        (In.RIPEMD160, ripemd160),
        (In.SHA256, sha256),
        (In.HASH160, hash160),
        (In.HASH256, sha256d),
    ):
        m.check(field, partial(v.is_preimage, digest), "not the hash's preimage")
    return found
