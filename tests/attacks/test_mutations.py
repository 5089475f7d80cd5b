"""Mutants of honest requests: refused, or every fact on the screen is the honest one's."""

import itertools
import os
from random import Random

import pytest

from coldsign.errors import MalformedError
from coldsign.psbt.model import Psbt
from coldsign.review.context import Context
from coldsign.review.report import review
from tests.attacks.box import WALLETS, Box, honest, split, written
from tests.review.build import wallet

# The slow suite samples where all would take hours (.ci/long).
EXHAUSTIVE = os.environ.get("COLDSIGN_EXHAUSTIVE", "") not in {"", "0"}
SEED = os.environ.get("COLDSIGN_SEED", "7")


def facts(raw: bytes, name: str) -> tuple | None:
    """What a person is shown, if it may be signed without a question; None if it may not."""
    try:
        psbt = Psbt.parse(raw)
    except MalformedError:
        return None
    assert psbt.serialize() == raw
    report = review(psbt, wallet(name), Context())
    if report.verdict != "ok":
        return None
    found = report.facts
    return (
        found.txid,
        found.fee,
        found.totals,
        tuple((put.outpoint, put.amount, put.script, put.place) for put in found.inputs),
        tuple((out.sats, out.script, out.kind, out.place) for out in found.outputs),
    )


def harmless(raw: bytes, box: Box, why: object) -> None:
    """A mutant is refused, or shows the honest facts.

    Change of which the metadata is gone counts as a payment in full (C-20).
    """
    seen = facts(raw, box.wallet)
    if seen is None:
        return
    good = facts(box.raw(), box.wallet)
    assert good is not None
    for new, old in zip(seen[4], good[4], strict=True):
        assert new == old or (new[:2] == old[:2] and new[2].value == "payment"), why
    if box.version:
        # where version 2 says nothing, a sequence is final and the locktime 0: another, honest transaction
        assert seen[1] == good[1], why
    else:
        assert (seen[:2], seen[3]) == (good[:2], good[3]), why


@pytest.mark.parametrize("version", [0, 2])
def test_some_single_byte_flips(version):
    box = honest(version=version)
    raw, random = box.raw(), Random(7)
    spots = random.sample(range(len(raw)), 100)
    passed = 0
    for at in spots:
        value = random.randrange(1, 256)
        passed += flip(box, raw, at, value)
    assert passed < 40


def flip(box: Box, raw: bytes, at: int, value: int) -> int:
    mutant = raw[:at] + bytes([raw[at] ^ value]) + raw[at + 1 :]
    seen = facts(mutant, box.wallet)
    if seen is None:
        return 0
    good = facts(raw, box.wallet)
    assert good is not None
    if seen[1:] == good[1:]:
        return 1
    # a payee's script is what the signature commits to, and is shown in full: nothing else may differ
    changed = [n for n in range(len(good)) if seen[n] != good[n]]
    outs = [(a, b) for a, b in zip(seen[4], good[4], strict=True) if a != b]
    scripts_only = all(a[0] == b[0] and b[2].value == "payment" == a[2].value for a, b in outs)
    amounts = all(sum(a[0] for a in seen[4]) <= 130_000_000 for _ in (0,))
    assert set(changed) <= {0, 1, 2, 4}, (at, value, changed)
    assert seen[0] != good[0], (at, value)
    assert scripts_only or (amounts and box.tx.serialize() not in mutant), (at, value)
    return 1


PARTS = 4  # of one request, for several cores


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", ["W-wsh", "W-trmulti"])
def test_every_single_byte_flip(name, part):
    """Every byte: its eight bits and some more values; with COLDSIGN_EXHAUSTIVE=1 all 255 others."""
    box = honest(name)
    raw, random = box.raw(), Random(f"{SEED} {name} {part}")
    print(f"COLDSIGN_SEED={SEED}")
    for at in range(part, len(raw), PARTS):
        some = {1 << bit for bit in range(8)} | set(random.sample(range(1, 256), 16))
        for value in range(1, 256) if EXHAUSTIVE else sorted(some):
            flip(box, raw, at, value)


@pytest.mark.parametrize("name", WALLETS)
@pytest.mark.parametrize("version", [0, 2])
def test_every_truncation_is_malformed(name, version):
    raw = honest(name, version=version).raw()
    for length in range(len(raw)):
        with pytest.raises(MalformedError):
            Psbt.parse(raw[:length])


@pytest.mark.parametrize("name", WALLETS)
@pytest.mark.parametrize("version", [0, 2])
def test_every_pair_left_out_or_moved(name, version):
    box = honest(name, version=version)
    maps = box.maps()
    for number, pairs in enumerate(maps):
        for at in range(len(pairs)):
            less = [*maps[:number], pairs[:at] + pairs[at + 1 :], *maps[number + 1 :]]
            harmless(written(less), box, ("left out", number, pairs[at][0].hex()))
        turned = [*maps[:number], pairs[::-1], *maps[number + 1 :]]
        assert facts(written(turned), name) == facts(box.raw(), name)


@pytest.mark.parametrize("name", WALLETS)
@pytest.mark.parametrize("version", [0, 2])
def test_every_two_maps_swapped(name, version):
    box = honest(name, version=version)
    maps = box.maps()
    for one, two in itertools.combinations(range(len(maps)), 2):
        if maps[one] == maps[two] or (version and (0 < one <= 2) == (0 < two <= 2) and one):
            continue  # equal, or in version 2 an honest transaction in another order
        swapped = list(maps)
        swapped[one], swapped[two] = swapped[two], swapped[one]
        assert facts(written(swapped), name) is None, (one, two)


def values_from(other: Box):
    return [pair for pairs in other.maps() for pair in pairs]


@pytest.mark.parametrize(
    "name",
    [
        name if name in {"W-wsh", "W-trkey"} else pytest.param(name, marks=pytest.mark.slow)
        for name in WALLETS
    ],
)
def test_values_of_other_requests(name):
    """Each value replaced by that of the same key type in other wallets' and other places' requests."""
    box = honest(name)
    maps = box.maps()
    others = [honest(name, coins=((0, 4), (0, 8)), change=13), honest("W-wsh"), honest("W-trmulti")]
    random = Random(11)
    for number, pairs in enumerate(maps):
        kind = 0 if not number else 1 if number <= 2 else 2
        for at, (key, value) in enumerate(pairs):
            for other in others:
                theirs = other.maps()
                pool = [theirs[0]] if kind == 0 else theirs[1:3] if kind == 1 else theirs[3:]
                same = [p for part in pool for p in part if p[0][0] == key[0]]
                for found in random.sample(same, min(2, len(same))):
                    for new in ([key, found[1]], [found[0], found[1]], [found[0], value]):
                        changed = [*pairs[:at], list(new), *pairs[at + 1 :]]
                        raw = written([*maps[:number], changed, *maps[number + 1 :]])
                        if raw != box.raw() and not (kind == 0 and key == b"\x00"):
                            harmless(raw, box, (number, key.hex(), other.wallet))


@pytest.mark.slow
@pytest.mark.parametrize("name", WALLETS)
def test_two_attacks_at_once(name):
    """A second attack never takes back what the first one gets."""
    from tests.attacks.rows import ROWS
    from tests.attacks.test_variants import verdict

    random, box = Random(3), honest(name)
    due = [row for row in ROWS if name in row.wallets and 0 in row.versions]
    made = {
        id(row): [v() if callable(v) else v for v in itertools.islice(row.make(box), 30)]
        for row in due
    }
    rows = [row for row in due if made[id(row)]]  # not each can be made of every wallet
    hostile = [row for row in rows if row.verdict == "REJECT"]
    for _ in range(1_500):
        first = random.choice(hostile)
        second = random.choice(rows)
        one, two = random.choice(made[id(first)]), random.choice(made[id(second)])
        try:
            joined = _both(box, one, two)
        except (IndexError, ValueError):
            continue
        if verdict(one, name) == "refuse" and joined is not None:
            assert verdict(joined, name) in {"refuse", "malformed"}, (first.id, second.id)


def _both(box: Box, one: bytes, two: bytes) -> bytes | None:
    """The first mutant with the pairs that the second added, where they are of the same transaction."""
    good, first, second = split(box.raw()), split(one), split(two)
    if not len(good) == len(first) == len(second):
        return None
    maps = []
    for base, a, b in zip(good, first, second, strict=True):
        there = {
            key for key, _ in (*base, *a)
        }  # what the first took away, the second does not heal
        maps.append([*a, *[pair for pair in b if pair[0] not in there]])
    return written(maps)
