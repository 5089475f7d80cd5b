import copy
import pickle

import pytest
from embit.ec import PrivateKey
from embit.networks import NETWORKS
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.errors import MalformedError
from coldsign.keys.secret import Secret
from coldsign.keys.versions import NetworkGroup
from coldsign.keys.wif import WifKey
from coldsign.primitives.encoding import base58check_encode
from coldsign.primitives.secp import public_key, uncompress

PROPERTY = settings(max_examples=200, deadline=None)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SECRETS = st.integers(1, ORDER - 1).map(lambda number: number.to_bytes(32, "big"))


@PROPERTY
@given(secret=SECRETS, group=st.sampled_from(NetworkGroup), is_compressed=st.booleans())
def test_wif_round_trips_and_agrees_with_another_library(secret, group, is_compressed):
    public = public_key(secret) if is_compressed else uncompress(public_key(secret))
    text = WifKey(Secret(secret), public, group).serialize()
    network = NETWORKS["main" if group is NetworkGroup.MAIN else "test"]
    assert text == PrivateKey(secret, is_compressed, network).wif()
    key = WifKey.parse(text)
    assert (key.secret.reveal(), key.public, key.group) == (secret, public, group)


@PROPERTY
@given(data=st.binary(max_size=40))
def test_any_payload_is_read_or_malformed(data):
    for payload in (data, b"\x80" + data, b"\xef" + data + b"\x01"):
        text = base58check_encode(payload)
        try:
            key = WifKey.parse(text)
        except MalformedError:
            continue
        assert key.serialize() == text


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"\x80" + bytes(32), "1 to n-1"),
        (b"\x80" + ORDER.to_bytes(32, "big") + b"\x01", "1 to n-1"),
        (b"\x80" + b"\xff" * 32, "1 to n-1"),
        (b"\x81" + b"\x11" * 32 + b"\x01", "unknown version 0x81"),
        (b"\x80" + b"\x11" * 32 + b"\x02", "34 bytes of another kind"),
        (b"\x80" + b"\x11" * 31, "32 bytes of another kind"),
        (b"", "0 bytes of another kind"),
        (b"\x80" + b"\x11" * 40, "is the most"),
    ],
)
def test_other_payloads_are_refused_by_reason(payload, message):
    with pytest.raises(MalformedError, match=message):
        WifKey.parse(base58check_encode(payload))


def test_errors_and_prints_never_show_the_secret():
    secret = b"canary canary canary canary 1234"
    key = WifKey(Secret(secret), public_key(secret), NetworkGroup.MAIN)
    text = key.serialize()
    with pytest.raises(MalformedError, match="checksum") as caught:
        WifKey.parse(text[:-1] + ("1" if text[-1] != "1" else "2"))
    for shown in (str(caught.value), repr(key), str(key), f"{key}"):
        assert text[5:15] not in shown
        assert "canary" not in shown
        assert secret.hex() not in shown
    for leak in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            leak(key)
    key.wipe()
    assert key.secret.reveal() == b""
