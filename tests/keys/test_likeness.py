import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.keys import codex32, seedqr, slip39
from coldsign.keys.bip32 import ExtendedSecretKey
from coldsign.keys.likeness import Likeness
from coldsign.keys.mnemonic import Mnemonic
from coldsign.keys.secret import Secret
from coldsign.keys.slip39_words import WORDS as SHARE_WORDS
from coldsign.keys.versions import NetworkGroup
from coldsign.keys.wif import WifKey
from coldsign.primitives.secp import public_key

MNEMONIC = Mnemonic.from_entropy(b"a likeness test!")
MASTER = ExtendedSecretKey.from_seed(b"coldsign likeness test")
SECRET = b"\x31" * 32
WIF = WifKey(Secret(SECRET), public_key(SECRET), NetworkGroup.TEST).serialize()
FORMS = [
    (" ".join(MNEMONIC.words), Likeness.MNEMONIC),
    (" ".join(["mistyped", *MNEMONIC.words[1:]]).upper() + "\nand a passphrase", Likeness.MNEMONIC),
    (" ".join(MNEMONIC.words[:11]), None),
    (seedqr.digits(MNEMONIC) + "\r\n", Likeness.SEEDQR),
    (seedqr.digits(MNEMONIC)[:-1], None),
    (MASTER.serialize(NetworkGroup.MAIN), Likeness.XPRV),
    (MASTER.serialize(NetworkGroup.TEST)[:-1] + "z", Likeness.XPRV),
    (MASTER.neuter().serialize(NetworkGroup.MAIN), Likeness.PUBLIC),
    (f"  {WIF}\n", Likeness.WIF),
    (" ".join(SHARE_WORDS[:20]), Likeness.SLIP39),
    (" ".join(SHARE_WORDS[:33]), Likeness.SLIP39),
    ("ms10testsxxxxxxxxxxxxxxxxxxxxxxxxxx4nzvca9cmczlw", Likeness.CODEX32),
    ("MS10TESTSXXXXXXXXXXXXXXXXXXXXXXXXXX4NZVCA9CMCZLW", Likeness.CODEX32),
    ("", None),
    ("\n\n", None),
    ("hello", None),
    ("wpkh(xprv...)", None),
]


@pytest.mark.parametrize(("text", "seen"), FORMS, ids=range(len(FORMS)))
def test_forms(text, seen):
    assert Likeness.of(text) is seen


def test_every_share_that_is_one_looks_like_one():
    assert {
        size for size in range(16, 65, 2) if (size * 8 + 9) // 10 + 7 in {12, 15, 18, 21, 24}
    } == set()
    assert slip39.MIN_WORDS == 20
    assert slip39.MAX_WORDS == 59
    assert codex32.parse(FORMS[11][0]).is_secret


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200) | st.text("abc 019pubrv\n", max_size=200))
def test_any_text_has_a_likeness_or_none(text):
    seen = Likeness.of(text)
    assert seen is None or seen.words
