"""Container rules of a whole PSBT: what follows what, how much of it, and which fields belong to which version."""

import hashlib

import pytest

from coldsign.errors import MalformedError
from coldsign.psbt import model, reader
from coldsign.psbt.model import MAGIC, MAX_PSBT, Psbt
from tests.psbt.samples import (
    KEYS,
    OFF_CURVE,
    ORIGIN,
    SCRIPT,
    XONLY,
    a_map,
    attack,
    in_v2,
    out_v2,
    unsigned_tx,
    v0,
    v2,
)


def refused(data: bytes) -> str:
    with pytest.raises(MalformedError) as refusal:
        Psbt.parse(data)
    return refusal.value.message


def test_a_small_psbt_of_version_0():
    psbt = Psbt.parse(v0())
    assert psbt.version == 0
    assert psbt.tx_modifiable is None
    assert psbt.tx.txid() == psbt.unique_id()
    assert psbt.digest == hashlib.sha256(v0()).digest()
    assert psbt.serialize() == v0()


def test_a_small_psbt_of_version_2_builds_its_transaction():
    psbt = Psbt.parse(v2(extra=[(0x03, b"", b"\x09\0\0\0"), (0x06, b"", b"\x05")]))
    assert psbt.version == 2
    assert psbt.tx.version == 2
    assert psbt.tx.locktime == 9
    assert psbt.tx.inputs[0].outpoint.txid == b"\x01" * 32
    assert psbt.tx.inputs[0].sequence == 0xFFFFFFFF
    assert psbt.tx.outputs[0] == (1000, SCRIPT)
    assert psbt.tx_modifiable == 5


def test_sequence_is_no_part_of_the_identity_of_version_2():
    final, other = Psbt.parse(v2()), Psbt.parse(v2([[(0x10, b"", b"\0\0\0\0")]]))
    assert other.tx.inputs[0].sequence == 0
    assert final.unique_id() == other.unique_id() != final.tx.txid()


def test_no_inputs_and_no_outputs_are_a_valid_container():
    assert Psbt.parse(v0([], [])).tx.inputs == ()
    assert Psbt.parse(v2([], [])).tx.outputs == ()


def test_an_explicit_version_0_is_legal():
    assert Psbt.parse(v0(extra=[(0xFB, b"", bytes(4))])).version == 0


@pytest.mark.parametrize("version", [1, 3, 0xFFFFFFFF])
def test_other_versions_do_not_exist(version):
    data = v0(extra=[(0xFB, b"", version.to_bytes(4, "little"))])
    assert refused(data) == (
        f"global map: PSBT_GLOBAL_VERSION at offset 90: there is no PSBT version {version}"
    )


def test_the_magic_must_be_there():
    assert "not a PSBT" in refused(b"")
    assert "not a PSBT" in refused(b"psbt\xfe" + v0()[5:])


def test_nothing_follows_the_last_map():
    assert refused(v0() + b"\0") == "1 bytes after the last map, at offset 93"
    assert "after the last map" in refused(v0() + v0())


def test_truncated_anywhere_it_is_refused():
    for data in (v0(), v2(), attack("OK-02")):
        for size in range(len(data)):
            refused(data[:size])


def test_a_psbt_has_a_size_limit():
    padding = bytes(MAX_PSBT)
    data = v0([[(0xF0, b"", padding)]])
    assert "more than" in refused(data)
    fits = v0([[(0xF0, b"", padding[: MAX_PSBT - len(v0()) - 7])]])
    assert len(fits) == MAX_PSBT
    assert Psbt.parse(fits).serialize() == fits


def test_pairs_have_a_limit(monkeypatch):
    monkeypatch.setattr(reader, "MAX_PAIRS", 3)
    assert Psbt.parse(v0([[(0xF0, b"", b""), (0xF1, b"", b"")]]))
    assert "more than 3 pairs" in refused(v0([[(0xF0 + n, b"", b"") for n in range(3)]]))


def test_maps_have_limits():
    def announcing(inputs: bytes, outputs: bytes) -> bytes:
        counts = [(0x04, b"", inputs), (0x05, b"", outputs)]
        rest = [(0x02, b"", b"\x02\0\0\0"), (0xFB, b"", b"\x02\0\0\0")]
        return MAGIC + a_map([*counts, *rest])

    assert "fit no block" in refused(announcing(b"\xff" + b"\xff" * 8, b"\0"))
    assert "fit no block" in refused(announcing(b"\0", b"\xfe\x00\x00\x02\x00"))
    assert refused(announcing(b"\x03", b"\x02")) == "5 maps announced, 0 bytes left for them"
    assert model.MAX_INPUTS < model.MAX_OUTPUTS


def test_the_unsigned_transaction_is_required_in_version_0():
    assert refused(MAGIC + b"\0") == "global map: PSBT_GLOBAL_UNSIGNED_TX is missing"


def test_the_unsigned_transaction_has_empty_script_sigs():
    data = MAGIC + a_map([(0, b"", unsigned_tx(script_sig=b"\x51"))]) + b"\0\0"
    assert "the scriptSig of input 0 is not empty" in refused(data)


@pytest.mark.parametrize("sats", [-1, 21_000_000 * 10**8 + 1])
def test_amounts_can_exist(sats):
    assert "no amount of bitcoin" in refused(
        MAGIC + a_map([(0, b"", unsigned_tx(sats=sats))]) + b"\0\0"
    )
    data = v2()
    good, bad = (n.to_bytes(8, "little", signed=True) for n in (1000, sats))
    assert "no amount of bitcoin" in refused(data.replace(good, bad))


@pytest.mark.parametrize("number", [0x02, 0x03, 0x04, 0x05, 0x06])
def test_global_fields_of_version_2_are_forbidden_in_version_0(number):
    assert "version 2 in a PSBT of version 0" in refused(v0(extra=[(number, b"", b"\x01\0\0\0")]))


@pytest.mark.parametrize("number", [0x0E, 0x0F, 0x10, 0x11, 0x12])
def test_input_fields_of_version_2_are_forbidden_in_version_0(number):
    assert "version 2 in a PSBT of version 0" in refused(v0([[(number, b"", b"\x01\0\0\0")]]))


@pytest.mark.parametrize("number", [0x03, 0x04])
def test_output_fields_of_version_2_are_forbidden_in_version_0(number):
    assert "version 2 in a PSBT of version 0" in refused(v0(outputs=[[(number, b"", SCRIPT)]]))


def test_the_unsigned_transaction_is_forbidden_in_version_2():
    data = v2(extra=[(0x00, b"", unsigned_tx())])
    assert "PSBT_GLOBAL_UNSIGNED_TX" in refused(data)


@pytest.mark.parametrize("number", [0x02, 0x04, 0x05])
def test_global_fields_that_version_2_requires(number):
    pairs = [
        (0x02, b"", b"\x02\0\0\0"),
        (0x04, b"", b"\0"),
        (0x05, b"", b"\0"),
        (0xFB, b"", b"\x02\0\0\0"),
    ]
    assert Psbt.parse(MAGIC + a_map(pairs))
    assert "is missing" in refused(MAGIC + a_map(p for p in pairs if p[0] != number))


@pytest.mark.parametrize("number", [0x0E, 0x0F])
def test_input_fields_that_version_2_requires(number):
    left = a_map(pair for pair in in_v2() if pair[0] != number)
    assert refused(v2().replace(a_map(in_v2()), left)).startswith("input 0: PSBT_IN_")


@pytest.mark.parametrize("number", [0x03, 0x04])
def test_output_fields_that_version_2_requires(number):
    left = a_map(pair for pair in out_v2() if pair[0] != number)
    assert refused(v2().replace(a_map(out_v2()), left)).startswith("output 0: PSBT_OUT_")


def test_two_kinds_of_locktime_contradict_each_other():
    time, height = (0x11, b"", b"\x00\x65\xcd\x1d"), (0x12, b"", b"\x01\0\0\0")
    assert Psbt.parse(v2([[time], [time, height]])).tx.locktime == 500_000_000
    assert "one input requires a time" in refused(v2([[time], [height]]))


def test_swapped_maps_are_read_as_what_they_now_are():
    in_map = [(0x02, bytes.fromhex("02") + b"\xff" * 32, b"")]
    assert "input 0" in refused(v0([in_map], [()]))
    swapped = v0([()], [[(0x06, b"", b"\0\xc0\0")], [(0x02, b"", ORIGIN)]])
    assert refused(swapped).startswith("output 1: PSBT_OUT_BIP32_DERIVATION at offset 130:")


def test_points_that_are_known_need_no_proof():
    off, on = OFF_CURVE, KEYS[0]
    data = v0([[(0x06, on, ORIGIN)], [(0x06, off, ORIGIN)]])
    psbt = Psbt.read(data)
    assert psbt.points == {on, off}
    psbt.prove_points(frozenset({off}))
    with pytest.raises(
        MalformedError, match=r"input 1: PSBT_IN_BIP32_DERIVATION at offset \d+: not a public"
    ):
        psbt.prove_points(frozenset({on}))
    assert "input 1" in refused(data)


def test_xonly_points_that_are_known_need_no_proof():
    off = b"\xff" * 32
    data = v0([[(0x17, b"", off)]], [[(0x05, b"", XONLY[0])]])
    psbt = Psbt.read(data)
    assert psbt.xonly == {XONLY[0], off}
    psbt.prove_points(frozenset({off}))
    assert "input 0: PSBT_IN_TAP_INTERNAL_KEY" in refused(data)
