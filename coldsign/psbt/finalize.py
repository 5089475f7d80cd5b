"""Completing inputs from their signatures, and extracting the transaction (BIP-174, BIP-371)."""

from collections.abc import Callable

from coldsign.errors import RefusedError
from coldsign.primitives.cursor import compact_size, var_bytes
from coldsign.primitives.tx import OutPoint, Transaction, Witness
from coldsign.psbt.edit import SIGNATURES, sighash_of
from coldsign.psbt.fields import KNOWN, In
from coldsign.psbt.input_map import PsbtInput
from coldsign.psbt.model import Psbt
from coldsign.psbt.raw import Key, Map, Pair
from coldsign.psbt.satisfy import Completion, satisfy
from coldsign.psbt.scripts import claimed_utxo
from coldsign.psbt.values import witness_stack

_DROPPED = KNOWN[In] - {
    In.NON_WITNESS_UTXO,
    In.WITNESS_UTXO,
    In.PREVIOUS_TXID,
    In.OUTPUT_INDEX,
    In.SEQUENCE,
    In.REQUIRED_TIME_LOCKTIME,
    In.REQUIRED_HEIGHT_LOCKTIME,
}
"""What a finished input no longer needs: all but its coin, its locks and unknown fields."""

_WHOLE = frozenset({0, 1})
"""DEFAULT and ALL: what is signed where nothing is asked for."""

Satisfier = Callable[[bytes, PsbtInput], Completion]
"""Completes an input that spends this output script, or refuses."""


def finalize(psbt: Psbt, satisfier: Satisfier = satisfy, *, final_stands_in: bool = True) -> Psbt:
    """Give every input its final scriptSig and witness, and drop what made them.

    Only the shape of things is looked at: whether a signature is valid was the review's question.

    Args:
        psbt: The PSBT with its signatures.
        satisfier: What completes an input; without one, scripts of public keys alone are finished.
        final_stands_in: Whether what is called final may take the place of signatures that are
            there and cannot complete their input.

    Raises:
        RefusedError: An input lacks its coin, a script or signatures, or its script is of no kind
            we finish; the message says which.
    """
    inputs: list[Map] = []
    for index, (found, txin) in enumerate(zip(psbt.inputs, psbt.tx.inputs, strict=True)):
        try:
            kept = final_stands_in and _is_final(found)
            inputs.append(_finished(found, txin.outpoint, satisfier, keep_final=kept))
        except RefusedError as no:
            why = f"input {index} cannot be finished: {no.message}"
            raise RefusedError(why, hint=no.hint, code=no.code) from no
    return Psbt.of_maps(psbt.global_map.map, inputs, [found.map for found in psbt.outputs])


def _is_final(found: PsbtInput) -> bool:
    """Whether there is something in the final fields: empty ones finish nothing."""
    return bool(found.final_script_sig) or bool(_stack(found))


def _finished(
    found: PsbtInput, outpoint: OutPoint, satisfier: Satisfier, *, keep_final: bool
) -> Map:
    """The finished map; of its signatures where they are enough, whatever else is called final."""
    if _is_final(found) and SIGNATURES.isdisjoint(found.map.fields):
        return found.map
    try:
        return _completed(found, outpoint, satisfier)
    except RefusedError:
        if not keep_final:
            raise
        return found.map


def _completed(found: PsbtInput, outpoint: OutPoint, satisfier: Satisfier) -> Map:
    utxo = claimed_utxo(found, outpoint)
    if utxo is None:
        raise RefusedError("the coin it spends is not in the PSBT")
    _demand_sighash(found)
    final = satisfier(utxo.script, found)
    kept = [pair for pair in found.map.pairs if pair[0].type not in _DROPPED]
    return Map.of(In, found.map.number, sorted([*kept, *_final_pairs(final)]))


def _final_pairs(final: Completion) -> list[Pair]:
    pairs: list[Pair] = []
    if final.script_sig:
        pairs.append((Key(In.FINAL_SCRIPTSIG, b""), final.script_sig))
    if final.witness:
        stack = compact_size(len(final.witness)) + b"".join(map(var_bytes, final.witness))
        pairs.append((Key(In.FINAL_SCRIPTWITNESS, b""), stack))
    return pairs


def _demand_sighash(found: PsbtInput) -> None:
    """Signatures must be of the type the input asks for, or else for the whole (BIP-174, "Sighash Type").

    A looser one among enough others would leave open what somebody relied on.
    """
    asked = found.sighash_type
    allowed = _WHOLE if asked is None else {asked}
    for pair in found.map.pairs:
        if pair[0].type in SIGNATURES and sighash_of(pair) not in allowed:
            raise RefusedError("a signature is not of the sighash type the input asks for")


def extract(psbt: Psbt) -> Transaction:
    """The network transaction of a finished PSBT.

    Raises:
        RefusedError: An input is not finished.
    """
    inputs, witnesses = [], []
    for index, (found, txin) in enumerate(zip(psbt.inputs, psbt.tx.inputs, strict=True)):
        if not _is_final(found):
            raise RefusedError(f"input {index} is not finished", hint="finalize the PSBT first")
        inputs.append(txin._replace(script_sig=found.final_script_sig or b""))
        witnesses.append(_stack(found))
    return Transaction(
        psbt.tx.version,
        tuple(inputs),
        psbt.tx.outputs,
        psbt.tx.locktime,
        tuple(witnesses) if any(witnesses) else (),
    )


def _stack(found: PsbtInput) -> Witness:
    return witness_stack(found.final_script_witness) if found.final_script_witness else ()
