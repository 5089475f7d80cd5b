import copy
import pickle
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.keys import codex32
from coldsign.keys.bip32 import ExtendedSecretKey
from coldsign.keys.codex32 import Share, interpolate, parse, recover
from coldsign.keys.versions import NetworkGroup
from coldsign.primitives.encoding import BECH32_ALPHABET
from tests.vectors import vector_file

PROPERTY = settings(max_examples=100, deadline=None)
S = BECH32_ALPHABET.index("s")
UNSPLIT = Share(0, "test", S, bytes(26)).serialize()
PAYLOADS = st.sampled_from([26, 32, 52, 71, 103]).flatmap(
    lambda size: st.lists(st.integers(0, 31), min_size=size, max_size=size).map(bytes)
)
PAYLOADS = PAYLOADS.filter(lambda payload: len(payload) * 5 % 8 <= 4)


def sections():
    """Each published section's title, and the strings and answers in it."""
    text = vector_file("bip-0093-vectors.txt").read_text()
    parts = re.split(r"===(.+)===\n", text)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def strings(section):
    return re.findall(r"<code>(ms1[0-9a-z]{40,}|MS1[0-9A-Z]{40,})</code>", section)


def test_published_secrets_and_their_master_keys():
    seen = 0
    for title, section in sections().items():
        if title.startswith("Invalid"):
            continue
        seed = re.search(r"Master seed \(hex\): <code>([0-9a-f]+)</code>", section)[1]
        xprv = re.search(r"<code>(xprv[^<]+)</code>", section)[1]
        for string in strings(section):
            share = parse(string)
            assert share.serialize() == string.lower()
            if share.is_secret:
                with (
                    recover((string,) * 1)
                    if share.threshold == 0
                    else codex32._seed(share) as found
                ):
                    assert found.reveal().hex() == seed
                    master = ExtendedSecretKey.from_seed(found.buffer)
                    if "chosen" not in section or string == strings(section)[0]:
                        assert master.serialize(NetworkGroup.MAIN) == xprv
                seen += 1
    assert seen >= 22


def test_published_shares_give_each_other():
    published = sections()
    for title, count in (("Test vector 2", 2), ("Test vector 3", 3)):
        texts = strings(published[title])
        by_index = {}
        for text in texts:
            by_index.setdefault(parse(text).index, parse(text))
        shares = [share for share in by_index.values() if not share.is_secret][:count]
        assert len(by_index) >= count + 2
        for index, expected in by_index.items():
            assert interpolate(tuple(shares), index) == expected
        seed = re.search(r"Master seed \(hex\): <code>([0-9a-f]+)</code>", published[title])[1]
        for chosen in (shares, shares[::-1]):
            texts = tuple(share.serialize() for share in chosen)
            assert recover(texts).reveal().hex() == seed


def test_published_invalid_strings_are_refused():
    invalid = re.findall(r"<code>([^<]{20,})</code>", sections()["Invalid test vectors"])
    assert len(invalid) >= 60
    for string in invalid:
        with pytest.raises(MalformedError) as caught:
            parse(string)
        assert string not in str(caught.value)


@PROPERTY
@given(
    payload=PAYLOADS,
    threshold=st.sampled_from([0, *range(2, 10)]),
    identifier=st.text(BECH32_ALPHABET, min_size=4, max_size=4),
)
def test_strings_round_trip(payload, threshold, identifier):
    share = Share(threshold, identifier, S, payload)
    text = share.serialize()
    assert parse(text) == parse(text.upper()) == parse(f" {text}\n") == share


@settings(max_examples=30, deadline=None)
@given(payload=PAYLOADS, threshold=st.integers(2, 9), data=st.data())
def test_any_shares_give_the_secret(payload, threshold, data):
    indexes = data.draw(
        st.lists(st.integers(0, 31), min_size=threshold + 2, max_size=threshold + 2, unique=True)
    )
    size = len(payload)
    draw = st.lists(st.integers(0, 31), min_size=size, max_size=size).map(bytes)
    basis = tuple(Share(threshold, "test", index, data.draw(draw)) for index in indexes[:-2])
    more = tuple(interpolate(basis, index) for index in indexes[-2:])
    everything = basis + more
    chosen = tuple(data.draw(st.permutations(everything)))[:threshold]
    assert interpolate(chosen, S) == interpolate(basis, S)
    assert interpolate(everything, S) == interpolate(basis, S)
    wrong = replace(more[0], payload=bytes(value ^ 1 for value in more[0].payload))
    with pytest.raises(MalformedError, match="not of one secret"):
        interpolate((*basis, wrong), S)


@PROPERTY
@given(text=st.text(max_size=130) | st.text(BECH32_ALPHABET, max_size=130).map("ms1".__add__))
def test_any_text_is_read_or_malformed(text):
    with pytest.raises(MalformedError):
        parse(text)


@pytest.mark.parametrize("size", [26, 103])
def test_every_wrong_or_exchanged_character_is_noticed(size):
    text = Share(2, "test", 5, (bytes(range(26)) * 4)[:size]).serialize()
    for position in range(3, len(text)):
        for char in "qs":
            if text[position] != char:
                with pytest.raises(MalformedError):
                    parse(text[:position] + char + text[position + 1 :])
        if text[position] != text[position - 1] and position > 3:
            swapped = text[: position - 1] + text[position] + text[position - 1]
            with pytest.raises(MalformedError):
                parse(swapped + text[position + 1 :])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mq" + UNSPLIT[2:], "does not begin"),
        (UNSPLIT[:20] + "b" + UNSPLIT[21:], "character 21"),
        (UNSPLIT[:20] + "\N{KELVIN SIGN}" + UNSPLIT[21:], "mixed|character 21"),
    ],
    ids=["prefix", "letter", "kelvin"],
)
def test_other_letters_are_named_by_position(text, message):
    with pytest.raises(MalformedError, match=message):
        parse(text)


SHARES = tuple(Share(2, "test", index, bytes([index]) * 26).serialize() for index in range(3))
OTHER = Share(2, "tent", 7, bytes(26)).serialize()


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ((), "no share"),
        (SHARES[:1], "1 of 2 shares"),
        ((SHARES[0], SHARES[0]), "twice"),
        ((SHARES[0], OTHER), "not of one secret"),
        ((SHARES[0], UNSPLIT), "not of one secret"),
        ((UNSPLIT, UNSPLIT), "twice"),
        ((SHARES[0], Share(3, "test", 4, bytes(26)).serialize()), "not of one secret"),
        ((SHARES[0], Share(2, "test", 4, bytes(52)).serialize()), "not of one secret"),
    ],
    ids=["none", "few", "twice", "identifier", "unsplit", "unsplit twice", "threshold", "length"],
)
def test_shares_that_do_not_make_a_secret(texts, message):
    with pytest.raises(MalformedError, match=message):
        recover(texts)


def test_shares_do_not_print_pickle_or_copy_their_payload():
    share = parse(SHARES[2])
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            leak(share)
    for shown in (repr(share), str(share), f"{share}"):
        assert SHARES[2][9:20] not in shown
        assert repr(share.payload) not in shown
