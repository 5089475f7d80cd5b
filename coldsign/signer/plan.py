"""Which signatures are due: one task for each, made from proven facts and cleared inputs only."""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from coldsign.errors import RefusedError
from coldsign.primitives.digests import Sighash
from coldsign.primitives.keypath import KeyPath
from coldsign.primitives.script import Kind, classify, p2pkh
from coldsign.psbt.edit import partial_sig_key, tap_key_sig_key, tap_script_sig_key
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
    script: bytes
    sats: int


def plan(clearance: "Clearance", positions: Iterable[int]) -> tuple[Task, ...]:
    """Every signature that the keys at these positions owe to the cleared inputs.

    Signatures that are already there are not made again, and finished inputs stay as they are.

    Raises:
        RefusedError: An input was cleared that is not ours, whose amount is unknown, or that asks
            for another sighash type than ALL.
    """
    facts = clearance.report.facts
    ours, tail = tuple(positions), facts.wallet.tail
    tasks: list[Task] = []
    for index in clearance.inputs:
        known = facts.inputs[index]
        derived, place, sats, given = known.derived, known.place, known.amount, known.given
        if derived is None or place is None or sats is None:
            raise RefusedError(f"input {index}: its script or amount is not known to be ours")
        if given.final_script_sig is not None or given.final_script_witness is not None:
            continue
        sighash = sighash_type(given, index, taproot=derived.taproot is not None)
        for position, method, key, script in _signatures(given, derived, ours):
            steps = tail(position, place.branch, place.index)
            tasks.append(Task(index, position, steps, method, sighash, key, script, sats))
    return tuple(tasks)


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


def _signatures(
    given: PsbtInput, derived: Derived, ours: tuple[int, ...]
) -> Iterator[tuple[int, Method, Key, bytes]]:
    """The signatures our keys owe to one input: position, method, where each goes, what it signs."""
    if derived.taproot is not None:
        yield from _taproot_signatures(given, derived.taproot, derived.keys, ours)
        return
    method, code = _script_code(derived)
    for position in ours:
        public = derived.keys[position]
        if public not in given.partial_sigs:
            yield position, method, partial_sig_key(public), code


def _script_code(derived: Derived) -> tuple[Method, bytes]:
    if derived.witness_script is not None:
        return Method.SEGWIT_V0, derived.witness_script
    script = derived.redeem_script or derived.script_pubkey
    if classify(script) is Kind.P2WPKH:
        return Method.SEGWIT_V0, p2pkh(script[2:])
    return Method.LEGACY, script


def _taproot_signatures(
    given: PsbtInput, tree: Taproot, keys: tuple[bytes, ...], ours: tuple[int, ...]
) -> Iterator[tuple[int, Method, Key, bytes]]:
    """As Bitcoin Core: the key path if the internal key is ours, else every leaf that has our key."""
    for position in ours:
        if keys[position] == tree.internal_key:
            if given.tap_key_sig is None:
                yield position, Method.TAP_KEY, tap_key_sig_key(), tree.merkle_root or b""
            return
    for leaf in tree.leaves:
        for position in ours:
            filed = keys[position], leaf.leaf_hash
            if position in leaf.keys and filed not in given.tap_script_sigs:
                key = tap_script_sig_key(*filed)
                yield position, Method.TAP_SCRIPT, key, leaf.leaf_hash
