"""URs of both versions against the published vectors, and by themselves."""

import json
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.primitives.cbor import read_head
from coldsign.qr.joiner import Joiner
from coldsign.qr.ur import bytewords, cbor, chooser, fountain, ur1, uri
from tests.vectors import vector_file


def vectors(name):
    return json.loads(vector_file(f"qr/{name}").read_text())


def mur():
    return vectors("mur_bcr2024_001.json")


def message(size):
    rng = chooser.Xoshiro(b"Wolf")
    return bytes(int(rng.next_double() * 256) for _ in range(size))


def test_bytewords_vectors():
    data = vectors("bytewords.json")
    for case in data["cases"]:
        raw = bytes.fromhex(case["hex"])
        if "crc" in case:
            assert bytewords.decode(case["minimal"]) == raw
            continue
        assert bytewords.encode(raw) == case["minimal"]
        assert bytewords.decode(case["minimal"]) == raw
        words = [bytewords.WORDS[byte] for byte in raw + zlib.crc32(raw).to_bytes(4, "big")]
        assert case.get("standard", " ".join(words)) == " ".join(words)
    assert data["bad"]
    for text in data["bad"]:
        with pytest.raises(MalformedError):
            bytewords.decode(text)


def test_the_word_list_is_distinct_in_its_outer_letters():
    assert len(set(bytewords.WORDS)) == 256
    assert len({w[0] + w[3] for w in bytewords.WORDS}) == 256


def test_generator_vectors():
    import zlib

    first, second, *_ = mur()["xoshiro"]
    rng = chooser.Xoshiro(b"Wolf")
    assert [rng.next() % 100 for _ in first["mod100"]] == first["mod100"]
    rng = chooser.Xoshiro(zlib.crc32(b"Wolf").to_bytes(4, "big"))
    assert [rng.next() % 100 for _ in second["mod100"]] == second["mod100"]


def test_sampler_vector():
    case = mur()["random_sampler"]
    rng = chooser.Xoshiro(b"Wolf")
    sampler = chooser.Sampler(case["probs"])
    assert [sampler.next(rng) for _ in case["samples"]] == case["samples"]


def test_shuffle_vector_and_that_a_prefix_is_enough():
    case = mur()["shuffle"]
    assert len(case["results"]) == 10
    for result in case["results"]:
        assert chooser.shuffled(case["items"], chooser.Xoshiro(b"Wolf"), len(result)) == result


def test_degree_vector():
    case = mur()["degree_chooser"]
    count = fountain.Mixer(message(case["len"]), 94).count
    rng = chooser.Xoshiro(b"Wolf")
    assert [chooser.choose_degree(count, rng) for _ in case["degrees"]] == case["degrees"]


def test_fragment_chooser_vector():
    case = mur()["fragment_chooser"]
    mixer = fountain.Mixer(message(case["len"]), 94)
    assert mixer.count == 11
    assert [list(mixer.indexes(n)) for n in range(1, 51)] == case["indexes"]


def test_part_cbor_vector():
    case = mur()["part_cbor"]
    data = bytes.fromhex(case["data"])
    raw = bytes.fromhex(case["cbor"])
    part = fountain.Part(case["seqNum"], case["seqLen"], case["messageLen"], case["checksum"], data)
    assert part.serialize() == raw
    with pytest.raises(MalformedError, match="cannot make a message"):
        fountain.Part.parse(
            raw
        )  # the paper's example contradicts itself: 8 parts of 5 for 100 bytes


def test_encoder_vectors():
    case = mur()["encoder"]
    mixer = fountain.Mixer(message(case["len"]), 29)
    texts = []
    for number in range(1, len(case["parts"]) + 1):
        p = mixer.part(number)
        texts.append(
            f"seqNum:{p.number}, seqLen:{p.count}, messageLen:{p.size}, "
            f"checksum:{p.checksum}, data:{p.data.hex()}"
        )
    assert texts == case["parts"]


def test_urkit_vectors():
    data = vectors("ur_urkit.json")
    case = data["single"]
    whole = uri.parse(case["ur"])
    assert uri.content(whole) == message(case["len"])
    assert uri.whole_text("bytes", whole.message).lower() == case["ur"]
    case = data["multipart"]
    mixer = fountain.Mixer(cbor.wrap_bytes(message(256)), 29)
    made = [uri.piece_text("bytes", mixer.part(n)).lower() for n in range(1, 21)]
    assert made == case["parts"]
    joiner = Joiner()
    for text in reversed(case["parts"]):
        joiner.feed(text)
    assert joiner.require().data == message(256)


def test_a_long_message_from_late_parts_only():
    data = cbor.wrap_bytes(message(32767))
    mixer = fountain.Mixer(data, 1000)
    solver = fountain.Solver(mixer.part(100), fountain.Budget())
    for number in range(100, 160):
        solver.add(mixer.part(number))
        if solver.rank == solver.count:
            break
    assert solver.message() == data


@pytest.mark.parametrize("name", ["ur_registry_bcr.json", "ur_registry_hummingbird.json"])
def test_registry_vectors_are_well_formed(name):
    cases = vectors(name)["vectors"]
    assert cases
    for case in cases:
        ur = uri.parse(case["ur"])
        if isinstance(ur, uri.Whole):
            cbor.check(ur.message)
            assert uri.wrap(ur.type, uri.content(ur)) == ur.message
            assert uri.whole_text(ur.type, ur.message).lower() == case["ur"].lower()


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "5f41004100ff",  # indefinite length
        "5803",  # ends inside
        "580161",  # not the shortest form
        "4161ff",  # bytes after it
        "6161",  # text
        "9b000100000000000000",
        "1c",  # reserved
    ],
)
def test_bad_byte_strings(raw):
    with pytest.raises(MalformedError):
        cbor.unwrap_bytes(bytes.fromhex(raw))


@pytest.mark.parametrize(
    "raw", ["81" * 40 + "00", "a2010203", "8201", "c1", "9f01ff", "6261", "0000"]
)
def test_bad_items(raw):
    with pytest.raises(MalformedError):
        cbor.check(bytes.fromhex(raw))


@given(st.binary(max_size=64))
@settings(max_examples=300, deadline=None)
def test_cbor_of_any_bytes_is_checked_or_refused(raw):
    try:
        cbor.check(raw)
    except MalformedError:
        return
    head = read_head(raw)
    assert head.offset <= len(raw)


@given(st.binary(min_size=1, max_size=300))
@settings(max_examples=100, deadline=None)
def test_bytewords_round_trip(data):
    assert bytewords.decode(bytewords.encode(data)) == data


@given(st.binary(max_size=300), st.integers(min_value=120, max_value=400))
@settings(max_examples=100, deadline=None)
def test_version_1_round_trip(data, room):
    frames = [ur1.Frame.parse(text) for text in ur1.split(data, room)]
    assert ur1.join(frames) == data
    assert all(ur1.looks_like(text) for text in ur1.split(data, room) if len(text) > 40)


@pytest.mark.parametrize(
    "text",
    [
        "ur:bytes/3of2/qqqq/qqqq",
        "ur:bytes/0of2/qqqq/qqqq",
        "ur:bytes/a/b/c/d",
        "ur:bytes/1of2/qqqqqqqq/qqqq",
        "ur:bytes/qqqqqqqqqqqqqqqq",
    ],
)
def test_bad_version_1(text):
    with pytest.raises(MalformedError):
        ur1.join([ur1.Frame.parse(text)])


def test_version_1_digest_is_checked():
    one, two = ur1.split(bytes(200), 300), ur1.split(bytes(199) + b"\1", 300)
    assert len(one) == len(two) == 2
    digest = one[0].split("/")[2]
    head = [text.rsplit("/", 2)[0] for text in two]
    body = [text.rsplit("/", 1)[1] for text in two]
    forged = [f"{h}/{digest}/{b}" for h, b in zip(head, body, strict=True)]
    with pytest.raises(MalformedError, match="digest"):
        ur1.join([ur1.Frame.parse(text) for text in forged])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ur:crypto-psbt/Hkad", "mixes"),
        ("ur:crypto_psbt/hkad", "not a ur type"),
        ("ur:psbt", "segments"),
        ("ur:psbt/1-2/hkad", "checksum"),
        ("ur:psbt/hkada", "odd"),
        ("ur:psbt/zzzzzz", "byteword"),
    ],
)
def test_bad_ur_texts(text, why):
    with pytest.raises(MalformedError, match=why):
        uri.parse(text)


def test_the_sequence_must_be_the_frames():
    part = fountain.Mixer(bytes(100), 50).part(1)
    text = uri.piece_text("bytes", part).lower()
    with pytest.raises(MalformedError, match="sequence"):
        uri.parse(text.replace("/1-2/", "/2-2/"))


def test_contradicting_parts_are_refused():
    mixer = fountain.Mixer(bytes(range(100)), 25)
    solver = fountain.Solver(mixer.part(1), fountain.Budget())
    solver.add(mixer.part(1))
    one = mixer.part(1)
    forged = fountain.Part(1, one.count, one.size, one.checksum, bytes(25))
    with pytest.raises(MalformedError, match="contradict"):
        solver.add(forged)


def part(number=1, count=2, size=100, checksum=5, data=bytes(50)):
    return fountain.Part(number, count, size, checksum, data).serialize()


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (part(count=fountain.MAX_FRAGMENTS + 1), "at most 10000"),
        (part(count=0), "message of 0 parts"),
        (part(number=0), "32 bits"),
        (part(number=2**32), "32 bits"),
        (part(checksum=2**32), "32 bits"),
        (part(size=2**22 + 1, data=bytes(2**21 + 1)), "at most 4194304"),
        (part(size=50), "cannot make"),
        (part(size=101), "cannot make"),
        (part(size=0), "cannot make"),
        (part(data=b"", size=0), "cannot make"),
        (part() + b"\0", "bytes follow"),
        (b"\x84" + part()[1:], "array of five"),
        (b"\x85\x61a" + part()[2:], "not made of numbers"),
        (b"", "CBOR: cut short"),
    ],
)
def test_bad_parts(raw, why):
    with pytest.raises(MalformedError, match=why):
        fountain.Part.parse(raw)


def test_the_largest_sequence_number_is_read():
    assert fountain.Part.parse(part(number=2**32 - 1)).number == 2**32 - 1
