"""Recipes of the unsigned transaction and of sighash types (rows T and S)."""

import struct

from tests.attacks.box import Box, In, Out
from tests.attacks.rows import NOT_TAPROOT, TAPROOT, each, row

STRANGER = b"\x00\x14" + b"\x5a" * 20


@each("T-01", versions=(0,))
def witness_form(box: Box):
    yield lambda b: setattr(b, "unsigned", b.tx.serialize(witness=True))


@each("T-02", versions=(0,))
def script_sigs(box: Box):
    for number in range(len(box.ins)):
        for script in (b"\x51", b"\x00", b"\x16" + STRANGER, bytes(100)):
            yield lambda b, n=number, s=script: setattr(b.tx.ins[n], "script_sig", s)


@row("T-03")
def no_inputs(box: Box):
    hostile = box.copy()
    hostile.tx.ins, hostile.ins = [], []
    yield hostile.raw()


@row("T-04")
def no_outputs(box: Box):
    hostile = box.copy()
    hostile.tx.outs, hostile.outs = [], []
    yield hostile.raw()


@each("T-05")
def one_coin_twice(box: Box):
    for first in range(len(box.ins)):
        for sequence in (0, 0xFFFF_FFFD, 0xFFFF_FFFF):

            def edit(b, n=first, s=sequence):
                known = b.tx.ins[n]
                b.tx.ins.append(In(known.txid, known.vout, s))
                b.ins.append([list(pair) for pair in b.ins[n]])
                b.tx.outs[-1].sats += 1_000_000

            yield edit

    def instead(b):
        b.tx.ins[1] = In(b.tx.ins[0].txid, b.tx.ins[0].vout, 0xFFFF_FFFD)
        b.ins[1] = [list(pair) for pair in b.ins[0]]
        b.tx.outs[-1].sats -= 30_000_000

    yield instead


@row("T-06")
def one_coin_twice_far_along(box: Box):
    hostile = box.copy()
    for number in range(110):
        parent = hostile.parent(0)
        parent.locktime = number + 1
        hostile.tx.ins.append(In(parent.txid(), 1, 0xFFFF_FFFD))
        pairs = [list(pair) for pair in hostile.ins[0]]
        for pair in pairs:
            if pair[0] == b"\x00":
                pair[1] = parent.serialize()
        hostile.ins.append(pairs)
        hostile.tx.outs[-1].sats += 49_999_000
    hostile.tx.ins.append(In(hostile.tx.ins[-1].txid, 1, 0xFFFF_FFFD))
    hostile.ins.append([list(pair) for pair in hostile.ins[-1]])
    yield hostile.raw()


@each("T-07")
def no_coin(box: Box):
    for number in range(len(box.ins)):
        for vout in (0, 1, 0xFFFF_FFFF):

            def edit(b, n=number, v=vout):
                b.tx.ins[n].txid, b.tx.ins[n].vout = bytes(32), v

            yield edit


@each("T-08")
def versions(box: Box):
    for number in (0, -1, 4, 5, 255, 256, 2**31 - 1, -(2**31), 0x20000000, 0x0002_0000):
        yield lambda b, v=number: setattr(b.tx, "version", v)


@each("T-09", "OK")
def version_one(box: Box):
    yield lambda b: setattr(b.tx, "version", 1)


@each("T-10", "WARN")
def version_three(box: Box):
    yield lambda b: setattr(b.tx, "version", 3)


@each("T-14", "DISPLAY")
def anti_fee_sniping(box: Box):
    for height in (1, 899_999, 900_000, 900_100):
        yield lambda b, h=height: setattr(b.tx, "locktime", h)


@each("T-15")
def locktimes_far_ahead(box: Box):
    for lock in (
        901_009,
        902_000,
        1_000_000,
        499_999_999,
        500_000_000,
        500_000_001,
        1_700_000_000,
        4_102_444_800,
        0xFFFF_FFFF,
    ):
        yield lambda b, v=lock: setattr(b.tx, "locktime", v)


@each("T-17", "WARN")
def locktime_without_effect(box: Box):
    def edit(b):
        b.tx.locktime = 900_000
        for txin in b.tx.ins:
            txin.sequence = 0xFFFF_FFFF

    yield edit


@each("T-18")
def relative_locks(box: Box):
    for number in range(len(box.ins)):
        for sequence in (1, 144, 0xFFFF, 0x0040_0001, 0x0040_FFFF, 0x7FFF_FFFF, 0x0001_0001):
            yield lambda b, n=number, s=sequence: setattr(b.tx.ins[n], "sequence", s)


@each("T-20", "DISPLAY")
def mixed_sequences(box: Box):
    for number in range(len(box.ins)):
        for sequence in (0xFFFF_FFFF, 0xFFFF_FFFE, 0, 0x8000_0000):
            yield lambda b, n=number, s=sequence: setattr(b.tx.ins[n], "sequence", s)


@each("T-21")
def amounts_out_of_range(box: Box):
    for number in range(len(box.outs)):
        for sats in (-1, -(2**63), 2_100_000_100_000_000, 2_100_000_000_000_001, 2**63 - 1):
            yield lambda b, n=number, s=sats: setattr(b.tx.outs[n], "sats", s)


@each("T-23")
def sums_that_wrap(box: Box):
    def edit(b, one, two):
        b.tx.outs[0].sats, b.tx.outs[1].sats = one, two

    for pair in (
        (2**63 - 1, 2**63 - 1),
        (2**62, 2**62),
        (21 * 10**14, 21 * 10**14),
        (2**63, 2**63),
    ):
        yield lambda b, p=pair: edit(b, *p)


@each("T-24")
def spends_too_much(box: Box):
    for more in (5_001, 5_002, 10**6, 10**9):
        for number in range(len(box.outs)):

            def edit(b, n=number, m=more):
                b.tx.outs[n].sats += m

            yield edit


@each("T-25", "WARN")
def no_fee(box: Box):
    def edit(b):
        b.tx.outs[-1].sats += 5_000

    yield edit


@row("T-26", versions=(0,))
def not_minimal_inside(box: Box):
    """Counts and script lengths in the transaction, in every longer form."""
    tx = box.tx.serialize()
    spots = [4, *(5 + 41 * n + 36 for n in range(len(box.ins))), 5 + 41 * len(box.ins)]
    at = 6 + 41 * len(box.ins)
    for out in box.tx.outs:
        spots.append(at + 8)
        at += 9 + len(out.script)
    for spot in spots:
        value = tx[spot]
        for form in (
            b"\xfd" + struct.pack("<H", value),
            b"\xfe" + struct.pack("<I", value),
            b"\xff" + struct.pack("<Q", value),
        ):
            hostile = box.copy()
            hostile.unsigned = tx[:spot] + form + tx[spot + 1 :]
            yield hostile.raw()


@row("T-26")
def not_minimal_in_the_previous_transaction(box: Box):
    from hashlib import sha256

    for number in range(len(box.ins)):
        good = box.get(number, b"\x00")
        for spot in (4, 41):
            bad = good[:spot] + b"\xfd" + good[spot : spot + 1] + b"\x00" + good[spot + 1 :]
            for txid in (box.tx.ins[number].txid, sha256(sha256(bad).digest()).digest()):
                hostile = box.copy()
                hostile.tx.ins[number].txid = txid
                for pair in hostile.ins[number]:
                    if pair[0] == b"\x00":
                        pair[1] = bad
                yield hostile.raw()


@row("T-27")
def thousands_of_outputs(box: Box):
    hostile = box.copy()
    hostile.tx.outs[-1].sats -= 1_001 * 1_000
    hostile.tx.outs += [Out(1_000, b"\x00\x14" + struct.pack(">I", n) * 5) for n in range(1_001)]
    hostile.outs += [[] for _ in range(1_001)]
    yield hostile.raw()


SIGHASHES = (
    0x02,
    0x03,
    0x80,
    0x81,
    0x82,
    0x83,
    0x04,
    0x40,
    0x41,
    0xC1,
    0xE2,
    0x101,
    0x1_0000,
    0x8000_0001,
    0x0100_0000,
    0xFFFF_FFFF,
    0xFF,
    0x1F,
    0x21,
    0x61,
)


@each("S-01")
def other_sighash_types(box: Box):
    for number in range(len(box.ins)):
        for kind in SIGHASHES:

            def edit(b, n=number, k=kind):
                b.ins[n].append([b"\x03", struct.pack("<I", k)])

            yield edit

    def everywhere(b):
        for pairs in b.ins:
            pairs.insert(0, [b"\x03", b"\x03\0\0\0"])

    yield everywhere


@each("S-06", on=NOT_TAPROOT)
def default_where_there_is_none(box: Box):
    for number in range(len(box.ins)):
        yield lambda b, n=number: b.ins[n].append([b"\x03", bytes(4)])


@each("OK-10", "OK")
def sighash_all_said(box: Box):
    def edit(b):
        for pairs in b.ins:
            pairs.append([b"\x03", b"\x01\0\0\0"])

    yield edit
    yield lambda b: b.ins[0].append([b"\x03", b"\x01\0\0\0"])


@each("S-15", "OK", on=TAPROOT)
def default_said(box: Box):
    for number in range(len(box.ins)):
        yield lambda b, n=number: b.ins[n].append([b"\x03", bytes(4)])


@each("S-13", on=NOT_TAPROOT)
def single_without_its_output(box: Box):
    def edit(b):
        b.tx.outs, b.outs = b.tx.outs[:1], b.outs[:1]
        b.tx.outs[0].sats = 129_995_000
        b.ins[1].append([b"\x03", b"\x03\0\0\0"])

    yield edit
