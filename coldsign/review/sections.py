"""The sections of the report for people: every input, every output, nothing summed away."""

from collections import Counter
from collections.abc import Iterator

from coldsign.primitives.amount import btc
from coldsign.primitives.script import ScriptType, disassemble
from coldsign.primitives.text import counted, printable
from coldsign.review.facts import Facts
from coldsign.review.finding import Finding, Severity
from coldsign.review.items import InputFacts, OutputFacts, OutputKind
from coldsign.review.layout import (
    BLANK,
    INDENT,
    Line,
    Role,
    address,
    columns,
    words,
)
from coldsign.review.report import Report
from coldsign.review.timing import locktime_words, sequence_words

KIND_WORDS = {
    OutputKind.PAYMENT: "PAYMENT",
    OutputKind.CHANGE: "CHANGE",
    OutputKind.SELF: "SELF-TRANSFER",
    OutputKind.DATA: "DATA, PAYS NOBODY",
    OutputKind.UNKNOWN: "UNKNOWN SCRIPT",
}
_ROLES = {
    Severity.REFUSE: Role.REFUSE,
    Severity.CONFIRM: Role.CONFIRM,
    Severity.NOTE: Role.NOTE,
}
_VERDICTS = {
    "ok": (Role.HEADING, "VERDICT OK: no check objects"),
    "confirm": (Role.CONFIRM, "VERDICT CONFIRM: each hazard above must be confirmed by name"),
    "refuse": (Role.REFUSE, "VERDICT REFUSE: this must not be signed"),
}


def header(facts: Facts, width: int) -> Iterator[Line]:
    """Which wallet, which network, which transaction."""
    name = printable(facts.wallet.name)
    needed, keys = facts.wallet.threshold
    yield from words(Role.TITLE, f"Review of a transaction of the wallet {name}", width)
    kind = f"{facts.wallet.script_kind}, {needed} of {keys} keys"
    yield from columns(Role.TEXT, [f"network {facts.network.name}", kind], width, indent=INDENT)
    yield from columns(Role.TEXT, ["txid", facts.txid], width, indent=INDENT)
    yield BLANK


def _amount(sats: int) -> list[str]:
    return [f"{btc(sats)} BTC", f"{sats} sat"]


def inputs(facts: Facts, width: int) -> Iterator[Line]:
    """Every coin that is spent."""
    yield Line(Role.HEADING, counted(len(facts.inputs), "input"))
    yield BLANK
    for known in facts.inputs:
        yield from _input(facts, known, width)
        yield BLANK


def _input(facts: Facts, known: InputFacts, width: int) -> Iterator[Line]:
    amount = ["amount unknown"] if known.amount is None else _amount(known.amount)
    yield from columns(Role.AMOUNT, [f"input {known.index}", *amount], width)
    if known.address is not None:
        yield from address(known.address, width)
    elif known.script is not None:
        yield from _script(known.script, width)
    whose = f"ours at {known.place}" if known.place is not None else "NOT OURS"
    proof = f"amount proven by {known.prevout.proof.value}"
    if not known.prevout.proven:
        proof = f"AMOUNT PROVEN BY {known.prevout.proof.value}"
    yield from words(Role.TEXT, f"{whose}; {proof}", width, indent=INDENT)
    yield from columns(Role.TEXT, ["coin", str(known.outpoint)], width, indent=INDENT)
    if len({other.sequence for other in facts.inputs}) > 1:
        text = f"sequence {sequence_words(facts.tx.version, known.sequence)}"
        yield from words(Role.TEXT, text, width, indent=INDENT)
    if known.signatures:
        names = ", ".join(facts.signer_name(position) for position in known.signatures)
        yield from words(Role.TEXT, f"validly signed by {names}", width, indent=INDENT)


def outputs(facts: Facts, width: int) -> Iterator[Line]:
    """Every output, change included."""
    yield Line(Role.HEADING, counted(len(facts.outputs), "output"))
    yield BLANK
    for output in facts.outputs:
        yield from _output(output, width)
        yield BLANK


def _output(output: OutputFacts, width: int) -> Iterator[Line]:
    kind = KIND_WORDS[output.kind]
    if output.place is not None:
        kind += f" to ours at {output.place}"
    parts = [f"output {output.index}", *_amount(output.sats), kind]
    if output.manifest_id is not None:
        parts.append(f"manifest {printable(output.manifest_id)}")
    yield from columns(Role.AMOUNT, parts, width)
    if output.address is not None:
        yield from address(output.address, width)
    else:
        yield from _script(output.script, width)
    if output.form is ScriptType.OP_RETURN:
        text = f"as text: {printable(output.script[1:], len(output.script))}"
        yield from words(Role.TEXT, text, width, indent=INDENT)


def _script(script: bytes, width: int) -> Iterator[Line]:
    """A script without an address: its bytes as hex, and what they mean."""
    yield from columns(Role.TEXT, ["script", script.hex() or "empty"], width, indent=INDENT)
    if script:
        yield from words(Role.TEXT, f"that is: {disassemble(script)}", width, indent=INDENT)


def totals(facts: Facts, width: int) -> Iterator[Line]:
    """The sums, the fee and what this wallet has less."""
    totals = facts.totals
    yield Line(Role.HEADING, "Totals")
    rows = [("payments", totals.payments), ("change", totals.change), ("fee", totals.fee)]
    for name, sats in [("inputs", totals.inputs), *rows]:
        amount = ["unknown"] if sats is None else _amount(sats)
        yield from columns(Role.AMOUNT, [f"{name:<8}", *amount], width, indent=INDENT)
    yield from columns(Role.TEXT, ["fee is  ", *_fee(facts)], width, indent=INDENT)
    if totals.leaving is not None:
        less = f"{btc(totals.leaving)} BTC ({totals.leaving} sat)"
        text = f"this wallet has {less} less afterwards"
        yield from words(Role.AMOUNT, text, width, indent=INDENT)
    yield BLANK


def _fee(facts: Facts) -> list[str]:
    percent, rate = facts.totals.fee_percent, facts.fee_rate
    if percent is None or rate is None:
        return ["unknown"]
    base = "paid" if facts.totals.payments else "spent"
    return [f"{percent:.2f}% of what is {base}", f"{rate:.1f} sat/vB at {facts.vsize} vB"]


def manifest(report: Report, width: int) -> Iterator[Line]:
    """What of the manifest is paid here, where one is used."""
    used = report.context.manifest
    if used is None:
        return
    rows, unpaid = used.rows, report.facts.matching.unpaid
    due = sum(row.sats for row in rows)
    paid = due - sum(row.sats for row in unpaid)
    yield Line(Role.HEADING, "Manifest")
    parts = [f"rows paid here  {len(rows) - len(unpaid)} of {len(rows)}"]
    parts.append(f"{btc(paid)} BTC of {btc(due)} BTC")
    yield from columns(Role.TEXT, parts, width, indent=INDENT)
    yield from columns(Role.TEXT, ["digest", used.digest.hex()], width, indent=INDENT)
    yield BLANK


def timing(facts: Facts, width: int) -> Iterator[Line]:
    """When the transaction is valid, in words."""
    yield Line(Role.HEADING, "Locks")
    yield from words(Role.TEXT, f"locktime {locktime_words(facts.tx)}", width, indent=INDENT)
    sequences = {known.sequence for known in facts.inputs}
    if len(sequences) == 1:
        text = f"sequence of every input {sequence_words(facts.tx.version, sequences.pop())}"
        yield from words(Role.TEXT, text, width, indent=INDENT)
    yield from words(Role.TEXT, f"transaction version {facts.tx.version}", width, indent=INDENT)
    yield BLANK


def signatures(facts: Facts, width: int) -> Iterator[Line]:
    """Who has signed, and by which of the wallet's paths this can be spent."""
    yield Line(Role.HEADING, "Signatures")
    # a key that stands in no path, such as a taproot key without a secret, never signs
    able = {position for path in facts.wallet.spending_paths() for position in path.keys}
    count = Counter(position for known in facts.inputs for position in known.signatures)
    for position in sorted(able | count.keys()):
        signed = count[position]
        ours = ", our key" if position in facts.our_keys else ""
        text = f"key {position}, {facts.signer_name(position)}{ours}: {signed} valid"
        yield from words(Role.TEXT, text, width, indent=INDENT)
    yield from words(Role.TEXT, "This transaction can be spent by:", width, indent=INDENT)
    for path in facts.paths:
        yield from words(Role.TEXT, f"- {path.words}", width, indent=INDENT * 2)
    yield BLANK


def findings(report: Report, width: int) -> Iterator[Line]:
    """Every finding, the gravest first."""
    yield Line(Role.HEADING, counted(len(report.findings), "finding"))
    for severity in Severity:
        for finding in report.of(severity):
            yield from _finding(finding, width)
    yield BLANK


def _finding(finding: Finding, width: int) -> Iterator[Line]:
    head = f"{finding.severity.value.upper()} {finding.code}, {finding.where}:"
    yield from words(_ROLES[finding.severity], f"{head} {finding.text}", width, indent=INDENT)


def verdict(report: Report, width: int) -> Iterator[Line]:
    """The verdict and the review code."""
    role, text = _VERDICTS[report.verdict]
    yield from words(role, text, width)
    yield from words(Role.CODE, f"review code: {' '.join(report.review_code)}", width)
