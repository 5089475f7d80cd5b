"""The PSBTs a real node made: the review sees what the node says, and nothing grave."""

import base64
import json

import pytest

from coldsign.primitives.network import Network
from coldsign.psbt.model import Psbt
from coldsign.review.context import Context, Limits
from coldsign.review.report import review
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.review.build import DATA, codes, grave

REGTEST = Network.named("regtest")
FIXTURES = [json.loads(path.read_text()) for path in sorted((DATA / "regtest").glob("*.json"))]
NAMES = [fixture["name"] for fixture in FIXTURES]


def wallet_of(fixture):
    return Wallet.create("w", Descriptor.parse(fixture["descriptor"], REGTEST), our_keys=(0,))


def reviewed(fixture, text):
    psbt = Psbt.parse(base64.b64decode(text))
    return review(psbt, wallet_of(fixture), Context(limits=Limits(height=1_000)))


def test_there_are_fixtures():
    assert len(FIXTURES) >= 18


@pytest.mark.parametrize("fixture", FIXTURES, ids=NAMES)
def test_an_honest_psbt_finds_nothing_grave(fixture):
    report = reviewed(fixture, fixture["psbt"])
    assert not grave(report)
    assert report.verdict == "ok"


@pytest.mark.parametrize("fixture", FIXTURES, ids=NAMES)
def test_the_facts_are_the_nodes(fixture):
    facts = reviewed(fixture, fixture["psbt"]).facts
    assert facts.fee == fixture["fee_sats"]
    for known, out in zip(facts.inputs, fixture["inputs"], strict=True):
        assert str(known.outpoint) == f"{out['txid']}:{out['vout']}"
        assert (known.sats, known.address, known.ours) == (out["sats"], out["address"], True)
    for output, out in zip(facts.outputs, fixture["outputs"], strict=True):
        assert (output.sats, output.address) == (out["sats"], out["address"])
        assert output.ours is out["mine"]
        assert (output.kind.value == "change") is out["change"]


@pytest.mark.parametrize("fixture", FIXTURES, ids=NAMES)
def test_the_size_is_the_worst_case_and_close(fixture):
    facts = reviewed(fixture, fixture["psbt"]).facts
    real = fixture["final"]["vsize"]
    assert real <= facts.vsize
    if len(facts.paths) == 1:
        assert facts.vsize <= real + 5 * len(facts.inputs)


@pytest.mark.parametrize("fixture", FIXTURES, ids=NAMES)
def test_each_cosigners_signatures_are_verified_and_named(fixture):
    for cosigner, text in enumerate(fixture["signed_by_node"]):
        report = reviewed(fixture, text)
        refused = [f.code for f in report.findings if f.severity.value == "refuse"]
        assert not refused
        first = report.facts.inputs[0].signatures
        if not first:  # a node that cannot sign alone, as where a key is not its own
            continue
        assert all(known.signatures == first for known in report.facts.inputs)
        assert "cosigner-signed" in codes(report)
        fingerprint = fixture["cosigners"][cosigner].get("fingerprint")
        if fingerprint and len(first) == 1:
            key = report.facts.wallet.descriptor.keys[first[0]]
            assert key.fingerprint.hex() == fingerprint


@pytest.mark.parametrize(
    "fixture", [f for f in FIXTURES if f["kind"].startswith("tr-")], ids=lambda f: f["name"]
)
def test_a_changed_taproot_signature_is_found(fixture):
    text = next(text for text in reversed(fixture["signed_by_node"]))
    psbt = Psbt.parse(base64.b64decode(text))
    given = psbt.inputs[0]
    real = given.tap_key_sig or next(iter(given.tap_script_sigs.values()))
    raw = psbt.raw
    for false, code in (
        (real[:63] + bytes([real[63] ^ 1]), "invalid-signature"),
        (real + b"\x83", "loose-signature"),
        (real + b"\x01", "invalid-signature"),
    ):
        changed = raw.replace(bytes([len(real)]) + real, bytes([len(false)]) + false, 1)
        report = review(Psbt.parse(changed), wallet_of(fixture), Context())
        assert code in codes(report)


def test_a_leaf_signature_of_no_leaf_is_foreign():
    fixture = next(f for f in FIXTURES if f["kind"] == "tr-multi_a-2of3")
    psbt = Psbt.parse(base64.b64decode(fixture["signed_by_node"][0]))
    leaf_hash = next(iter(psbt.inputs[0].tap_script_sigs))[1]
    report = review(
        Psbt.parse(
            psbt.raw.replace(
                b"\x14" + next(iter(psbt.inputs[0].tap_script_sigs))[0] + leaf_hash,
                b"\x14" + next(iter(psbt.inputs[0].tap_script_sigs))[0] + bytes(32),
            )
        ),
        wallet_of(fixture),
        Context(),
    )
    assert "foreign-signature" in codes(report)
