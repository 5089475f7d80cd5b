"""Recipes of coins, signatures already there, and scripts (rows I, X, M)."""

import struct

from coldsign.primitives.digests import Digests
from coldsign.primitives.script import multisig, p2sh, p2wsh
from coldsign.primitives.secp import der_encode, sign_ecdsa, uncompress
from coldsign.primitives.tx import Transaction
from tests.attacks.box import Box, In, Out, Tx, honest, var
from tests.attacks.rows import MULTISIG, NOT_TAPROOT, SEGWIT_V0, TAPROOT, each, row
from tests.review.build import META, OUR_FINGERPRINT, secret, wallet

G = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
STRANGER = b"\x00\x14" + b"\x5a" * 20
WITH_COIN = tuple(name for name in (*SEGWIT_V0, *TAPROOT))
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def edit_value(number, kind, change):
    def edit(b):
        for pair in b.ins[number]:
            if pair[0][:1] == kind:
                pair[1] = change(pair[1])

    return edit


@each("I-01", on=WITH_COIN)
def another_amount_claimed(box: Box):
    for number in range(len(box.ins)):
        for more in (-1, 1, -1_000_000, 1_000_000, -40_000_000, 10**12):
            yield edit_value(
                number,
                b"\x01",
                lambda v, m=more: struct.pack("<q", struct.unpack("<q", v[:8])[0] + m) + v[8:],
            )


@each("I-03", on=WITH_COIN)
def another_script_claimed(box: Box):
    for number in range(len(box.ins)):
        yield edit_value(number, b"\x01", lambda v: v[:8] + var(STRANGER))
        yield edit_value(number, b"\x01", lambda v: v[:-1] + bytes([v[-1] ^ 1]))


@each("I-04")
def another_previous_transaction(box: Box):
    for number in range(len(box.ins)):
        other = box.get((number + 1) % len(box.ins), b"\x00")
        yield edit_value(number, b"\x00", lambda v, o=other: o)

        def nudged(v, number=number):
            parent = Tx.parse(v)
            parent.outs[1].sats += 1_000
            return parent.serialize()

        yield edit_value(number, b"\x00", nudged)

        def relocked(v):
            parent = Tx.parse(v)
            parent.locktime += 1
            return parent.serialize()

        yield edit_value(number, b"\x00", relocked)


@each("I-06")
def no_such_output(box: Box):
    for number in range(len(box.ins)):
        for vout in (2, 3, 255, 0xFFFF_FFFF):
            yield lambda b, n=number, v=vout: setattr(b.tx.ins[n], "vout", v)


@each("I-07")
def the_other_output(box: Box):
    for number in range(len(box.ins)):
        yield lambda b, n=number: setattr(b.tx.ins[n], "vout", 0)


@each("I-08", on=NOT_TAPROOT)
def no_previous_transaction(box: Box):
    for numbers in ((0,), (1,), (0, 1)):

        def edit(b, chosen=numbers):
            for number in chosen:
                b.drop(b.ins[number], 0x00)

        yield edit


@each("I-10", "OK", on=TAPROOT)
def taproot_needs_none(box: Box):
    for numbers in ((0,), (1,), (0, 1)):

        def edit(b, chosen=numbers):
            for number in chosen:
                b.drop(b.ins[number], 0x00)

        yield edit


@row("I-11")
def a_coin_of_another_wallet_of_ours(box: Box):
    for name in ("W-wsh", "W-trmulti", "W-sh", "W-wpkh", "W-mini"):
        if name == box.wallet:
            continue
        for front in (False, True):
            hostile = box.copy()
            hostile.spend(honest(name))
            if front:
                hostile.tx.ins.insert(0, hostile.tx.ins.pop())
                hostile.ins.insert(0, hostile.ins.pop())
            hostile.tx.outs[-1].sats += 50_000_000
            yield hostile.raw()


@each("I-12")
def nothing_about_the_coin(box: Box):
    for number in range(len(box.ins)):
        yield lambda b, n=number: b.drop(b.ins[n], 0x00, 0x01)


def _stranger(box: Box, *, data: bool) -> None:
    parent = Tx(2, [In(b"\x77" * 32, 0, 0xFFFF_FFFF)], [Out(10_000_000, STRANGER)], 0)
    box.tx.ins.append(In(parent.txid(), 0, 0xFFFF_FFFD))
    coin = struct.pack("<q", 10_000_000) + var(STRANGER)
    box.ins.append([[b"\x00", parent.serialize()], [b"\x01", coin]] if data else [])
    box.tx.outs.append(Out(9_990_000, b"\x00\x14" + b"\x11" * 20))
    box.outs.append([])


@each("I-13")
def payjoin(box: Box):
    yield lambda b: _stranger(b, data=True)
    yield lambda b: _stranger(b, data=False)


@each("I-15")
def no_derivation(box: Box):
    for number in range(len(box.ins)):
        yield lambda b, n=number: b.drop(b.ins[n], 0x06, 0x16)


@each("I-16", on=("W-sh",))
def a_legacy_coin_with_a_witness_utxo(box: Box):
    for number in range(len(box.ins)):
        for keep in (False, True):

            def edit(b, n=number, k=keep):
                out = b.parent(n).outs[1]
                if not k:
                    b.drop(b.ins[n], 0x00)
                b.ins[n].append([b"\x01", struct.pack("<q", out.sats) + var(out.script)])

            yield edit


@each("I-18", on=(*MULTISIG, "W-mini"))
def another_script_for_the_coin(box: Box):
    other = wallet(box.wallet).derive(0, 4)
    for number in range(len(box.ins)):
        for kind in (b"\x04", b"\x05"):
            if not any(pair[0] == kind for pair in box.ins[number]):
                continue
            swapped = other.redeem_script if kind == b"\x04" else other.witness_script
            for value in (swapped, b"", b"\x51", multisig(1, (G,)), bytes(521)):
                yield edit_value(number, kind, lambda v, s=value: s)
            yield edit_value(number, kind, lambda v: v[:-1] + b"\xaf")
            yield edit_value(number, kind, lambda v: v + b"\x75\x51")
            yield edit_value(number, kind, lambda v: b"\x63" + v)
            yield edit_value(number, kind, lambda v: b"\xab" + v)
            yield edit_value(number, kind, lambda v: b"\x51" * 3601)
            yield lambda b, n=number, k=kind: b.drop(b.ins[n], k[0])


@each("I-22", on=("W-wpkh", *TAPROOT))
def a_script_where_none_belongs(box: Box):
    for number in range(len(box.ins)):
        for kind in (b"\x04", b"\x05"):
            for script in (b"\x51", multisig(1, (G,)), STRANGER):
                yield lambda b, n=number, k=kind, s=script: b.ins[n].append([k, s])


def _origins(box, number):
    return [at for at, pair in enumerate(box.ins[number]) if pair[0][0] in {0x06, 0x16}]


@each("I-23")
def false_paths(box: Box):
    """One cosigner's path, of every cosigner: other index, branch, account, coin, hardening, fingerprint."""

    def other(value, step, new):
        steps = list(struct.unpack(f"<{len(value) // 4}I", value[len(value) % 4 :]))
        steps[step] = new(steps[step])
        return value[: len(value) % 4] + struct.pack(f"<{len(steps)}I", *steps)

    for number in range(len(box.ins)):
        for at in _origins(box, number):
            value = box.ins[number][at][1]
            tail = value if box.ins[number][at][0][0] == 0x06 else value[1 + 32 * value[0] :]
            head = value[: len(value) - len(tail)]
            if len(tail) < 16:
                continue  # a key without a secret behind it has no account
            changes = [
                (-1, lambda v: v + 1),
                (-1, lambda v: v | 1 << 31),
                (-2, lambda v: v ^ 1),
                (-2, lambda v: 9),
                (-2, lambda v: v | 1 << 31),
                (1, lambda v: v ^ 1 << 31),
                (1, lambda v: v + 1),
                (0, lambda v: 0),
                (0, lambda v: v ^ 1),
            ]
            for step, new in changes:

                def edit(b, n=number, a=at, h=head, t=tail, s=step, f=new):  # noqa: PLR0917 - bound now
                    b.ins[n][a][1] = h + other(t, s, f)

                yield edit
            for tail_ in (tail[:4], tail[:-4], tail + bytes(4)):

                def cut(b, n=number, a=at, h=head, t=tail_):
                    b.ins[n][a][1] = h + t

                yield cut


@each("I-26")
def our_name_on_a_strange_key(box: Box):
    for number in range(len(box.ins)):
        kind, key = (b"\x16", G[1:]) if box.wallet in TAPROOT else (b"\x06", G)
        head = b"\x00" if kind == b"\x16" else b""
        for path in ((0x80000030, 0x80000000, 0x80000000, 0x80000002, 0, 3), (0, 3), ()):
            origin = head + OUR_FINGERPRINT + struct.pack(f"<{len(path)}I", *path)
            yield lambda b, n=number, k=kind + key, o=origin: b.ins[n].append([k, o])
            yield lambda b, n=number, k=kind + key, o=origin: b.ins[n].insert(0, [k, o])


@each("I-27", "OK")
def one_coin(box: Box):
    """The control of I-28."""

    def edit(b):
        b.tx.outs[-1].sats -= b.parent(0).outs[1].sats
        b.tx.ins, b.ins = b.tx.ins[1:], b.ins[1:]

    yield edit


@each("I-30")
def worthless_coins(box: Box):
    for number in range(len(box.ins)):

        def edit(b, n=number):
            lost = b.parent(n).outs[1].sats
            b.coin(n, sats=0)
            b.tx.outs[-1].sats -= lost - (30_000_000 if n else 0)
            if n:
                b.tx.outs[0].sats = 1_000

        yield edit


@row("I-32", "OK", on=SEGWIT_V0)
def previous_transaction_with_witnesses(box: Box):
    for numbers in ((0,), (0, 1)):
        hostile = box.copy()
        for number in numbers:
            whole = hostile.parent(number).serialize(witness=True)
            for pair in hostile.ins[number]:
                if pair[0] == b"\x00":
                    pair[1] = whole
        yield hostile.raw()


# --- another wallet's or quorum's coin, consistently (M and I-28) ---------------------------------


def _respend(box: Box, number: int, script: bytes, inner: bytes) -> None:
    box.coin(number, script=script)
    box.drop(box.ins[number], 0x04, 0x05)
    if script[:1] == b"\xa9" and inner[:2] != b"\x00\x20":
        box.ins[number].append([b"\x04", inner])
    else:
        box.ins[number].append([b"\x05", inner])


@each("M-13", on=MULTISIG)
def coins_of_another_script(box: Box):
    for number, place in enumerate(box.coins):
        good = wallet(box.wallet).derive(*place)
        keys = good.keys
        script = good.witness_script or good.redeem_script
        hostile = [
            script + b"\x75\x51",
            b"\x63" + script + b"\x67\x21" + G + b"\xac\x68",
            b"\xab" + script,
            b"\x00" + script[1:],
            b"\x54" + script[1:],
            multisig(1, tuple(sorted(keys))),
            multisig(3, tuple(sorted(keys))),
            multisig(2, (keys[0], keys[0], keys[2])),
            multisig(2, tuple(sorted([keys[0], keys[1], G]))),
            multisig(2, tuple(sorted([*keys, G]))),
            multisig(2, tuple(sorted(keys, reverse=True))),
            script[:-2] + b"\x01\x03\xae",
            b"\x52" + (b"\x21" + G) * 20 + b"\x01\x15\xae",
            multisig(1, (keys[0],)),
            multisig(2, (uncompress(keys[0]), *keys[1:])),
            b"\x51",
        ]
        for bad in hostile:
            if bad == script:
                continue
            spk = p2wsh(bad) if box.wallet == "W-wsh" else p2sh(bad)
            if box.wallet == "W-shwsh":

                def nested(b, n=number, s=bad):
                    b.coin(n, script=p2sh(p2wsh(s)))
                    b.drop(b.ins[n], 0x04, 0x05)
                    b.ins[n] += [[b"\x04", p2wsh(s)], [b"\x05", s]]

                yield nested
                continue
            yield lambda b, n=number, s=spk, i=bad: _respend(b, n, s, i)


@each("I-28")
def coins_far_away(box: Box):
    """Coins of the same keys that the registered descriptor does not give: claims that name no true place."""
    for number in range(len(box.ins)):
        yield lambda b, n=number: b.coin(n, script=STRANGER)
        yield lambda b, n=number: b.coin(n, script=wallet(b.wallet).derive(1, 8).script_pubkey)


# --- signatures that are already there (X) ---------------------------------------------------------


def _signature(box: Box, number: int, cosigner: int, sighash: int = 1) -> tuple[bytes, bytes]:
    """The key of a cosigner and a valid signature over this input."""
    place = box.coins[number]
    owner = wallet(box.wallet)
    position = _position(box, cosigner)
    derived = owner.derive(*place)
    path = owner.origin(position, *place).path
    digests = Digests(Transaction.parse_unsigned(box.tx.serialize()))
    sats = box.parent(number).outs[1].sats
    if box.wallet == "W-sh":
        digest = digests.legacy(number, derived.redeem_script, sighash)
    else:
        code = derived.witness_script or (b"\x76\xa9\x14" + derived.script_pubkey[2:] + b"\x88\xac")
        digest = digests.segwit_v0(number, code, sats, sighash)
    return derived.keys[position], sign_ecdsa(secret(cosigner, path), digest)


def _position(box: Box, cosigner: int) -> int:
    print_ = bytes.fromhex(META["cosigners"][cosigner]["fingerprint"])
    keys = wallet(box.wallet).descriptor.keys
    return next(n for n, key in enumerate(keys) if key.fingerprint == print_)


def _filed(number, key, signature):
    return lambda b: b.ins[number].append([b"\x02" + key, signature])


@each("X-01", on=NOT_TAPROOT)
def bad_signatures(box: Box):
    signers = (0, 1) if box.wallet in MULTISIG else (0,)
    for number in range(len(box.ins)):
        for cosigner in signers:
            key, good = _signature(box, number, cosigner)
            other = _signature(box, 1 - number, cosigner)[1]
            high = good[:32] + (N - int.from_bytes(good[32:], "big")).to_bytes(32, "big")
            wrong = [
                der_encode(good)[:-1] + b"\x01",
                b"\x30\x06\x02\x01\x01\x02\x01\x01\x01",
                b"",
                b"\x01",
                bytes(71),
            ]
            wrong += [der_encode(other) + b"\x01", der_encode(high) + b"\x01", der_encode(good)]
            wrong += [der_encode(good) + bytes([s]) for s in (0, 2, 3, 0x81, 0x82, 0x83, 4)]
            wrong += [
                der_encode(_signature(box, number, cosigner, s)[1]) + bytes([s])
                for s in (2, 0x81, 0x83)
            ]
            for signature in wrong:
                yield _filed(number, key, signature)
            yield _filed(number, G, der_encode(good) + b"\x01")


@each("OK-12", "OK", on=MULTISIG)
def a_cosigner_has_signed(box: Box):
    for cosigner in (1, 2):
        for numbers in ((0,), (0, 1)):

            def edit(b, who=cosigner, chosen=numbers):
                for number in chosen:
                    key, good = _signature(box, number, who)
                    b.ins[number].append([b"\x02" + key, der_encode(good) + b"\x01"])

            yield edit


@each("X-07", "WARN", on=NOT_TAPROOT)
def we_have_signed(box: Box):
    def edit(b):
        for number in (0, 1):
            key, good = _signature(box, number, 0)
            b.ins[number].append([b"\x02" + key, der_encode(good) + b"\x01"])

    yield edit


@each("X-08")
def finished_inputs(box: Box):
    for number in range(len(box.ins)):
        for key, value in (
            (b"\x08", b"\x00"),
            (b"\x08", b"\x02\x01\x51\x01\x51"),
            (b"\x07", b"\x51"),
            (b"\x07", b""),
            (b"\x08", b""),
        ):
            yield lambda b, n=number, k=key, v=value: b.ins[n].append([k, v])


@each("X-10", on=TAPROOT)
def bad_taproot_signatures(box: Box):
    for number in range(len(box.ins)):
        for signature in (
            bytes(64),
            b"\x01" * 64,
            b"\x01" * 64 + b"\x01",
            b"\x01" * 64 + b"\x00",
            b"\x01" * 64 + b"\x83",
            b"\x01" * 63,
            b"",
        ):
            yield lambda b, n=number, s=signature: b.ins[n].append([b"\x13", s])
            derived = wallet(box.wallet).derive(*box.coins[number])
            leaves = [leaf.leaf_hash for leaf in derived.taproot.leaves] or [bytes(32)]
            for key in (*derived.keys, G[1:]):
                for leaf in (*leaves, b"\x99" * 32):
                    yield lambda b, n=number, s=signature, k=key, h=leaf: b.ins[n].append(
                        [b"\x14" + k + h, s]
                    )


@each("X-05", on=TAPROOT)
def ecdsa_on_taproot(box: Box):
    sig = der_encode(sign_ecdsa(b"\x01" * 32, b"\x02" * 32)) + b"\x01"
    for number in range(len(box.ins)):
        key = wallet(box.wallet).derive(*box.coins[number]).keys[0]
        for public in (G, b"\x02" + key[-32:]):
            yield _filed(number, public, sig)


# --- taproot data (M) -----------------------------------------------------------------------------


@each("M-01", on=("W-trmulti",))
def other_leaves(box: Box):
    for number in range(len(box.ins)):
        at = next(a for a, pair in enumerate(box.ins[number]) if pair[0][0] == 0x15)
        block, script = box.ins[number][at]
        changes = [
            (block, b"\x50" + script),
            (block, b"\x20" + G[1:] + b"\xac\xc0"),
            (block, script[:-1] + b"\xc2"),
            (block[:1] + bytes([block[1] ^ 3]) + block[2:], script[:-1] + b"\xc2"),
            (block[:1] + bytes([block[1] ^ 1]) + block[2:], script),
            (block + bytes(5), script),
            (block + bytes(32), script),
            (block + bytes(32 * 128), script),
            (block + bytes(32 * 129), script),
            (block[:-1], script),
            (block[:2] + G[1:] + block[34:], script),
            (block, b""),
            (block, script[:-2] + b"\x87" + script[-1:]),
            (block[:20], script),
        ]
        for key, value in changes:

            def edit(b, n=number, a=at, k=key, v=value):
                b.ins[n][a] = [k, v]

            yield edit
            if key != block:
                yield lambda b, n=number, k=key, v=value: b.ins[n].append([k, v])


@each("M-11", "DISPLAY", on=("W-mini",))
def one_way_to_spend_is_asked_for(box: Box):
    """Only some of the keys are named: the recovery's, or all of the quorum's."""
    for kept in ((3,), (0, 1, 2), (0,), (0, 3)):
        for numbers in ((0,), (0, 1)):

            def edit(b, chosen=numbers, positions=kept):
                for number in chosen:
                    keys = wallet(b.wallet).derive(*b.coins[number]).keys
                    named = {b"\x06" + keys[position] for position in positions}
                    pairs = b.ins[number]
                    pairs[:] = [p for p in pairs if p[0][0] != 0x06 or p[0] in named]

            yield edit


@each("M-07", on=TAPROOT)
def other_roots_and_internal_keys(box: Box):
    for number in range(len(box.ins)):
        for root in (bytes(32), b"\x42" * 32, b"", bytes(31)):
            yield lambda b, n=number, r=root: b.ins[n].append([b"\x18", r])
        for key in (G[1:], b"\xff" * 32, bytes(33), b""):
            yield edit_value(number, b"\x17", lambda v, k=key: k)


@each("M-08", on=NOT_TAPROOT)
def taproot_data_on_other_coins(box: Box):
    for number in range(len(box.ins)):
        for key, value in (
            (b"\x17", G[1:]),
            (b"\x18", bytes(32)),
            (b"\x13", b"\x01" * 64),
            (b"\x14" + G[1:] + bytes(32), b"\x01" * 64),
            (b"\x15\xc0" + G[1:], b"\x51\xc0"),
        ):
            yield lambda b, n=number, k=key, v=value: b.ins[n].append([k, v])


@each("M-09", on=TAPROOT)
def other_leaf_hashes(box: Box):
    for number in range(len(box.ins)):
        for at in _origins(box, number):
            value = box.ins[number][at][1]
            rest = value[1 + 32 * value[0] :]
            for head in (
                b"\x01" + b"\x66" * 32,
                b"\x02" + b"\x66" * 64,
                value[: 1 + 32 * value[0]].replace(value[:1], bytes([value[0] + 1]), 1)
                + b"\x66" * 32,
                b"\xfe\xff\xff\xff\xff",
                b"\xff\0\0\0\0\1\0\0\0",
                b"\xff" * 9,
                b"\xfd\x01\x00" + b"\x66" * 32,
                b"\x7f",
                b"",
            ):

                def edit(b, n=number, a=at, h=head, r=rest):
                    b.ins[n][a][1] = h + r

                yield edit


@each("N-16")
def proof_of_reserves(box: Box):
    for number in range(len(box.ins)):
        for text in (b"all our coins", b"", b"\xff\xfe"):
            yield lambda b, n=number, t=text: b.ins[n].append([b"\x09", t])
