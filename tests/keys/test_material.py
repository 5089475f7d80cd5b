import copy
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.keys import seedqr
from coldsign.keys.bip32 import ExtendedSecretKey
from coldsign.keys.material import KeyKind, Material
from coldsign.keys.mnemonic import Mnemonic
from coldsign.keys.secret import Secret
from coldsign.keys.versions import NetworkGroup
from coldsign.keys.wif import WifKey
from coldsign.primitives.secp import public_key

PROPERTY = settings(max_examples=100, deadline=None)
MAIN, TEST = NetworkGroup.MAIN, NetworkGroup.TEST
MNEMONIC = Mnemonic.from_entropy(b"sixteen bytes ok")
WORDS = " ".join(MNEMONIC.words)
MASTER = ExtendedSecretKey.from_seed(b"coldsign material test")
WIF = WifKey(Secret(b"\x31" * 32), public_key(b"\x31" * 32), MAIN).serialize()
PASSPHRASES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=40
)


@pytest.mark.parametrize(
    ("text", "kind", "group"),
    [
        (WORDS, KeyKind.MNEMONIC, MAIN),
        (WORDS.upper() + "\r\n", KeyKind.MNEMONIC, TEST),
        (seedqr.digits(MNEMONIC) + "\n", KeyKind.MNEMONIC, MAIN),
        (MASTER.serialize(MAIN), KeyKind.XPRV, MAIN),
        (MASTER.serialize(TEST) + "\n\n", KeyKind.XPRV, TEST),
        (" " + WIF + " ", KeyKind.WIF, MAIN),
    ],
    ids=["words", "upper", "seedqr", "xprv", "tprv", "wif"],
)
def test_each_kind_is_recognised_and_opens(text, kind, group):
    for wanted in (None, kind):
        material = Material.parse(text, group, wanted)
        assert (material.kind, material.group) == (kind, group)
        with material.open() as keyring:
            assert keyring.group is group
            if kind is KeyKind.MNEMONIC:
                with MNEMONIC.seed() as seed:
                    expected = ExtendedSecretKey.from_seed(seed.buffer).fingerprint
                assert keyring.fingerprint == expected
            elif kind is KeyKind.XPRV:
                assert keyring.fingerprint == MASTER.fingerprint
    other = KeyKind.WIF if kind is not KeyKind.WIF else KeyKind.XPRV
    with pytest.raises(MalformedError, match=f"of the kind {kind.value}, not {other.value}"):
        Material.parse(text, group, other)


@PROPERTY
@given(passphrase=PASSPHRASES, group=st.sampled_from(NetworkGroup))
def test_what_is_stored_is_read_back(passphrase, group):
    material = Material.parse(f"{WORDS}\n{passphrase}", group)
    stored = Material.from_stored(material.to_bytes())
    assert stored.to_bytes() == material.to_bytes()
    assert (stored.kind, stored.group) == (material.kind, group)
    assert stored.passphrase.text() == passphrase
    # a person who ran `age -d` can hand the result back as a secret file
    assert Material.parse(material.to_bytes().decode(), group).to_bytes() == material.to_bytes()
    with material.open() as one, stored.open() as other:
        assert one.fingerprint == other.fingerprint
        if passphrase:
            with Material.parse(WORDS, group).open() as without:
                assert without.fingerprint != one.fingerprint


@PROPERTY
@given(text=st.text(max_size=120) | st.text("\n 1xprvabc", max_size=60))
def test_any_text_is_read_or_malformed(text):
    with pytest.raises(MalformedError):
        Material.parse(text, MAIN)


@PROPERTY
@given(data=st.binary(max_size=100))
def test_any_stored_bytes_are_read_or_malformed(data):
    for content in (data, WORDS.encode() + b"\n\n" + data):
        with pytest.raises(MalformedError):
            Material.from_stored(content)


@pytest.mark.parametrize("text", [MASTER.serialize(TEST), WIF.join(["", ""])], ids=["tprv", "wif"])
def test_other_networks_are_refused(text):
    group = TEST if text == WIF else MAIN
    with pytest.raises(MalformedError, match="this key is for") as caught:
        Material.parse(text, group)
    assert caught.value.code == "wrong-network"


def test_a_stored_key_names_its_networks():
    text = Material.parse(WORDS, MAIN).to_bytes().decode()
    with pytest.raises(MalformedError, match="this key is for mainnet"):
        Material.parse(text, TEST)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (KeyKind.MNEMONIC, "1 word; BIP-39 has"),
        (KeyKind.XPRV, "extended key: not base58"),
        (KeyKind.WIF, "WIF: not base58"),
    ],
)
def test_what_looks_like_nothing_is_an_error_about_what_was_asked_for(kind, message):
    with pytest.raises(MalformedError, match=message):
        Material.parse("nothing", MAIN, kind)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("\n" + WORDS, "empty"),
        (WORDS + "\n\nmore", "one line"),
        (WIF + "\npassphrase", "only words"),
        ("x" * 9000, "9000 characters"),
        (MASTER.neuter().serialize(MAIN), "a public key where a secret one is due"),
    ],
    ids=["empty", "blank first", "third line", "wif passphrase", "long", "xpub"],
)
def test_other_shapes_are_refused(text, message):
    with pytest.raises(MalformedError, match=message):
        Material.parse(text, MAIN)


def test_a_passphrase_with_a_line_break_is_refused():
    with pytest.raises(MalformedError, match="line break"):
        Material.from_mnemonic(MNEMONIC, "a\nb", MAIN)


def test_a_seed_becomes_its_master_key():
    material = Material.from_seed(b"coldsign material test", TEST)
    assert material.kind is KeyKind.XPRV
    assert material.text.text() == MASTER.serialize(TEST)


def test_it_does_not_print_pickle_or_outlive_its_wipe():
    material = Material.parse(f"{WORDS}\ncanary", MAIN)
    for shown in (repr(material), str(material), f"{material}"):
        assert "canary" not in shown
        assert MNEMONIC.words[0] not in shown
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(material)
    material.wipe()
    assert not material.text
    assert not material.passphrase


@pytest.mark.parametrize("text", [WORDS, MASTER.serialize(MAIN), WIF], ids=["words", "xprv", "wif"])
def test_errors_never_repeat_the_secret(text):
    damaged = text.replace(text[20], "0"), text + " 0", text[:-3] + "???"
    for broken in damaged:
        with pytest.raises(MalformedError) as caught:
            Material.parse(broken, MAIN)
        shown = f"{caught.value.message} {caught.value.hint}"
        assert not any(part in shown for part in text.split() if len(part) > 4)
        assert broken[4:24] not in shown
