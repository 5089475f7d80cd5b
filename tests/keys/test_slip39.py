import copy
import pickle
import random

import pytest
import shamir_mnemonic as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from shamir_mnemonic.share import Share as OracleShare
from shamir_mnemonic.wordlist import WORDLIST

from coldsign.errors import MalformedError
from coldsign.keys import slip39
from coldsign.keys.slip39 import parse, recover
from coldsign.keys.slip39_words import WORDS

SECRET = b"coldsign slip-39"


def split(secret=SECRET, threshold=1, groups=((2, 3),), **options):
    options = {"iteration_exponent": 0, "extendable": True} | options
    return oracle.generate_mnemonics(threshold, list(groups), secret, **options)


@settings(max_examples=40, deadline=None)
@given(
    secret=st.sampled_from([16, 18, 32, 64]).flatmap(
        lambda size: st.binary(min_size=size, max_size=size)
    ),
    passphrase=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
    extendable=st.booleans(),
    sizes=st.lists(
        st.tuples(st.integers(1, 5), st.integers(0, 3)).map(lambda one: (one[0], sum(one))),
        min_size=1,
        max_size=4,
    ),
    data=st.data(),
)
def test_any_sufficient_shares_give_the_secret(secret, passphrase, extendable, sizes, data):
    groups = [(needed, count if needed > 1 else 1) for needed, count in sizes]
    threshold = data.draw(st.integers(1, len(groups)))
    shares = oracle.generate_mnemonics(
        threshold,
        groups,
        secret,
        passphrase.encode(),
        iteration_exponent=0,
        extendable=extendable,
    )
    chosen = data.draw(st.permutations(range(len(groups))))[:threshold]
    texts = []
    for group in chosen:
        texts += data.draw(st.permutations(shares[group]))[: groups[group][0]]
    texts = data.draw(st.permutations(texts))
    with recover(tuple(texts), passphrase) as found:
        assert found.reveal() == secret
    everything = tuple(text for group in shares for text in group)
    assert recover(everything, passphrase).reveal() == secret


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_fields_agree_with_the_other_library(data):
    count = data.draw(st.integers(1, 16))
    share = OracleShare(
        identifier=data.draw(st.integers(0, 2**15 - 1)),
        extendable=data.draw(st.booleans()),
        iteration_exponent=data.draw(st.integers(0, 8)),
        group_index=data.draw(st.integers(0, 15)),
        group_threshold=data.draw(st.integers(1, count)),
        group_count=count,
        index=data.draw(st.integers(0, 15)),
        member_threshold=data.draw(st.integers(1, 16)),
        value=data.draw(st.sampled_from([16, 20, 32])).to_bytes(16, "big"),
    )
    found = parse(share.mnemonic())
    assert found.backup[:5] == (
        share.identifier,
        share.extendable,
        share.iteration_exponent,
        share.group_threshold,
        share.group_count,
    )
    assert (found.group, found.member) == (share.group_index, share.index)
    assert (found.member_threshold, found.value) == (share.member_threshold, share.value)
    by_letters = " ".join(word[:4] for word in share.words()).upper()
    assert parse(by_letters) == found


def test_the_words_are_the_standards():
    assert list(WORDS) == list(WORDLIST)
    assert len({word[:4] for word in WORDS}) == 1024


def test_a_slower_backup_and_another_passphrase():
    shares = split(iteration_exponent=2, passphrase=b"coldsign", extendable=False)[0]
    assert recover(tuple(shares[:2]), "coldsign").reveal() == SECRET
    assert recover(tuple(shares[:2]), "other").reveal() != SECRET


def test_every_changed_or_exchanged_word_is_noticed():
    share = split()[0][0]
    words = share.split()
    chooser = random.Random(39)
    for place in range(len(words)):
        other = chooser.choice([word for word in WORDS if word != words[place]])
        with pytest.raises(MalformedError):
            parse(" ".join([*words[:place], other, *words[place + 1 :]]))
        if place and words[place] != words[place - 1]:
            swapped = [*words[: place - 1], words[place], words[place - 1], *words[place + 1 :]]
            with pytest.raises(MalformedError):
                parse(" ".join(swapped))


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(max_size=100)
    | st.lists(st.sampled_from(WORDS), min_size=18, max_size=62).map(" ".join)
)
def test_any_text_is_read_or_malformed(text):
    with pytest.raises(MalformedError) as caught:
        parse(text)
    assert not [word for word in text.split() if len(word) > 7 and word in str(caught.value)]


def made(**changes):
    """One share with chosen fields."""
    fields = {
        "identifier": 7,
        "extendable": True,
        "iteration_exponent": 0,
        "group_index": 0,
        "group_threshold": 1,
        "group_count": 1,
        "index": 0,
        "member_threshold": 2,
        "value": bytes(16),
    }
    return OracleShare(**(fields | changes)).mnemonic()


TWO = tuple(split()[0][:2])


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ((), "no share"),
        (TWO[:1] * 300, "too many"),
        (TWO[:1], "1 of 2 shares of group 1"),
        ((TWO[0], TWO[0]), "1 of 2 shares of group 1"),
        ((TWO[0], made()), "not of one backup"),
        ((made(), made(index=1, value=b"\x01" * 16)), "do not belong together"),
        ((made(), made(value=b"\x01" * 16)), "contradict"),
        ((made(), made(index=1, member_threshold=3)), "contradict"),
        ((made(), made(index=1, value=bytes(32))), "not of one backup"),
        ((made(member_threshold=1, group_threshold=2, group_count=2),), "1 of 2 groups"),
        ((made(iteration_exponent=9),), "would take too long"),
        ((made(group_threshold=3, group_count=2),), "more groups are needed"),
        ((" ".join(["academic"] * 60),), "60 words"),
        ((" ".join(["academic"] * 18 + ["canary", "canary"]),), "words 19, 20 are not"),
        ((" ".join(["academic"] * 19 + ["canary"]),), "word 20 is not"),
        (("academic " * 200,), "no share"),
    ],
    ids=[
        *("none", "many", "few", "same", "backup", "digest", "one place", "thresholds", "length"),
        *("groups", "slow", "group count", "words", "unknown", "one unknown", "long"),
    ],
)
def test_shares_that_do_not_make_a_secret(texts, message):
    with pytest.raises(MalformedError, match=message) as caught:
        recover(texts)
    assert "canary" not in str(caught.value)


def test_a_further_share_that_disagrees_is_noticed():
    shares = split(groups=((2, 3),))[0]
    third = parse(shares[2])
    lying = made(
        identifier=third.identifier,
        index=third.member,
        value=bytes(value ^ 1 for value in third.value),
    )
    assert recover(tuple(shares)).reveal() == SECRET
    with pytest.raises(MalformedError, match="do not belong together"):
        recover((*shares[:2], lying))


@pytest.mark.parametrize("passphrase", ["é", "a\n", "\x7f"])
def test_other_passphrases_are_refused(passphrase):
    with pytest.raises(MalformedError, match="printable ASCII"):
        recover(TWO, passphrase)


def test_a_value_with_wrong_padding_is_refused():
    """14 words hold 8 units and 12 spare bits, 4 too many; 15 hold 9 and 6, which must be zero."""
    assert slip39._value((0,) * 15) == bytes(18)
    for values in ((0,) * 14, (1023,) * 14, (1023,) * 15, (16, *(0,) * 14)):
        with pytest.raises(MalformedError, match="padding"):
            slip39._value(values)


def test_shares_do_not_print_pickle_or_copy_their_value():
    share = parse(TWO[0])
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            leak(share)
    for shown in (repr(share), str(share), f"{share}"):
        assert share.value.hex() not in shown
        assert repr(share.value) not in shown
