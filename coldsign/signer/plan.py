"""Which signatures are due or were given: one task each, from proven facts and cleared inputs only."""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from coldsign.errors import RefusedError
from coldsign.primitives.digests import Sighash
from coldsign.primitives.keypath import KeyPath
from coldsign.psbt.edit import partial_sig_key, sighash_of, tap_key_sig_key, tap_script_sig_key
from coldsign.psbt.model import PsbtInput
from coldsign.psbt.raw import Key
from coldsign.wallet.derive import Derived, Taproot

if TYPE_CHECKING:
    from coldsign.controls.clearance import Clearance


class Method(Enum):
    """How an input is signed."""

    LEGACY = "legacy"
    SEGWIT_V0 = "segwit v0"
    TAP_KEY = "taproot key path"
    TAP_SCRIPT = "taproot script path"


class Task(NamedTuple):
    """One signature that is due.

    Attributes:
        input_index: The input.
        position: Which key of the descriptor signs.
        tail: The steps from that key to the one of this input.
        method: How it is signed.
        sighash: The sighash type.
        key: The PSBT key its signature is filed under.
        public: The public key it verifies under: 33 or 65 bytes, or x-only in taproot, where the key
            path's is the output key.
        script: What an ECDSA signature signs as script code; of taproot the leaf's hash, or for the
            key path the root of the script tree (empty where there is none).
        sats: The amount of the coin.
    """

    input_index: int
    position: int
    tail: KeyPath
    method: Method
    sighash: int
    key: Key
    public: bytes
    script: bytes
    sats: int


class Plan(NamedTuple):
    """What our keys owe to the cleared inputs, and what they gave before.

    Attributes:
        due: The signatures to make.
        there: The signatures filed under our keys that the PSBT already has, each with the task that
            would have made it.
    """

    due: tuple[Task, ...]
    there: tuple[tuple[Task, bytes], ...]


def plan(clearance: "Clearance", positions: Iterable[int]) -> Plan:
    """Every signature that the keys at these positions owe to the cleared inputs, or gave already.

    Finished inputs stay as they are. Where an input names only some of these keys, only those owe one.

    Raises:
        RefusedError: An input was cleared that is not ours, whose amount is unknown, or that asks
            for another sighash type than ALL.
    """
    facts = clearance.report.facts
    ours, tail = tuple(positions), facts.wallet.tail
    due: list[Task] = []
    there: list[tuple[Task, bytes]] = []
    for index in clearance.inputs:
        known = facts.inputs[index]
        derived, place, sats, given = known.derived, known.place, known.amount, known.given
        if derived is None or place is None or sats is None:
            raise RefusedError(f"input {index}: its script or amount is not known to be ours")
        if given.final_script_sig is not None or given.final_script_witness is not None:
            continue
        sighash = sighash_type(given, index, taproot=derived.taproot is not None)
        for slot in _slots(derived, ours, _asked(given, derived, ours)):
            steps = tail(slot.position, place.branch, place.index)
            task = Task(index, slot.position, steps, slot.method, sighash, *slot.signs, sats)
            found = _found(given, slot)
            if found is not None:
                there.append((_as_it_was_made(task, found), found))
            elif slot.is_due:
                due.append(task)
    return Plan(tuple(due), tuple(there))


def sighash_type(given: PsbtInput, index: int, *, taproot: bool) -> int:
    """The sighash type an input is signed with: its own if it is one of ours, else the usual one.

    Raises:
        RefusedError: It asks for another type than ALL, or than taproot's default.
    """
    usual = Sighash.DEFAULT if taproot else Sighash.ALL
    wanted = given.sighash_type
    if wanted is None:
        return int(usual)
    if wanted not in {usual, Sighash.ALL}:
        raise RefusedError(f"input {index}: sighash type {wanted:#04x} is never signed")
    return wanted


def _asked(given: PsbtInput, derived: Derived, ours: tuple[int, ...]) -> frozenset[int]:
    """The keys of ours that the PSBT names on an input; all of them where it names none.

    Who names our key of one way to spend asks for that way, not for a signature that serves another.
    """
    is_taproot = derived.taproot is not None
    named = given.tap_bip32_derivations if is_taproot else given.bip32_derivations
    found = frozenset(position for position in ours if derived.keys[position] in named)
    return found or frozenset(ours)


class _Signs(NamedTuple):
    """What a signature is filed under, verifies under and commits to: as in ``Task``."""

    key: Key
    public: bytes
    script: bytes


class _Slot(NamedTuple):
    """A place for a signature of ours, and whether it is to be filled where it is empty."""

    position: int
    method: Method
    signs: _Signs
    is_due: bool


def _slots(derived: Derived, ours: tuple[int, ...], asked: frozenset[int]) -> Iterator[_Slot]:
    if derived.taproot is not None:
        yield from _taproot_slots(derived.taproot, derived.keys, ours, asked)
        return
    is_segwit, code = derived.script_code
    method = Method.SEGWIT_V0 if is_segwit else Method.LEGACY
    for position in ours:
        public = derived.keys[position]
        signs = _Signs(partial_sig_key(public), public, code)
        yield _Slot(position, method, signs, position in asked)


def _taproot_slots(
    tree: Taproot, keys: tuple[bytes, ...], ours: tuple[int, ...], asked: frozenset[int]
) -> Iterator[_Slot]:
    """As Bitcoin Core: the key path if the internal key is ours, else every leaf that has our key."""
    alone = next((position for position in ours if keys[position] == tree.internal_key), None)
    if alone is not None:
        signs = _Signs(tap_key_sig_key(), tree.output_key, tree.merkle_root or b"")
        yield _Slot(alone, Method.TAP_KEY, signs, alone in asked)
    asked = frozenset() if alone in asked else asked
    for leaf in tree.leaves:
        for position in ours:
            if position in leaf.keys:
                xonly, leaf_hash = keys[position], leaf.leaf_hash
                signs = _Signs(tap_script_sig_key(xonly, leaf_hash), xonly, leaf_hash)
                yield _Slot(position, Method.TAP_SCRIPT, signs, position in asked)


def _found(given: PsbtInput, slot: _Slot) -> bytes | None:
    """The signature that the PSBT already has there."""
    if slot.method is Method.TAP_KEY:
        return given.tap_key_sig
    if slot.method is Method.TAP_SCRIPT:
        return given.tap_script_sigs.get((slot.signs.public, slot.signs.script))
    return given.partial_sigs.get(slot.signs.public)


def _as_it_was_made(task: Task, found: bytes) -> Task:
    """The task with the sighash type of the signature that is there, where taproot lets us choose."""
    sighash = sighash_of((task.key, found))
    is_taproot = task.method in {Method.TAP_KEY, Method.TAP_SCRIPT}
    if is_taproot and sighash in {Sighash.DEFAULT, Sighash.ALL}:
        return task._replace(sighash=sighash)
    return task
