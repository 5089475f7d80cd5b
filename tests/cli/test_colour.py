"""Colour repeats what the words say: without it every page reads the same."""

import pytest

from tests.cli.laptop import Laptop

INSPECT = ("inspect", "s.txt", "--wallet", "single")


def shown(laptop: Laptop, *options: str, **environment: str) -> tuple[str, int, str]:
    with laptop.terminal(
        *options, *INSPECT, columns=110, rows=90, environment=environment
    ) as terminal:
        assert terminal.end() == 0
        return terminal.vt.text, terminal.vt.styled, terminal.raw


def test_without_colour_nothing_but_the_colour_is_missing(laptop: Laptop) -> None:
    text, styled, _ = shown(laptop)
    assert styled > 10
    for options, environment in (
        (("--no-color",), {}),
        ((), {"NO_COLOR": "1"}),
        ((), {"TERM": "dumb"}),
    ):
        plain, none, raw = shown(laptop, *options, **environment)
        assert (plain, none) == (text, 0)
        assert "\x1b" not in raw
    for words in ("PAYMENT", "CHANGE to ours", "NOTE ", "VERDICT OK", "review code: "):
        assert words in text


def test_a_refusal_says_so_in_words(laptop: Laptop) -> None:
    strict = laptop.write("strict.toml", "[fee]\nrefuse_sats = 1\n")
    outcome = laptop.run(*INSPECT[:1], laptop.path("s.txt"), *INSPECT[2:], "--policy", strict)
    assert outcome.code == 4
    assert "REFUSE fee-too-high" in outcome.out
    assert "VERDICT REFUSE: this must not be signed" in outcome.out


@pytest.mark.parametrize("accepted", [(), ("fee-high",)])
def test_every_risk_is_named_by_code(accepted: tuple[str, ...], laptop: Laptop) -> None:
    """By a script too: the review code alone accepts no risk."""
    policy = laptop.write("p.toml", "[fee]\nconfirm_sat_per_vb = 1\n")
    request, words = laptop.path("s.txt"), laptop.path("s.words")
    held = (request, "--wallet", "single", "--policy", policy)
    code = " ".join(laptop.good("--json", "inspect", *held).document["review_code"])
    accept = [word for name in accepted for word in ("--accept", name)]
    sign = ("sign", *held, "--key", "-", "--secret-file", words, "--expect", code, *accept)
    outcome = laptop.run("--json", *sign)
    assert outcome.code == (0 if accepted else 4), outcome.err
    assert ("signed" in outcome.document) is bool(accepted)
