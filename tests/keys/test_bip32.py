import copy
import json
import pickle
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.keys import bip32
from coldsign.keys.bip32 import ExtendedPublicKey, ExtendedSecretKey
from coldsign.keys.children import Children
from coldsign.keys.versions import SLIP132_PUBLIC, SLIP132_SECRET, NetworkGroup
from coldsign.primitives.encoding import base58check_decode, base58check_encode
from coldsign.primitives.keypath import HARDENED, parse_path
from coldsign.primitives.network import Network
from tests.vectors import vector_file

PROPERTY = settings(max_examples=200, deadline=None)
GROUPS = st.sampled_from(NetworkGroup)
SEEDS = st.binary(min_size=16, max_size=64)


def chains():
    text = vector_file("bip-0032-vectors.txt").read_text()
    seed = b""
    for line in text.splitlines():
        if line.startswith("Seed (hex): "):
            seed = bytes.fromhex(line.removeprefix("Seed (hex): "))
        elif line.startswith("* Chain "):
            path = line.removeprefix("* Chain ").replace("<sub>H</sub>", "h")
        elif match := re.match(r"\*\* ext (pub|prv): (\S+)", line):
            yield seed, path, match[1], match[2]


def test_published_chains_are_derived():
    seen = 0
    for seed, path, half, expected in chains():
        key = ExtendedSecretKey.from_seed(seed).derive(parse_path(path))
        if half == "prv":
            assert key.serialize(Network.MAINNET) == expected
            parsed, group = ExtendedSecretKey.parse(expected)
            assert (parsed.secret, parsed.chain_code, parsed.pubkey) == (
                key.secret,
                key.chain_code,
                key.pubkey,
            )
            assert group is NetworkGroup.MAIN
        else:
            assert key.neuter().serialize(Network.MAINNET) == expected
            assert ExtendedPublicKey.parse(expected) == (key.neuter(), NetworkGroup.MAIN)
        seen += 1
    assert seen >= 34


def test_published_invalid_keys_are_refused():
    vectors = json.loads(vector_file("bip32-invalid-keys.json").read_text())["vectors"]
    assert len(vectors) >= 16
    for vector in vectors:
        assert vector["verdict"] == "REJECT"
        for kind in (ExtendedPublicKey, ExtendedSecretKey):
            with pytest.raises(MalformedError) as caught:
                kind.parse(vector["xkey"])
            assert vector["xkey"] not in caught.value.message


@PROPERTY
@given(seed=SEEDS, steps=st.lists(st.integers(0, HARDENED - 1), max_size=4), group=GROUPS)
def test_public_and_secret_derivation_agree(seed, steps, group):
    root = ExtendedSecretKey.from_seed(seed)
    branch = root.derive((84 | HARDENED,))
    public = branch.neuter().derive(tuple(steps))
    secret = branch.derive(tuple(steps))
    assert secret.neuter() == public
    assert ExtendedPublicKey.parse(public.serialize(group)) == (public, group)
    assert ExtendedPublicKey.parse_bytes(public.to_bytes(group)) == (public, group)
    parsed, parsed_group = ExtendedSecretKey.parse(secret.serialize(group))
    assert (parsed.secret, parsed.neuter(), parsed_group) == (secret.secret, public, group)
    if steps:
        assert (
            Children(branch.neuter().derive(tuple(steps[:-1]))).pubkey_at(steps[-1])
            == public.pubkey
        )


@PROPERTY
@given(data=st.binary(min_size=70, max_size=86) | st.binary(min_size=74, max_size=74))
def test_any_payload_is_read_or_malformed(data):
    prefixes = [bytes.fromhex("0488b21e"), bytes.fromhex("04358394"), b""]
    for prefix in prefixes:
        payload = prefix + data
        for kind in (ExtendedPublicKey, ExtendedSecretKey):
            try:
                key, group = kind.parse(base58check_encode(payload))
            except MalformedError:
                continue
            assert base58check_decode(key.serialize(group)) == payload


@PROPERTY
@given(text=st.text(max_size=140))
def test_any_text_is_read_or_malformed(text):
    for kind in (ExtendedPublicKey, ExtendedSecretKey):
        with pytest.raises(MalformedError):
            kind.parse(text)


def test_every_flipped_character_is_refused():
    text = ExtendedSecretKey.from_seed(bytes(range(16))).neuter().serialize(NetworkGroup.TEST)
    for position in range(len(text)):
        changed = "1" if text[position] != "1" else "2"
        with pytest.raises(MalformedError):
            ExtendedPublicKey.parse(text[:position] + changed + text[position + 1 :])


@pytest.mark.parametrize("version", [*SLIP132_PUBLIC, *SLIP132_SECRET])
def test_slip132_is_named_in_the_error(version):
    key = ExtendedSecretKey.from_seed(bytes(range(32)))
    is_public = version in SLIP132_PUBLIC
    body = key.neuter().to_bytes(NetworkGroup.MAIN)[4:]
    if not is_public:
        body = body[:41] + b"\0" + key.secret
    text = base58check_encode(version + body)
    name = SLIP132_PUBLIC[version][0] if is_public else SLIP132_SECRET[version]
    assert text[:4] == name  # the table's names are what base58 makes of the versions
    for kind in (ExtendedPublicKey, ExtendedSecretKey):
        with pytest.raises(MalformedError, match=f"{name} is a SLIP-132 version"):
            kind.parse(text)
    if is_public:
        expected = (key.neuter(), SLIP132_PUBLIC[version][1], name)
        assert ExtendedPublicKey.parse_slip132(text) == expected
    else:
        with pytest.raises(MalformedError, match="SLIP-132"):
            ExtendedPublicKey.parse_slip132(text)


def test_plain_versions_are_slip132_texts_too():
    public = ExtendedSecretKey.from_seed(bytes(16)).neuter()
    text = public.serialize(Network.SIGNET)
    assert ExtendedPublicKey.parse_slip132(text) == (public, NetworkGroup.TEST, "tpub")


def test_the_wrong_half_is_named():
    key = ExtendedSecretKey.from_seed(bytes(16))
    with pytest.raises(MalformedError, match="a secret key where a public one is due"):
        ExtendedPublicKey.parse(key.serialize(Network.MAINNET))
    with pytest.raises(MalformedError, match="a public key where a secret one is due"):
        ExtendedSecretKey.parse(key.neuter().serialize(Network.MAINNET))


@pytest.mark.parametrize("size", [0, 15, 65])
def test_seed_lengths_outside_bip32_are_refused(size):
    with pytest.raises(MalformedError, match=f"{size} bytes"):
        ExtendedSecretKey.from_seed(bytes(size))


def test_a_public_key_takes_no_hardened_or_impossible_step():
    public = ExtendedSecretKey.from_seed(bytes(16)).neuter()
    for index in (HARDENED, 2**32, -1):
        for derive in (public.child, Children(public).pubkey_at):
            with pytest.raises(MalformedError, match="cannot be taken from a public key"):
                derive(index)


@pytest.mark.parametrize("index", [-1, 2**32])
def test_a_secret_key_takes_no_impossible_step(index):
    with pytest.raises(MalformedError, match="outside"):
        ExtendedSecretKey.from_seed(bytes(16)).child(index)


def test_depth_ends_at_255():
    key = ExtendedSecretKey.from_seed(bytes(16)).derive((0,) * 255)
    assert key.depth == 255
    for last in (key, key.neuter()):
        with pytest.raises(MalformedError, match="deeper than 255"):
            last.child(0)


def test_skipped_indexes_are_refused(monkeypatch):
    key = ExtendedSecretKey.from_seed(bytes(16))
    public = key.neuter()
    too_large = b"\xff" * 64
    monkeypatch.setattr(bip32.hmac, "digest", lambda *_: bytes(bytearray(too_large)))
    for derive in (key.child, public.child):
        with pytest.raises(MalformedError, match="does not exist"):
            derive(0)
    with pytest.raises(MalformedError, match="no valid key"):
        ExtendedSecretKey.from_seed(bytes(16))


def test_secret_keys_do_not_print_pickle_or_copy():
    key = ExtendedSecretKey.from_seed(b"canary secret " * 3)
    for shown in (repr(key), str(key), f"{key}", repr([key])):
        assert key.secret.hex() not in shown
        assert repr(key.secret) not in shown
        assert key.chain_code.hex() not in shown
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(key)


def test_wipe_overwrites_the_secret_but_not_the_public_half():
    key = ExtendedSecretKey.from_seed(bytes(range(16)))
    public = key.neuter()
    before = public.serialize(NetworkGroup.MAIN)
    secret = key.secret
    key.wipe()
    assert secret == bytes(32)
    assert key.chain_code == bytes(32)
    assert public.serialize(NetworkGroup.MAIN) == before
    assert public.chain_code != bytes(32)


def test_errors_never_repeat_a_secret_text():
    text = ExtendedSecretKey.from_seed(bytes(range(16))).serialize(NetworkGroup.MAIN)
    for broken in (text[:-1], text + "1", text[:-1] + "0", text * 2):
        with pytest.raises(MalformedError) as caught:
            ExtendedSecretKey.parse(broken)
        assert text[4:20] not in str(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
