"""Single sections of the report: what of the manifest is paid, and one that is not called several."""

from dataclasses import replace

import pytest

from coldsign.primitives.tx import TxIn
from coldsign.review.context import Context
from coldsign.review.render import to_lines
from tests.review.build import HONEST_MANIFEST, PAYEES, Draft, codes, manifest


def test_the_manifest_is_held_against_the_payments():
    def told(context):
        lines = [line.text for line in to_lines(Draft().review(context), 80)]
        at = lines.index("Manifest") if "Manifest" in lines else len(lines)
        return lines[at : at + 3]

    assert told(Context()) == []
    digest = f"  digest  {HONEST_MANIFEST.digest.hex()}"
    whole = "  rows paid here  2 of 2  0.50000000 BTC of 0.50000000 BTC"
    assert told(Context(manifest=HONEST_MANIFEST)) == ["Manifest", whole, digest]
    more = manifest(("wd-1", PAYEES[0], 30_000_000), ("wd-9", PAYEES[1], 1))
    short = "  rows paid here  1 of 2  0.30000000 BTC of 0.30000001 BTC"
    assert told(Context(manifest=more))[1] == short


@pytest.mark.parametrize(
    ("coins", "words"), [((0,), "1 input spends from a transaction"), ((0, 1), "2 inputs spend")]
)
def test_one_input_is_one(coins, words):
    draft = Draft()
    for coin in coins:
        draft = draft.with_coin(coin, parent_script_sig=b"\x51")
    (found,) = [one for one in draft.review().findings if one.code == "malleable-parent"]
    assert found.text.startswith(f"{words} ")


NESTED = (b"\x16\x00\x14" + bytes(20), (bytes(64), bytes(33)))
NATIVE = (b"", (bytes(64), bytes(33)))
LEGACY = (b"\x51", ())


@pytest.mark.parametrize(
    ("spends", "is_malleable"),
    [
        ((NATIVE,), False),
        ((NESTED,), False),
        ((LEGACY,), True),
        ((NESTED, NATIVE), False),
        ((NATIVE, LEGACY), True),
        ((LEGACY, NESTED), True),
    ],
)
def test_a_parent_is_malleable_by_any_input_without_a_witness(spends, is_malleable):
    class Parents(Draft):
        def parent(self, number):
            tx = super().parent(number)
            (spent,) = tx.inputs
            points = [spent.outpoint._replace(vout=vout) for vout in range(len(spends))]
            pairs = zip(points, spends, strict=True)
            inputs = tuple(TxIn(point, script, spent.sequence) for point, (script, _) in pairs)
            witnesses = tuple(stack for _, stack in spends) if any(w for _, w in spends) else ()
            return replace(tx, inputs=inputs, witnesses=witnesses)

    assert ("malleable-parent" in codes(Parents().review())) is is_malleable
