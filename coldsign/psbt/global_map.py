"""The global map as typed claims (BIP-174, BIP-370)."""

from collections.abc import Mapping
from dataclasses import dataclass

from coldsign.primitives.keypath import KeyOrigin
from coldsign.primitives.tx import Transaction
from coldsign.psbt import values as v
from coldsign.psbt.fields import Field, Global
from coldsign.psbt.memory import Memory
from coldsign.psbt.raw import Map

_ONLY_V0 = "a field of version 0 in a PSBT of version 2"
_V0_GLOBAL: frozenset[Field] = frozenset({Global.UNSIGNED_TX})
_V2_GLOBAL: frozenset[Field] = frozenset(
    {
        Global.TX_VERSION,
        Global.FALLBACK_LOCKTIME,
        Global.INPUT_COUNT,
        Global.OUTPUT_COUNT,
        Global.TX_MODIFIABLE,
    }
)


@dataclass(frozen=True, slots=True)
class GlobalMap:
    """The global map (BIP-174, BIP-370).

    Attributes:
        map: The pairs as they arrived.
        version: The PSBT's version, 0 or 2.
        unsigned_tx: The transaction without signatures; only in version 0.
        xpubs: Origins of extended public keys, by their 78 bytes. They never define a wallet.
        tx_version: The transaction's version; only in version 2.
        fallback_locktime: The locktime if no input requires one; only in version 2.
        input_count: Number of input maps; only in version 2.
        output_count: Number of output maps; only in version 2.
        tx_modifiable: What others may still change, as bits; only in version 2.
        unknown_count: Pairs without a meaning here; they are kept and never shown.
    """

    map: Map
    version: int
    unsigned_tx: Transaction | None
    xpubs: Mapping[bytes, KeyOrigin]
    tx_version: int | None
    fallback_locktime: int | None
    input_count: int | None
    output_count: int | None
    tx_modifiable: int | None
    unknown_count: int

    @classmethod
    def read(cls, m: Map, memory: Memory) -> "GlobalMap":
        """Read the fields of BIP-174 and BIP-370.

        Raises:
            MalformedError: A field is malformed, missing, or of the other version.
        """
        version = m.one(Global.VERSION, v.psbt_version) or 0
        if version:
            m.forbid(_V0_GLOBAL, _ONLY_V0)
        else:
            m.forbid(_V2_GLOBAL, v.ONLY_V2)
        xpubs = m.many(Global.XPUB, memory.extended_key, KeyOrigin.parse_bytes)
        m.check(Global.XPUB, v.same_depth, "the path is not as long as the key is deep")
        return cls(
            map=m,
            version=version,
            unsigned_tx=None if version else m.require(Global.UNSIGNED_TX, v.unsigned_tx),
            xpubs=xpubs,
            tx_version=m.require(Global.TX_VERSION, v.i32) if version else None,
            fallback_locktime=m.one(Global.FALLBACK_LOCKTIME, v.u32),
            input_count=m.require(Global.INPUT_COUNT, v.count) if version else None,
            output_count=m.require(Global.OUTPUT_COUNT, v.count) if version else None,
            tx_modifiable=m.one(Global.TX_MODIFIABLE, v.u8),
            unknown_count=v.unknown_count(m),
        )
