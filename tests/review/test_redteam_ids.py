"""The same transaction asked for again without the books: its withdrawal ids must not be forgotten."""

from dataclasses import replace

import pytest

from coldsign.review.context import Context
from tests.review.build import HONEST_MANIFEST, PAYEES, Draft, Memory, manifest

BOOKS = Context(manifest=HONEST_MANIFEST)
OTHERS = manifest(("wd-8", PAYEES[0], 30_000_000), ("wd-2", PAYEES[1], 20_000_000))


def said(first, again):
    history = Memory()
    history.signed(Draft().review(first))
    report = Draft().review(replace(again, history=history))
    return [
        (found.severity.value, found.text)
        for found in report.findings
        if found.code == "signed-before"
    ]


def test_with_the_same_books_it_is_asked():
    ((severity, text),) = said(BOOKS, BOOKS)
    assert severity == "confirm"
    assert "the signatures will be the same" in text


def test_books_that_come_later_are_welcome():
    ((severity, _),) = said(Context(), BOOKS)
    assert severity == "confirm"


@pytest.mark.parametrize("again", [Context(), Context(manifest=OTHERS)])
def test_without_them_or_with_others_it_is_refused(again):
    ((severity, text),) = said(BOOKS, again)
    assert severity == "refuse"
    assert text == "was signed before for the withdrawal wd-1, which no manifest gives it now"
