"""Which coin an input spends, as far as the PSBT claims it, and which scripts that involves."""

from coldsign.primitives.script import ScriptType, classify
from coldsign.primitives.tx import OutPoint, TxOut
from coldsign.psbt.input_map import PsbtInput

SEGWIT = frozenset({ScriptType.P2WPKH, ScriptType.P2WSH, ScriptType.P2TR})


def claimed_utxo(found: PsbtInput, outpoint: OutPoint) -> TxOut | None:
    """The output an input spends: from its previous transaction if that is the right one.

    None where neither it nor a witness UTXO is there. An amount from here is not proven.
    """
    previous = found.non_witness_utxo
    if previous is not None and found.non_witness_utxo_txid == outpoint.txid:
        outputs = previous.outputs
        return outputs[outpoint.vout] if outpoint.vout < len(outputs) else None
    return found.witness_utxo


def is_segwit(found: PsbtInput) -> bool:
    """Whether an input's witness UTXO is one that segwit signatures commit to the amount of."""
    if found.witness_utxo is None:
        return False
    kind = classify(found.witness_utxo.script)
    if kind is ScriptType.P2SH and found.redeem_script is not None:
        kind = classify(found.redeem_script)
    return kind in SEGWIT
