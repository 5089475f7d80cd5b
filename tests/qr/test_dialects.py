"""BBQr, pMofN, base43, base64 and hex against published vectors, and by themselves."""

import hashlib
import json
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError, UsageError
from coldsign.qr import base43, bbqr, plain, pmofn
from coldsign.qr.joiner import Joiner
from coldsign.qr.payload import Dialect, PayloadKind
from coldsign.qr.recognise import recognise
from tests.vectors import vector_file


def vectors(name):
    return json.loads(vector_file(f"qr/{name}").read_text())


def test_bbqr_splits_of_the_specification_join():
    files = [f for f in vectors("bbqr.json")["files"] if f.get("splits")]
    assert files
    for file in files:
        for split in file["splits"]:
            data = bbqr.join([bbqr.Frame.parse(text) for text in split["parts"]])
            assert data == bytes.fromhex(file["hex"])
            assert hashlib.sha256(data).hexdigest() == file["sha256"]


def test_bbqr_real_scan_joins_in_the_order_it_was_seen():
    scan = vectors("bbqr.json")["real_scan"]
    joiner = Joiner()
    for line in scan["lines"]:
        joiner.feed(line)
    payload = joiner.require()
    assert payload.detail == "ZU"
    assert all(text.encode() in payload.data for text in scan["must_contain"])


def test_bbqr_deflates_as_small_as_the_specification_says():
    sizes = vectors("bbqr.json")["spec_compressed_sizes"]
    checked = 0
    for name, size in sizes.items():
        if name.endswith(".psbt"):
            assert len(bbqr.deflate(vector_file(f"qr/{name}").read_bytes())) <= size + 16
            checked += 1
    assert checked


def test_bbqr_never_inflates_past_its_cap():
    bomb = bbqr.deflate(bytes(8 * 1024 * 1024))
    assert len(bomb) < 10_000
    with pytest.raises(MalformedError, match="inflates to more"):
        bbqr.inflate(bomb)


def test_bbqr_refuses_a_longer_window_and_trailing_bytes():
    data = hashlib.sha256(b"a").digest() * 2
    data += b"".join(hashlib.sha256(bytes([i])).digest() for i in range(64)) + data
    encoder = zlib.compressobj(9, zlib.DEFLATED, -15)
    long = encoder.compress(data) + encoder.flush()
    assert zlib.decompress(long, -15) == data
    with pytest.raises(MalformedError, match="does not inflate"):
        bbqr.inflate(long)
    with pytest.raises(MalformedError, match="goes on"):
        bbqr.inflate(bbqr.deflate(data) + b"\0")
    with pytest.raises(MalformedError, match="ends early"):
        bbqr.inflate(bbqr.deflate(data)[:-3])


@given(st.binary(min_size=1, max_size=4000), st.sampled_from("H2Z"), st.integers(40, 500))
@settings(max_examples=200, deadline=None)
def test_bbqr_round_trip(data, encoding, room):
    texts = bbqr.split(data, f"{encoding}B", room)
    assert max(map(len, texts)) <= room
    assert bbqr.join([bbqr.Frame.parse(text) for text in texts]) == data


@pytest.mark.parametrize(
    "text",
    [
        "B$HP0100aa",
        "B$HP0000AA",
        "B$HP0100AAA",
        "B$HP0100",
        "B$HP0101AA",
        "B$2P0100A",
        "B$2P0100AB",  # pad bits
        "B$2P0200AAAA",  # padding before the last part
        "B$2P01000000",
        "B$XP0100AA",
        "B$hP0100AA",
        "B$",
    ],
)
def test_bad_bbqr_frames(text):
    with pytest.raises(MalformedError):
        bbqr.Frame.parse(text)


@pytest.mark.parametrize("at", [0, 1, -1])
@pytest.mark.parametrize("longer", [False, True])
def test_bbqr_parts_of_unequal_length_do_not_join(at, longer):
    """Q-P: what is missing between two parts must not be filled with anything."""
    frames = list(bbqr.split(b"psbt\xff" + bytes(range(250)) * 8, "HP", 700))
    assert len(frames) > 3
    body = frames[0][8:]
    frames[at] = frames[at] + body if longer else frames[at][:-16]
    joiner = Joiner()
    for frame in frames:
        joiner.feed(frame)
    if (
        at == -1 and not longer
    ):  # the last part may be shorter: that it is too short, the PSBT's reader finds
        assert len(joiner.require().data) == 5 + 2000 - 8
        return
    with pytest.raises(MalformedError, match="unequal length"):
        joiner.require()


def test_bbqr_runs_out_of_parts():
    with pytest.raises(UsageError, match="1295"):
        bbqr.split(bytes(20_000), "HB", 30)


def test_bbqr_of_type_psbt_that_is_none():
    joiner = Joiner()
    joiner.feed("B$HP0100" + b"hello".hex().upper())
    with pytest.raises(MalformedError, match="no psbt"):
        joiner.require()


def test_pmofn_and_ur_of_seedsigner():
    data = vectors("psbt_qr_seedsigner.json")
    joiner = Joiner(frozenset({PayloadKind.PSBT}))
    for text in data["pmofn_parts"][:10]:
        joiner.feed(text)
    payload = joiner.require()
    assert (payload.kind, payload.dialect) == (PayloadKind.PSBT, Dialect.PMOFN)
    joiner = Joiner()
    for text in data["pmofn_parts"][10:]:
        joiner.feed(text)
    assert joiner.require().data.startswith(b"{")
    joiner = Joiner()
    sets = {text.split("/")[1].split("-")[1] for text in data["ur_parts"]}
    for text in data["ur_parts"]:
        joiner.feed(text)
    assert joiner.payload is not None
    assert len(sets) > 1
    with pytest.raises(MalformedError, match="more than one message"):
        joiner.require()
    for text in data["base64"]:
        assert recognise(text.encode()).kind is PayloadKind.PSBT


@given(st.text(alphabet="ABCabc019+/=", min_size=1, max_size=500), st.integers(20, 90))
def test_pmofn_round_trip(text, room):
    frames = [pmofn.Frame.parse(part) for part in pmofn.split(text, room)]
    assert "".join(frame.body for frame in frames) == text
    assert [frame.index for frame in frames] == list(range(frames[0].total))


@pytest.mark.parametrize(
    "text", ["p0of3 AA", "p4of3 AA", "p1of03 AA", "p1of3", "p1of3 \x01", "p1of99999 A"]
)
def test_bad_pmofn(text):
    with pytest.raises(MalformedError):
        pmofn.Frame.parse(text)


def test_pmofn_runs_out_of_parts():
    with pytest.raises(UsageError):
        pmofn.split("A" * 100_000, 13)


def test_electrum_vectors():
    data = vectors("electrum_base43.json")
    raw, text = data["test_base43"][:2]  # the other pair is base58
    assert base43.encode(bytes.fromhex(raw)) == text
    assert base43.decode(text) == bytes.fromhex(raw)
    for case in data["raw_tx_formats"]:
        kind = PayloadKind.PSBT if case["name"].startswith("psbt") else PayloadKind.TRANSACTION
        assert recognise(case["data"].encode()).kind is kind


@given(st.binary(min_size=1, max_size=600))
@settings(max_examples=200, deadline=None)
def test_base43_round_trip(data):
    assert base43.decode(base43.encode(data)) == data


@pytest.mark.parametrize("text", ["", "a", "A B", "0" * 30_001])
def test_bad_base43(text):
    with pytest.raises(MalformedError):
        base43.decode(text)


@pytest.mark.parametrize(
    "text", [b"QR==", b"QQ", b"QQ=", b"Q=Q=", b"QQ==\n", b"QQ-=", b"", b"===="]
)
def test_bad_base64(text):
    with pytest.raises(MalformedError):
        plain.decode_base64(text)


@pytest.mark.parametrize("text", [b"", b"0", b"0g", b"aA", b" 00", b"00\n"])
def test_bad_hex(text):
    with pytest.raises(MalformedError):
        plain.decode_hex(text)


@given(st.binary(min_size=1, max_size=200))
def test_plain_round_trips(data):
    assert plain.decode_base64(plain.encode_base64(data).encode()) == data
    assert plain.decode_hex(data.hex().encode()) == data
    assert plain.decode_hex(data.hex().upper().encode()) == data
