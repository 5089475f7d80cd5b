"""An output map as typed claims (BIP-174, BIP-370, BIP-371, BIP-373)."""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from coldsign.primitives.keypath import KeyOrigin
from coldsign.psbt import taproot as t
from coldsign.psbt import values as v
from coldsign.psbt.fields import Field, Out
from coldsign.psbt.memory import Memory
from coldsign.psbt.raw import NOTHING, Map

_V2_OUT: frozenset[Field] = frozenset({Out.AMOUNT, Out.SCRIPT})


class PsbtOutput(NamedTuple):
    """An output map (BIP-174, BIP-370, BIP-371, BIP-373). All of it is a claim.

    Attributes:
        map: The pairs as they arrived.
        redeem_script: What P2SH hashes.
        witness_script: What P2WSH hashes.
        bip32_derivations: Key origins by public key.
        amount: Satoshi; only in version 2.
        script: The output's script; only in version 2.
        tap_internal_key: The x-only internal key.
        tap_tree: The leaves of the script tree, in depth-first order.
        tap_bip32_derivations: Leaf hashes and key origin by x-only key.
        musig2_participants: Participants' keys by aggregate key.
        unknown_count: Pairs without a meaning here; they are kept and never shown.
    """

    map: Map
    redeem_script: bytes | None = None
    witness_script: bytes | None = None
    bip32_derivations: Mapping[bytes, KeyOrigin] = NOTHING
    amount: int | None = None
    script: bytes | None = None
    tap_internal_key: bytes | None = None
    tap_tree: tuple[t.TreeLeaf, ...] | None = None
    tap_bip32_derivations: Mapping[bytes, t.LeafOrigin] = NOTHING
    musig2_participants: Mapping[bytes, tuple[bytes, ...]] = NOTHING
    unknown_count: int = 0

    @classmethod
    def read(cls, m: Map, version: int, memory: Memory) -> "PsbtOutput":
        """Read the fields; amount and script stand here only in version 2.

        Raises:
            MalformedError: A field is malformed, missing, or of the other version.
        """
        if not version:
            if not m.pairs:
                return cls(m)
            m.forbid(_V2_OUT, v.ONLY_V2)
        return cls(
            map=m,
            redeem_script=m.one(Out.REDEEM_SCRIPT, bytes),
            witness_script=m.one(Out.WITNESS_SCRIPT, bytes),
            bip32_derivations=m.many(
                Out.BIP32_DERIVATION, memory.public_key, KeyOrigin.parse_bytes
            ),
            amount=m.require(Out.AMOUNT, v.sats) if version else None,
            script=m.require(Out.SCRIPT, bytes) if version else None,
            tap_internal_key=m.one(Out.TAP_INTERNAL_KEY, memory.xonly_key),
            tap_tree=m.one(Out.TAP_TREE, partial(t.tap_tree, memory)),
            tap_bip32_derivations=m.many(Out.TAP_BIP32_DERIVATION, memory.xonly_key, t.leaf_origin),
            musig2_participants=m.many(
                Out.MUSIG2_PARTICIPANT_PUBKEYS, memory.compressed_key, memory.keys
            ),
            unknown_count=v.unknown_count(m),
        )
