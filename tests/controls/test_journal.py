"""The journal: every byte that can be lost, changed or put back is noticed, and by name."""

import contextlib
import errno
import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.controls import chain
from coldsign.controls import journal as journal_module
from coldsign.controls.chain import Damage, JournalDamagedError, last_line
from coldsign.controls.entry import EMPTY, Anchor, Entry, EntryKind, stamp
from coldsign.controls.journal import Journal
from coldsign.errors import MalformedError, RefusedError, UnfitError, UsageError
from coldsign.primitives.lock import exclusive_lock
from tests.killing import steps_survived

NOW = datetime(2026, 11, 22, 17, 0, 0, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def filled(home: Path, count: int = 4) -> Journal:
    journal = Journal(home)
    for number in range(count):
        journal.append(EntryKind.REFUSED, {"number": number}, now=NOW)
    return journal


def damage(journal: Journal, *, seen_from_its_end: bool = True) -> JournalDamagedError:
    found = journal.verify().damage
    assert found is not None
    assert found.code == f"journal-{found.damage.value}"
    assert found.hint
    if not seen_from_its_end:
        return found
    with pytest.raises(JournalDamagedError) as caught:
        journal.append(EntryKind.REFUSED, {}, now=NOW)
    assert caught.value.damage is found.damage
    return found


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

    @pytest.mark.parametrize("body", [{"a": 1.5}, {"a": [b"x"]}, {"a": {1: 2}}])
    def test_what_json_has_no_exact_word_for_is_our_bug(self, body: dict[str, object]) -> None:
        with pytest.raises(TypeError):
            Entry.make(EntryKind.INTENT, body, after=EMPTY, now=NOW)

    def test_any_clock_will_do_but_it_needs_a_zone(self) -> None:
        assert stamp(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00Z"
        with pytest.raises(ValueError, match="time zone"):
            stamp(datetime(2026, 1, 1))  # noqa: DTZ001

    def test_an_auditor_can_check_it_with_sha256sum(self) -> None:
        import hashlib

        line = Entry.make(EntryKind.SIGNED, {"x": "y"}, after=EMPTY, now=NOW).serialize().decode()
        content, _, rest = line.rpartition(',"hash":"')
        assert hashlib.sha256((content + "}").encode()).hexdigest() == rest[:64]


class TestAppending:
    def test_an_empty_home_has_an_intact_journal(self, home: Path) -> None:
        assert list(Journal(home).entries()) == []
        assert Journal(home).verify() == (EMPTY, None)
        assert not home.exists()

    def test_entries_come_back_in_order(self, home: Path) -> None:
        journal = filled(home)
        entries = list(journal.entries())
        assert [entry.seq for entry in entries] == [1, 2, 3, 4]
        assert [entry.body["number"] for entry in entries] == [0, 1, 2, 3]
        assert journal.verify() == (entries[-1].anchor, None)
        assert str(entries[-1].anchor).startswith("4 ")

    def test_two_processes_take_turns(self, home: Path) -> None:
        children = []
        for _ in range(4):
            child = os.fork()
            if not child:
                filled(home, 5)
                os._exit(0)
            children.append(child)
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
        assert Journal(home).verify().anchor.seq == 20

    def test_a_decision_on_another_journal_of_the_same_length_is_not_written(
        self, home: Path
    ) -> None:
        journal = filled(home, 2)
        with pytest.raises(RefusedError) as caught:
            journal.append(EntryKind.INTENT, {}, now=NOW, only_after=Anchor(2, "f" * 64))
        assert caught.value.code == "journal-moved-on"
        assert journal.verify().anchor.seq == 2

    def test_a_journal_in_use_is_not_written(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = filled(home)
        monkeypatch.setattr("time.sleep", lambda _seconds: None)
        monkeypatch.setattr("time.monotonic", iter(range(10, 100, 3)).__next__)
        with exclusive_lock(home / "journal.lock"), pytest.raises(UnfitError, match="is using"):
            journal.append(EntryKind.REFUSED, {}, now=NOW)

    def test_a_long_line_is_found_from_the_end(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(chain, "_TAIL_CHUNK", 16)
        journal = filled(home)
        journal.append(EntryKind.REFUSED, {"long": "x" * 1000}, now=NOW)
        journal.append(EntryKind.REFUSED, {}, now=NOW)
        assert journal.verify().anchor.seq == 6

    def test_a_line_over_the_cap(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        journal = filled(home)
        with (home / "journal.jsonl").open("ab") as file:
            file.write(b"x" * 5000)
        monkeypatch.setattr(chain, "LINE_CAP", 1000)
        assert damage(journal).damage is Damage.BROKEN
        with (home / "journal.jsonl").open("rb") as file:
            assert len(last_line(file)[1]) <= 5000


class TestGlimpse:
    def test_only_sound_lines_of_the_kind(self, home: Path) -> None:
        journal = filled(home, 2)
        trap = {"text": ',"kind":"registered","prev":"'}
        journal.append(EntryKind.REFUSED, {"x": trap["text"]}, now=NOW)
        journal.append(EntryKind.REGISTERED, {"wallet": "vault"}, now=NOW)
        journal.append(EntryKind.REGISTERED, {"wallet": "torn"}, now=NOW)
        path = home / "journal.jsonl"
        path.write_bytes(path.read_bytes()[:-9])
        assert [entry.body for entry in journal.glimpse(EntryKind.REGISTERED)] == [
            {"wallet": "vault"}
        ]

    def test_a_line_of_another_kind_that_looks_like_it(self, home: Path) -> None:
        body = {"a": {"kind": "registered", "prev": ""}}
        journal = Journal(home)
        journal.append(
            EntryKind.REFUSED, {"z": body["a"] | {"b": 1, "kind": "registered"}}, now=NOW
        )
        journal.append(EntryKind.REFUSED, {"a": {"b": 1, **body["a"]}}, now=NOW)
        assert list(journal.glimpse(EntryKind.REGISTERED)) == []

    def test_no_journal(self, home: Path) -> None:
        assert list(Journal(home).glimpse(EntryKind.REGISTERED)) == []


class TestDamage:
    def test_cut_at_every_byte(self, home: Path) -> None:
        journal = filled(home, 3)
        path = home / "journal.jsonl"
        whole = path.read_bytes()
        lines = whole.splitlines(keepends=True)
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            found = damage(journal)
            # The head has seen all three lines: no power cut explains a shorter journal.
            assert found.damage is Damage.ROLLED_BACK
            assert found.line == whole[:length].count(b"\n") + 1
        path.write_bytes(whole)
        assert journal.verify().damage is None
        assert len(lines) == 3

    def test_torn_at_every_byte_of_the_last_line(self, home: Path) -> None:
        journal = filled(home, 2)
        head = (home / "journal.head").read_bytes()
        before = (home / "journal.jsonl").read_bytes()
        journal.append(EntryKind.INTENT, {"x": "y"}, now=NOW)
        whole = (home / "journal.jsonl").read_bytes()
        (home / "journal.head").write_bytes(head)
        assert journal.verify().damage is None
        for length in range(len(before) + 1, len(whole)):
            (home / "journal.jsonl").write_bytes(whole[:length])
            found = damage(journal)
            assert (found.damage, found.line) == (Damage.TORN, 3)
        # Blocks written out of order: the end is there, the middle is not.
        torn = before + b"\0" * 20 + whole[len(before) + 20 :]
        (home / "journal.jsonl").write_bytes(torn)
        assert damage(journal).damage is Damage.TORN

    def test_every_changed_byte(self, home: Path) -> None:
        journal = filled(home, 2)
        path = home / "journal.jsonl"
        whole = path.read_bytes()
        first = whole.index(b"\n")
        for at in range(len(whole)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            found = damage(journal, seen_from_its_end=at > first)
            assert found.line == (1 if at <= first else 2)
            assert found.damage in {Damage.BROKEN, Damage.ROLLED_BACK}
            if at < first:
                assert found.damage is Damage.BROKEN

    def test_reordered_removed_repeated_and_forged_lines(self, home: Path) -> None:
        journal = filled(home, 4)
        path = home / "journal.jsonl"
        one, two, three, four = path.read_bytes().splitlines(keepends=True)
        for lines, line in (
            ([one, three, two, four], 2),
            ([one, three, four], 2),
            ([two, three, four], 1),
            ([one, two, two, three, four], 3),
            ([one, two, three, four, four], 5),
        ):
            path.write_bytes(b"".join(lines))
            found = damage(journal, seen_from_its_end=False)
            assert (found.damage, found.line) == (Damage.BROKEN, line)

    def test_a_forged_line_that_is_sound_in_itself_breaks_the_next(self, home: Path) -> None:
        journal = filled(home, 4)
        one, _, three, four = journal.entries()
        forged = Entry.make(EntryKind.REFUSED, {"number": 99}, after=one.anchor, now=NOW)
        lines = [entry.serialize() for entry in (one, forged, three, four)]
        (home / "journal.jsonl").write_bytes(b"".join(lines))
        found = damage(journal, seen_from_its_end=False)
        assert (found.damage, found.line) == (Damage.BROKEN, 3)

    def test_a_number_that_is_skipped_is_noticed_under_a_head_that_agrees(self, home: Path) -> None:
        journal = filled(home, 2)
        *_, last = journal.entries()
        forged = Entry.make(EntryKind.REFUSED, {}, after=Anchor(7, last.hash), now=NOW)
        with (home / "journal.jsonl").open("ab") as file:
            file.write(forged.serialize())
        (home / "journal.head").write_text(json.dumps(forged.anchor._asdict()))
        found = damage(journal, seen_from_its_end=False)
        assert (found.damage, found.line) == (Damage.BROKEN, 3)

    @pytest.mark.parametrize("count", [4, 6])
    def test_a_whole_forged_chain_does_not_pass_the_head(
        self, home: Path, tmp_path: Path, count: int
    ) -> None:
        journal = filled(home, 4)
        other = tmp_path / "other"
        forged = Journal(other)
        for number in range(count):
            forged.append(EntryKind.REFUSED, {"number": number + 1}, now=NOW)
        shutil.copy(other / "journal.jsonl", home / "journal.jsonl")
        found = damage(journal)
        assert (found.damage, found.line) == (Damage.BROKEN, 4)

    def test_set_back_as_a_whole_is_seen_on_paper_only(self, home: Path, tmp_path: Path) -> None:
        journal = filled(home, 2)
        shutil.copytree(home, tmp_path / "yesterday")
        anchor = journal.append(EntryKind.REFUSED, {}, now=NOW).anchor
        noted = Anchor(anchor.seq, anchor.hash[:8])
        journal.demand_anchor(noted)
        shutil.rmtree(home)
        shutil.copytree(tmp_path / "yesterday", home)
        assert journal.verify().damage is None
        with pytest.raises(JournalDamagedError, match="no entry 3 with the noted hash") as caught:
            journal.demand_anchor(noted)
        assert caught.value.damage is Damage.ROLLED_BACK
        with pytest.raises(UsageError, match="eight digits"):
            journal.demand_anchor(Anchor(3, anchor.hash[:7]))

    def test_a_noted_hash_is_held_against_the_entry_of_its_number(self, home: Path) -> None:
        journal = filled(home, 3)
        one, two, _ = journal.entries()
        journal.demand_anchor(two.anchor)
        with pytest.raises(JournalDamagedError, match="no entry 2 with the noted hash"):
            journal.demand_anchor(Anchor(2, one.hash))

    def test_an_older_journal_under_a_newer_head(self, home: Path) -> None:
        journal = filled(home, 2)
        old = (home / "journal.jsonl").read_bytes()
        journal.append(EntryKind.REFUSED, {}, now=NOW)
        (home / "journal.jsonl").write_bytes(old)
        found = damage(journal)
        assert (found.damage, found.line) == (Damage.ROLLED_BACK, 3)
        (home / "journal.jsonl").unlink()
        assert damage(journal).line == 1
        (home / "journal.jsonl").touch(mode=0o600)
        assert damage(journal).line == 1

    def test_an_older_or_missing_head(self, home: Path) -> None:
        journal = filled(home, 2)
        old = (home / "journal.head").read_bytes()
        for _ in range(2):
            journal.append(EntryKind.REFUSED, {}, now=NOW)
        (home / "journal.head").write_bytes(old)
        found = damage(journal)
        assert (found.damage, found.line) == (Damage.BROKEN, 3)
        (home / "journal.head").unlink()
        assert damage(journal).damage is Damage.BROKEN

    @pytest.mark.parametrize(
        "head",
        [
            *(b"", b"\xff", b"{}", b"[1]", b"1", b'{"seq":"x","hash":1}'),
            b'{"seq":Infinity,"hash":""}',
            b"[" * 4000,
        ],
    )
    def test_an_unreadable_head(self, home: Path, head: bytes) -> None:
        journal = filled(home, 2)
        (home / "journal.head").write_bytes(head)
        assert damage(journal).damage is Damage.BROKEN

    def test_a_head_over_its_cap(self, home: Path) -> None:
        journal = filled(home, 2)
        (home / "journal.head").write_bytes(b" " * 5000)
        assert damage(journal).damage is Damage.BROKEN


class TestPowerCuts:
    def test_killed_at_every_step_nothing_acknowledged_is_lost(self, home: Path) -> None:
        journal = filled(home, 2)
        saved = {path: path.read_bytes() for path in home.iterdir()}
        outcomes = set()

        def check() -> None:
            found = journal.verify()
            assert found.damage is None or found.damage.damage is Damage.TORN
            assert found.anchor.seq in {2, 3}
            outcomes.add((found.anchor.seq, found.damage is None))
            if found.damage is None:
                journal.append(EntryKind.REFUSED, {}, now=NOW)
            else:
                journal.recover_torn("the power went", now=NOW)
            assert journal.verify().damage is None
            for path in set(home.iterdir()) - set(saved):
                path.unlink()
            for path, content in saved.items():
                path.write_bytes(content)

        steps = steps_survived(
            lambda: journal.append(EntryKind.INTENT, {"x": "y"}, now=NOW), check=check
        )
        assert steps >= 6
        assert outcomes == {(2, True), (2, False), (3, True)}


class TestRecovery:
    def torn(self, home: Path) -> Journal:
        journal = filled(home, 2)
        with (home / "journal.jsonl").open("ab") as file:
            file.write(b'{"body":\x00')
        return journal

    def test_a_torn_line_is_kept_and_recorded(self, home: Path) -> None:
        journal = self.torn(home)
        entry = journal.recover_torn("the power went", now=NOW)
        assert entry.seq == 3
        assert entry.kind is EntryKind.RECOVERED
        assert entry.body["reason"] == "the power went"
        assert entry.body["begins"] == '{"body":\\x00'
        assert (home / "journal.torn-3").read_bytes() == b'{"body":\x00'
        assert journal.verify() == (entry.anchor, None)

    def test_only_a_torn_journal_is_recovered(self, home: Path) -> None:
        journal = filled(home, 2)
        with pytest.raises(UsageError, match="nothing to recover"):
            journal.recover_torn("why not", now=NOW)
        lines = (home / "journal.jsonl").read_bytes()
        (home / "journal.jsonl").write_bytes(lines.replace(b"0", b"1", 1))
        before = {path: path.read_bytes() for path in home.iterdir()}
        with pytest.raises(JournalDamagedError):
            journal.recover_torn("why not", now=NOW)
        assert {path: path.read_bytes() for path in home.iterdir()} == before

    def test_a_broken_journal_is_set_aside_never_deleted(self, home: Path) -> None:
        journal = filled(home, 2)
        for name in ("journal.broken-1", "journal.broken-2"):
            (home / "journal.jsonl").write_bytes(b"x\n")
            entry = journal.set_aside("no backup", now=NOW)
            assert entry.seq == 1
            assert entry.body["kept_as"] == name
            assert (home / name).read_bytes() == b"x\n"
            assert journal.verify().damage is None
        (home / "journal.jsonl").unlink()
        assert journal.set_aside("no backup", now=NOW).body["sha256"] == "no journal"

    def test_an_intact_or_torn_journal_is_not_set_aside(self, home: Path) -> None:
        with pytest.raises(UsageError, match="need not"):
            filled(home, 2).set_aside("why not", now=NOW)
        with pytest.raises(UsageError, match="need not"):
            self.torn(home).set_aside("why not", now=NOW)

    def test_killed_at_every_step_recovery_can_be_repeated(self, home: Path) -> None:
        journal = self.torn(home)
        saved = {path: path.read_bytes() for path in home.iterdir()}

        def check() -> None:
            if journal.verify().damage is not None:
                journal.recover_torn("again", now=NOW)
            assert journal.verify().damage is None
            for path in set(home.iterdir()) - set(saved):
                path.unlink()
            for path, content in saved.items():
                path.write_bytes(content)

        assert steps_survived(lambda: journal.recover_torn("once", now=NOW), check=check) >= 8

    @pytest.mark.parametrize("how", ["edited", "gone", "head unreadable", "set back"])
    def test_killed_at_every_step_setting_aside_forgets_nothing_unsaid(
        self, home: Path, how: str
    ) -> None:
        journal = filled(home, 3)
        path, head = home / "journal.jsonl", home / "journal.head"
        if how == "edited":
            path.write_bytes(path.read_bytes().replace(b'"number":1', b'"number":7'))
        elif how == "gone":
            path.unlink()
        elif how == "head unreadable":
            head.write_bytes(b"?")
        else:
            path.write_bytes(path.read_bytes().split(b"\n", 1)[0] + b"\n")
        saved = {each: each.read_bytes() for each in home.iterdir()}
        damaged = []

        def check() -> None:
            damaged.append(journal.verify().damage is not None)
            if damaged[-1]:
                journal.set_aside("no backup", now=NOW)
            entries = list(journal.entries())
            assert [entry.kind for entry in entries] == [EntryKind.RECOVERED]
            assert entries[0].body["reason"] == "no backup"
            kept = [each.read_bytes() for each in home.glob("journal.broken-*")]
            assert saved.get(path) is None or saved[path] in kept
            if name := entries[0].body["kept_as"]:
                assert (home / name).exists()
            for each in set(home.iterdir()) - set(saved):
                each.unlink()
            for each, content in saved.items():
                each.write_bytes(content)
                each.chmod(0o600)

        assert steps_survived(lambda: journal.set_aside("no backup", now=NOW), check=check) >= 6
        assert damaged == sorted(damaged, reverse=True)
        assert set(damaged) == {True, False}

    def test_a_torn_line_is_cut_off_once_however_many_recover_it(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal, first = self.torn(home), []
        real = exclusive_lock

        def late(*args: object, **options: object) -> object:
            if not first:
                first.append(None)
                first[:] = [Journal(home).recover_torn("the other was quicker", now=NOW)]
            return real(*args, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(journal_module, "exclusive_lock", late)
        with pytest.raises(UsageError, match="nothing to recover"):
            journal.recover_torn("me too", now=NOW)
        assert journal.verify() == (first[0].anchor, None)
        assert (home / "journal.torn-3").read_bytes() == b'{"body":\x00'

    def test_where_there_is_no_journal_nothing_is_mended_or_made(self, home: Path) -> None:
        for mend in (Journal(home).recover_torn, Journal(home).set_aside):
            with pytest.raises(UsageError):
                mend("a typing error", now=NOW)
        assert not home.exists()

    def test_a_disk_with_one_name_for_a_file(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = filled(home, 2)
        (home / "journal.jsonl").write_bytes(b"x\n")

        def none(*_args: object, **_options: object) -> None:
            raise OSError(errno.EPERM, "no links")

        monkeypatch.setattr(os, "link", none)
        entry = journal.set_aside("no backup", now=NOW)
        assert (home / entry.body["kept_as"]).read_bytes() == b"x\n"
        assert journal.verify() == (entry.anchor, None)


class TestFullDisk:
    """A disk that takes the line and not the head: neither is there, however often it is tried."""

    @pytest.fixture
    def full(self, monkeypatch):
        def refuse(*_args, **_options):
            raise UnfitError("the disk is full", code="disk-full")

        def fill():
            monkeypatch.setattr(journal_module, "atomic_write", refuse)

        return fill

    def test_nothing_is_written_and_the_chain_holds(self, tmp_path, full, monkeypatch):
        journal = Journal(tmp_path / "home")
        first = journal.append(EntryKind.AUDITED, {"n": 1}, now=NOW)
        before = (tmp_path / "home" / "journal.jsonl").read_bytes()
        full()
        for _ in range(3):
            with pytest.raises(UnfitError, match="full"):
                journal.append(EntryKind.AUDITED, {"n": 2}, now=NOW)
            assert (tmp_path / "home" / "journal.jsonl").read_bytes() == before
        monkeypatch.undo()
        assert journal.verify().anchor == first.anchor
        journal.append(EntryKind.AUDITED, {"n": 3}, now=NOW)
        assert [entry.body["n"] for entry in journal.entries()] == [1, 3]

    def test_the_first_line_too(self, tmp_path, full, monkeypatch):
        journal = Journal(tmp_path / "home")
        full()
        with pytest.raises(UnfitError):
            journal.append(EntryKind.AUDITED, {}, now=NOW)
        monkeypatch.undo()
        assert journal.verify().damage is None
        assert journal.append(EntryKind.AUDITED, {}, now=NOW).seq == 1

    @pytest.mark.parametrize("fault", [KeyboardInterrupt(), OSError(errno.EIO, "a bad block")])
    def test_an_entry_that_was_stopped_at_any_step_is_not_there(self, tmp_path, fault, monkeypatch):
        journal, real, left = filled(tmp_path / "home", 2), os.fsync, [0]

        def stop(descriptor):
            left[0] -= 1
            if left[0] == 0:
                raise fault
            real(descriptor)

        for step in range(1, 20):
            left[0] = step
            monkeypatch.setattr(os, "fsync", stop)
            try:
                journal.append(EntryKind.INTENT, {}, now=NOW)
            except (KeyboardInterrupt, UnfitError):
                monkeypatch.undo()
            else:
                break
            assert [entry.kind for entry in journal.entries()] == [EntryKind.REFUSED] * 2
        assert step > 3
        assert journal.verify().anchor.seq == 3

    def test_a_head_that_was_moved_after_all_keeps_its_line(self, tmp_path, monkeypatch):
        journal = Journal(tmp_path / "home")
        real = journal_module.atomic_write

        def late(*args, **options):
            real(*args, **options)
            raise UnfitError("the folder's entry may not be on the disk")

        monkeypatch.setattr(journal_module, "atomic_write", late)
        with pytest.raises(UnfitError):
            journal.append(EntryKind.AUDITED, {}, now=NOW)
        monkeypatch.undo()
        assert journal.verify().anchor.seq == 1

    def test_a_head_that_lags_catches_up_before_it_could_lag_by_two(
        self, tmp_path, full, monkeypatch
    ):
        home = tmp_path / "home"
        journal = Journal(home)
        journal.append(EntryKind.AUDITED, {}, now=NOW)
        lagging = (home / "journal.head").read_bytes()
        journal.append(EntryKind.AUDITED, {}, now=NOW)
        (home / "journal.head").write_bytes(lagging)  # as a power cut between the two leaves it
        full()
        with pytest.raises(UnfitError):
            journal.append(EntryKind.AUDITED, {}, now=NOW)
        monkeypatch.undo()
        assert journal.verify().anchor.seq == 2
        assert journal.append(EntryKind.AUDITED, {}, now=NOW).seq == 3
        assert journal.verify().damage is None
