import json

import pytest
from embit import base58
from embit import bech32 as embit_bech32
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.primitives.encoding import (
    base58check_decode,
    base58check_encode,
    bech32_decode,
    bech32_encode,
    bech32_polymod,
)
from tests.vectors import vector_file

QUICK = settings(max_examples=200, deadline=None)
PROGRAMS = st.tuples(st.just(0), st.binary(min_size=20, max_size=20)) | st.tuples(
    st.integers(0, 16), st.binary(min_size=2, max_size=40)
).filter(lambda pair: pair[0] or len(pair[1]) in {20, 32})


@QUICK
@given(st.binary(max_size=80))
def test_base58_round_trip(payload):
    text = base58check_encode(payload)
    assert base58check_decode(text) == payload
    assert base58.encode_check(payload) == text


@QUICK
@given(st.text(max_size=60) | st.text("1z9aoO", max_size=20))
def test_any_text_is_base58_or_malformed(text):
    try:
        payload = base58check_decode(text)
    except MalformedError:
        return
    assert base58check_encode(payload) == text


def test_base58_errors():
    text = base58check_encode(b"\0payload")
    for bad, message in (
        (text[:-1] + ("2" if text[-1] != "2" else "3"), "checksum"),
        ("0" + text, "character 1 is not base58"),
        ("1" * 129, "longer than 128"),
        ("11", "too short"),
        ("", "too short"),
    ):
        with pytest.raises(MalformedError, match=message):
            base58check_decode(bad)


@QUICK
@given(PROGRAMS, st.sampled_from(["bc", "tb", "bcrt"]))
def test_bech32_round_trip(program, hrp):
    address = bech32_encode(hrp, *program)
    assert bech32_decode(address) == (hrp, *program)
    assert bech32_decode(address.upper()) == (hrp, *program)
    version, data = embit_bech32.decode(hrp, address)
    assert (version, bytes(data)) == program
    assert embit_bech32.encode(hrp, *program) == address


@QUICK
@given(PROGRAMS, st.data())
def test_up_to_four_wrong_characters_are_noticed(program, data):
    address = bech32_encode("bc", *program)
    positions = data.draw(
        st.lists(st.integers(3, len(address) - 1), min_size=1, max_size=4, unique=True)
    )
    chars = list(address)
    for position in positions:
        others = [c for c in "qpzry9x8gf2tvdw0s3jn54khce6mua7l" if c != address[position]]
        chars[position] = data.draw(st.sampled_from(others))
    with pytest.raises(MalformedError):
        bech32_decode("".join(chars))


@QUICK
@given(st.text(max_size=60) | st.text("bc1qpzr", max_size=30))
def test_any_text_is_bech32_or_malformed(text):
    try:
        hrp, version, program = bech32_decode(text)
    except MalformedError:
        return
    assert bech32_encode(hrp, version, program) == text.lower()


def test_invalid_addresses():
    vectors = json.loads(vector_file("bech32-invalid-addresses.json").read_text())["vectors"]
    assert len(vectors) >= 20
    for case in vectors:
        try:
            hrp, _, _ = bech32_decode(case["address"])
        except MalformedError:
            continue
        assert hrp not in {"bc", "tb", "bcrt"}, case["id"]


@QUICK
@given(st.lists(st.integers(0, 31), max_size=40))
def test_the_checksum_state_of_any_groups(groups):
    assert bech32_polymod(groups) == embit_bech32.bech32_polymod(groups)


def checksummed(hrp, groups, constant):
    """A text whose checksum is right, around any content (embit's polymod)."""
    return embit_bech32.bech32_encode(constant, hrp, list(groups))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bc1" + "q" * 90, "at most 90"),
        ("BC1Qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "upper case"),
        ("bc1qé", "ASCII"),
        ("qqqqqqqqqqqq", "prefix"),
        ("1qqqqqqqqq", "prefix"),
        ("b c1qqqqqqqqq", "prefix"),
        ("bc1qqqqqq", "too short"),
        ("bc1qqqqbqqqq", "character 8 is not bech32"),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "checksum"),
        (checksummed("bc", [1] + [0] * 52, embit_bech32.Encoding.BECH32), "bech32m"),
        (checksummed("bc", [0] + [0] * 32, embit_bech32.Encoding.BECH32M), "bech32m"),
        (checksummed("bc", [17] + [0] * 32, embit_bech32.Encoding.BECH32M), "version 17"),
        (checksummed("bc", [1] + [0] * 66, embit_bech32.Encoding.BECH32M), "not 41"),
        (checksummed("bc", [1, 0, 0], embit_bech32.Encoding.BECH32M), "2 to 40"),
        (checksummed("bc", [1], embit_bech32.Encoding.BECH32M), "2 to 40"),
        (checksummed("bc", [0] + [0] * 8, embit_bech32.Encoding.BECH32), "20 or 32"),
        (checksummed("bc", [1] + [0] * 51 + [1], embit_bech32.Encoding.BECH32M), "padding"),
        (checksummed("bc", [1] + [0] * 54, embit_bech32.Encoding.BECH32M), "padding"),
    ],
)
def test_bech32_errors(text, message):
    with pytest.raises(MalformedError, match=message):
        bech32_decode(text)


@pytest.mark.parametrize(("version", "size"), [(0, 21), (17, 32), (-1, 32), (1, 1), (1, 41)])
def test_impossible_programs_have_no_address(version, size):
    with pytest.raises(MalformedError):
        bech32_encode("bc", version, bytes(size))
