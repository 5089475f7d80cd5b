import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.primitives.text import counted, is_safe_name, printable
from tests.vectors import ROOT

QUICK = settings(max_examples=200, deadline=None)


@QUICK
@given(st.text() | st.binary(), st.integers(0, 100))
def test_always_one_line_of_printable_ascii(text, limit):
    shown = printable(text, limit)
    assert all(0x20 <= ord(char) < 0x7F for char in shown)
    assert len(shown) <= 11 * limit + 40


@QUICK
@given(st.text(max_size=20), st.text(max_size=20))
def test_different_texts_look_different(one, two):
    assert (printable(one) == printable(two)) is (one == two)


def test_escapes():
    assert printable("a\\b\x1b[31m") == "a\\\\b\\x1b[31m"
    assert printable("\u202eé") == "\\u{202e}\\u{e9}"
    assert printable(b"ok\xff\x00") == "ok\\xff\\x00"
    assert printable("x" * 70) == "x" * 64 + "... (6 bytes more)"
    assert printable("é" * 5, 2) == "\\u{e9}\\u{e9}... (6 bytes more)"
    assert printable(b"abc", 1) == "a... (2 bytes more)"
    assert printable("ab\ud800", 2) == "ab... (3 bytes more)"


def test_hostile_strings_become_harmless():
    text = (ROOT / "tests/data/attacks/ui-strings.json").read_text()
    found = []

    def walk(value):
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            list(map(walk, value.values()))
        elif isinstance(value, list):
            list(map(walk, value))

    walk(json.loads(text))
    assert len(found) > 10
    assert all(printable(item, 10**6).isprintable() for item in found)
    assert all(printable(item, 10**6).isascii() for item in found)


@pytest.mark.parametrize("name", ["a", "vault 2", "x" * 64, "Key_1.main", "a-b"])
def test_safe_names(name):
    assert is_safe_name(name)


@pytest.mark.parametrize(
    "name", ["", "x" * 65, " a", "a ", ".a", "-a", "a/b", "a\\b", "a\n", "é", "a\x7f", "\x1b"]
)
def test_unsafe_names(name):
    assert not is_safe_name(name)


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (0, ("input",), "0 inputs"),
        (1, ("input",), "1 input"),
        (12_345, ("input",), "12345 inputs"),
        (1, ("entry", "entries"), "1 entry"),
        (2, ("entry", "entries"), "2 entries"),
    ],
)
def test_things_are_counted(number, words, said):
    assert counted(number, *words) == said
