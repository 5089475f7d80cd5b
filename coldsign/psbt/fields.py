"""The key types of every PSBT map, by the names their BIPs give them."""

from enum import IntEnum

PROPRIETARY = 0xFC
"""The one key type that all three kinds of map share."""


class Field(IntEnum):
    """A key type of one kind of map."""

    @property
    def bip_name(self) -> str:
        """The name in the BIP's tables, such as ``PSBT_IN_WITNESS_UTXO``."""
        return _PREFIXES[type(self)] + self.name


class Global(Field):
    """Key types of the global map (BIP-174, BIP-370)."""

    UNSIGNED_TX = 0x00
    XPUB = 0x01
    TX_VERSION = 0x02
    FALLBACK_LOCKTIME = 0x03
    INPUT_COUNT = 0x04
    OUTPUT_COUNT = 0x05
    TX_MODIFIABLE = 0x06
    VERSION = 0xFB
    PROPRIETARY = PROPRIETARY


class In(Field):
    """Key types of an input map (BIP-174, BIP-127, BIP-370, BIP-371, BIP-373)."""

    NON_WITNESS_UTXO = 0x00
    WITNESS_UTXO = 0x01
    PARTIAL_SIG = 0x02
    SIGHASH_TYPE = 0x03
    REDEEM_SCRIPT = 0x04
    WITNESS_SCRIPT = 0x05
    BIP32_DERIVATION = 0x06
    FINAL_SCRIPTSIG = 0x07
    FINAL_SCRIPTWITNESS = 0x08
    POR_COMMITMENT = 0x09
    RIPEMD160 = 0x0A
    SHA256 = 0x0B
    HASH160 = 0x0C
    HASH256 = 0x0D
    PREVIOUS_TXID = 0x0E
    OUTPUT_INDEX = 0x0F
    SEQUENCE = 0x10
    REQUIRED_TIME_LOCKTIME = 0x11
    REQUIRED_HEIGHT_LOCKTIME = 0x12
    TAP_KEY_SIG = 0x13
    TAP_SCRIPT_SIG = 0x14
    TAP_LEAF_SCRIPT = 0x15
    TAP_BIP32_DERIVATION = 0x16
    TAP_INTERNAL_KEY = 0x17
    TAP_MERKLE_ROOT = 0x18
    MUSIG2_PARTICIPANT_PUBKEYS = 0x1A
    MUSIG2_PUB_NONCE = 0x1B
    MUSIG2_PARTIAL_SIG = 0x1C
    PROPRIETARY = PROPRIETARY


class Out(Field):
    """Key types of an output map (BIP-174, BIP-370, BIP-371, BIP-373)."""

    REDEEM_SCRIPT = 0x00
    WITNESS_SCRIPT = 0x01
    BIP32_DERIVATION = 0x02
    AMOUNT = 0x03
    SCRIPT = 0x04
    TAP_INTERNAL_KEY = 0x05
    TAP_TREE = 0x06
    TAP_BIP32_DERIVATION = 0x07
    MUSIG2_PARTICIPANT_PUBKEYS = 0x08
    PROPRIETARY = PROPRIETARY


_PREFIXES: dict[type[Field], str] = {Global: "PSBT_GLOBAL_", In: "PSBT_IN_", Out: "PSBT_OUT_"}

KNOWN: dict[type[Field], frozenset[int]] = {
    kind: frozenset(int(field) for field in kind if field.name != "PROPRIETARY")
    for kind in _PREFIXES
}
"""The key types whose meaning we know, for each kind of map."""


def field_name(kind: type[Field], number: int) -> str:
    """The BIPs' name of a key type in one kind of map; its number where none of them has one."""
    try:
        return kind(number).bip_name
    except ValueError:
        return f"{_PREFIXES[kind]}{number:#04x}"


def map_name(kind: type[Field], index: int) -> str:
    """What a person calls a map: ``global map``, ``input 3``, ``output 0``."""
    if kind is Global:
        return "global map"
    return f"input {index}" if kind is In else f"output {index}"
