"""Ceremony files: read strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldsign.ceremony.script import Ask, Ceremony, Run
from coldsign.errors import MalformedError

GOOD = b"""
title = "Friday"
[[step]]
ask = "Is the cable out?"
[[step]]
run = ["inspect", "a.psbt"]
[[step]]
run = ["sign", "a.psbt"]
exit = 4
"""


def test_a_good_file_is_understood() -> None:
    found = Ceremony.parse(GOOD)
    assert found.title == "Friday"
    assert found.steps == (
        Ask("Is the cable out?"),
        Run(("inspect", "a.psbt"), 0),
        Run(("sign", "a.psbt"), 4),
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff", "not TOML"),
        (b"title = ", "not TOML"),
        (b"title = " + b"1" * 5000, "not TOML"),
        (b'title = "x"', "tables"),
        (b"step = []\ntitle='x'", "tables"),
        (b"step = [1]\ntitle='x'", "no table"),
        (b"[[step]]\nask='x'", "title"),
        (b"title=1\n[[step]]\nask='x'", "title"),
        (b"title='x'\nextra=1\n[[step]]\nask='x'", "extra"),
        (
            b"title='x'\n[[step]]\nask='x'\nrun=['y']",
            "step 1: run is not a key here, where known are: ask",
        ),
        (b"title='x'\n[[step]]\nexit=0", "neither"),
        (b"title='x'\n[[step]]\nconfirm='x'", "step 1 has neither ask nor run"),
        (
            b"title='x'\n[[step]]\nrun=['a']\nexpect=6",
            "expect is not a key here, where known are: exit, run",
        ),
        (b"title='x'\n[[step]]\nrun=[]", "run is a list of 1 to"),
        (b"title='x'\n[[step]]\nrun='doctor'", "run is a list of 1 to"),
        (b"title='x'\n[[step]]\nrun=['a', 1]", "text"),
        (b"title='x'\n[[step]]\nrun=['a', \"b\\u0000c\"]", "none of them NUL"),
        (b"title='x'\n[[step]]\nrun=['ceremony', 'run', 'x']", "another ceremony"),
        (b"title='x'\n[[step]]\nrun=['--no-color', 'ceremony', 'run', 'x']", "another ceremony"),
        (b"title='x'\n[[step]]\nrun=['--home', 'h', '--', 'ceremony']", "another ceremony"),
        (b"title='x'\n[[step]]\nrun=['a']\nexit=9", "exit"),
        (b"title='x'\n[[step]]\nrun=['a']\nexit=true", "exit"),
    ],
)
def test_anything_else_is_refused_with_the_reason(data: bytes, words: str) -> None:
    with pytest.raises(MalformedError, match=words):
        Ceremony.parse(data)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_ceremony_or_malformed(data: bytes) -> None:
    try:
        steps = Ceremony.parse(data).steps
    except MalformedError:
        return
    assert steps
