import pytest
from bitcoin.core.script import CScript
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.primitives import script as s
from coldsign.primitives.hashes import hash160
from coldsign.primitives.script import ScriptType, classify

QUICK = settings(max_examples=200, deadline=None)
KEY = b"\x02" + bytes(range(32))
FULL = b"\x04" + bytes(64)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (s.p2pkh(bytes(20)), ScriptType.P2PKH),
        (s.p2sh(b"x"), ScriptType.P2SH),
        (s.p2wpkh(bytes(20)), ScriptType.P2WPKH),
        (s.p2wsh(b"x"), ScriptType.P2WSH),
        (s.p2tr(bytes(32)), ScriptType.P2TR),
        (bytes((33,)) + KEY + b"\xac", ScriptType.P2PK),
        (bytes((65,)) + FULL + b"\xac", ScriptType.P2PK),
        (bytes((33,)) + bytes(33) + b"\xac", ScriptType.UNKNOWN),
        (s.multisig(1, (KEY, FULL)), ScriptType.MULTISIG),
        (b"\x6a", ScriptType.OP_RETURN),
        (b"\x6a\x04abcd", ScriptType.OP_RETURN),
        (b"\x6a" + bytes(31), ScriptType.OP_RETURN),
        (s.P2A_SCRIPT, ScriptType.P2A),
        (b"\x51\x02ab", ScriptType.WITNESS_UNKNOWN),
        (b"\x52\x20" + bytes(32), ScriptType.WITNESS_UNKNOWN),
        (b"\x60\x28" + bytes(40), ScriptType.WITNESS_UNKNOWN),
        (b"\x00\x15" + bytes(21), ScriptType.UNKNOWN),
        (b"\x61\x20" + bytes(32), ScriptType.UNKNOWN),
        (b"\x51\x29" + bytes(41), ScriptType.UNKNOWN),
        (b"\x51\x01" + bytes(1), ScriptType.UNKNOWN),
        (b"", ScriptType.UNKNOWN),
        (b"\x51", ScriptType.UNKNOWN),
        (s.p2pkh(bytes(20)) + b"\x61", ScriptType.UNKNOWN),
        (b"\x76\xa9\x4c\x14" + bytes(20) + b"\x88\xac", ScriptType.UNKNOWN),
        (s.p2sh(b"x")[:-1], ScriptType.UNKNOWN),
    ],
)
def test_templates(script, kind):
    assert classify(script) is kind


@QUICK
@given(st.binary(max_size=80))
def test_any_bytes_have_a_kind_and_a_text(script):
    assert classify(script) in ScriptType
    text = s.disassemble(script)
    assert text.isprintable()
    assert text.isascii()
    assert len(text) <= 30 * len(script)


@QUICK
@given(
    st.binary(max_size=80)
    | st.integers(1, 20).map(lambda n: bytes((n,)))
    | st.sampled_from([75, 76, 77, 255, 256, 65_535, 65_536]).map(bytes)
)
def test_push_is_what_bitcoinlib_writes(data):
    script = s.push(data)
    assert next(iter(CScript(script))) in {data, 0x4F, *range(17)}
    if len(data) > 1:
        assert script == bytes(CScript([data]))


def test_pushes_that_are_opcodes():
    assert s.push(b"\x81") == b"\x4f"
    assert s.push(b"\x10") == b"\x60"
    assert s.push(b"\x11") == b"\x01\x11"
    assert s.push(b"") == b"\x00"


@QUICK
@given(st.integers(-(2**40), 2**40) | st.integers(-300, 300))
def test_numbers_are_what_bitcoinlib_writes(value):
    expected = bytes(CScript([value]))
    assert s.number(value) == expected


@QUICK
@given(st.integers(1, 20), st.lists(st.sampled_from([KEY, FULL]), min_size=1, max_size=20))
def test_multisig_round_trip(needed, keys):
    script = s.multisig(needed, tuple(keys))
    expected = (needed, tuple(keys)) if needed <= len(keys) else None
    assert s.parse_multisig(script) == expected


@pytest.mark.parametrize(
    "script",
    [
        b"",
        b"\xae",
        b"\x51\x51\xae",
        b"\x00" + s.multisig(1, (KEY,))[1:],
        s.multisig(2, (KEY,)),
        s.multisig(1, (bytes(33),)),
        s.multisig(1, (KEY[:32],)),
        s.multisig(1, (KEY,))[:-1],
        s.multisig(1, (KEY,)) + b"\xae",
        b"\x51\x4c\x21" + KEY + b"\x51\xae",  # a longer push than needed
        b"\x01\x01\x21" + KEY + b"\x51\xae",  # a number longer than needed
        b"\x51" + (b"\x21" + KEY) * 21 + b"\x01\x15\xae",
        b"\x51\x21" + KEY + b"\x52\xae",
        b"\x01\xae",
        b"\x51\x21\xae",
    ],
)
def test_what_is_no_multisig(script):
    assert s.parse_multisig(script) is None


@QUICK
@given(st.binary(max_size=60), st.integers(0, 255))
def test_a_changed_multisig_is_another_or_none(noise, byte):
    script = bytearray(s.multisig(2, (KEY, FULL, KEY)))
    at = (sum(noise) + len(noise)) % len(script)
    script[at] = byte
    parsed = s.parse_multisig(bytes(script))
    if parsed is not None:
        assert s.multisig(*parsed) == bytes(script)


def test_words():
    assert s.disassemble(s.p2pkh(hash160(b"x"))) == (
        f"OP_DUP OP_HASH160 {hash160(b'x').hex()} OP_EQUALVERIFY OP_CHECKSIG"
    )
    assert s.disassemble(b"\x00\x4c\x01\x07\x01\x08\x4d\x01\x00a\x4c\x00") == (
        "OP_0 OP_PUSHDATA1 07 OP_PUSHBYTES_1 08 OP_PUSHDATA2 61 OP_PUSHDATA1"
    )
    assert s.disassemble(b"\x4e\x01\x00\x00\x00a\xba\xbb\xfe") == (
        "OP_PUSHDATA4 61 OP_CHECKSIGADD OP_UNKNOWN_bb OP_UNKNOWN_fe"
    )
    assert s.disassemble(b"\x51\x02a") == "OP_1 [cut short]"
    assert s.disassemble(b"\x4d\x01") == "[cut short]"
    assert s.disassemble(b"") == ""


def test_witness_programs():
    assert s.witness_program(s.p2tr(bytes(32))) == (1, bytes(32))
    assert s.witness_program(s.p2wpkh(bytes(20))) == (0, bytes(20))
    assert s.witness_program(b"\x60\x02ab") == (16, b"ab")
    assert s.witness_program(b"\x50\x02ab") is None
    assert s.witness_program(b"\x51\x02abc") is None
