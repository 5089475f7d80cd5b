"""Checks of the coins spent: are amounts proven, are they ours, is what is said of them true."""

from collections.abc import Iterator

from coldsign.primitives.amount import btc
from coldsign.primitives.text import counted, printable
from coldsign.primitives.tx import Transaction
from coldsign.psbt.fields import Global
from coldsign.review.context import Context
from coldsign.review.facts import Facts
from coldsign.review.finding import TRANSACTION, Finding, Severity, note, refuse
from coldsign.review.items import InputFacts
from coldsign.review.prevouts import LEGACY_KINDS, AmountFault, Proof

MAX_UNKNOWN = 16_384
"""Bytes of one field without a meaning for us; proprietary ones in use have under 5,000."""
_EACH_MAP = 4_096
"""Bytes of such fields that each map may add: some proprietary fields for every input and output."""
_PAIR_COST = 8
"""Bytes counted for a field beside its content, so that many empty ones count too."""


def _with_fault(facts: Facts, fault: AmountFault) -> Iterator[InputFacts]:
    return (known for known in facts.inputs if fault in known.faults)


def amount_unproven(facts: Facts, context: Context) -> Iterator[Finding]:
    """No previous transaction proves an input's amount.

    With allow.unproven_v0_amounts an amount that is only claimed needs a confirmation instead, if
    it is a segwit version 0 coin of ours; for a legacy or a foreign coin it is always refused.

    Severity: refuse, confirm
    Gain: he shows the same transaction twice with different false amounts, and joins the two
        signatures into one that burns the rest as fee (BIP-143 signs one input's amount only).
    Do: have the coordinator include the full previous transactions (PSBT_IN_NON_WITNESS_UTXO).
    """
    allowed = context.limits.unproven_v0_amounts and facts.wallet.script_kind not in LEGACY_KINDS
    for known in facts.inputs:
        if known.prevout.proof is Proof.ABSENT:
            text = "its amount is neither proven nor even claimed"
            yield refuse("amount-unproven", known.where, text)
        elif known.prevout.proof is Proof.CLAIMED:
            severity = Severity.CONFIRM if allowed and known.ours else Severity.REFUSE
            text = f"its amount of {btc(known.amount or 0)} BTC is only claimed, not proven"
            yield Finding("amount-unproven", severity, known.where, text)


def wrong_previous_transaction(facts: Facts, context: Context) -> Iterator[Finding]:
    """The previous transaction given for an input is not the one it spends.

    Severity: refuse
    Gain: false amounts, and with them a false fee or false change.
    Do: reject the request; the coordinator is broken or hostile.
    """
    del context
    for known in _with_fault(facts, AmountFault.WRONG_TRANSACTION):
        text = f"the previous transaction given has another txid than {known.outpoint}"
        yield refuse("wrong-previous-transaction", known.where, text)


def no_such_coin(facts: Facts, context: Context) -> Iterator[Finding]:
    """The previous transaction has no output of the number the input spends.

    Severity: refuse
    Gain: an amount taken from another output than the one that is spent.
    Do: reject the request.
    """
    del context
    for known in _with_fault(facts, AmountFault.NO_SUCH_OUTPUT):
        text = f"its previous transaction has no output {known.outpoint.vout}"
        yield refuse("no-such-coin", known.where, text)


def amount_mismatch(facts: Facts, context: Context) -> Iterator[Finding]:
    """The PSBT gives two different amounts for one coin.

    Severity: refuse
    Gain: a program that believes the wrong one shows a false fee.
    Do: reject the request.
    """
    del context
    for known in _with_fault(facts, AmountFault.AMOUNT_DIFFERS):
        claimed = known.prevout.claimed.sats if known.prevout.claimed is not None else 0
        text = f"claimed to be worth {claimed} sat, its previous transaction says {known.amount}"
        yield refuse("amount-mismatch", known.where, text)


def script_mismatch(facts: Facts, context: Context) -> Iterator[Finding]:
    """The PSBT gives two different scripts for one coin.

    Severity: refuse
    Gain: a foreign coin passed off as ours, or the other way round.
    Do: reject the request.
    """
    del context
    for known in _with_fault(facts, AmountFault.SCRIPT_DIFFERS):
        text = "the script claimed is not the one in its previous transaction"
        yield refuse("script-mismatch", known.where, text)


def legacy_witness_utxo(facts: Facts, context: Context) -> Iterator[Finding]:
    """A legacy coin carries the data of a segwit coin.

    Severity: refuse
    Gain: a signer that takes the amount from there, or signs by the wrong rules.
    Do: have the coordinator leave PSBT_IN_WITNESS_UTXO out for legacy coins.
    """
    del context
    for known in _with_fault(facts, AmountFault.LEGACY_WITNESS_UTXO):
        text = "a legacy coin with a witness UTXO, which only segwit coins may have"
        yield refuse("legacy-witness-utxo", known.where, text)


def zero_value_input(facts: Facts, context: Context) -> Iterator[Finding]:
    """An input is worth nothing.

    Severity: refuse
    Gain: a signature for something else than a payment, such as a proof of reserves.
    Do: reject the request.
    """
    del context
    for known in facts.inputs:
        if known.amount == 0:
            yield refuse("zero-value-input", known.where, "its coin is worth 0 sat")


def nothing_of_ours(facts: Facts, context: Context) -> Iterator[Finding]:
    """No input belongs to this wallet.

    Severity: refuse
    Gain: none; it is the wrong wallet, or a test of what you sign.
    Do: check which wallet the request is for.
    """
    del context
    if not facts.own_inputs:
        text = f"no input belongs to the wallet {printable(facts.wallet.name)}"
        yield refuse("nothing-of-ours", TRANSACTION, text)


def foreign_input(facts: Facts, context: Context) -> Iterator[Finding]:
    """An input does not belong to this wallet: the descriptor does not give its script.

    With allow.foreign_inputs it needs a confirmation instead. A coin of ours without any key
    origin counts as foreign; hidden-input looks for it then.

    Severity: refuse, confirm
    Gain: coins of another account drained beside yours, or a fee that cannot be told.
    Do: have the coordinator spend from one wallet only, with key origins on every input.
    """
    severity = Severity.CONFIRM if context.limits.foreign_inputs else Severity.REFUSE
    for known in facts.inputs:
        if not known.ours and known.script is not None:
            text = f"its script is not one of the wallet {printable(facts.wallet.name)}"
            yield Finding("foreign-input", severity, known.where, text)


def false_input_claim(facts: Facts, context: Context) -> Iterator[Finding]:
    """An input names this wallet's keys, but the wallet does not derive its script.

    Severity: refuse
    Gain: a signature with your key under a script you never registered: a lower quorum, an
        added key, another account, a hidden branch.
    Do: treat it as an attack until it is explained.
    """
    del context
    for known in facts.inputs:
        if not known.ours and known.ownership.names_our_keys and known.script is not None:
            text = "claims keys of this wallet for a script that is not the wallet's"
            yield refuse("false-input-claim", known.where, text)


def malleable_parent(facts: Facts, context: Context) -> Iterator[Finding]:
    """A previous transaction could still change its txid if it is not confirmed yet.

    Severity: note
    Gain: the withdrawal becomes invalid when somebody changes the parent before it confirms.
    Do: make sure that the coins spent are confirmed; this machine cannot know.
    """
    del context
    count = sum(
        1
        for known in facts.inputs
        if (previous := known.given.non_witness_utxo) is not None and _is_malleable(previous)
    )
    if count:
        who = counted(count, "input spends from a transaction", "inputs spend from transactions")
        text = f"{who} whose txid can change until confirmed"
        yield note("malleable-parent", TRANSACTION, text)


def _is_malleable(tx: Transaction) -> bool:
    """Whether an input's scriptSig could be changed by others: it is not segwit, as far as seen."""
    stacks = tx.witnesses or ((),) * len(tx.inputs)
    return any(txin.script_sig and not stack for txin, stack in zip(tx.inputs, stacks, strict=True))


def unknown_data(facts: Facts, context: Context) -> Iterator[Finding]:
    """The PSBT carries fields that mean nothing to coldsign; they are kept and never shown.

    Severity: note
    Gain: none here; they could carry something to a program further on.
    Do: nothing, unless their number surprises you.
    """
    del context
    psbt = facts.psbt
    count = psbt.global_map.unknown_count
    count += sum([known.unknown_count for known in psbt.inputs])
    count += sum([known.unknown_count for known in psbt.outputs])
    if count:
        text = f"{counted(count, 'field')} without a meaning for coldsign, kept as they are"
        yield note("unknown-data", TRANSACTION, text)


def unknown_data_too_large(facts: Facts, context: Context) -> Iterator[Finding]:
    """Fields that mean nothing to coldsign are larger than any known use needs, one or all together.

    Severity: refuse
    Gain: data carried over the air gap inside the reply, and a burden on every later reader.
    Do: have the coordinator remove the field.
    """
    del context
    total, allowed = 0, MAX_UNKNOWN
    for found in facts.psbt.maps():
        allowed += _EACH_MAP
        sizes = [len(key.data) + len(value) for key, value in found.unknown()]
        total += sum(sizes, start=_PAIR_COST * len(sizes))
        largest = max(sizes, default=0)
        if largest > MAX_UNKNOWN:
            text = f"a field of unknown meaning has {largest} bytes, {MAX_UNKNOWN} are allowed"
            where = TRANSACTION if found.kind is Global else found.name
            yield refuse("unknown-data-too-large", where, text)
    if total > allowed:
        text = f"its fields of unknown meaning have {total} bytes, {allowed} are allowed"
        yield refuse("unknown-data-too-large", TRANSACTION, text)


def proof_of_reserves(facts: Facts, context: Context) -> Iterator[Finding]:
    """An input carries the commitment of a proof of reserves (BIP-127): no payment is meant.

    Severity: refuse
    Gain: a signature over a message of his choice, obtained as a withdrawal.
    Do: use a tool made for proofs of reserves.
    """
    del context
    for known in facts.inputs:
        if known.given.por_commitment is not None:
            text = "carries the commitment of a proof of reserves, so it is no withdrawal"
            yield refuse("proof-of-reserves", known.where, text)


CHECKS = (
    amount_unproven,
    wrong_previous_transaction,
    no_such_coin,
    amount_mismatch,
    script_mismatch,
    legacy_witness_utxo,
    zero_value_input,
    nothing_of_ours,
    foreign_input,
    false_input_claim,
    malleable_parent,
    unknown_data,
    unknown_data_too_large,
    proof_of_reserves,
)
