import copy
import hashlib
import pickle
import unicodedata

import pytest
from embit import bip39 as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.keys.mnemonic import ENTROPY_SIZES, Mnemonic
from coldsign.primitives.words import word_list

PROPERTY = settings(max_examples=200, deadline=None)
ENTROPY = st.sampled_from(ENTROPY_SIZES).flatmap(lambda n: st.binary(min_size=n, max_size=n))
WORDS = [f"{word}" for word in Mnemonic.from_entropy(b"sixteen bytes ok").words]


# Our own: the entropy is SHA-256 of a name; recomputed with embit, and fixed as a hash of
# the seed so that a change in both would be seen.
KNOWN = [
    (16, "", "c64300cbefca9399"),
    (20, " ", "d591d53b3dd09a5b"),
    (24, "coldsign", "0e9ff9e665a09d87"),
    (28, "пароль", "e5e596470ae6a685"),
    (32, "e\N{COMBINING ACUTE ACCENT}", "5b559afe1daa880c"),
]


@pytest.mark.parametrize(("size", "passphrase", "expected"), KNOWN)
def test_known_answers_agree_with_another_library(size, passphrase, expected):
    entropy = hashlib.sha256(b"coldsign mnemonic").digest()[:size]
    mnemonic = Mnemonic.from_entropy(entropy)
    text = oracle.mnemonic_from_bytes(entropy)
    assert " ".join(mnemonic.words) == text
    assert Mnemonic.parse(text).entropy == entropy
    normalized = unicodedata.normalize("NFKD", passphrase)  # embit leaves that to its caller
    seed = mnemonic.seed(passphrase).reveal()
    assert seed == oracle.mnemonic_to_seed(text, normalized)
    assert hashlib.sha256(seed).hexdigest()[:16] == expected


@PROPERTY
@given(entropy=ENTROPY)
def test_words_and_entropy_are_two_forms_of_one_thing(entropy):
    mnemonic = Mnemonic.from_entropy(entropy)
    assert len(mnemonic.words) == len(entropy) * 3 // 4
    assert Mnemonic.parse(" ".join(mnemonic.words)).entropy == entropy
    assert " ".join(mnemonic.words) == oracle.mnemonic_from_bytes(entropy)


@PROPERTY
@given(entropy=ENTROPY, data=st.data())
def test_a_changed_word_is_noticed_or_is_another_valid_mnemonic(entropy, data):
    words = list(Mnemonic.from_entropy(entropy).words)
    place = data.draw(st.integers(0, len(words) - 1))
    words[place] = data.draw(st.sampled_from(word_list()))
    text = " ".join(words)
    if oracle.mnemonic_is_valid(text):
        assert " ".join(Mnemonic.parse(text).words) == text
    else:
        with pytest.raises(MalformedError, match="checksum"):
            Mnemonic.parse(text)


@PROPERTY
@given(text=st.text(max_size=200))
def test_any_text_is_read_or_malformed(text):
    with pytest.raises(MalformedError):
        Mnemonic.parse(text)


def test_case_blanks_and_four_letters_are_forgiven():
    entropy = bytes(range(16))
    words = Mnemonic.from_entropy(entropy).words
    for text in (
        " ".join(words).upper(),
        "  \t" + "\n".join(words) + " ",
        " ".join(word[:4] for word in words),
        "\N{IDEOGRAPHIC SPACE}".join(words),
    ):
        assert Mnemonic.parse(text).entropy == entropy


def test_four_letters_name_one_word_each():
    assert len({word[:4] for word in word_list()}) == 2048


@pytest.mark.parametrize(
    ("wrong", "message"),
    [((3,), "word 3 is not"), ((1, 12), "words 1, 12 are not")],
)
def test_unknown_words_are_named_by_position_only(wrong, message):
    words = list(WORDS)
    for place in wrong:
        words[place - 1] = "canaryyy"
    with pytest.raises(MalformedError, match=message) as caught:
        Mnemonic.parse(" ".join(words))
    assert caught.value.code == "unknown-word"
    shown = str(caught.value) + caught.value.hint
    assert not any(word in shown.split() for word in words if word not in {"a", "word"})


@pytest.mark.parametrize("count", [0, 1, 11, 13, 25])
def test_other_numbers_of_words_are_refused(count):
    with pytest.raises(MalformedError, match=f"{count} words?;"):
        Mnemonic.parse(" ".join(["zoo"] * count))


def test_a_wrong_checksum_is_named():
    with pytest.raises(MalformedError, match="checksum") as caught:
        Mnemonic.parse(" ".join(["zoo"] * 12))
    assert caught.value.code == "wrong-checksum"


def test_long_texts_are_not_even_split():
    with pytest.raises(MalformedError, match="no mnemonic"):
        Mnemonic.parse("zoo " * 5000)


@pytest.mark.parametrize("size", [0, 15, 17, 33, 64])
def test_other_entropy_sizes_are_refused(size):
    with pytest.raises(MalformedError, match=f"{size} bytes"):
        Mnemonic.from_entropy(bytes(size))


def test_the_passphrase_is_the_same_in_every_unicode_form():
    mnemonic = Mnemonic.from_entropy(bytes(16))
    forms = {unicodedata.normalize(form, "ÅéñΩ№") for form in ("NFC", "NFD", "NFKC", "NFKD")}
    assert len(forms) > 1
    assert len({mnemonic.seed(form).reveal() for form in forms}) == 1
    assert mnemonic.seed(" ").reveal() != mnemonic.seed("").reveal()


def test_a_passphrase_that_is_no_text_is_malformed():
    mnemonic = Mnemonic.from_entropy(bytes(16))
    with pytest.raises(MalformedError, match="not UTF-8") as caught:
        mnemonic.seed("canary\udcff")
    assert "canary" not in str(caught.value)
    with pytest.raises(MalformedError, match="more than 1024"):
        mnemonic.seed("x" * 1025)


def test_it_does_not_print_pickle_or_outlive_its_wipe():
    mnemonic = Mnemonic.parse(" ".join(Mnemonic.from_entropy(bytes(range(16))).words))
    for shown in (repr(mnemonic), str(mnemonic), f"{mnemonic}"):
        assert not set(mnemonic.words) & set(shown.lower().split())
        assert mnemonic.entropy.hex() not in shown
    for leak in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(mnemonic)
    mnemonic.wipe()
    assert mnemonic.entropy == b""
