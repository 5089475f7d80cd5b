"""Checks of where the money goes."""

from collections.abc import Iterator

from coldsign.primitives.address import to_address
from coldsign.primitives.amount import btc
from coldsign.primitives.script import ScriptType, push
from coldsign.primitives.secp import is_xonly
from coldsign.primitives.text import counted
from coldsign.review import lookalike
from coldsign.review.context import Context
from coldsign.review.facts import Facts
from coldsign.review.finding import TRANSACTION, Finding, Severity, confirm, note, refuse
from coldsign.review.items import OutputFacts, OutputKind

MAX_DATA = 80
"""Bytes in one OP_RETURN that every node relays."""
_DUST_RATE = 3
"""Sat per vbyte at which an output must be worth spending (Bitcoin Core, DUST_RELAY_TX_FEE)."""
_SPEND_LEGACY, _SPEND_WITNESS = 148, 67
"""Vbytes to spend an output, as Bitcoin Core reckons them for dust."""
_WITNESS = frozenset(
    {
        ScriptType.P2WPKH,
        ScriptType.P2WSH,
        ScriptType.P2TR,
        ScriptType.P2A,
        ScriptType.WITNESS_UNKNOWN,
    }
)
_ANYONE = frozenset({ScriptType.P2A, ScriptType.WITNESS_UNKNOWN})


def dust_limit(script: bytes, form: ScriptType) -> int:
    """The amount in sats below which nodes do not relay an output (Core, GetDustThreshold)."""
    spend = _SPEND_WITNESS if form in _WITNESS else _SPEND_LEGACY
    length = 1 if len(script) < 0xFD else 3
    return (8 + length + len(script) + spend) * _DUST_RATE


def zero_value_output(facts: Facts, context: Context) -> Iterator[Finding]:
    """An output other than data is worth nothing.

    Severity: refuse
    Gain: a batch that no node relays.
    Do: have the coordinator remove the output.
    """
    del context
    for output in facts.outputs:
        if output.sats == 0 and output.form is not ScriptType.OP_RETURN:
            yield refuse("zero-value-output", output.where, "is worth 0 sat")


def dust(facts: Facts, context: Context) -> Iterator[Finding]:
    """An output is worth less than nodes relay.

    Severity: refuse
    Gain: a batch that is signed and never confirms.
    Do: have the coordinator remove the output, or leave the amount to the fee.
    """
    del context
    for output in facts.outputs:
        limit = dust_limit(output.script, output.form)
        if 0 < output.sats < limit and output.form is not ScriptType.OP_RETURN:
            text = f"is worth {output.sats} sat, nodes relay from {limit} sat for such a script"
            yield refuse("dust", output.where, text)


def unknown_script(facts: Facts, context: Context) -> Iterator[Finding]:
    """An output's script has no address, so no person can say who is paid.

    Severity: refuse
    Gain: money in a script that anyone, he alone, or nobody can spend.
    Do: have the coordinator pay to an address.
    """
    del context
    for output in facts.outputs:
        if output.kind is OutputKind.UNKNOWN:
            text = "its script has no address" if output.script else "its script is empty"
            yield refuse("unknown-script", output.where, text)


def anyone_can_spend(facts: Facts, context: Context) -> Iterator[Finding]:
    """An output pays to a witness program that has no rules today: whoever is first takes it.

    Severity: refuse
    Gain: the money, together with every miner.
    Do: reject the request; check the address with the payee.
    """
    del context
    for output in facts.outputs:
        if output.form in _ANYONE:
            text = "pays to a witness version without rules, so anyone could spend it"
            if output.form is ScriptType.P2A:
                text = "is an anchor (P2A) that anyone can spend"
            yield refuse("anyone-can-spend", output.where, text)


def impossible_taproot_key(facts: Facts, context: Context) -> Iterator[Finding]:
    """A taproot output's key is not a point on the curve: nobody can ever spend it.

    Severity: refuse
    Gain: your loss.
    Do: check the address with the payee.
    """
    del context
    for output in facts.outputs:
        if output.form is ScriptType.P2TR and not output.ours and not is_xonly(output.script[2:]):
            text = "its taproot key does not exist, so the money would be lost"
            yield refuse("impossible-taproot-key", output.where, text)


def _data_outputs(facts: Facts) -> list[OutputFacts]:
    return [output for output in facts.outputs if output.form is ScriptType.OP_RETURN]


def data_output(facts: Facts, context: Context) -> Iterator[Finding]:
    """An output carries data instead of paying anybody.

    With allow.op_return it is only noted.

    Severity: refuse, note
    Gain: instructions in your name to whatever protocol reads them, such as a bridge.
    Do: reject it unless you know why it is there; then set allow.op_return.
    """
    severity = Severity.NOTE if context.limits.op_return else Severity.REFUSE
    for output in _data_outputs(facts):
        text = f"carries {len(output.script) - 1} bytes of data, paying nobody"
        yield Finding("data-output", severity, output.where, text)


def data_burns_money(facts: Facts, context: Context) -> Iterator[Finding]:
    """An output that only carries data holds money, which nobody can ever spend.

    Severity: refuse
    Gain: your loss, and with some protocols his profit.
    Do: reject the request.
    """
    del context
    for output in _data_outputs(facts):
        if output.sats > 0:
            text = f"burns {btc(output.sats)} BTC in a data output"
            yield refuse("data-burns-money", output.where, text)


def several_data_outputs(facts: Facts, context: Context) -> Iterator[Finding]:
    """More than one output carries data.

    Severity: confirm
    Gain: data that a program shows only in part.
    Do: read each of them in full.
    """
    del context
    count = len(_data_outputs(facts))
    if count > 1:
        yield confirm("several-data-outputs", TRANSACTION, f"{count} outputs carry data")


def unusual_data(facts: Facts, context: Context) -> Iterator[Finding]:
    """A data output is not one plain push of at most 80 bytes.

    Severity: confirm
    Gain: data behind the part that a careless program shows, or a transaction that many nodes
        do not relay.
    Do: read the whole script.
    """
    del context
    for output in _data_outputs(facts):
        if not _is_one_push(output.script[1:]):
            yield confirm("unusual-data", output.where, "its data is not one plain short push")


def _is_one_push(script: bytes) -> bool:
    size = len(script)
    if size > MAX_DATA + 2:
        return False
    return any(size > skip and push(script[skip:]) == script for skip in (1, 2)) or size == 1


def same_destination_twice(facts: Facts, context: Context) -> Iterator[Finding]:
    """Two outputs pay the same script.

    Severity: confirm
    Gain: one withdrawal paid twice, in two amounts that each look plausible.
    Do: compare both with the books.
    """
    del context
    seen: dict[bytes, tuple[int, int]] = {}  # the first output there, and the sum so far
    for output in facts.outputs:
        if output.kind is OutputKind.DATA:
            continue
        first, before = seen.get(output.script, (output.index, 0))
        total = before + output.sats
        seen[output.script] = first, total
        if first != output.index:
            text = f"goes to the same address as output {first}, {btc(total)} BTC together"
            yield confirm("same-destination-twice", output.where, text)


def look_alike_address(facts: Facts, context: Context) -> Iterator[Finding]:
    """Two different addresses begin and end alike.

    Compared with the other outputs and the manifest it refuses; with payments signed earlier it
    asks.

    Severity: refuse, confirm
    Gain: a payment to his address instead of the customer's: people compare only the ends.
    Do: compare the whole address, character by character, with a source he cannot write to.
    """
    shown = [(out.address, out.script) for out in facts.outputs if out.address is not None]
    rows = context.manifest.rows if context.manifest is not None else ()
    known = lookalike.index([*((row.address, row.script) for row in rows), *shown])
    earlier = lookalike.index(_earlier(facts, context), most=2)  # itself and a twin
    for output in facts.outputs:
        if output.address is None:
            continue
        twin = lookalike.twin(known, output.address, output.script)
        past = lookalike.twin(earlier, output.address, output.script) if earlier else None
        if twin is not None:
            text = f"looks like {twin}, but is another address"
            yield refuse("look-alike-address", output.where, text)
        elif past is not None and not output.ours:
            text = f"looks like {past}, which was paid before, but is another address"
            yield confirm("look-alike-address", output.where, text)


def _earlier(facts: Facts, context: Context) -> Iterator[tuple[str, bytes]]:
    resembles = lookalike.resembling(out.script for out in facts.outputs if not out.ours)
    for script in filter(resembles, context.history.paid_scripts()):
        address = to_address(script, facts.network)
        if address is not None:
            yield address, script


def destination_not_allowed(facts: Facts, context: Context) -> Iterator[Finding]:
    """The policy names the places money may go to, and this is none of them.

    Severity: refuse
    Gain: a payment to himself.
    Do: reject the request, or add the destination to allow.destinations in the policy.
    """
    if context.destinations is None:
        return
    for output in facts.outputs:
        if not output.ours and not context.destinations.covers(output.script):
            text = "pays to a place that the policy does not name"
            yield refuse("destination-not-allowed", output.where, text)


def other_wallets_origin(facts: Facts, context: Context) -> Iterator[Finding]:
    """A payment carries key origins of another wallet.

    Severity: note
    Gain: none here; they are claims about a script that is shown as a payment in full.
    Do: nothing.
    """
    del context
    for output in facts.outputs:
        given = output.given
        claims = len(given.bip32_derivations) + len(given.tap_bip32_derivations)
        if claims and not output.ours and not output.ownership.names_our_keys:
            text = f"carries {counted(claims, 'key origin')} of another wallet"
            yield note("other-wallets-origin", output.where, text)


CHECKS = (
    zero_value_output,
    dust,
    unknown_script,
    anyone_can_spend,
    impossible_taproot_key,
    data_output,
    data_burns_money,
    several_data_outputs,
    unusual_data,
    same_destination_twice,
    look_alike_address,
    destination_not_allowed,
    other_wallets_origin,
)
