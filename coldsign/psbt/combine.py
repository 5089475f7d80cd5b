"""Joining the PSBTs of several cosigners into one (BIP-174, "Combiner")."""

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import chain
from operator import and_, or_
from typing import Final

from coldsign.errors import RefusedError, UsageError
from coldsign.primitives.tx import Transaction
from coldsign.psbt.edit import SIGNATURES
from coldsign.psbt.fields import Global, In, field_name
from coldsign.psbt.model import Psbt
from coldsign.psbt.raw import Key, Map
from coldsign.psbt.version2 import Modifiable

_SIGNED: Final = SIGNATURES | {In.FINAL_SCRIPTSIG, In.FINAL_SCRIPTWITNESS}
"""The key types that say that somebody signed."""


def combine(psbts: Sequence[Psbt]) -> Psbt:
    """One PSBT with all pairs of all of them, ordered by key.

    The order of the PSBTs makes no difference.

    Raises:
        UsageError: There is none.
        RefusedError: They are of different versions or transactions, contradict each other, or one
            was signed with other sequences than they have together.
    """
    if not psbts:
        raise UsageError("there is nothing to combine")
    first = psbts[0]
    for other in psbts[1:]:
        if other.version != first.version:
            raise RefusedError("the PSBTs are of different versions")
        if other.unique_id() != first.unique_id():
            raise RefusedError("the PSBTs are of different transactions")
    columns = zip(*[psbt.maps() for psbt in psbts], strict=True)
    maps = [reduce(_union, column) for column in columns]
    joined = Psbt.of_maps(
        _with_flags(maps[0], psbts),
        [_sorted(m) for m in maps[1 : 1 + len(first.inputs)]],
        [_sorted(m) for m in maps[1 + len(first.inputs) :]],
    )
    for psbt in psbts:
        # BIP-370 leaves sequences out of what PSBTs have in common; a signature commits to them.
        if psbt.tx != joined.tx and not _SIGNED.isdisjoint(_input_types(psbt)):
            raise RefusedError("one of the PSBTs was signed with other sequences than another has")
    return joined


def _input_types(psbt: Psbt) -> Iterator[int]:
    """The key types of all its inputs."""
    return chain.from_iterable(found.map.fields for found in psbt.inputs)


def _union(one: Map, other: Map) -> Map:
    """The pairs of both."""
    pairs = dict(one.pairs)
    for key, value in other.pairs:
        known = pairs.setdefault(key, value)
        if known != value:
            pairs[key] = _either(one, key, known, value)
    return Map.of(one.kind, one.number, pairs.items())


def _either(m: Map, key: Key, one: bytes, other: bytes) -> bytes:
    """The value to keep of two: only flags and witnesses of a previous transaction may differ."""
    if m.kind is Global and key.type == Global.TX_MODIFIABLE:
        return one
    if m.kind is In and key.type == In.NON_WITNESS_UTXO:
        previous = [Transaction.parse(value) for value in (one, other)]
        if previous[0].txid() == previous[1].txid():
            return max(one, other, key=lambda value: (len(value), value))
    name = field_name(m.kind, key.type)
    raise RefusedError(f"{m.name}: the PSBTs contradict each other in {name}")


def _with_flags(m: Map, psbts: Sequence[Psbt]) -> Map:
    """Modifiable is what every PSBT leaves so; one SIGHASH_SINGLE is enough."""
    flags = [psbt.tx_modifiable for psbt in psbts]
    if any(flag is not None for flag in flags):
        single = reduce(or_, [flag or 0 for flag in flags]) & Modifiable.HAS_SIGHASH_SINGLE
        common = reduce(and_, [flag or 0 for flag in flags])
        m = m.setting(Key(Global.TX_MODIFIABLE, b""), bytes((common | single,)))
    return _sorted(m)


def _sorted(m: Map) -> Map:
    return Map.of(m.kind, m.number, sorted(m.pairs, key=lambda pair: pair[0].serialize()))
