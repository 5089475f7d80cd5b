"""An attacker who makes both of two transactions: equal words must not be all that tells them apart."""

from dataclasses import replace

import pytest

from coldsign.primitives.hashes import sha256
from coldsign.review import code
from coldsign.review.code import canonical
from coldsign.review.render import to_json
from coldsign.review.report import review
from tests.review.build import HONEST_MANIFEST, STRANGER, Context, Draft, wallet


@pytest.fixture
def one_word(monkeypatch):
    """Codes of one word, 11 bits, so that the search of 2^33 trials is one of forty."""
    monkeypatch.setattr(code, "WORDS", 1)
    monkeypatch.setattr(code, "_BITS", 11)


def reviewed(draft, locktime):
    return replace(draft, locktime=locktime).review()


@pytest.mark.usefixtures("one_word")
def test_a_hostile_twin_with_the_same_words_has_another_digest():
    honest, hostile = Draft(), Draft().with_payment(0, script=STRANGER)
    shown = {(found := reviewed(honest, n)).review_code: found for n in range(60)}
    twin = next(found for n in range(500) if (found := reviewed(hostile, n)).review_code in shown)
    benign = shown[twin.review_code]
    assert twin.facts.txid != benign.facts.txid
    assert twin.review_digest != benign.review_digest
    assert to_json(twin)["review_code"] == to_json(benign)["review_code"]
    assert to_json(twin)["review_digest"] != to_json(benign)["review_digest"]


def test_the_digest_is_of_all_that_the_words_are_of():
    report = review(Draft().psbt(), wallet(), Context(manifest=HONEST_MANIFEST))
    assert report.review_digest == sha256(canonical(report.facts, HONEST_MANIFEST))
    assert report.review_digest != Draft().review().review_digest
