"""One line of the journal: its bytes, its hash, and the places it names."""

import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.controls.entry import EMPTY, Anchor, Entry, EntryKind, stamp
from coldsign.errors import MalformedError
from tests.controls.journals import NOW

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


class TestEntry:
    @settings(max_examples=60, deadline=None)
    @given(st.dictionaries(st.text(max_size=6), JSON, max_size=4), st.sampled_from(EntryKind))
    def test_any_body_is_read_back(self, body: dict[str, object], kind: EntryKind) -> None:
        entry = Entry.make(kind, body, after=EMPTY, now=NOW)
        assert Entry.parse(entry.serialize()) == entry
        assert json.loads(entry.serialize())["body"] == body

    @settings(max_examples=300, deadline=None)
    @given(st.binary(max_size=300))
    def test_any_bytes_are_an_entry_or_malformed(self, data: bytes) -> None:
        with contextlib.suppress(MalformedError):
            assert Entry.parse(data).serialize() == data

    @settings(max_examples=300, deadline=None)
    @given(st.data())
    def test_any_changed_byte_is_noticed(self, data: st.DataObject) -> None:
        line = Entry.make(EntryKind.INTENT, {"a": ["b", 1]}, after=EMPTY, now=NOW).serialize()
        at = data.draw(st.integers(0, len(line) - 1))
        byte = data.draw(st.integers(0, 255).filter(lambda value: value != line[at]))
        with pytest.raises(MalformedError):
            Entry.parse(line[:at] + bytes([byte]) + line[at + 1 :])

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("{}", "exactly the members"),
            ('{"a":}', "not JSON"),
            ('{"body":{},"kind":"x","prev":"P","seq":1,"time":"T"}', "kind is unknown"),
            ('{"body":[],"kind":"intent","prev":"P","seq":1,"time":"T"}', "kind is unknown"),
            ('{"body":{},"kind":"intent","prev":"P","seq":0,"time":"T"}', "number is not"),
            ('{"body":{},"kind":"intent","prev":"P","seq":true,"time":"T"}', "number is not"),
            ('{"body":{},"kind":"intent","prev":"P","seq":1.0,"time":"T"}', "not JSON"),
            ('{"body":{"a":NaN},"kind":"intent","prev":"P","seq":1,"time":"T"}', "not JSON"),
            ('{"body":{},"kind":"intent","prev":"p","seq":1,"time":"T"}', "hash of the one before"),
            ('{"body":{},"kind":"intent","prev":1,"seq":1,"time":"T"}', "hash of the one before"),
            ('{"body":{},"kind":"intent","prev":"P","seq":1,"time":"now"}', "not a UTC time"),
            ('{"body":{},"kind":"intent","prev":"P","seq":1,"time":2}', "not a UTC time"),
            ('{"kind":"intent","body":{},"prev":"P","seq":1,"time":"T"}', "canonical"),
            ('{"body": {},"kind":"intent","prev":"P","seq":1,"time":"T"}', "canonical"),
            (
                '{"body":{"a":1,"a":2},"kind":"intent","prev":"P","seq":1,"time":"T"}',
                "canonical",
            ),
            ('{"body":{"a":' + "[" * 200_000 + "]" * 200_000 + "}}", "nested too deeply"),
        ],
    )
    def test_a_line_with_a_true_hash_must_still_be_an_entry(self, content: str, words: str) -> None:
        import hashlib

        content = content.replace('"P"', f'"{"0" * 64}"').replace('"T"', f'"{stamp(NOW)}"')
        digest = hashlib.sha256(content.encode()).hexdigest()
        with pytest.raises(MalformedError, match=words):
            Entry.parse(f'{content[:-1]},"hash":"{digest}"}}\n'.encode())

    @pytest.mark.parametrize("body", [{"a": 1.5}, {"a": [1.5]}, {"a": [b"x"]}, {"a": {1: 2}}])
    def test_what_json_has_no_exact_word_for_is_our_bug(self, body: dict[str, object]) -> None:
        with pytest.raises(TypeError):
            Entry.make(EntryKind.INTENT, body, after=EMPTY, now=NOW)

    def test_any_clock_will_do_but_it_needs_a_zone(self) -> None:
        assert stamp(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00Z"
        east = timezone(timedelta(hours=5, minutes=30))
        assert stamp(datetime(2026, 1, 1, 4, 0, 59, tzinfo=east)) == "2025-12-31T22:30:59Z"
        with pytest.raises(ValueError, match="time zone"):
            stamp(datetime(2026, 1, 1))  # noqa: DTZ001

    def test_a_place_as_it_is_noted_on_paper(self) -> None:
        assert str(Anchor(11, "414b7e62" + "0" * 56)) == "11 414b 7e62"

    def test_an_auditor_can_check_it_with_sha256sum(self) -> None:
        import hashlib

        line = Entry.make(EntryKind.SIGNED, {"x": "y"}, after=EMPTY, now=NOW).serialize().decode()
        content, _, rest = line.rpartition(',"hash":"')
        assert hashlib.sha256((content + "}").encode()).hexdigest() == rest[:64]
