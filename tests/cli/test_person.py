"""The questions a person is asked, without a terminal."""

import dataclasses
from pathlib import Path

import pytest

from coldsign.ceremony.operator import ExpectingOperator
from coldsign.ceremony.walk import examine
from coldsign.cli import person
from coldsign.cli.person import Person, operator_for
from coldsign.cli.screen import Screen
from coldsign.errors import DeclinedError
from coldsign.review.finding import confirm
from tests.ceremony.stage import fixture, make_desk, no_key


class Paper:
    """A screen that keeps what it is told, and whose reader agrees to some risks."""

    def __init__(self, *agreed: str) -> None:
        self.agreed = agreed
        self.said: list[str] = []
        self.questions: list[str] = []

    def need_person(self) -> None:
        pass

    def say(self, text: str, _role: str) -> None:
        self.said.append(text)

    tell = say

    def agrees(self, _question: str, word: str) -> bool:
        self.questions.append(word)
        return word in self.agreed

    def ask(self, _question: str) -> str:
        return "nothing"


@pytest.mark.parametrize("agreed", [(), ("dust",)])
def test_every_finding_of_a_risk_is_shown_before_it_is_asked_about_once(
    agreed: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person, "page_through", lambda *_: None)
    findings = (
        confirm("dust", "output 0", "is dust"),
        confirm("op-return", "output 1", "carries data"),
        confirm("dust", "output 2", "is dust too"),
    )
    report = examine(fixture("wpkh-1x2").job(), make_desk(tmp_path))
    paper = Paper(*agreed)
    with pytest.raises(DeclinedError):
        Person(paper, no_key).approve(dataclasses.replace(report, findings=findings))  # type: ignore[arg-type]
    assert paper.questions == ["dust", *(["op-return"] if agreed else [])]
    assert paper.said[:2] == ["output 0: is dust", "output 2: is dust too"]


@pytest.mark.parametrize(("expect", "kind"), [(None, Person), ("", ExpectingOperator)])
def test_an_empty_expectation_is_no_wish_to_be_asked(expect: str | None, kind: type) -> None:
    assert isinstance(operator_for(Screen(), expect, frozenset(), no_key), kind)
