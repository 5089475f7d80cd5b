"""Secrets among the codes: named where no key is asked for, never handed out, never shown."""

import pytest

from coldsign.ceremony.intake import expect
from coldsign.errors import MalformedError
from coldsign.qr.joiner import Joiner
from coldsign.qr.payload import Dialect, PayloadKind
from coldsign.qr.recognise import recognise
from coldsign.qr.splitter import split
from coldsign.qr.ur import uri
from coldsign.qr.ur.fountain import Mixer
from coldsign.wallet.formats.cbor import Tag, encode

PSBT = frozenset({PayloadKind.PSBT})
SECRETS = {
    "seed words": " ".join(["abandon"] * 11 + ["about"]),
    "an extended private key": "xprv9s21ZrQH143K3" + "A" * 94,
    "a private key (WIF)": "L" + "1" * 51,
    "a SeedQR": "0" * 48,
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_named_and_never_shown(name):
    joiner = Joiner(PSBT)
    joiner.feed(SECRETS[name])
    with pytest.raises(MalformedError) as caught:
        joiner.require()
    assert name in caught.value.message
    assert SECRETS[name][:12] not in caught.value.message + caught.value.hint


def test_seeds_are_read_only_where_asked_for():
    compact = bytes(range(100, 132))
    joiner = Joiner(frozenset({PayloadKind.SEED}))
    joiner.feed(compact)
    assert joiner.require().data == compact
    for want in (
        PSBT,
        frozenset(PayloadKind) - {PayloadKind.SEED},
    ):  # as qr scan asks, which would print it
        joiner = Joiner(want)
        joiner.feed(compact)
        with pytest.raises(MalformedError, match="1 other code seen: what may be a Comp") as caught:
            joiner.require()
        assert "key import" in caught.value.hint
        with pytest.raises(MalformedError, match="may be a CompactSeedQR"):
            expect(recognise(compact, want), want)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_in_bytes_without_a_label_is_one(name):
    """As an unlabelled file of a UR, UR 1 or BBQr; a text of another kind stays a file."""
    everything = frozenset(PayloadKind) - {PayloadKind.SEED}
    for dialect in (Dialect.UR, Dialect.UR1, Dialect.BBQR):
        for density in (40, 4):
            joiner = Joiner(everything)
            data = SECRETS[name].encode()
            for frame in split(
                data, kind=PayloadKind.BYTES, dialect=dialect, density=density
            ).frames:
                joiner.feed(frame)
            with pytest.raises(MalformedError, match="1 other code seen: ") as caught:
                joiner.require()
            assert name in caught.value.message
            assert SECRETS[name][:12] not in caught.value.message
    joiner = Joiner(everything)
    joiner.feed(split(b"hello", kind=PayloadKind.BYTES, dialect=Dialect.UR).frames[0])
    assert joiner.require().kind is PayloadKind.BYTES


PUBLIC = b"\2" + bytes(range(32))
PATH = Tag(304, {1: [1, True, 2, True, [], False], 2: 7, 3: 2})
PRIVATE = {
    "master": ("crypto-hdkey", {1: True, 3: bytes(33), 4: bytes(32)}),
    "hdkey": ("hdkey", {2: True, 3: bytes(33), 4: bytes(32), 6: PATH}),
    "unlabelled": ("crypto-hdkey", {3: bytes(33), 4: bytes(32)}),
    "eckey": ("crypto-eckey", {2: True, 3: bytes(32)}),
    "unlabelled eckey": ("eckey", {3: bytes(32)}),
    "output": ("crypto-output", Tag(404, Tag(303, {6: PATH, 3: PUBLIC, 2: True}))),
    "descriptor": ("output-descriptor", {1: "wpkh(@0)", 2: [Tag(40303, {3: bytes(33)})]}),
}


@pytest.mark.parametrize("name", PRIVATE)
def test_a_private_key_in_a_ur_is_a_secret_in_one_code_and_in_many(name):
    ur_type, item = PRIVATE[name]
    data = encode(item)
    everything = frozenset(PayloadKind) - {PayloadKind.SEED}  # as qr scan, which would print it
    mixer = Mixer(data, 10)
    parts = [uri.piece_text(ur_type, mixer.part(n)) for n in range(1, mixer.count + 1)]
    for texts in ([uri.whole_text(ur_type, data)], parts):
        joiner = Joiner(everything)
        for text in texts:
            joiner.feed(text)
        with pytest.raises(MalformedError, match=rf"a private key \(ur:{ur_type}\)") as caught:
            joiner.require()
        assert "key import" in caught.value.hint


@pytest.mark.parametrize(
    ("ur_type", "item"),
    [
        ("crypto-hdkey", {1: False, 3: PUBLIC, 4: bytes(32), 6: PATH}),
        ("crypto-eckey", {3: PUBLIC}),
        ("crypto-output", Tag(404, Tag(303, {3: PUBLIC, 4: bytes(32), 5: Tag(305, {2: 1})}))),
        ("crypto-account", {1: 1, 2: [Tag(404, Tag(303, {3: PUBLIC, 6: PATH})), True, True]}),
    ],
)
def test_public_keys_in_a_ur_are_none(ur_type, item):
    joiner = Joiner(frozenset(PayloadKind) - {PayloadKind.SEED})
    joiner.feed(uri.whole_text(ur_type, encode(item)))
    assert joiner.require().detail == ur_type


SPELLED = {
    "numbered": "1. legal 2. winner 3. thank 4. year 5. wave 6. sausage 7. worth 8. useful",
    "commas": "legal, winner, thank, year, wave, sausage, worth, useful, legal, winner",
    "quotation marks": '"legal winner thank year wave sausage worth useful legal winner"',
    "a passphrase below": "1018201517902039198315332032194410182015179020401018\nransom",
    "a label": "seed: 101820151790203919831533203219441018201517902040",
    "groups": "1018 2015 1790 2039 1983 1533 2032 1944 1018 2015 1790 2040",
    "half of the digits": "10182015179020391983153320321",
    "a wrong sign": "xprv9s21Zr0H143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6L",
    "an origin": "[abcdef01/84h]xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKm",
    "a name": "key: L1aW4aubDFB7yfras2S1mN3bqg9nwySY8nkoLmJebSLD5BWv3ENZ",
    "hexadecimal": "0x" + "ab" * 32,
    "a passphrase": "canary-of-the-key-file",
}
"""Secrets as people write them down, which no pattern was made for."""


@pytest.mark.parametrize("spelling", SPELLED)
@pytest.mark.parametrize("want", [PSBT, frozenset({PayloadKind.SEED})], ids=["psbt", "seed"])
def test_no_text_is_quoted(spelling, want):
    text = SPELLED[spelling]
    with pytest.raises(MalformedError, match="is due, but this is") as caught:
        expect(recognise(text.encode(), want), want)
    joiner = Joiner(want)
    joiner.feed(text)
    with pytest.raises(MalformedError) as seen:
        joiner.require()
    said = f"{caught.value.message} {caught.value.hint} {seen.value.message} {seen.value.hint}"
    assert not [at for at in range(len(text) - 5) if text[at : at + 6] in said]
