import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.keys import seedqr
from coldsign.keys.mnemonic import Mnemonic
from tests.vectors import vector_file

PROPERTY = settings(max_examples=200, deadline=None)
ENTROPY = st.binary(min_size=16, max_size=16) | st.binary(min_size=32, max_size=32)


def test_published_vectors():
    vectors = json.loads(vector_file("qr/seedqr.json").read_text())["vectors"]
    assert len(vectors) >= 6
    for vector in vectors:
        mnemonic = Mnemonic.parse(vector["words"])
        assert seedqr.digits(mnemonic) == vector["digits"]
        assert seedqr.compact(mnemonic).hex() == vector["compact_hex"]
        for payload in (vector["digits"].encode(), bytes.fromhex(vector["compact_hex"])):
            assert " ".join(seedqr.parse(payload).words) == vector["words"]


@PROPERTY
@given(entropy=ENTROPY)
def test_both_forms_round_trip(entropy):
    mnemonic = Mnemonic.from_entropy(entropy)
    text = seedqr.digits(mnemonic)
    assert len(text) == len(entropy) * 3
    assert seedqr.parse(text.encode()).entropy == entropy
    assert seedqr.parse(seedqr.compact(mnemonic)).entropy == entropy


@PROPERTY
@given(
    payload=st.binary(max_size=100)
    | st.text("0123456789", min_size=48, max_size=48).map(str.encode)
)
def test_any_payload_is_read_or_malformed(payload):
    try:
        mnemonic = seedqr.parse(payload)
    except MalformedError:
        return
    assert payload in (seedqr.compact(mnemonic), seedqr.digits(mnemonic).encode())


def test_a_place_beyond_the_list_is_named_by_position():
    with pytest.raises(MalformedError, match="word 2 are no place"):
        seedqr.parse(b"0000" + b"2048" + b"0000" * 10)


def test_letters_among_digits_are_refused_without_showing_them():
    with pytest.raises(MalformedError, match="digits only") as caught:
        seedqr.parse(b"0001x" + b"0" * 43)
    assert "0001x" not in str(caught.value)


@pytest.mark.parametrize("size", [20, 24, 28])
def test_other_lengths_have_no_seedqr(size):
    mnemonic = Mnemonic.from_entropy(bytes(size))
    for write in (seedqr.digits, seedqr.compact):
        with pytest.raises(MalformedError, match="12 or 24"):
            write(mnemonic)
    with pytest.raises(MalformedError, match="no SeedQR"):
        seedqr.parse(bytes(size))
