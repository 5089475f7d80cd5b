"""The report for people, as lines of any width, and for programs, as one JSON object."""

from typing import Any

from coldsign.review import sections
from coldsign.review.facts import Facts
from coldsign.review.finding import Finding
from coldsign.review.items import InputFacts, OutputFacts
from coldsign.review.layout import MIN_WIDTH, Line
from coldsign.review.report import Report
from coldsign.wallet.wallet import Place

Json = dict[str, Any]


def to_lines(report: Report, width: int) -> list[Line]:
    """The whole report as lines of at most ``width`` columns; at least 40 are used."""
    width = max(width, MIN_WIDTH)
    facts = report.facts
    return [
        *sections.header(facts, width),
        *sections.inputs(facts, width),
        *sections.outputs(facts, width),
        *sections.totals(facts, width),
        *sections.manifest(report, width),
        *sections.timing(facts, width),
        *sections.signatures(facts, width),
        *sections.findings(report, width),
        *sections.verdict(report, width),
    ]


def to_json(report: Report) -> Json:
    """The report as one JSON object; amounts are integers of satoshi, null where unknown."""
    facts = report.facts
    return {
        "verdict": report.verdict,
        "review_code": list(report.review_code),
        "txid": facts.txid,
        "network": facts.network.name,
        "wallet": facts.wallet.name,
        "inputs": [_input(facts, known) for known in facts.inputs],
        "outputs": [_output(output) for output in facts.outputs],
        "totals": _totals(facts),
        "findings": [_finding(finding) for finding in report.findings],
        "review_digest": report.review_digest.hex(),
    }


def _path(place: Place | None) -> str | None:
    return None if place is None else str(place)


def _input(facts: Facts, known: InputFacts) -> Json:
    have = [facts.signer_name(position) for position in known.signatures]
    return {
        "index": known.index,
        "outpoint": str(known.outpoint),
        "sats": known.amount,
        "address": known.address,
        "path": _path(known.place),
        "signatures": {"have": have, "need": facts.need},
    }


def _output(output: OutputFacts) -> Json:
    return {
        "index": output.index,
        "sats": output.sats,
        "address": output.address,
        "script": output.script.hex(),
        "kind": output.kind.value,
        "path": _path(output.place),
        "manifest_id": output.manifest_id,
    }


def _totals(facts: Facts) -> Json:
    rate = facts.fee_rate
    return {
        "in": facts.totals.inputs,
        "payments": facts.totals.payments,
        "change": facts.totals.change,
        "fee": facts.fee,
        "fee_rate_sat_vb": None if rate is None else round(rate, 2),
        "leaving": facts.totals.leaving,
    }


def _finding(finding: Finding) -> Json:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "where": finding.where,
        "text": finding.text,
    }
