"""What the bytes of a key or a value mean: strict decoders for BIP-174, BIP-370 and BIP-373 fields.

Each takes exactly the bytes of one key's data or one value, and raises ``MalformedError`` with the
reason; the map adds which field it was and where.
"""

from collections.abc import Callable
from typing import NoReturn

from coldsign.errors import MalformedError
from coldsign.primitives.amount import MAX_MONEY
from coldsign.primitives.cursor import Cursor
from coldsign.primitives.locks import LOCKTIME_THRESHOLD
from coldsign.primitives.secp import der_decode
from coldsign.primitives.tx import Transaction, TxOut
from coldsign.psbt.fields import PROPRIETARY
from coldsign.psbt.raw import Map

MAX_WITNESS_ITEMS = 1003
"""A stack holds 1,000 items by consensus; taproot adds script, control block and annex."""

MAX_UNSIGNED_TX = 120_000
"""Bytes of the unsigned transaction: each weighs four units, and nodes relay none above 400,000. A little
more is read, so that the review can say so; much more would take it seconds to show."""

ONLY_V2 = "a field of version 2 in a PSBT of version 0"


def refuse(reason: str) -> NoReturn:
    """Raise the reason; an expression, for decoders of one line."""
    raise MalformedError(reason)


def sized(size: int) -> Callable[[bytes], bytes]:
    """A decoder of exactly so many bytes."""

    def decode(data: bytes) -> bytes:
        if len(data) != size:
            raise MalformedError(f"{size} bytes wanted, not {len(data)}")
        return data

    return decode


hash20 = sized(20)
hash32 = sized(32)
_one_byte, _four_bytes, _eight_bytes = sized(1), sized(4), sized(8)


def u8(data: bytes) -> int:
    """An 8-bit number."""
    return _one_byte(data)[0]


def u32(data: bytes) -> int:
    """A 32-bit number, little endian, unsigned."""
    return int.from_bytes(_four_bytes(data), "little")


def i32(data: bytes) -> int:
    """A 32-bit number, little endian, signed."""
    return int.from_bytes(_four_bytes(data), "little", signed=True)


def sats(data: bytes) -> int:
    """An amount in satoshi that can exist."""
    return in_range(int.from_bytes(_eight_bytes(data), "little", signed=True))


def in_range(amount: int) -> int:
    """An amount in satoshi that can exist."""
    if not 0 <= amount <= MAX_MONEY:
        raise MalformedError(f"{amount} sats is no amount of bitcoin")
    return amount


def count(data: bytes) -> int:
    """A CompactSize and nothing else."""
    cursor = Cursor(data, "count")
    number = cursor.compact_size()
    cursor.finish()
    return number


def time_locktime(data: bytes) -> int:
    """A locktime that is a Unix time."""
    value = u32(data)
    return value if value >= LOCKTIME_THRESHOLD else refuse(f"{value} is no Unix time")


def height_locktime(data: bytes) -> int:
    """A locktime that is a block height above 0."""
    value = u32(data)
    return value if 0 < value < LOCKTIME_THRESHOLD else refuse(f"{value} is no block height")


def txout(data: bytes) -> TxOut:
    """An amount and a script, and nothing else."""
    if len(data) > 8 and data[8] < 0xFD and len(data) == 9 + data[8]:  # nearly always: no cursor
        return TxOut(sats(data[:8]), data[9:])
    cursor = Cursor(data, "output")
    amount = in_range(cursor.i64())
    script = cursor.var_bytes()
    cursor.finish()
    return TxOut(amount, script)


def utf8(data: bytes) -> str:
    """Text."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise MalformedError("not UTF-8") from None


def ecdsa_signature(data: bytes) -> bytes:
    """A strict DER signature and its sighash byte, as a script would push them."""
    der_decode(data[:-1])
    return data


def schnorr_signature(data: bytes) -> bytes:
    """64 bytes, or 65 with a sighash byte that is not zero (BIP-341)."""
    if len(data) != 64 and (len(data) != 65 or not data[64]):
        raise MalformedError(
            "a taproot signature has 64 bytes, or 65 with a sighash byte that is not 0"
        )
    return data


def witness_stack(data: bytes) -> tuple[bytes, ...]:
    """The items of a final scriptWitness, and nothing else."""
    cursor = Cursor(data, "witness")
    items = cursor.compact_size()
    if items > MAX_WITNESS_ITEMS:
        raise MalformedError(f"{items} witness items are more than any script can use")
    stack = tuple(cursor.var_bytes() for _ in range(items))
    cursor.finish()
    return stack


def psbt_version(data: bytes) -> int:
    """The version of the PSBT: 0 or 2; there is no 1 (BIP-370)."""
    version = u32(data)
    return version if version in {0, 2} else refuse(f"there is no PSBT version {version}")


def unsigned_tx(data: bytes) -> Transaction:
    """A transaction without witnesses, with empty scriptSigs and amounts that can exist."""
    demand_relayable(len(data))
    tx = Transaction.parse_unsigned(data)
    for index, txin in enumerate(tx.inputs):
        if txin.script_sig:
            raise MalformedError(f"the scriptSig of input {index} is not empty")
    for output in tx.outputs:
        in_range(output.sats)
    return tx


def demand_relayable(size: int) -> None:
    """Refuse an unsigned transaction of so many bytes that nobody could sign and send it.

    Raises:
        MalformedError: It has more than ``MAX_UNSIGNED_TX``.
    """
    if size > MAX_UNSIGNED_TX:
        raise MalformedError(
            f"{size} bytes are more than an unsigned transaction may have",
            hint="split the withdrawal into smaller ones",
        )


def proprietary_key(data: bytes) -> bytes:
    """The key data of a proprietary pair: an identifier, a subtype, and anything."""
    cursor = Cursor(data, "proprietary key")
    cursor.var_bytes()
    cursor.compact_size()
    return data


def unknown_count(m: Map) -> int:
    """How many pairs have no meaning here; proprietary ones among them are at least well formed.

    Raises:
        MalformedError: A proprietary key is not an identifier, a subtype and data.
    """
    unknown = m.unknown()
    if unknown:
        m.many(m.kind(PROPRIETARY), proprietary_key, bytes)
    return len(unknown)


def is_preimage(digest: Callable[[bytes], bytes], key: bytes, value: bytes) -> bool:
    """Whether a hash, the key data, is the digest of its preimage, the value."""
    return digest(value) == key


def same_depth(xpub: bytes, origin: bytes) -> bool:
    """Whether an extended key's depth is the length of its origin's path (BIP-174)."""
    return xpub[4] == len(origin) // 4 - 1
