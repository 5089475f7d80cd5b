"""The screens: nothing missing, nothing cut, at any width.

``COLDSIGN_GOLDEN=write pytest tests/review/test_render.py`` writes the golden transcripts anew.
"""

import json
import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coldsign.primitives.amount import btc
from coldsign.primitives.script import push
from coldsign.review import layout
from coldsign.review.context import Context, Limits
from coldsign.review.layout import Role, flow, in_groups
from coldsign.review.render import to_json, to_lines
from tests.review.build import (
    DATA,
    HONEST_MANIFEST,
    HONEST_PAYMENTS,
    STRANGER,
    Coin,
    Draft,
    Pay,
    manifest,
    wallet,
)

STRINGS = json.loads((DATA / "attacks" / "ui-strings.json").read_text())["vectors"]
# A lone surrogate cannot stand in JSON as text.
TEXTS = [vector | {"text": vector["text"] or "\udc80"} for vector in STRINGS]
GOLDEN = Path(__file__).parent / "golden"
WIDTHS = (60, 80, 120)
HONEST = Draft()
FIVE = Draft(
    payments=(
        *HONEST_PAYMENTS[:2],
        Pay(1_000_000, bytes.fromhex("76a914") + bytes(range(20)) + b"\x88\xac"),
        Pay(2_000_000, bytes.fromhex("a914") + bytes(range(20)) + b"\x87"),
        Pay(76_990_000, place=(1, 12)),
    )
)
HOSTILE = Draft(
    coins=(
        Coin((0, 3), 50_000_000, drop=(0,)),
        Coin((0, 7), 80_000_000, sequence=0xFFFF_FFFE),
        Coin(None, 5_000_000, script=b"\x51"),
        Coin((0, 1), 1_000, drop=(0, 1)),
    ),
    payments=(
        Pay(0, b"\x6a" + push(b"\x1b]52;c;x\x07 and [bold]more[/bold]")),
        Pay(100, b""),
        Pay(77_000, b"\x51"),
        Pay(30_000_000, place=(0, 40_000)),
        Pay(
            20_000_000,
            add=[
                (
                    b"\x02"
                    + bytes.fromhex(
                        "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
                    ),
                    wallet().origin(0, 1, 5).to_bytes(),
                )
            ],
        ),
    ),
    locktime=900_100,
)
CASES = {
    "honest": (HONEST.with_coin(0, add=[HONEST.signature(0)]), Context(manifest=HONEST_MANIFEST)),
    "five-outputs": (FIVE, Context()),
    "hostile": (HOSTILE, Context()),
    "consolidation": (
        Draft(coins=(Coin((0, 3), 50_000_000),), payments=(Pay(49_990_000, place=(0, 4)),)),
        Context(),
    ),
    "recovery": (
        Draft(wallet="W-mini", coins=(Coin((0, 3), 130_000_000, sequence=52_560),)),
        Context(),
    ),
    "taproot": (Draft(wallet="W-trmulti", version=3), Context(limits=Limits(height=1))),
}


@cache
def report(name):
    draft, context = CASES[name]
    return draft.review(context)


def text_of(lines):
    return "".join(f"{line.role.value:8}|{line.text}\n" for line in lines)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", sorted(CASES))
def test_the_screen_is_the_golden_one(name, width):
    path = GOLDEN / f"{name}-{width}.txt"
    text = text_of(to_lines(report(name), width))
    if os.environ.get("COLDSIGN_GOLDEN") == "write":
        path.write_text(text)
    assert path.read_text() == text


@pytest.mark.parametrize("name", sorted(CASES))
@settings(max_examples=30, deadline=None)
@given(width=st.integers(1, 200))
def test_every_address_amount_and_finding_is_whole_at_any_width(name, width):
    shown = report(name)
    lines = to_lines(shown, width)
    assert max(len(line.text) for line in lines) <= max(width, 40)
    # what a reader sees with the breaks and spaces taken out
    joined = "".join("".join(line.text for line in lines).split())
    for known in (*shown.facts.inputs, *shown.facts.outputs):
        if known.address is not None:
            assert known.address in joined
    for output in shown.facts.outputs:
        assert f"output{output.index}{btc(output.sats)}BTC{output.sats}sat" in joined
        if output.address is None:
            assert output.script.hex() in joined
    for finding in shown.findings:
        assert "".join(finding.text.split()) in joined
    assert "".join(shown.review_code) in joined
    assert shown.facts.txid in joined


@pytest.mark.parametrize("name", sorted(CASES))
def test_only_printable_ascii_reaches_the_screen(name):
    for line in to_lines(report(name), 80):
        assert all(0x20 <= ord(char) < 0x7F for char in line.text)


def test_addresses_stand_in_groups_of_four():
    for line in to_lines(report("five-outputs"), 80):
        if line.role is Role.ADDRESS:
            *groups, last = line.text.split()
            assert all(len(group) == 4 for group in groups)
            assert 1 <= len(last) <= 4


def test_an_80_by_24_terminal_shows_each_output_in_one_piece():
    blocks, block = [], []
    for line in to_lines(report("five-outputs"), 80):
        block.append(line)
        if not line.text:
            blocks.append(block)
            block = []
    assert max(map(len, blocks)) <= 22
    outputs = [block for block in blocks if block[0].text.startswith("output ")]
    assert [len(block) for block in outputs] == [3] * 5
    assert all(sum(line.role is Role.ADDRESS for line in block) == 1 for block in outputs)


def test_the_verdict_and_the_code_are_said_in_words():
    for name, verdict in (("honest", "OK"), ("consolidation", "CONFIRM"), ("hostile", "REFUSE")):
        lines = [line.text for line in to_lines(report(name), 120)]
        assert any(f"VERDICT {verdict}" in line for line in lines)
        assert lines[-1] == "review code: " + " ".join(report(name).review_code)


def test_an_unknown_amount_is_not_shown_as_a_number():
    lines = [line.text for line in to_lines(report("hostile"), 80)]
    assert any("input 3  amount unknown" in line for line in lines)
    assert any("fee       unknown" in line for line in lines)


def test_wallet_and_withdrawal_names_are_escaped():
    odd = replace(wallet(), name="va\x1bult")
    rows = [(f"{row.id}\x1b[2J", row.script, row.sats) for row in HONEST_MANIFEST.rows]
    from coldsign.review.report import review

    shown = review(HONEST.psbt(), odd, Context(manifest=manifest(*rows)))
    text = text_of(to_lines(shown, 80))
    assert "\x1b" not in text
    assert "va\\x1bult" in text
    assert "wd-1\\x1b[2J" in text


@pytest.mark.parametrize("vector", TEXTS, ids=[vector["id"] for vector in TEXTS])
def test_hostile_text_in_a_withdrawal_id_never_reaches_the_screen(vector):
    rows = [(vector["text"], row.script, row.sats) for row in HONEST_MANIFEST.rows]
    draft = HONEST.with_payment(0, sats=31_000_000)
    shown = draft.review(Context(manifest=manifest(*rows)))
    for line in to_lines(shown, 60):
        assert all(0x20 <= ord(char) < 0x7F for char in line.text)
        assert len(line.text) <= 60


def test_long_names_do_not_push_anything_off():
    rows = [("x" * 100_000, row.script, row.sats) for row in HONEST_MANIFEST.rows]
    lines = to_lines(HONEST.review(Context(manifest=manifest(*rows))), 80)
    assert len(lines) < 100
    assert any("bytes more" in line.text for line in lines)


# --- JSON -------------------------------------------------------------------------------------


def test_the_document_has_the_promised_shape():
    shown = to_json(report("honest"))
    assert list(shown) == [
        "verdict",
        "review_code",
        "txid",
        "network",
        "wallet",
        "inputs",
        "outputs",
        "totals",
        "findings",
        "review_digest",
    ]
    assert shown["inputs"][0] == {
        "index": 0,
        "outpoint": str(report("honest").facts.inputs[0].outpoint),
        "sats": 50_000_000,
        "address": report("honest").facts.inputs[0].address,
        "path": "0/3",
        "signatures": {"have": ["0ec422e4"], "need": 2},
    }
    assert shown["outputs"][2] == {
        "index": 2,
        "sats": 79_995_000,
        "address": report("honest").facts.outputs[2].address,
        "script": report("honest").facts.outputs[2].script.hex(),
        "kind": "change",
        "path": "1/12",
        "manifest_id": None,
    }
    assert shown["outputs"][0]["manifest_id"] == "wd-1"
    assert shown["totals"] == {
        "in": 130_000_000,
        "payments": 50_000_000,
        "change": 79_995_000,
        "fee": 5_000,
        "fee_rate_sat_vb": 14.84,
        "leaving": 50_005_000,
    }
    assert shown["findings"][0].keys() == {"code", "severity", "where", "text"}
    assert json.loads(json.dumps(shown)) == shown


def test_what_is_unknown_is_null():
    shown = to_json(report("hostile"))
    assert shown["verdict"] == "refuse"
    assert shown["inputs"][2]["path"] is None
    assert shown["inputs"][3]["sats"] is None
    assert shown["totals"]["fee"] is None
    assert shown["totals"]["fee_rate_sat_vb"] is None
    assert [output["kind"] for output in shown["outputs"]] == [
        "data",
        "unknown",
        "unknown",
        "self",
        "payment",
    ]


# --- layout -----------------------------------------------------------------------------------


def test_groups_of_four():
    assert in_groups("abcdefghi") == ["abcd", "efgh", "i"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text("ab", max_size=90), max_size=12),
    st.integers(10, 80),
    st.sampled_from([" ", "  "]),
    st.sampled_from(["", "  ", "    "]),
)
@example(["a" * 90, "b"], 20, " ", "  ")
def test_flow_keeps_every_character_within_the_width(parts, width, gap, indent):
    lines = list(flow(parts, width, gap=gap, indent=indent))
    assert all(len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(parts)


def test_a_stranger_has_an_address():
    assert to_json(HONEST.with_payment(0, script=STRANGER).review())["outputs"][0]["address"]


def test_a_part_of_megabytes_is_broken_without_being_copied_for_every_line():
    lines = list(layout.flow(["script", "ab" * 1_000_000], 40, indent="  "))
    assert lines[0] == "  script"
    assert {len(line) for line in lines[1:-1]} == {40}
    assert "".join(line.strip() for line in lines[1:]) == "ab" * 1_000_000
