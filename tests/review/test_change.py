"""Change and what is claimed of it: keys, origins, scripts, taproot data."""

import pytest

from coldsign.primitives.cursor import compact_size
from coldsign.primitives.keypath import HARDENED
from coldsign.review.context import Context
from coldsign.review.facts import gather
from tests.review.build import (
    HONEST_MANIFEST,
    Draft,
    G,
    Memory,
    codes,
    wallet,
)
from tests.review.drafts import HONEST, origin, our_key


def test_change_at_the_end_of_the_window_is_fine_and_the_journal_moves_it():
    assert HONEST.with_payment(2, place=(1, 1015)).review().verdict == "ok"
    history = Memory()
    history.indexes = {1: 20_000, 0: 3}
    report = HONEST.with_payment(2, place=(1, 21_000)).review(Context(history=history))
    assert report.verdict == "ok"
    self_far = HONEST.with_payment(2, place=(0, 1021)).review(Context(history=history))
    assert "change-index-too-far" in codes(self_far)


@pytest.mark.parametrize("cosigner", [0, 1, 2])
def test_one_wrong_leg_of_genuine_change_is_named(cosigner):
    key = our_key((1, 12), cosigner)
    draft = HONEST.with_payment(2)
    pairs = [p for p in draft.origins((1, 12), 2) if p[0][1:] != key]
    draft = draft.with_payment(2, drop=(2,), add=[*pairs, (b"\x02" + key, origin(cosigner, 1, 13))])
    report = draft.review()
    assert "false-key-origin" in codes(report)
    assert report.facts.outputs[2].kind.value == "change"


def test_change_without_scripts_in_its_map_is_still_change():
    report = HONEST.with_payment(2, drop=(0, 1)).review()
    assert (report.verdict, report.facts.outputs[2].kind.value) == ("ok", "change")


def test_change_without_any_data_counts_as_a_payment():
    report = HONEST.with_payment(2, drop=(0, 1, 2)).review()
    assert (report.verdict, report.facts.outputs[2].kind.value) == ("ok", "payment")
    against = HONEST.with_payment(2, drop=(0, 1, 2)).review(Context(manifest=HONEST_MANIFEST))
    assert "not-in-manifest" in codes(against)


def test_a_hardened_leg_is_a_false_claim():
    claim = (b"\x02" + our_key((1, 12)), origin(0, 1, 12 + HARDENED))
    report = HONEST.with_payment(2, place=None, add=[claim]).review()
    assert "false-change-claim" in codes(report)


def test_hints_that_all_differ_are_tried_only_a_few_times(monkeypatch):
    tries = []
    real = type(wallet()).keys
    monkeypatch.setattr(
        type(wallet()), "keys", lambda self, *at: (tries.append(at), real(self, *at))[1]
    )
    claims = [(b"\x02" + our_key((0, n)), origin(0, 1, n)) for n in range(40)]
    psbt = HONEST.with_payment(0, add=claims).psbt()
    tries.clear()
    gather(psbt, wallet())
    assert len(tries) == 2 + 4 + 1


def test_taproot_change_with_a_false_tree_or_internal_key_is_named():
    draft = Draft(wallet="W-trmulti")
    leaf = draft.own((1, 12)).taproot.leaves[0]
    tree = bytes([0, leaf.version]) + compact_size(len(leaf.script)) + leaf.script
    assert draft.with_payment(2, add=[(b"\x06", tree)]).review().verdict == "ok"
    false = draft.with_payment(2, add=[(b"\x06", b"\x00\xc0\x01\x51")]).review()
    assert "taproot-data-differs" in codes(false)
    wrong = draft.with_payment(2, drop=(5,), add=[(b"\x05", G[1:])]).review()
    assert "taproot-data-differs" in codes(wrong)


def test_a_false_script_under_a_true_control_block_is_named():
    draft = Draft(wallet="W-trmulti")
    leaf = draft.own((0, 3)).taproot.leaves[0]
    false = draft.with_coin(0, change={b"\x15" + leaf.control_block: b"\x51\xc0"})
    assert "taproot-data-differs" in codes(false.review())


def test_a_plain_origin_of_a_taproot_key_is_true_whatever_its_y():
    draft = Draft(wallet="W-trmulti")
    own = wallet("W-trmulti")
    key, due = draft.own((0, 3)).keys[1], own.origin(1, 0, 3).to_bytes()
    for parity in (b"\x02", b"\x03"):
        assert draft.with_coin(0, add=[(b"\x06" + parity + key, due)]).review().verdict == "ok"


def test_taproot_data_on_another_kind_of_wallet_is_named():
    fields = [
        (b"\x17", G[1:]),
        (b"\x18", bytes(32)),
        (b"\x15\xc0" + G[1:], b"\x51\xc0"),
        (b"\x16" + G[1:], compact_size(0) + origin(0, 0, 3)),
    ]
    for pair in fields:
        assert HONEST.with_coin(0, add=[pair]).review().verdict == "refuse"
    leaf = (b"\x16" + our_key()[1:], compact_size(1) + bytes(32) + origin(0, 0, 3))
    assert HONEST.with_coin(0, add=[leaf]).review().verdict == "refuse"
    for pair in [(b"\x05", G[1:]), (b"\x06", b"\x00\xc0\x01\x51")]:
        assert "taproot-data-differs" in codes(HONEST.with_payment(2, add=[pair]).review())


def test_a_leaf_named_for_a_plain_key_is_no_leaf_of_it():
    xonly = our_key()[1:]
    draft = HONEST.with_coin(
        0, add=[(b"\x16" + xonly, compact_size(1) + bytes(32) + origin(0, 0, 3))]
    )
    assert "false-key-origin" in codes(draft.review())


def test_a_merkle_root_that_is_the_wallets_is_fine():
    draft = Draft(wallet="W-trmulti")
    root = draft.own((0, 3)).taproot.merkle_root
    assert draft.with_coin(0, add=[(b"\x18", root)]).review().verdict == "ok"


def test_our_second_origin_of_one_key_is_checked_against_its_own_place():
    report = Draft(wallet="W-mini").review()
    assert report.verdict == "ok"
    assert report.facts.our_keys == (0, 3)
