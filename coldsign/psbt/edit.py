"""Adding signatures, trimming the reply, and telling every other change apart."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import Enum
from functools import partial

from coldsign.errors import SelfCheckError
from coldsign.psbt import taproot as t
from coldsign.psbt import values as v
from coldsign.psbt.fields import KNOWN, Field, Global, In, Out, field_name
from coldsign.psbt.global_map import GlobalMap
from coldsign.psbt.input_map import PsbtInput
from coldsign.psbt.memory import Memory
from coldsign.psbt.model import Psbt, joined
from coldsign.psbt.raw import Key, Map, Pair
from coldsign.psbt.scripts import is_segwit
from coldsign.psbt.version2 import flags_after


class ReplyLevel(Enum):
    """How much of a signed PSBT goes back.

    Attributes:
        FULL: All of it.
        TRIMMED: What a coordinator needs to attribute, check and combine the signatures: without
            previous transactions of segwit inputs, extended keys, and what has no meaning here.
        SIGNATURES: The transaction and the signatures.
    """

    FULL = "full"
    TRIMMED = "trimmed"
    SIGNATURES = "signatures"


SIGNATURES: frozenset[int] = frozenset({In.PARTIAL_SIG, In.TAP_KEY_SIG, In.TAP_SCRIPT_SIG})
"""The key types of an input's signatures: what signing may add."""

_FLAGS = Key(Global.TX_MODIFIABLE, b"")


def partial_sig_key(pubkey: bytes) -> Key:
    """Where the ECDSA signature of this public key goes."""
    return Key(In.PARTIAL_SIG, pubkey)


def tap_key_sig_key() -> Key:
    """Where the signature of the taproot key path goes."""
    return Key(In.TAP_KEY_SIG, b"")


def tap_script_sig_key(xonly: bytes, leaf_hash: bytes) -> Key:
    """Where the signature of this x-only key in this tapleaf goes."""
    return Key(In.TAP_SCRIPT_SIG, xonly + leaf_hash)


def sighash_of(pair: Pair) -> int:
    """The sighash type a signature pair was made with; 0 is taproot's default."""
    key, signature = pair
    return signature[-1] if key.type == In.PARTIAL_SIG else schnorr_sighash(signature)


def schnorr_sighash(signature: bytes) -> int:
    """The sighash type a taproot signature was made with: its 65th byte, or the default (BIP-341)."""
    return signature[64] if len(signature) == 65 else 0


def add_signatures(psbt: Psbt, signatures: Mapping[int, tuple[Pair, ...]]) -> Psbt:
    """Add signature pairs to inputs; in version 2, settle the flags they end (BIP-370, "Signer").

    Args:
        psbt: The PSBT as it was read; it stays as it is.
        signatures: The pairs for each input, by its number.

    Raises:
        SelfCheckError: A pair is no signature, or there is no such input.
        MalformedError: The key is already there, or the signature is malformed.
    """
    inputs, memory = list(psbt.inputs), Memory()
    for index, pairs in signatures.items():
        if not 0 <= index < len(inputs) or not all(key.type in SIGNATURES for key, _ in pairs):
            raise SelfCheckError(f"input {index}: only signatures of an input can be added")
        inputs[index] = _signed(inputs[index], pairs, memory)
    added = [pair for pairs in signatures.values() for pair in pairs]
    signed = psbt.with_signed(_settled(psbt.global_map, added), tuple(inputs), memory)
    signed.prove_points(psbt.points | psbt.xonly)
    return signed


def _signed(found: PsbtInput, pairs: tuple[Pair, ...], memory: Memory) -> PsbtInput:
    """An input with more signatures, read as strictly as if they had come with it."""
    m = found.map.adding(pairs)
    return found._replace(
        map=m,
        partial_sigs=m.many(In.PARTIAL_SIG, memory.public_key, v.ecdsa_signature),
        tap_key_sig=m.one(In.TAP_KEY_SIG, v.schnorr_signature),
        tap_script_sigs=m.many(
            In.TAP_SCRIPT_SIG, partial(t.script_sig_key, memory), v.schnorr_signature
        ),
    )


def _settled(globals_: GlobalMap, added: Iterable[Pair]) -> GlobalMap:
    """The global map after these signatures: others may change less than before."""
    before = globals_.tx_modifiable or 0
    flags = before
    for pair in added:
        flags = flags_after(flags, sighash_of(pair))
    if not globals_.version or flags == before:
        return globals_
    m = globals_.map.setting(_FLAGS, bytes((flags,)))
    return replace(globals_, map=m, tx_modifiable=flags)


_TRANSACTION: dict[type[Field], frozenset[int]] = {
    Global: KNOWN[Global] - {Global.XPUB},
    In: frozenset(
        {
            In.PREVIOUS_TXID,
            In.OUTPUT_INDEX,
            In.SEQUENCE,
            In.REQUIRED_TIME_LOCKTIME,
            In.REQUIRED_HEIGHT_LOCKTIME,
            In.PARTIAL_SIG,
            In.TAP_KEY_SIG,
            In.TAP_SCRIPT_SIG,
            In.MUSIG2_PUB_NONCE,
            In.MUSIG2_PARTIAL_SIG,
            In.FINAL_SCRIPTSIG,
            In.FINAL_SCRIPTWITNESS,
        }
    ),
    Out: frozenset({Out.AMOUNT, Out.SCRIPT}),
}
"""What makes the transaction, and every kind of signature, for each kind of map."""


def trim(psbt: Psbt, level: ReplyLevel) -> Psbt:
    """The PSBT with only what this level of reply keeps; it still combines with the request."""
    if level is ReplyLevel.FULL:
        return psbt
    types = (
        _TRANSACTION if level is ReplyLevel.SIGNATURES else KNOWN | {Global: _TRANSACTION[Global]}
    )
    redundant = {found.map.number for found in psbt.inputs if is_segwit(found)}

    def keep(m: Map) -> Map:
        kept = types[m.kind]
        if m.kind is In and m.number in redundant:
            kept -= {In.NON_WITNESS_UTXO}
        return m if kept.issuperset(m.fields) else m.keeping(lambda pair: pair[0].type in kept)

    return psbt.keeping(keep)


def differences(before: Psbt, after: Psbt) -> tuple[str, ...]:
    """What else changed than that signatures were added: nothing, where signing did its work.

    Compares every pair, their order, and the bytes that leave against the maps. Settled flags of
    version 2 are no difference.
    """
    added: list[Pair] = []
    found: list[str] = []
    if len(before.inputs) != len(after.inputs) or len(before.outputs) != len(after.outputs):
        found.append("the number of inputs or outputs changed")
    for old, new in zip(before.inputs, after.inputs, strict=False):
        found.extend(_changes(old.map, new.map))
        added.extend(new.map.pairs[len(old.map.pairs) :])
    for old_out, new_out in zip(before.outputs, after.outputs, strict=False):
        found.extend(_changes(old_out.map, new_out.map))
    found.extend(_changes(_settled(before.global_map, added).map, after.global_map.map))
    if after.raw != joined(after.maps()):
        found.append("the bytes are not those of the maps")
    return tuple(found)


def _changes(old: Map, new: Map) -> Iterator[str]:
    """What happened to the pairs of one map, except that signatures came after them."""
    kept = new.pairs[: len(old.pairs)]
    added = new.pairs[len(old.pairs) :]
    if kept == old.pairs and (not added or _only_signatures(new, added)):
        return
    was, now = dict(old.pairs), dict(new.pairs)
    explained = False
    for key in was | now:
        name = f"{new.name}: {field_name(new.kind, key.type)}"
        if key not in now:
            yield f"{name} was removed"
        elif key not in was and not _only_signatures(new, ((key, now[key]),)):
            yield f"{name} was added"
        elif key in was and was[key] != now[key]:
            yield f"{name} was changed"
        else:
            continue
        explained = True
    if not explained:
        yield f"{new.name}: the pairs are in another order"


def _only_signatures(m: Map, pairs: tuple[Pair, ...]) -> bool:
    return m.kind is In and all(key.type in SIGNATURES for key, _ in pairs)
