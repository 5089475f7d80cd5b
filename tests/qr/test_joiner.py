"""Frames in any order to one message, and what is said about everything else that was seen."""

import contextlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.qr.joiner import MAX_MESSAGES, Joiner
from coldsign.qr.payload import Dialect, PayloadKind
from coldsign.qr.recognise import recognise
from coldsign.qr.splitter import split
from coldsign.qr.ur import uri
from coldsign.qr.ur.fountain import Part, Solver
from tests.qr.pictures import stream

PSBT = frozenset({PayloadKind.PSBT})
MULTI = (Dialect.UR, Dialect.UR_PSBT, Dialect.UR1, Dialect.BBQR, Dialect.PMOFN)


def psbt(size, seed=1):
    return b"psbt\xff" + random.Random(seed).randbytes(size)


def frames(data, dialect=Dialect.UR, density=8):
    return split(data, kind=PayloadKind.PSBT, dialect=dialect, density=density)


@given(
    st.sampled_from(MULTI),
    st.integers(1, 3000),
    st.integers(5, 40),
    st.integers(0, 2**32),
)
@settings(max_examples=100, deadline=None)
def test_shuffled_repeated_and_lost_frames_join(dialect, size, density, seed):
    rng = random.Random(seed)
    data = psbt(size, size)
    shown = frames(data, dialect, density)
    loop = list(shown.frames)
    rng.shuffle(loop)
    coming = stream(shown)
    joiner = Joiner(PSBT)
    for frame in loop[: rng.randrange(len(loop) + 1)]:
        joiner.feed(frame)
        joiner.feed(frame)
    for _ in range(40 * len(loop) + 40):
        if joiner.progress.done:
            break
        frame = next(coming)
        if rng.random() > 0.3:
            joiner.feed(frame)
    payload = joiner.require()
    assert payload.data == data
    assert joiner.progress.percent == 100
    assert joiner.progress.note == ""
    assert payload.dialect in {dialect, Dialect.BASE64}


def test_progress_counts_independent_parts_only():
    shown = frames(psbt(2000), density=8)
    joiner = Joiner(PSBT)
    assert joiner.progress.need == 0
    for count, frame in enumerate(shown.frames[: shown.need - 1], 1):
        progress = joiner.feed(frame)
        assert (progress.have, progress.need, progress.done) == (count, shown.need, False)
        assert joiner.feed(frame) == progress
    with pytest.raises(MalformedError, match=f"1 of {shown.need} parts are missing"):
        joiner.require()


@pytest.mark.parametrize("dialect", MULTI)
def test_a_second_message_is_noticed_and_never_spliced(dialect):
    one, two = frames(psbt(3000, 1), dialect), frames(psbt(3100, 2), dialect)
    joiner = Joiner(PSBT)
    for first, second in zip(one.frames, two.frames, strict=False):
        joiner.feed(first)
        joiner.feed(second)
    assert joiner.progress.note
    with pytest.raises(MalformedError):
        joiner.require()


def test_two_urs_of_equal_length_stay_apart():
    one, two = frames(psbt(3000, 1)), frames(psbt(3000, 2))
    joiner = Joiner(PSBT)
    for first, second in zip(one.frames, two.frames, strict=True):
        joiner.feed(first)
        joiner.feed(second)
    assert "a second message was seen" in joiner.progress.note
    assert joiner.payload.data == psbt(3000, 1)
    with pytest.raises(MalformedError, match="more than one message"):
        joiner.require()


def test_the_same_message_in_two_dialects_is_one():
    joiner = Joiner(PSBT)
    for dialect in (Dialect.UR, Dialect.BBQR):
        for frame in frames(psbt(900), dialect).frames:
            joiner.feed(frame)
    assert joiner.require().data == psbt(900)


def test_foreign_codes_are_counted_and_named():
    joiner = Joiner(PSBT)
    joiner.feed("https://example.org/")
    joiner.feed("bitcoin:bc1qqqq")
    joiner.feed("ur:crypto-hdkey/oyadykwfemtams")
    for frame in frames(psbt(900)).frames:
        joiner.feed(frame)
    note = joiner.progress.note
    assert "3 other codes seen" in note
    assert "a web link" in note
    assert "a bitcoin: payment link" in note
    assert "hdkey" in note
    assert joiner.require().data == psbt(900)


def test_damage_is_noted_and_looking_goes_on():
    shown = frames(psbt(900))
    joiner = Joiner(PSBT)
    assert "damaged" in joiner.feed(shown.frames[0][:-2] + "AA").note
    for frame in shown.frames:
        joiner.feed(frame)
    assert joiner.require().data == psbt(900)


def test_what_was_wanted_and_not_seen_is_said():
    with pytest.raises(MalformedError, match="a PSBT was expected; no code was seen"):
        Joiner(PSBT).require()


def test_sessions_held_at_once_are_bounded():
    joiner = Joiner(PSBT)
    for seed in range(MAX_MESSAGES + 5):
        joiner.feed(frames(psbt(2000, seed)).frames[0])
    assert len(joiner._messages) == MAX_MESSAGES
    assert "one more message" in joiner.progress.note


def test_what_to_do_depends_on_what_was_seen():
    joiner = Joiner(PSBT)
    with pytest.raises(MalformedError) as none:
        joiner.require()
    joiner.feed("https://example.org/")
    with pytest.raises(MalformedError) as foreign:
        joiner.require()
    joiner.feed(frames(psbt(900)).frames[0])
    with pytest.raises(MalformedError) as some:
        joiner.require()
    hints = [caught.value.hint for caught in (none, foreign, some)]
    assert "sharp" in hints[0]
    assert "right code" in hints[1]
    assert "all codes" in hints[2]


def test_many_kinds_are_due_as_a_message():
    with pytest.raises(MalformedError, match="a message was expected; no code"):
        Joiner(frozenset(PayloadKind)).require()
    with pytest.raises(MalformedError, match="a PSBT or a transaction was expected"):
        Joiner(frozenset({PayloadKind.PSBT, PayloadKind.TRANSACTION})).require()


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_reply_in_kind_is_recognised_as_the_same_dialect(dialect):
    if dialect in {Dialect.SEEDQR, Dialect.TEXT}:
        return
    data = psbt(300)
    shown = frames(data, dialect, 40)
    frame = shown.frames[0]
    payload = recognise(frame if isinstance(frame, bytes) else frame.encode() + b"\n")
    assert payload.data == data
    again = split(
        data, kind=payload.kind, dialect=payload.dialect, detail=payload.detail, density=40
    )
    assert again.frames == shown.frames or dialect is Dialect.PMOFN


def test_several_lines_as_a_hand_scanner_types_them():
    for dialect in MULTI:
        shown = frames(psbt(3000), dialect)
        lines = list(shown.frames)
        random.Random(1).shuffle(lines)
        text = "\r\n".join(["https://example.org", *lines]).encode() + b"\r\n"
        assert recognise(text, PSBT).data == psbt(3000)
        with pytest.raises(MalformedError, match="missing"):
            recognise("\n".join(shown.frames[1 : shown.need]).encode(), PSBT)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"psbt\xff\x01", PayloadKind.PSBT),
        (b"psbt\x00", PayloadKind.BYTES),
        (b"wpkh([00000000/84h/0h/0h]xpub.../<0;1>/*)#abcdefgh\n", PayloadKind.WALLET),
        (b'{"label": "x", "descriptor": "wsh(...)"}', PayloadKind.WALLET),
        (b"id,address,sats\n1,bc1,5\n", PayloadKind.TEXT),
        (b"https://example.org", PayloadKind.TEXT),
        (b"\xff\xfe", PayloadKind.BYTES),
        (b"ab\0cd", PayloadKind.BYTES),
    ],
)
def test_files_are_recognised_by_content(data, kind):
    assert recognise(data).kind is kind


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\n\n", b"  \n\t\n"])
def test_blank_files_hold_nothing(data):
    with pytest.raises(MalformedError, match="nothing but blank lines"):
        recognise(data)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_base64_takes_one_line_end_and_nothing_else(end):
    text = frames(psbt(300), Dialect.BASE64).frames[0].encode()
    assert recognise(text + end).data == psbt(300)


@pytest.mark.parametrize(
    "change", ["{a}\n{b}", "{a} {b}", "{a}{b}=", "{a}{b}\n\n{a}", "{a}!{b}", " \n{a}\n{b}"]
)
def test_base64_with_anything_else_is_refused(change):
    text = frames(psbt(300), Dialect.BASE64).frames[0]
    bad = change.format(a=text[:76], b=text[76:]).encode()
    try:
        payload = recognise(bad)
    except MalformedError:
        return
    assert payload.kind is PayloadKind.TEXT


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
@settings(max_examples=400, deadline=None)
def test_any_file_is_a_payload_or_malformed(data):
    with contextlib.suppress(MalformedError):
        assert recognise(data).kind in PayloadKind


HEADS = [
    "ur:crypto-psbt/",
    "UR:BYTES/",
    "ur:bytes/1of2/",
    "B$HP0100",
    "B$2U",
    "B$ZP0201",
    "p1of2 ",
    "cHNidP",
    "70736274ff",
]


@given(st.sampled_from(HEADS), st.text(alphabet="abzAZ0279=/-of$", max_size=60))
@settings(max_examples=500, deadline=None)
def test_any_frame_is_fed_without_an_exception(head, tail):
    joiner = Joiner()
    joiner.feed(head + tail)
    joiner.feed(head + tail[::-1])
    assert joiner.progress.need >= 0


def test_a_message_that_proved_broken_is_not_joined_again_with_every_frame(monkeypatch):
    forged = [
        uri.piece_text("crypto-psbt", Part(number, 2, 4, 0xBAD, b"ab")) for number in range(1, 40)
    ]
    joined = []
    message = Solver.message
    monkeypatch.setattr(Solver, "message", lambda self: joined.append(1) or message(self))
    joiner = Joiner()
    for frame in forged:
        joiner.feed(frame)
    assert len(joined) == 1
    with pytest.raises(MalformedError, match="the checksum of the joined message is wrong"):
        joiner.require()
