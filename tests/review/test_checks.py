"""Each finding has something that causes it, and honest withdrawals cause none."""

import pytest

from coldsign.primitives.cursor import compact_size
from coldsign.primitives.keypath import KeyOrigin
from coldsign.primitives.network import Network
from coldsign.primitives.script import p2tr, push
from coldsign.review.checklist import CHECKS
from coldsign.review.context import Context, Coverage, Limits
from coldsign.review.facts import gather
from tests.review.build import (
    HONEST_MANIFEST,
    HONEST_PAYMENTS,
    OUR_FINGERPRINT,
    PAYEES,
    STRANGER,
    Coin,
    Draft,
    G,
    Pay,
    codes,
    grave,
    manifest,
    u32,
    wallet,
)
from tests.review.drafts import (
    DATA,
    HONEST,
    LOOK_ALIKE,
    MUSIG,
    NoSuchCoin,
    Null,
    Only,
    Twice,
    WrongParent,
    after,
    beside,
    fee,
    high_s,
    limits,
    locked,
    origin,
    other_coins,
    other_xpub,
    our_key,
    pays,
    reviewer,
    signed_by,
    xpub,
)

RECOVERY = (b"\x06" + our_key((0, 3), 3, "W-mini"), wallet("W-mini").origin(3, 0, 3).to_bytes())

NOTED = {
    "closed-path": Draft(wallet="W-mini").with_coin(0, drop=(6,), add=[RECOVERY]),
    "replaceable": HONEST,
    "other-policy": (HONEST, Context(rules_differ=True)),
    "malleable-parent": HONEST.with_coin(0, parent_script_sig=b"\x51"),
    "unknown-data": Draft(add=[(b"\xf0", b"x")]),
    "cosigner-signed": signed_by(1),
    "musig2-data": HONEST.with_coin(0, add=[MUSIG]),
    "other-wallets-origin": HONEST.with_payment(
        0, add=[(b"\x02" + G, KeyOrigin(b"abcd", (0, 1)).to_bytes())]
    ),
    "manifest-part": (
        HONEST,
        Context(
            manifest=manifest(
                ("wd-1", PAYEES[0], 30_000_000),
                ("wd-2", PAYEES[1], 20_000_000),
                ("wd-3", PAYEES[1], 1_000_000),
                coverage=Coverage.PART,
            )
        ),
    ),
}

ASKED = {
    "version-three": Draft(version=3),
    "locktime-ahead": locked(900_500),
    "locktime-without-effect": locked(800_000, sequence=0xFFFF_FFFF),
    "self-transfer": HONEST.with_payment(2, place=(0, 12)),
    "several-change-outputs": Draft(
        payments=(
            *HONEST_PAYMENTS[:2],
            Pay(40_000_000, place=(1, 12)),
            Pay(39_995_000, place=(1, 13)),
        )
    ),
    "nothing-is-paid": Draft(payments=(Pay(129_995_000, place=(1, 12)),)),
    "unusual-data": (
        pays(DATA[:1] + b"\x00" + DATA[1:], 0),
        limits(
            op_return=True,
            refuse_sats=0,
            refuse_sat_per_vb=10**9,
            refuse_percent=10_000,
            confirm_percent=10_000,
            confirm_sat_per_vb=10**9,
        ),
    ),
    "several-data-outputs": (
        Draft(payments=(*HONEST_PAYMENTS, Pay(0, DATA), Pay(0, DATA[:1] + push(b"x")))),
        limits(op_return=True),
    ),
    "same-destination-twice": pays(PAYEES[1]),
    "fee-high": fee(100_000),
    "fee-zero": fee(0),
    "already-signed": signed_by(0),
    "enough-signatures": signed_by(1, 2),
    "unregistered-xpub": Draft(add=[other_xpub(b"abcd")]),
    "signed-before": after(HONEST),
    "replaces-earlier": after(HONEST, draft=fee(9_000)),
    "replaces-approved": reviewer(HONEST, draft=fee(9_000)),
    "approved-before": reviewer(HONEST, draft=other_coins()),
    "batch-same-coin": beside(HONEST, draft=fee(9_000)),
    "nearly-paid-before": after(
        HONEST,
        draft=other_coins()
        .with_payment(0, sats=30_000_001)
        .with_payment(1, sats=9_000_000)
        .with_payment(2, sats=90_994_999),
    ),
    "recovery-path-open": Draft(wallet="W-mini").with_coin(0, sequence=52_560),
}

REFUSED = {
    "no-outputs": Draft(payments=()),
    "duplicate-input": Twice(coins=(HONEST.coins[0], HONEST.coins[0])),
    "null-input": Null(),
    "unknown-version": Draft(version=0),
    "too-heavy": Draft(payments=HONEST_PAYMENTS * 900),
    "too-many-outputs": (HONEST, limits(max_outputs=2)),
    "spends-too-much": fee(-1),
    "locktime-too-far": locked(499_999_999),
    "locktime-is-a-time": locked(4_102_444_800),
    "relative-lock-not-needed": locked(0, sequence=0x0000_FFFF),
    "amount-unproven": HONEST.with_coin(0, drop=(0,)),
    "wrong-previous-transaction": WrongParent(),
    "no-such-coin": NoSuchCoin(),
    "amount-mismatch": HONEST.with_coin(
        0,
        change={
            b"\x01": (49_000_000).to_bytes(8, "little")
            + b"\x22"
            + wallet().derive(0, 3).script_pubkey
        },
    ),
    "script-mismatch": HONEST.with_coin(
        0, change={b"\x01": (50_000_000).to_bytes(8, "little") + b"\x16" + STRANGER}
    ),
    "legacy-witness-utxo": Draft(wallet="W-sh").with_coin(
        0,
        add=[
            (
                b"\x01",
                (50_000_000).to_bytes(8, "little")
                + b"\x17"
                + wallet("W-sh").derive(0, 3).script_pubkey,
            )
        ],
    ),
    "zero-value-input": HONEST.with_coin(0, sats=0),
    "nothing-of-ours": Draft(coins=(Coin(None, 130_000_000),)),
    "foreign-input": Draft(coins=(*HONEST.coins, Coin(None, 1_000_000))),
    "hidden-input": (HONEST.with_coin(1, drop=(6,)), limits(foreign_inputs=True)),
    "false-input-claim": Draft(
        coins=(*HONEST.coins, Coin(None, 1_000, add=[(b"\x06" + our_key(), origin(0, 0, 3))]))
    ),
    "false-key-origin": HONEST.with_coin(1, add=[(b"\x06" + G, origin(0, 0, 7))]),
    "script-data-missing": HONEST.with_coin(0, drop=(5,)),
    "script-data-differs": HONEST.with_payment(2, drop=(1,), add=[(b"\x01", b"\x51")]),
    "path-too-deep": HONEST.with_payment(
        0, add=[(b"\x02" + G, KeyOrigin(b"abcd", tuple(range(13))).to_bytes())]
    ),
    "unknown-data-too-large": HONEST.with_payment(0, add=[(b"\xf0", bytes(20_000))]),
    "proof-of-reserves": HONEST.with_coin(0, add=[(b"\x09", b"we own this")]),
    "sighash-not-all": HONEST.with_coin(0, add=[(b"\x03", u32(0x83))]),
    "false-change-claim": HONEST.with_payment(
        2, place=None, add=[(b"\x02" + our_key((1, 12)), origin(0, 1, 12))]
    ),
    "change-index-too-far": HONEST.with_payment(2, place=(1, 1016)),
    "zero-value-output": pays(PAYEES[0], 0),
    "dust": HONEST.with_payment(2, sats=329),
    "unknown-script": pays(b"\x51"),
    "anyone-can-spend": pays(bytes.fromhex("51024e73")),
    "impossible-taproot-key": pays(p2tr(b"\xff" * 32)),
    "data-output": Draft(payments=(*HONEST_PAYMENTS, Pay(0, DATA))),
    "data-burns-money": pays(DATA),
    "look-alike-address": (pays(LOOK_ALIKE), Context(manifest=HONEST_MANIFEST)),
    "destination-not-allowed": (HONEST, Context(destinations=Only(PAYEES[0]))),
    "not-in-manifest": (
        Draft(payments=(*HONEST_PAYMENTS, Pay(10_000, STRANGER))),
        Context(manifest=HONEST_MANIFEST),
    ),
    "manifest-payment-missing": (
        Draft(payments=HONEST_PAYMENTS[1:]),
        Context(manifest=HONEST_MANIFEST),
    ),
    "manifest-amount-differs": (pays(PAYEES[0], 31_000_000), Context(manifest=HONEST_MANIFEST)),
    "manifest-amounts-swapped": (
        HONEST.with_payment(0, sats=20_000_000).with_payment(1, sats=30_000_000),
        Context(manifest=HONEST_MANIFEST),
    ),
    "redirects-earlier": after(HONEST, draft=HONEST.with_payment(1, script=STRANGER)),
    "paid-before": after(HONEST, draft=other_coins()),
    "batch-pays-twice": beside(HONEST, draft=other_coins()),
    "fee-unknown": HONEST.with_coin(0, drop=(0, 1)),
    "fee-too-high": fee(12_500_000),
    "over-transaction-limit": (HONEST, limits(per_transaction_sats=50_000_000)),
    "over-day-limit": (
        HONEST,
        Context(limits=Limits(per_day_sats=60_000_000), spent_recently_sats=10_000_000),
    ),
    "invalid-signature": signed_by(1, change=lambda pair: (pair[0], HONEST.signature(1, 2)[1])),
    "foreign-signature": signed_by(1, change=lambda pair: (b"\x02" + G, pair[1])),
    "high-s-signature": signed_by(1, change=high_s),
    "loose-signature": signed_by(1, change=lambda pair: (pair[0], pair[1][:-1] + b"\x81")),
    "already-final": HONEST.with_coin(0, add=[(b"\x08", b"\x01\x01\x51")]),
    "taproot-data-differs": Draft(wallet="W-trmulti").with_coin(0, change={b"\x17": G[1:]}),
    "wrong-leaf": Draft(wallet="W-trmulti").with_coin(
        0,
        change={
            b"\x16" + our_key((0, 3), 1, "W-trmulti"): compact_size(1)
            + b"\x07" * 32
            + wallet("W-trmulti").origin(1, 0, 3).to_bytes()
        },
    ),
    "xpub-of-other-network": Draft(add=[xpub(version=Network.named("regtest").xpub)]),
    "false-xpub": Draft(add=[other_xpub(OUR_FINGERPRINT)]),
}

BY_HAND = {
    "amount-changed",
    "withdrawal-id-reused",
    "no-inputs",
    "amount-out-of-range",
    "totals-do-not-add-up",
    "still-modifiable",
    "xpub-depth-differs",
}


def reviewed(case):
    draft, context = case if isinstance(case, tuple) else (case, Context())
    return draft.review(context)


@pytest.mark.parametrize("code", sorted(NOTED))
def test_a_note_does_not_change_the_verdict(code):
    report = reviewed(NOTED[code])
    assert code in codes(report)
    assert report.verdict == ("ok" if code != "cosigner-signed" else report.verdict)


@pytest.mark.parametrize("code", sorted(ASKED))
def test_a_hazard_is_asked(code):
    report = reviewed(ASKED[code])
    assert code in codes(report)
    assert report.verdict == "confirm"


@pytest.mark.parametrize("code", sorted(REFUSED))
def test_a_danger_is_refused(code):
    report = reviewed(REFUSED[code])
    found = {finding.code: finding.severity.value for finding in report.findings}
    assert found.get(code) == "refuse", sorted(found)
    assert report.verdict == "refuse"


def test_every_check_has_a_case():
    names = {check.__name__.replace("_", "-") for check in CHECKS}
    assert names == set(NOTED) | set(ASKED) | set(REFUSED) | BY_HAND


def test_findings_carry_the_name_of_their_check():
    for case in (*NOTED.values(), *ASKED.values(), *REFUSED.values()):
        draft, context = case if isinstance(case, tuple) else (case, Context())
        facts = gather(draft.psbt(), wallet(draft.wallet))
        for check in CHECKS:
            for finding in check(facts, context):
                assert finding.code == check.__name__.replace("_", "-")
                assert finding.text == finding.text.strip()
                assert not finding.text.endswith(".")


def test_an_honest_withdrawal_finds_nothing_grave():
    assert not grave(HONEST.review(Context(manifest=HONEST_MANIFEST)))


def test_the_xpubs_of_the_wallet_are_no_finding():
    assert codes(Draft(add=[xpub(0), xpub(1), xpub(2)]).review()) == {"replaceable"}


def test_a_registered_xpub_under_a_false_origin_is_false():
    assert "false-xpub" in codes(Draft(add=[xpub(0, claimed_by=b"abcd")]).review())
