"""Recipes of change and of outputs (rows C and O)."""

import struct

from coldsign.primitives.hashes import hash160
from coldsign.primitives.keypath import HARDENED
from coldsign.primitives.script import multisig, p2pkh, p2sh, p2tr, p2wpkh, p2wsh
from tests.attacks.box import Box, Out, honest, var
from tests.attacks.rows import MULTISIG, NOT_TAPROOT, TAPROOT, each
from tests.review.build import OUR_FINGERPRINT, PAYEES, wallet

G = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
H160 = b"\x5a" * 20
CHANGE = 2


def metadata(name: str, place: tuple[int, int]) -> list[list[bytes]]:
    """The output map an honest coordinator writes for a place of the wallet."""
    return [list(pair) for pair in honest(name, change=place[1]).outs[CHANGE]]


@each("C-01")
def dressed_as_change(box: Box):
    """A payment to the attacker with the metadata of our own change; every output in turn."""
    for number in range(len(box.outs)):
        for script in (
            p2wpkh(H160),
            p2wsh(b"\x51"),
            p2sh(b"\x51"),
            p2tr(G[1:]),
            p2pkh(H160),
            b"\x51",
        ):

            def edit(b, n=number, s=script):
                b.tx.outs[n].script = s
                b.outs[n] = metadata(b.wallet, (1, 12))

            yield edit


def quorums(keys):
    ordered = tuple(sorted(keys))
    yield multisig(1, (keys[0], G))
    yield multisig(2, tuple(sorted([keys[0], keys[1], G])))
    yield multisig(1, ordered)
    yield multisig(3, ordered)
    yield multisig(2, ordered[::-1])
    yield multisig(1, (keys[0],))
    yield multisig(2, ordered[:2])
    yield multisig(2, (*ordered, G))


@each("C-02", on=MULTISIG)
def other_quorums(box: Box):
    keys = wallet(box.wallet).derive(1, 12).keys
    wrap = {
        "W-wsh": lambda s: (p2wsh(s), [[b"\x01", s]]),
        "W-shwsh": lambda s: (p2sh(p2wsh(s)), [[b"\x00", p2wsh(s)], [b"\x01", s]]),
        "W-sh": lambda s: (p2sh(s), [[b"\x00", s]]),
    }[box.wallet]
    claims = [pair for pair in box.outs[CHANGE] if pair[0][0] == 0x02]
    for script in quorums(keys):
        spk, pairs = wrap(script)
        for kept in (claims, claims[:1], claims[1:]):

            def edit(b, s=spk, p=(*pairs, *kept)):
                b.tx.outs[CHANGE].script = s
                b.outs[CHANGE] = [list(pair) for pair in p]

            yield edit


@each("C-07", on=MULTISIG)
def same_keys_other_kind(box: Box):
    derived = wallet(box.wallet).derive(1, 12)
    script = derived.witness_script or derived.redeem_script
    for spk in (p2wsh(script), p2sh(script), p2sh(p2wsh(script)), script):
        if spk == derived.script_pubkey:
            continue
        yield lambda b, s=spk: setattr(b.tx.outs[CHANGE], "script", s)


@each("C-09")
def far_along(box: Box):
    for index in (1016, 1017, 5_000, 40_000, 1_000_000, 0x7FFF_FFFE, 0x7FFF_FFFF):

        def edit(b, i=index):
            b.tx.outs[CHANGE].script = wallet(b.wallet).derive(1, i).script_pubkey
            b.outs[CHANGE] = metadata(b.wallet, (1, i))

        yield edit


@each("C-13", "WARN")
def to_a_receive_address(box: Box):
    for index in (0, 12, 500):

        def edit(b, i=index):
            b.tx.outs[CHANGE].script = wallet(b.wallet).derive(0, i).script_pubkey
            b.outs[CHANGE] = _claimed(b.wallet, b.outs[CHANGE], (0, i))

        yield edit


def _claimed(name, pairs, place):
    """The derivations of a place in an output map."""
    owner, derived = wallet(name), wallet(name).derive(*place)
    kept = []
    for position, key in enumerate(derived.keys):
        origin = owner.origin(position, *place).to_bytes()
        if derived.taproot is None:
            kept.append([b"\x02" + key, origin])
        else:
            leaves = [x.leaf_hash for x in derived.taproot.leaves if position in x.keys]
            kept.append([b"\x07" + key, bytes([len(leaves)]) + b"".join(leaves) + origin])
    return kept


def _repath(value, change):
    head = len(value) % 4
    steps = list(struct.unpack(f"<{len(value) // 4}I", value[head:]))
    change(steps)
    return value[:head] + struct.pack(f"<{len(steps)}I", *steps)


@each("C-14")
def other_branches(box: Box):
    """Every way to name a place that the wallet does not have, on an output that is none of ours."""

    def branch(to):
        def change(steps):
            steps[-2] = to

        return change

    def index(to):
        def change(steps):
            steps[-1] = to

        return change

    def account(steps):
        if len(steps) > 4:
            steps[3] = 9 + HARDENED

    edits = [
        branch(2),
        branch(0x7FFF_FFFF),
        branch(1 + HARDENED),
        index(12 + HARDENED),
        index(13),
        account,
    ]
    for change in edits:
        for whose in ("all", 0):

            def edit(b, c=change, w=whose):
                b.tx.outs[CHANGE].script = (
                    p2wsh(b"\x52") if w == "all" else b.tx.outs[CHANGE].script
                )
                claims = [pair for pair in b.outs[CHANGE] if pair[0][0] in {0x02, 0x07}]
                real = [p for p in claims if len(p[1]) >= 16]
                for pair in real if w == "all" else real[:1]:
                    pair[1] = _repath(pair[1], c)

            if whose != "all" and change is account:
                continue
            yield edit


@each("C-17", on=MULTISIG)
def a_leg_of_its_own(box: Box):
    """Each cosigner's key at another index: findable only by the attacker."""
    owner = wallet(box.wallet)
    for legs in ((12, 13, 14), (12, 12, 13), (900, 12, 12)):
        keys = [owner.derive(1, i).keys[n] for n, i in enumerate(legs)]
        script = multisig(2, tuple(sorted(keys)))
        spk = {"W-wsh": p2wsh(script), "W-sh": p2sh(script), "W-shwsh": p2sh(p2wsh(script))}[
            box.wallet
        ]

        def edit(b, s=spk, k=tuple(keys), places=legs, inner=script):
            b.tx.outs[CHANGE].script = s
            b.outs[CHANGE] = [
                [b"\x02" + key, owner.origin(n, 1, i).to_bytes()]
                for n, (key, i) in enumerate(zip(k, places, strict=True))
            ]
            b.outs[CHANGE].append([b"\x00" if b.wallet == "W-sh" else b"\x01", inner])

        yield edit


@each("C-19", on=MULTISIG)
def change_to_one_key(box: Box):
    key = wallet(box.wallet).derive(1, 12).keys[0]
    for script in (p2wpkh(hash160(key)), p2pkh(hash160(key)), p2sh(p2wpkh(hash160(key)))):

        def edit(b, s=script):
            b.tx.outs[CHANGE].script = s
            b.outs[CHANGE] = [pair for pair in b.outs[CHANGE] if pair[0][0] == 0x02][:1]

        yield edit


@each("C-20", "DISPLAY")
def change_without_metadata(box: Box):
    yield lambda b: b.outs[CHANGE].clear()


@each("C-21", "OK")
def change_without_scripts(box: Box):
    yield lambda b: b.drop(b.outs[CHANGE], 0x00, 0x01, 0x05, 0x06)


@each("C-22")
def one_false_leg(box: Box):
    """Our own change, but a cosigner's metadata is wrong: it must not pass as honest."""
    claims = [
        n for n, p in enumerate(box.outs[CHANGE]) if p[0][0] in {0x02, 0x07} and len(p[1]) >= 16
    ]
    for at in claims:
        for step in (-1, -2):

            def edit(b, a=at, s=step):
                def change(steps):
                    steps[s] += 1

                pair = b.outs[CHANGE][a]
                pair[1] = _repath(pair[1], change)

            yield edit

    def stranger(b):
        head = b"\x00" if b.wallet in TAPROOT else b""
        key = b"\x07" + G[1:] if b.wallet in TAPROOT else b"\x02" + G
        b.outs[CHANGE].append([key, head + OUR_FINGERPRINT + struct.pack("<2I", 1, 12)])

    yield stranger


@each("C-22", on=(*MULTISIG, "W-mini"))
def false_scripts_on_change(box: Box):
    for kind in (b"\x00", b"\x01"):
        for script in (b"\x51", multisig(1, (G,))):

            def edit(b, k=kind, s=script):
                b.drop(b.outs[CHANGE], k[0])
                b.outs[CHANGE].append([k, s])

            yield edit


@each("C-23")
def a_customer_dressed_as_change(box: Box):
    for number in (0, 1):
        for place in ((1, 12), (1, 13), (0, 5)):
            yield lambda b, n=number, p=place: b.outs.__setitem__(n, _claimed(b.wallet, [], p))
            yield lambda b, n=number, p=place: b.outs.__setitem__(n, _claimed(b.wallet, [], p)[:1])


@each("C-24", "WARN")
def change_in_pieces(box: Box):
    for pieces in (2, 11):

        def edit(b, count=pieces):
            part = b.tx.outs[CHANGE].sats // count
            b.tx.outs[CHANGE].sats -= part * (count - 1)
            for number in range(1, count):
                place = (1, 12 + number)
                b.tx.outs.append(Out(part, wallet(b.wallet).derive(*place).script_pubkey))
                b.outs.append(metadata(b.wallet, place))

        yield edit


@each("C-25")
def dust_change(box: Box):
    for sats in (1, 200, 293):

        def edit(b, s=sats):
            b.tx.outs[0].sats += b.tx.outs[CHANGE].sats - s
            b.tx.outs[CHANGE].sats = s

        yield edit


@each("C-26", "WARN")
def nobody_is_paid(box: Box):
    def edit(b):
        total = sum(out.sats for out in b.tx.outs)
        b.tx.outs, b.outs = b.tx.outs[CHANGE:], b.outs[CHANGE:]
        b.tx.outs[0].sats = total

    yield edit


@each("C-27", on=TAPROOT)
def hidden_leaves(box: Box):
    from coldsign.primitives.hashes import tagged_hash
    from coldsign.primitives.secp import taproot_output

    derived = wallet(box.wallet).derive(1, 12)
    evil = tagged_hash("TapLeaf", b"\xc0" + var(b"\x20" + G[1:] + b"\xac"))
    own = derived.taproot.leaves[0].leaf_hash if derived.taproot.leaves else None
    roots = [evil, bytes(32)]
    if own:
        roots += [tagged_hash("TapBranch", b"".join(sorted([own, evil]))), own, None]
    internals = [derived.taproot.internal_key, G[1:]]
    for internal in internals:
        for root in roots:
            key = taproot_output(internal, root)[0]
            if p2tr(key) == derived.script_pubkey:
                continue

            def edit(b, k=key, i=internal):
                b.tx.outs[CHANGE].script = p2tr(k)
                for pair in b.outs[CHANGE]:
                    if pair[0] == b"\x05":
                        pair[1] = i

            yield edit


@each("C-28", on=TAPROOT)
def false_trees(box: Box):
    leaf = b"\x20" + G[1:] + b"\xac"
    for tree in (
        b"\x00\xc0" + var(leaf),
        b"\x01\xc0" + var(leaf) + b"\x01\xc0" + var(b"\x51"),
        b"\x00\xc2" + var(leaf),
        b"\x01\xc0" + var(leaf),
        b"\x80\xc0" + var(leaf),
        b"",
        b"\x00",
        b"\x00\xc0\xff" + b"\xff" * 8,
    ):
        yield lambda b, t=tree: b.outs[CHANGE].append([b"\x06", t])
    yield lambda b: [p.__setitem__(1, G[1:]) for p in b.outs[CHANGE] if p[0] == b"\x05"]


@each("C-28", on=NOT_TAPROOT)
def taproot_claims_on_other_change(box: Box):
    yield lambda b: b.outs[CHANGE].append([b"\x05", G[1:]])
    yield lambda b: b.outs[CHANGE].append([b"\x06", b"\x00\xc0\x01\x51"])


# --- outputs, fees ----------------------------------------------------------------------------------


@each("O-01")
def fees_too_high(box: Box):
    for fee in (1_000_001, 12_500_000, 79_000_000):

        def edit(b, f=fee):
            b.tx.outs[CHANGE].sats -= f - 5_000

        yield edit

    def dropped(b):
        b.tx.outs.pop()
        b.outs.pop()

    yield dropped


@each("O-01")
def fees_too_high_for_what_is_paid(box: Box):
    def edit(b):
        b.tx.outs[0].sats, b.tx.outs[1].sats = 10_000, 20_000
        b.tx.outs[CHANGE].sats = 130_000_000 - 35_000

    yield edit


@each("O-02", "WARN")
def fees_high(box: Box):
    for fee in (100_000, 150_000):

        def edit(b, f=fee):
            b.tx.outs[CHANGE].sats -= f - 5_000

        yield edit


def push(data: bytes) -> bytes:
    return bytes([len(data)]) + data if len(data) < 0x4C else b"\x4c" + bytes([len(data)]) + data


@each("O-04")
def data_outputs(box: Box):
    scripts = [
        b"\x6a",
        b"\x6a" + push(b"x" * 20),
        b"\x6a" + push(b"x" * 80),
        b"\x6a" + push(b"x" * 200),
        b"\x6a\x00\x04hide",
        b"\x6a\x51\x52\x53",
        b"\x6a" + b"\x00" * 9,
        b"\x6a\x4d\xff\xff",
    ]
    for script in scripts:
        for sats in (0, 330, 30_000_000):
            for at in (0, 1, 3):
                yield lambda b, s=sats, c=script, a=at: b.pay(s, c, [], a)

    def two(b):
        b.pay(0, b"\x6a\x03one")
        b.tx.outs.append(Out(0, b"\x6a\x03two"))
        b.outs.append([])

    yield two


@each("O-08")
def scripts_nobody_can_name(box: Box):
    scripts = [
        multisig(1, (G,)),
        multisig(1, (G, G, G)),
        b"\x51",
        b"\x51\x02\x4e\x73",
        b"",
        b"\x21" + G + b"\xac",
        b"\x41" + b"\x04" + G[1:] * 2 + b"\xac",
        b"\x51\x20" + b"\xff" * 32,
        b"\x51\x20" + bytes(32),
        b"\x51\x21" + bytes(33),
        b"\x51\x1f" + bytes(31),
        b"\x51\x02\x00\x00",
        b"\x51\x28" + bytes(40),
        b"\x00\x13" + bytes(19),
        b"\x00\x15" + bytes(21),
        b"\x00\x1f" + bytes(31),
        b"\x00\x21" + bytes(33),
        b"\x00\x14" + bytes(20) + b"\x00",
        b"\x00\x4c\x14" + bytes(20),
        *(bytes([0x50 + v, 0x20]) + b"\x11" * 32 for v in range(2, 17)),
        *(bytes([0x50 + v, 0x02]) + b"\x4e\x73" for v in range(2, 17)),
        b"\xa9\x14" + bytes(20) + b"\x88",
        b"\xa9\x15" + bytes(21) + b"\x87",
        b"\xa9\x14" + bytes(20) + b"\x87\x51",
        b"\x76\xa9\x14" + bytes(20) + b"\x88\xac\x61",
        b"\x76\xa9\x14" + bytes(20) + b"\x88\xad",
        b"\x76\xa9\x4c\x14" + bytes(20) + b"\x88\xac",
        b"\xff",
        b"\x4e\xff\xff\xff\xff",
        b"\x61" * 10_001,
    ]
    for script in scripts:
        for at in (0, 3):
            yield lambda b, s=script, a=at: b.pay(3_000_000, s, [], a)


@each("O-17", "DISPLAY", on=MULTISIG)
def one_key_of_ours_as_payee(box: Box):
    key = wallet(box.wallet).derive(0, 3).keys[0]
    yield lambda b: b.pay(3_000_000, p2wpkh(hash160(key)))


@each("O-18")
def worthless_outputs(box: Box):
    for script, limit in (
        (p2wpkh(H160), 294),
        (p2wsh(b"\x52"), 330),
        (p2tr(G[1:]), 330),
        (p2pkh(H160), 546),
        (p2sh(b"\x52"), 540),
    ):
        for sats in (0, 1, limit - 1):
            for at in (0, 1, 3):
                yield lambda b, s=script, v=sats, a=at: b.pay(v, s, [], a)


@each("OK-01", "OK")
def small_but_relayed(box: Box):
    for script, limit in (
        (p2wpkh(H160), 294),
        (p2wsh(b"\x52"), 330),
        (p2tr(G[1:]), 330),
        (p2pkh(H160), 546),
        (p2sh(b"\x52"), 540),
    ):
        yield lambda b, s=script, v=limit: b.pay(v, s, [], 0)


@each("O-20", "WARN")
def one_customer_twice(box: Box):
    for number in (0, 1):
        for at in (0, 1, 3):
            yield lambda b, n=number, a=at: b.pay(1_000_000, PAYEES[n], [], a)


@each("O-21")
def look_alikes(box: Box):
    """Beginning and end of a customer's address, another middle; beside the customer's own."""
    for number in (0, 1):
        real = PAYEES[number]
        middle = bytes(b ^ 0x55 for b in real[8:-6])
        fake = real[:8] + middle + real[-6:]
        if real[0] == 0x51:
            from coldsign.primitives.secp import is_xonly

            tries = (real[:8] + bytes([t]) + middle[1:] + real[-6:] for t in range(256))
            fake = next(script for script in tries if is_xonly(script[2:]))
        for at in (0, 1, 3):
            yield lambda b, s=fake, a=at: b.pay(1_000_000, s, [], a)


@each("OK-08", "OK")
def no_change(box: Box):
    def edit(b):
        b.tx.outs[0].sats += b.tx.outs[CHANGE].sats
        b.tx.outs.pop()
        b.outs.pop()

    yield edit
