"""Single keys of a file with thousands: what is taken, what is refused, and that gpg is given no others."""

import struct
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.controls import keyring
from coldsign.controls.keyring import MOST_KEYS, list_keys, pin, pinned
from coldsign.controls.openpgp import take
from coldsign.errors import MalformedError
from tests.controls.manykeys import bare, packet, signed

SOME = [signed(number) for number in range(3)]
RING = b"".join(key for key, _ in SOME)


def old_form(tag: int, body: bytes, octets: int) -> bytes:
    kind = {1: 0, 2: 1, 4: 2}[octets]
    return bytes([0x80 | tag << 2 | kind]) + len(body).to_bytes(octets) + body


def body_of(key: bytes) -> bytes:
    return (
        key[2 : 2 + key[1]] if key[1] < 192 else key[3 : 3 + ((key[1] - 192) << 8) + key[2] + 192]
    )


@pytest.mark.parametrize("at", range(3))
def test_a_key_is_taken_with_all_that_is_its_own(at):
    key, name = SOME[at]
    assert take(RING, frozenset({name})) == key
    assert (
        take(b"\xcc\x01\x00" + RING, frozenset({name})) == key
    )  # a trust packet belongs to nobody


def test_several_none_and_nothing():
    names = frozenset(name for _, name in SOME)
    assert take(RING, names) == RING
    assert take(RING, frozenset({"0" * 40})) == take(b"", names) == b""


@pytest.mark.parametrize("octets", [1, 2, 4])
def test_the_old_form_of_packets(octets):
    key, name = bare(7)
    body = body_of(key)
    assert packet(6, body) == key[: len(body) + 2]
    old = old_form(6, body, octets) + old_form(13, b"somebody", octets)
    assert take(RING + old + RING, frozenset({name})) == old


def test_long_lengths_and_other_versions():
    key, name = bare(7)
    long = b"\xc6\xff" + struct.pack(">I", len(body_of(key))) + body_of(key)
    assert take(long, frozenset({name})) == long
    for version in (0, 3, 5, 6):
        other = packet(6, bytes([version]) + body_of(key)[1:])
        assert take(other + key, frozenset({name})) == key
    assert take(b"\xc6\x00" + key, frozenset({name})) == key


@pytest.mark.parametrize(
    "junk", [b"\x00", b"text", b"\xc6\xe0", b"\x9b\x01", b"\xc6\x05abc", b"\x99\xff\xff"]
)
def test_what_has_no_known_length(junk):
    with pytest.raises(MalformedError, match=r"OpenPGP: the packet at offset \d+ "):
        take(RING + junk, frozenset())


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda tail: RING + tail))
def test_any_bytes_are_split_or_malformed(data):
    try:
        taken = take(data, frozenset({SOME[1][1]}))
    except MalformedError:
        return
    assert taken in data or SOME[1][0] in data


@pytest.fixture(scope="module")
def ring():
    return b"".join(bare(number)[0] for number in range(MOST_KEYS - len(SOME))) + RING


class TestThousands:
    """As many different keys as one file may hold; a company's own key server is more than that."""

    def test_those_named_are_pinned(self, ring, tmp_path, monkeypatch):
        given = []
        real = keyring._quiet_gpg

        def noted(folder, arguments, source=b"", *, names=()):
            if arguments == ("--import",):
                given.append(len(source))
            return real(folder, arguments, source, names=names)

        monkeypatch.setattr(keyring, "_quiet_gpg", noted)
        assert len(list_keys(ring)) == MOST_KEYS
        found = pin(tmp_path / "home", ring, [SOME[2][1], SOME[0][1]])
        assert {key.user for key in found} == {"person 0", "person 2"}
        assert given == [len(SOME[0][0] + SOME[2][0])]
        assert pinned(tmp_path / "home") == found

    def test_armored_ones_too(self, ring, tmp_path):
        armored = subprocess.run(
            ["gpg", "--enarmor", "--output", "-"], input=ring, capture_output=True, check=True
        ).stdout.replace(b"ARMORED FILE", b"PUBLIC KEY BLOCK")
        (found,) = pin(tmp_path / "home", armored, [SOME[1][1]])
        assert found == (SOME[1][1], "person 1", "")

    def test_a_key_that_nobody_signed_is_named(self, ring, tmp_path):
        name = bare(3)[1]
        for wanted in ([name], [SOME[1][1], name]):
            with pytest.raises(MalformedError, match=f"gpg does not take the key {name}") as caught:
                pin(tmp_path / "home", ring, wanted)
            assert "ask its owner for a new export" in caught.value.hint
        assert pinned(tmp_path / "home") == ()

    def test_one_too_many(self, ring, tmp_path):
        with pytest.raises(MalformedError, match=f"holds {MOST_KEYS + 1} keys, not 1 to") as caught:
            pin(tmp_path / "home", ring + bare(MOST_KEYS)[0], [SOME[1][1]])
        assert "export the reviewers' keys themselves" in caught.value.hint


@pytest.mark.slow
def test_thousands_that_are_signed(tmp_path):
    """Importing these would take gpg half a minute; only the named ones are imported."""
    keys = [signed(number) for number in range(MOST_KEYS)]
    found = pin(tmp_path / "home", b"".join(key for key, _ in keys), [keys[-1][1], keys[7][1]])
    assert {key.fingerprint for key in found} == {keys[-1][1], keys[7][1]}


def test_an_unusual_file_is_left_to_gpg(tmp_path):
    marker = b"\xca\x03PGP"
    partial = b"\xd4\xe1ab\x01c"  # a packet of partial lengths, with a tag that nobody knows
    (found,) = pin(tmp_path / "home", marker + RING, [SOME[1][1]])
    assert found.user == "person 1"
    with pytest.raises(MalformedError):
        pin(tmp_path / "other", RING + partial, ["0" * 40])
