"""Recipes of the container: lengths, keys, maps, values (rows F, G, V)."""

import struct

from tests.attacks.box import MAGIC, Box, read_size, size, written
from tests.attacks.rows import NOT_TAPROOT, each, row
from tests.review.build import wallet

G = bytes.fromhex("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")


def set_value(pairs, key_type, value):
    def edit(box):
        for pair in pairs(box):
            if pair[0][0] == key_type:
                pair[1] = value(pair[1])

    return edit


@row("F-01")
def wrong_magic(box: Box):
    raw = box.raw()
    for at in range(5):
        for value in (0, raw[at] ^ 1, raw[at] ^ 0x20, 0xFE):
            if value != raw[at]:
                yield raw[:at] + bytes([value]) + raw[at + 1 :]


@row("F-02")
def truncated(box: Box):
    raw = box.raw()
    for at in {0, 1, 4, 5, 6, len(raw) // 3, len(raw) // 2, len(raw) - 2, len(raw) - 1}:
        yield raw[:at]


@row("F-03")
def trailing(box: Box):
    for more in (b"\x00", b"\x00\x00", b"\xff", b"\n", b"\x01\xf0\x00\x00"):
        yield box.raw() + more


@row("F-04")
def two_in_one(box: Box):
    yield box.raw() * 2
    yield box.raw() + box.raw()[5:]


def lengths_of(raw: bytes) -> list[tuple[int, int, int]]:
    """Where the lengths of a PSBT's pairs stand: offset, end, value."""
    found, at = [], len(MAGIC)
    while at < len(raw):
        length, after = read_size(raw, at)
        found.append((at, after, length))
        at = after + length
        if length:
            value, after = read_size(raw, at)
            found.append((at, after, value))
            at = after + value
    return found


def longer_forms(value: int):
    if value < 0xFD:
        yield b"\xfd" + struct.pack("<H", value)
    if value < 0x1_0000:
        yield b"\xfe" + struct.pack("<I", value)
    yield b"\xff" + struct.pack("<Q", value)


@row("F-05")
def not_minimal(box: Box):
    """Every length of every key and value, and of every separator, in every longer form."""
    raw = box.raw()
    for start, end, value in lengths_of(raw):
        for form in longer_forms(value):
            yield raw[:start] + form + raw[end:]


@row("F-07")
def every_key_twice(box: Box):
    maps = box.maps()
    for number, pairs in enumerate(maps):
        for at, (key, value) in enumerate(pairs):
            for again in (value, b"", value[:-1] + bytes([value[-1] ^ 1]) if value else b"\x00"):
                for where in (0, at, len(pairs)):
                    changed = [*pairs[:where], [key, again], *pairs[where:]]
                    yield written([*maps[:number], changed, *maps[number + 1 :]])


@row("F-12")
def unknown_key_twice(box: Box):
    maps = box.maps()
    for number, pairs in enumerate(maps):
        changed = [*pairs, [b"\xf0x", b"1"], [b"\xf0x", b"2"]]
        yield written([*maps[:number], changed, *maps[number + 1 :]])


@row("F-14")
def a_map_less(box: Box):
    maps = box.maps()
    for number in range(1, len(maps)):
        yield written(maps[:number] + maps[number + 1 :])


@row("F-15")
def a_map_more(box: Box):
    maps = box.maps()
    for number in range(1, len(maps) + 1):
        yield written([*maps[:number], [], *maps[number:]])


@row("F-16")
def length_bombs(box: Box):
    raw = box.raw()
    for start, end, _ in lengths_of(raw):
        for bomb in (
            b"\xff" * 9,
            b"\xfe\xff\xff\xff\x7f",
            b"\xff\x00\x00\x00\x00\x01\x00\x00\x00",
        ):
            yield raw[:start] + bomb + raw[end:]
            yield raw[:start] + bomb + bytes(10)


@row("F-18", versions=(0,))
def count_bombs(box: Box):
    tx = box.tx.serialize()
    at_outs = 5 + len(box.tx.ins) * 41
    for at in (4, at_outs):
        for bomb in (b"\xfe\xff\xff\xff\xff", b"\xff" * 9, b"\xfd\xff\xff", b"\xfc"):
            hostile = box.copy()
            hostile.unsigned = tx[:at] + bomb + tx[at + 1 :]
            yield hostile.raw()


@row("F-19")
def early_separator(box: Box):
    yield MAGIC + b"\x00" + box.raw()[5:]
    yield MAGIC + b"\x00"
    yield MAGIC


@each("F-20")
def no_such_version(box: Box):
    box.glob = [pair for pair in box.glob if pair[0] != b"\xfb"]
    for value in (1, 3, 4, 0x102, 0xFFFF_FFFF, 0x0200_0000, 0x8000_0000):
        yield lambda b, v=value: b.glob.append([b"\xfb", struct.pack("<I", v)])
    for raw in (b"", b"\x00", b"\x02", b"\x02\x00", b"\x02\x00\x00", bytes(5), b"\x02" + bytes(7)):
        yield lambda b, v=raw: b.glob.append([b"\xfb", v])
    yield lambda b: b.glob.append([b"\xfbx", bytes(4)])


@each("F-23", "OK", versions=(0,))
def version_zero_said(box: Box):
    yield lambda b: b.glob.append([b"\xfb", bytes(4)])


@each("F-20", versions=(2,))
def version_two_called_zero(box: Box):
    yield lambda b: b.glob.append([b"\xfb", bytes(4)])


@each("F-24")
def sighash_of_another_size(box: Box):
    for number in range(len(box.ins)):
        for raw in (
            b"",
            b"\x01",
            b"\x01\x00",
            b"\x01\x00\x00",
            b"\x01" + bytes(4),
            b"\x01" + bytes(7),
        ):
            yield lambda b, n=number, v=raw: b.ins[n].append([b"\x03", v])
        yield lambda b, n=number: b.ins[n].append([b"\x03\x00", b"\x01\x00\x00\x00"])


@each("F-25")
def more_after_the_coin(box: Box):
    for number in range(len(box.ins)):
        for more in (b"\x00", b"\x00" * 4, b"\x6a"):
            for key_type in (0x00, 0x01):

                def edit(b, n=number, m=more, t=key_type):
                    found = [pair for pair in b.ins[n] if pair[0][0] == t]
                    for pair in found:
                        pair[1] += m
                    if not found:
                        b.ins[n].append([bytes([t]), bytes(3)])

                yield edit


@each("F-27", versions=(0,))
def more_after_the_transaction(box: Box):
    for more in (b"\x00", b"\x00" * 4, box.tx.serialize()):
        yield lambda b, m=more: setattr(b, "unsigned", b.tx.serialize() + m)


def _derivations(box, types=(0x06, 0x16, 0x02, 0x07)):
    maps = [
        *(("in", n, p) for n, p in enumerate(box.ins)),
        *(("out", n, p) for n, p in enumerate(box.outs)),
    ]
    for kind, number, pairs in maps:
        wanted = {0x06, 0x16} if kind == "in" else {0x02, 0x07}
        for at, pair in enumerate(pairs):
            if pair[0][0] in wanted & set(types):
                yield kind, number, at


def _at(box, kind, number, at):
    return (box.ins if kind == "in" else box.outs)[number][at]


@each("F-28")
def paths_of_odd_length(box: Box):
    for where in _derivations(box):
        for cut in (b"\x00", b"\x00\x00", b"\x00\x00\x00"):

            def edit(b, w=where, c=cut):
                _at(b, *w)[1] += c

            yield edit


@each("F-29")
def no_whole_fingerprint(box: Box):
    for where in _derivations(box, (0x06, 0x02)):
        for raw in (b"", b"\x6e", b"\x6e\x34\x32"):

            def edit(b, w=where, v=raw):
                _at(b, *w)[1] = v

            yield edit


@each("F-30")
def paths_too_deep(box: Box):
    for where in _derivations(box):
        for steps in (13, 20, 200, 255, 256, 260, 5000):

            def edit(b, w=where, s=steps):
                _at(b, *w)[1] += bytes(4 * (s - 6))

            yield edit


@each("F-31")
def keys_off_the_curve(box: Box):
    for where in _derivations(box):

        def edit(b, w=where):
            pair = _at(b, *w)
            width = 32 if pair[0][0] == 0x16 or (w[0] == "out" and pair[0][0] == 0x07) else 33
            pair[0] = pair[0][:1] + (b"\x02" * (width == 33)) + b"\xff" * 32

        yield edit


@each("F-32", on=NOT_TAPROOT)
def keys_of_other_forms(box: Box):
    full = wallet(box.wallet).derive(0, 3).keys[0]
    for where in _derivations(box, (0x06, 0x02)):
        for key in (
            b"\x06" + full[1:] * 2,
            b"\x07" + full[1:] * 2,
            b"\x04" + full[1:] * 2,
            b"\x05" + full[1:],
            full[:32],
            full + b"\x00",
            b"",
            full[1:],
        ):

            def edit(b, w=where, k=key):
                pair = _at(b, *w)
                pair[0] = pair[0][:1] + k

            yield edit


@each("F-33", "OK")
def proprietary_everywhere(box: Box):
    def edit(b):
        for pairs in (b.glob, *b.ins, *b.outs):
            pairs.append([b"\xfc\x04evil\x00", b"\x1b[2J\x1b]52;c;ZQ==\x07" + bytes(1000)])

    yield edit


@each("OK-09", "OK")
def unknown_everywhere(box: Box):
    def edit(b):
        for pairs in (b.glob, *b.ins, *b.outs):
            pairs.append([b"\xf0key", b"value"])
            pairs.insert(0, [b"\xf1", b""])
            pairs.append([b"\xfd\x00\x01k", b"long type"])

    yield edit


@each("F-34")
def key_type_not_minimal(box: Box):
    """Stricter than the row, which lets this be carried as unknown."""
    for number in range(len(box.ins)):
        for at in range(len(box.ins[number])):

            def edit(b, n=number, a=at):
                pair = b.ins[n][a]
                b.ins[n].append([b"\xfd" + pair[0][:1] + b"\x00" + pair[0][1:], pair[1]])

            yield edit


@each("F-35")
def padding(box: Box):
    for length in (16_500, 65_536):
        yield lambda b, n=length: b.glob.append([b"\xf0pad", bytes(n)])
        yield lambda b, n=length: b.ins[0].append([b"\xfc\x03pad\x00", bytes(n)])
        yield lambda b, n=length: b.outs[1].append([b"\xf0" + bytes(n), b""])


# --- version 2 (V) --------------------------------------------------------------------------------


@row("V-01", "OK", versions=(2,))
def plain_version_two(box: Box):
    yield box.raw()


@row("V-02", versions=(2,))
def wrong_counts(box: Box):
    ins, outs = len(box.ins), len(box.outs)
    for pair in [
        (ins + 1, outs),
        (ins - 1, outs),
        (ins, outs - 1),
        (ins, outs + 1),
        (0, outs),
        (ins, 0),
        (0, 0),
        (ins + 1, outs - 1),
        (ins - 1, outs + 1),
    ]:
        hostile = box.copy()
        hostile.counts = (size(pair[0]), size(pair[1]))
        yield hostile.raw()
    for bomb in (
        b"\xfe\xff\xff\xff\xff",
        b"\xff" * 9,
        b"\xff\0\0\0\0\1\0\0\0",
        b"\xfd\x02\x00",
        b"",
        b"\x02\x00",
    ):
        for at in (0, 1):
            hostile = box.copy()
            good = [size(ins), size(outs)]
            good[at] = bomb
            hostile.counts = (good[0], good[1])
            yield hostile.raw()


@each("V-06", versions=(2,))
def modifiable(box: Box):
    for flags in range(1, 256):
        yield lambda b, f=flags: b.glob.append([b"\x06", bytes([f])])
    for raw in (b"", b"\x00\x00", bytes(4)):
        yield lambda b, v=raw: b.glob.append([b"\x06", v])


@each("V-01", "OK", versions=(2,))
def not_modifiable(box: Box):
    yield lambda b: b.glob.append([b"\x06", b"\x00"])


@each("V-12", versions=(2,))
def two_transactions(box: Box):
    other = box.copy()
    other.tx.outs[0].script = b"\x00\x14" + bytes(20)
    for tx in (box.tx, other.tx):
        yield lambda b, t=tx: b.glob.append([b"\x00", t.serialize()])
        yield lambda b, t=tx: b.glob.insert(0, [b"\x00", t.serialize()])


@row("V-13", "OK", versions=(2,))
def no_sequence(box: Box):
    maps = box.maps()
    for pairs in maps[1 : 1 + len(box.ins)]:
        pairs[:] = [pair for pair in pairs if pair[0] != b"\x10"]
    yield written(maps)


@each("V-14", versions=(2,))
def locktimes_in_conflict(box: Box):
    def edit(b):
        b.ins[0].append([b"\x11", struct.pack("<I", 1_700_000_000)])
        b.ins[1].append([b"\x12", struct.pack("<I", 850_000)])

    yield edit
    for number in range(len(box.ins)):
        for key, value in ((b"\x11", 100), (b"\x12", 500_000_000), (b"\x12", 0), (b"\x11", 0)):
            yield lambda b, n=number, k=key, v=value: b.ins[n].append([k, struct.pack("<I", v)])


@each("V-16", versions=(2,))
def locktimes_required(box: Box):
    """A locktime that only the inputs ask for is as far ahead as any other."""
    for number in range(len(box.ins)):
        for key, value in (
            (b"\x12", 499_999_999),
            (b"\x12", 902_000),
            (b"\x11", 500_000_000),
            (b"\x11", 4_102_444_800),
        ):
            yield lambda b, n=number, k=key, v=value: b.ins[n].append([k, struct.pack("<I", v)])


@each("V-17", versions=(0,))
def version_two_fields(box: Box):
    for number in range(len(box.outs)):
        for key, value in ((b"\x03", struct.pack("<q", 1)), (b"\x04", b"\x51")):
            yield lambda b, n=number, k=key, v=value: b.outs[n].append([k, v])
    for number in range(len(box.ins)):
        for key in (b"\x0e", b"\x0f", b"\x10", b"\x11", b"\x12"):
            value = bytes(32) if key == b"\x0e" else struct.pack("<I", 600_000_000)
            yield lambda b, n=number, k=key, v=value: b.ins[n].append([k, v])
    for key, value in (
        (b"\x02", b"\x02\0\0\0"),
        (b"\x03", bytes(4)),
        (b"\x04", b"\x02"),
        (b"\x05", b"\x03"),
        (b"\x06", b"\x00"),
    ):
        yield lambda b, k=key, v=value: b.glob.append([k, v])


@row("V-12", versions=(2,))
def a_required_field_missing(box: Box):
    maps = box.maps()
    for number, pairs in enumerate(maps):
        wanted = (
            (b"\x02", b"\x04", b"\x05", b"\xfb")
            if not number
            else (b"\x0e", b"\x0f")
            if number <= len(box.ins)
            else (b"\x03", b"\x04")
        )
        for key in wanted:
            less = [pair for pair in pairs if pair[0] != key]
            yield written([*maps[:number], less, *maps[number + 1 :]])


# --- extended keys (G) ----------------------------------------------------------------------------


def _xpub(name: str, position: int) -> tuple[bytes, bytes]:
    key = wallet(name).descriptor.keys[position]
    public, origin = key.public, key.expected_origin
    head = bytes.fromhex("0488b21e") + bytes([public.depth]) + public.parent_fingerprint
    raw = head + struct.pack(">I", public.child_number) + public.chain_code + public.pubkey
    return raw, origin.to_bytes()


@each("OK-11", "OK")
def registered_xpubs(box: Box):
    name = box.wallet
    # a key that nobody holds (the taproot dummy) has no origin to compare
    count = len(wallet(name).descriptor.keys)
    held = [n for n in range(count) if wallet(name).descriptor.keys[n].origin is not None]

    def edit(b):
        for position in held:
            raw, origin = _xpub(name, position)
            if not any(pair[0] == b"\x01" + raw for pair in b.glob):
                b.glob.append([b"\x01" + raw, origin])

    yield edit


@each("G-01")
def false_xpubs(box: Box):
    count = len(wallet(box.wallet).descriptor.keys)
    held = [n for n in range(count) if wallet(box.wallet).descriptor.keys[n].origin is not None]
    for position in held:
        raw, origin = _xpub(box.wallet, position)
        attacker = raw[:45] + b"\x02" + G
        depth = raw[:4] + bytes([(raw[4] + 1) % 7]) + raw[5:]
        chain = raw[:13] + bytes(32) + raw[45:]
        for key, value in (
            (attacker, origin),
            (chain, origin),
            (depth, origin),
            (bytes.fromhex("043587cf") + raw[4:], origin),
            (bytes.fromhex("0488ade4") + raw[4:], origin),
            (bytes.fromhex("04b24746") + raw[4:], origin),
            (raw[:77], origin),
            (raw + b"\x00", origin),
            (raw[:45] + b"\x02" + b"\xff" * 32, origin),
            (raw[:45] + b"\x00" + G, origin),
            (raw, origin[:4] + bytes(len(origin) - 4)),
            (raw, b"\xde\xad\xbe\xef" + origin[4:]),
            (raw, origin + bytes(4)),
            (raw, origin[:-4]),
            (raw, origin + b"\x00"),
            (raw, b""),
            (raw, origin[:3]),
        ):
            yield lambda b, k=key, v=value: b.glob.append([b"\x01" + k, v])
