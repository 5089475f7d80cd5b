"""Each finding has something that causes it, and honest withdrawals cause none."""

from dataclasses import replace

import pytest

from coldsign.keys.bip32 import ExtendedSecretKey
from coldsign.primitives.cursor import compact_size
from coldsign.primitives.keypath import HARDENED, KeyOrigin
from coldsign.primitives.network import Network
from coldsign.primitives.script import p2tr, push
from coldsign.primitives.secp import der_decode, der_encode
from coldsign.primitives.tx import OutPoint, Transaction
from coldsign.review.checklist import CHECKS
from coldsign.review.checks.transaction import totals_do_not_add_up
from coldsign.review.context import Context, Coverage, Limits, PastTransaction
from coldsign.review.facts import gather
from coldsign.review.items import Totals
from tests.review.build import (
    HONEST_MANIFEST,
    HONEST_PAYMENTS,
    META,
    OUR_FINGERPRINT,
    PAYEES,
    STRANGER,
    Coin,
    Draft,
    G,
    Memory,
    Pay,
    codes,
    grave,
    manifest,
    u32,
    wallet,
)

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
HONEST = Draft()
DATA = b"\x6a" + push(b"hello world")


def pays(script, sats=30_000_000, **kwargs):
    return HONEST.with_payment(0, script=script, sats=sats, **kwargs)


def locked(locktime, sequence=0xFFFF_FFFD, **kwargs):
    coins = tuple(replace(coin, sequence=sequence) for coin in HONEST.coins)
    return Draft(coins=coins, locktime=locktime, **kwargs)


def fee(sats):
    return HONEST.with_payment(2, sats=80_000_000 - sats)


def limits(**kwargs):
    return Context(limits=Limits(**kwargs))


def xpub(cosigner=0, *, version=None, depth=None, claimed_by=None):
    """A PSBT_GLOBAL_XPUB pair of a cosigner of W-wsh."""
    key = wallet().descriptor.keys[cosigner]
    public = key.public
    data = (
        (version or Network.named("mainnet").xpub)
        + bytes([public.depth if depth is None else depth])
        + public.parent_fingerprint
        + u32(public.child_number)[::-1]
        + public.chain_code
        + public.pubkey
    )
    origin = key.origin if claimed_by is None else KeyOrigin(claimed_by, key.origin.path)
    return b"\x01" + data, origin.to_bytes()


def other_xpub(fingerprint):
    """An extended key that is in no wallet, at the path of our own."""
    secret = ExtendedSecretKey.from_seed(bytes(range(32)))
    path = wallet().descriptor.keys[0].origin.path
    public = secret.derive(path).neuter()
    head = Network.named("mainnet").xpub + bytes([len(path)]) + public.parent_fingerprint
    data = head + u32(public.child_number)[::-1] + public.chain_code + public.pubkey
    return b"\x01" + data, KeyOrigin(fingerprint, path).to_bytes()


def origin(cosigner, *path):
    """The value of a key origin under a cosigner's account."""
    start = wallet().descriptor.keys[cosigner].origin
    return KeyOrigin(start.fingerprint, start.path + path).to_bytes()


def our_key(place=(0, 3), cosigner=0, name="W-wsh"):
    return wallet(name).derive(*place).keys[cosigner]


def signed_by(*cosigners, inputs=(0, 1), draft=HONEST, change=lambda pair: pair):
    for number in inputs:
        pairs = [change(draft.signature(number, cosigner)) for cosigner in cosigners]
        draft = draft.with_coin(number, add=pairs)
    return draft


def high_s(pair):
    key, signature = pair
    compact = der_decode(signature[:-1])
    s = ORDER - int.from_bytes(compact[32:], "big")
    return key, der_encode(compact[:32] + s.to_bytes(32, "big")) + b"\x01"


def after(*earlier, draft=HONEST, **kwargs):
    """A draft with the memory of others having been reviewed and signed."""
    history = Memory()
    context = Context(history=history, **kwargs)
    for other in earlier:
        report = other.review(context)
        history.saw(report)
        history.signed(report)
    return draft, context


def beside(*earlier, draft=HONEST, **kwargs):
    """A draft in a batch behind others that were reviewed and not signed."""
    context = Context(**kwargs)
    for other in earlier:
        found = other.review(context).as_past()
        context = replace(context, batch=(*context.batch, found))
    return draft, context


def other_coins(draft=HONEST):
    return replace(draft, coins=(Coin((0, 9), 50_000_000), Coin((0, 11), 80_000_000)))


class Only:
    """A policy's list of places."""

    def __init__(self, *scripts):
        self.scripts = scripts

    def covers(self, script):
        return script in self.scripts


class WrongParent(Draft):
    """A PSBT whose first previous transaction is another one than the input says."""

    def input_pairs(self, number):
        pairs = super().input_pairs(number)
        parent = self.parent(number)
        other = Transaction(1, parent.inputs, parent.outputs, 0).serialize()
        return [(b"\0", other) if pair[0] == b"\0" and not number else pair for pair in pairs]


class Outpoints(Draft):
    """A PSBT that spends what a test says."""

    def tx(self):
        tx = super().tx()
        first = tx.inputs[0]._replace(outpoint=self.spends(tx))
        return replace(tx, inputs=(first, *tx.inputs[1:]))


class Null(Outpoints):
    def spends(self, tx):
        return OutPoint(bytes(32), 0)


class NoSuchCoin(Outpoints):
    def spends(self, tx):
        return tx.inputs[0].outpoint._replace(vout=7)


class Twice(Draft):
    """A PSBT that lists its first coin twice."""

    def parent(self, number):
        return super().parent(0)


LOOK_ALIKE = STRANGER[:2] + PAYEES[0][2:6] + bytes(10) + PAYEES[0][-6:]
MUSIG = (b"\x1a" + G, G + G)
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


# --- amounts and shapes the codec does not let through, given as facts ------------------------


def test_a_transaction_without_inputs_is_refused():
    report = Draft(coins=()).review()
    assert {"no-inputs", "nothing-of-ours"} <= codes(report)


def test_amounts_out_of_range_are_refused():
    facts = gather(HONEST.psbt(), wallet())
    outputs = tuple(replace(out, sats=-1) for out in facts.outputs)
    found = {
        check.__name__: list(check(replace(facts, outputs=outputs), Context())) for check in CHECKS
    }
    assert len(found["amount_out_of_range"]) == 3
    huge = replace(facts, totals=Totals(22 * 10**14, 22 * 10**14, 0, 0))
    found = {check.__name__: list(check(huge, Context())) for check in CHECKS}
    assert [finding.where for finding in found["amount_out_of_range"]] == ["transaction"] * 2
    known = facts.inputs[0]
    prevout = known.prevout._replace(out=known.prevout.out._replace(sats=-5))
    negative = replace(facts, inputs=(replace(known, prevout=prevout),))
    found = {check.__name__: list(check(negative, Context())) for check in CHECKS}
    assert [finding.where for finding in found["amount_out_of_range"]] == ["input 0"]


def test_a_report_that_hides_an_output_is_refused():
    facts = gather(HONEST.psbt(), wallet())
    hiding = replace(facts, totals=replace(facts.totals, payments=1))
    assert [f.code for f in totals_do_not_add_up(hiding, Context())] == ["totals-do-not-add-up"]
    missing = replace(facts, outputs=facts.outputs[:1])
    assert [f.code for f in totals_do_not_add_up(missing, Context())] == ["totals-do-not-add-up"]


@pytest.mark.parametrize("flags", [1, 2, 4, 8, 0xFF])
def test_a_transaction_others_may_change_is_refused(flags):
    psbt = HONEST.psbt()
    changed = replace(psbt, global_map=replace_field(psbt.global_map, tx_modifiable=flags))
    check = next(check for check in CHECKS if check.__name__ == "still_modifiable")
    facts = gather(psbt, wallet())
    assert not list(check(facts, Context()))
    assert [f.code for f in check(replace(facts, psbt=changed), Context())] == ["still-modifiable"]


def replace_field(value, **changes):
    return value._replace(**changes) if hasattr(value, "_replace") else replace(value, **changes)


def test_an_xpub_whose_depth_is_not_its_paths_length_is_refused():
    psbt = HONEST.psbt()
    key, value = xpub(depth=1)
    changed = replace_field(psbt.global_map, xpubs={key[1:]: KeyOrigin.parse_bytes(value)})
    facts = replace(gather(psbt, wallet()), psbt=replace(psbt, global_map=changed))
    found = [finding.code for check in CHECKS for finding in check(facts, Context())]
    assert "xpub-depth-differs" in found


# --- severities that depend on the policy -----------------------------------------------------


def test_a_claimed_amount_is_asked_where_the_policy_allows_it():
    draft = HONEST.with_coin(0, drop=(0,))
    report = draft.review(limits(unproven_v0_amounts=True))
    assert report.verdict == "confirm"
    assert report.facts.inputs[0].sats is None
    assert report.facts.inputs[0].amount == 50_000_000


def test_a_legacy_amount_is_never_only_claimed():
    claim = (50_000_000).to_bytes(8, "little") + b"\x17" + wallet("W-sh").derive(0, 3).script_pubkey
    draft = Draft(wallet="W-sh").with_coin(0, drop=(0,), add=[(b"\x01", claim)])
    assert draft.review(limits(unproven_v0_amounts=True)).verdict == "refuse"


def test_taproot_amounts_need_no_previous_transaction():
    draft = Draft(wallet="W-trmulti")
    for number in (0, 1):
        draft = draft.with_coin(number, drop=(0,))
    report = draft.review()
    assert report.verdict == "ok"
    assert report.facts.fee == 5000


def test_a_taproot_coin_among_other_kinds_is_not_proven_by_its_claim():
    foreign = wallet("W-trkey").derive(0, 0).script_pubkey
    draft = Draft(coins=(*HONEST.coins, Coin(None, 7_000, foreign, drop=(0,))))
    report = draft.review(limits(foreign_inputs=True))
    assert "amount-unproven" in codes(report)
    assert report.verdict == "refuse"


def test_a_foreign_claim_is_refused_whatever_the_policy_says():
    draft = Draft(coins=(*HONEST.coins, Coin(None, 1_000, drop=(0,))))
    allowed = limits(foreign_inputs=True, unproven_v0_amounts=True)
    assert draft.review(allowed).verdict == "refuse"


def test_foreign_inputs_are_asked_where_the_policy_allows_them():
    draft = Draft(coins=(*HONEST.coins, Coin(None, 1_000)))
    assert draft.review(limits(foreign_inputs=True)).verdict == "confirm"


def test_allowed_data_is_a_note():
    draft = Draft(payments=(*HONEST_PAYMENTS, Pay(0, DATA)))
    report = draft.review(limits(op_return=True))
    assert (report.verdict, "data-output" in codes(report)) == ("ok", True)


@pytest.mark.parametrize(
    ("script", "plain"),
    [
        (b"\x6a", False),
        (b"\x6a\x51", True),
        (b"\x6a" + push(bytes(80)), True),
        (b"\x6a" + push(bytes(81)), False),
        (b"\x6a" + push(b"a") + push(b"b"), False),
        (b"\x6a\x05ab", False),
        (b"\x6a\x4c\x02ab", False),
    ],
)
def test_only_one_short_push_is_plain_data(script, plain):
    draft = Draft(payments=(*HONEST_PAYMENTS, Pay(0, script)))
    assert ("unusual-data" in codes(draft.review(limits(op_return=True)))) is not plain


def test_the_sighash_types_that_sign_everything_are_taken():
    for name, sighash in (("W-wsh", 1), ("W-trmulti", 0), ("W-trmulti", 1)):
        draft = Draft(wallet=name).with_coin(0, add=[(b"\x03", u32(sighash))])
        assert draft.review().verdict == "ok"


@pytest.mark.parametrize(
    "sighash", [0, 2, 3, 4, 0x40, 0x80, 0x81, 0x82, 0x83, 0xE2, 0x101, 0xFFFF_FFFF]
)
def test_any_other_sighash_type_is_named(sighash):
    report = HONEST.with_coin(0, add=[(b"\x03", u32(sighash))]).review()
    text = next(f.text for f in report.findings if f.code == "sighash-not-all")
    assert f"0x{sighash:02x}" in text


# --- change -----------------------------------------------------------------------------------


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


# --- look-alikes ------------------------------------------------------------------------------


def test_a_look_alike_of_an_earlier_payee_is_asked():
    draft, context = after(HONEST, draft=other_coins(pays(LOOK_ALIKE, 29_000_000)))
    draft = draft.with_payment(1, sats=21_000_000)
    report = draft.review(context)
    text = next(f.text for f in report.findings if f.code == "look-alike-address")
    assert META["manifest"][0]["address"] in text
    assert report.verdict == "confirm"


def test_two_look_alikes_in_one_batch_are_refused():
    draft = Draft(payments=(*HONEST_PAYMENTS, Pay(10_000, LOOK_ALIKE)))
    where = [f.where for f in draft.review().findings if f.code == "look-alike-address"]
    assert where == ["output 3"]


def test_scripts_without_address_have_no_look_alike():
    history = Memory()
    history.past.append(PastTransaction(b"\1" * 32, (), ((b"\x51", 5), (PAYEES[0], 6)), ()))
    draft = Draft(payments=(*HONEST_PAYMENTS, Pay(0, DATA), Pay(700, b"\x51")))
    assert "look-alike-address" not in codes(draft.review(Context(history=history)))


# --- memory -----------------------------------------------------------------------------------


def test_a_coin_with_another_amount_than_before_is_refused():
    history = Memory()
    draft = HONEST.with_coin(0, drop=(0,))
    history.amounts = {draft.tx().inputs[0].outpoint: 49_000_000}
    report = draft.review(Context(history=history))
    assert "amount-changed" in codes(report)


def test_a_raised_fee_is_shown_as_a_difference():
    draft, context = after(HONEST, draft=fee(9_000))
    report = draft.review(context)
    text = next(f.text for f in report.findings if f.code == "replaces-earlier")
    assert HONEST.tx().txid_hex() in text
    assert "2 of its 2 coins, the same payments" in text
    assert grave(report) == {"replaces-earlier"}


def test_a_partial_overlap_is_asked_and_shown():
    draft, context = after(
        HONEST, draft=replace(HONEST, coins=(HONEST.coins[0], Coin((0, 9), 80_000_000)))
    )
    report = draft.review(context)
    text = next(f.text for f in report.findings if f.code == "replaces-earlier")
    assert "1 of its 2 coins, 1 other coin, the same payments" in text
    assert report.verdict == "confirm"


def test_a_dropped_payment_is_asked_and_a_new_payee_refused():
    fewer = Draft(payments=(HONEST_PAYMENTS[0], Pay(99_995_000, place=(1, 12))))
    draft, context = after(HONEST, draft=fewer)
    report = draft.review(context)
    assert grave(report) == {"replaces-earlier"}
    assert "1 payment dropped" in next(
        f.text for f in report.findings if f.code == "replaces-earlier"
    )
    other, context = after(HONEST, draft=HONEST.with_payment(1, script=STRANGER))
    assert "1 new payment, 1 payment dropped" in str(other.review(context).findings)


def test_a_manifest_may_name_a_new_payee_for_a_replacement():
    new = manifest(("wd-1", PAYEES[0], 30_000_000), ("wd-9", STRANGER, 20_000_000))
    draft, context = after(HONEST, draft=HONEST.with_payment(1, script=STRANGER), manifest=None)
    report = draft.review(replace(context, manifest=new))
    assert grave(report) == {"replaces-earlier"}


def test_the_same_payment_from_other_coins_is_a_double_payout():
    draft, context = after(HONEST, draft=other_coins())
    report = draft.review(context)
    assert [f.where for f in report.findings if f.code == "paid-before"] == ["output 0", "output 1"]


def test_the_same_amount_under_another_id_is_asked():
    new = manifest(("wd-7", PAYEES[0], 30_000_000), ("wd-8", PAYEES[1], 20_000_000))
    draft, context = after(HONEST, draft=other_coins(), manifest=HONEST_MANIFEST)
    assert grave(draft.review(replace(context, manifest=new))) == {"paid-before"}
    assert draft.review(replace(context, manifest=new)).verdict == "confirm"


def test_the_same_id_from_other_coins_is_a_double_payout():
    draft, context = after(HONEST, draft=other_coins(), manifest=HONEST_MANIFEST)
    assert draft.review(context).verdict == "refuse"
    assert "paid-before" in grave(draft.review(context))


def test_an_id_used_for_another_amount_is_refused():
    new = manifest(("wd-1", PAYEES[0], 31_000_000), ("wd-2", PAYEES[1], 20_000_000))
    draft, context = after(HONEST, draft=pays(PAYEES[0], 31_000_000), manifest=HONEST_MANIFEST)
    report = draft.review(replace(context, manifest=new))
    assert "withdrawal-id-reused" in grave(report)


def test_one_request_twice_in_a_batch_is_asked():
    draft, context = beside(HONEST)
    report = draft.review(context)
    assert grave(report) == {"batch-same-coin"}
    assert HONEST.tx().txid_hex() in next(
        f.text for f in report.findings if f.code == "batch-same-coin"
    )


def test_payments_of_a_batch_by_other_ids_are_different_payments():
    part = manifest(*[(f"wd-{n}", PAYEES[0], 30_000_000) for n in (1, 2)], coverage=Coverage.PART)
    one = Draft(payments=(HONEST_PAYMENTS[0], Pay(99_995_000, place=(1, 12))))
    other = Draft(coins=other_coins().coins, payments=one.payments)
    third = Draft(coins=(Coin((0, 12), 30_005_000),), payments=one.payments[:1])
    draft, context = beside(one, draft=other, manifest=part)
    report = draft.review(context)
    assert report.facts.outputs[0].manifest_id == "wd-2"
    assert grave(report) == set()
    draft, context = beside(one, other, draft=third, manifest=part)
    report = draft.review(context)
    assert "batch-pays-twice" in grave(report)
    assert report.verdict == "refuse"


def test_a_batch_of_different_payments_is_fine():
    other = other_coins().with_payment(0, sats=31_000_000).with_payment(1, sats=19_000_000)
    draft, context = beside(HONEST, draft=other)
    assert grave(draft.review(context)) == set()


# --- manifests --------------------------------------------------------------------------------


def test_two_rows_of_one_payee_and_amount_are_two_payments():
    twice = manifest(*[(f"wd-{n}", PAYEES[0], 25_000_000) for n in (1, 2)])
    draft = HONEST.with_payment(0, sats=25_000_000).with_payment(
        1, script=PAYEES[0], sats=25_000_000
    )
    assert grave(draft.review(Context(manifest=twice))) == {"same-destination-twice"}
    once = manifest(("wd-1", PAYEES[0], 25_000_000))
    assert "not-in-manifest" in grave(draft.review(Context(manifest=once)))


def test_of_rows_alike_one_that_was_not_paid_yet_is_matched():
    part = manifest(*[(f"wd-{n}", PAYEES[0], 30_000_000) for n in (1, 2)], coverage=Coverage.PART)
    one = Draft(payments=(HONEST_PAYMENTS[0], Pay(99_995_000, place=(1, 12))))
    other = Draft(coins=other_coins().coins, payments=one.payments)
    third = Draft(coins=(Coin((0, 12), 30_005_000),), payments=one.payments[:1])
    draft, context = after(one, draft=other, manifest=part)
    report = draft.review(context)
    assert report.facts.outputs[0].manifest_id == "wd-2"
    assert grave(report) == {"paid-before"}  # another id of the same amount: it is asked
    assert report.verdict == "confirm"
    replacing = Draft(payments=(one.payments[0], Pay(one.payments[1].sats - 5, place=(1, 12))))
    assert replacing.review(context).facts.outputs[0].manifest_id == "wd-1"
    context.history.signed(report)
    assert third.review(context).facts.outputs[0].manifest_id == "wd-1"
    assert third.review(context).verdict == "refuse"


def test_a_manifest_for_another_day_does_not_drown_the_review():
    rows = [(f"wd-{n}", PAYEES[0], 1_000 + n) for n in range(500)]
    report = HONEST.review(Context(manifest=manifest(*rows)))
    missing = [f for f in report.findings if f.code == "manifest-payment-missing"]
    assert len(missing) == 21
    assert missing[-1].text.startswith("479 more rows of the manifest, 0.00603540 BTC together")
    assert report.verdict == "refuse"


def test_a_part_of_a_manifest_says_what_is_left():
    rows = [(f"wd-{n}", PAYEES[0], 1_000 + n) for n in (1, 2, 3)]
    part = manifest(("wd-0", PAYEES[0], 30_000_000), *rows, coverage=Coverage.PART)
    one, two = (Draft(payments=(Pay(sats, PAYEES[0]),)) for sats in (1_001, 30_000_000))
    draft, context = after(one, draft=two, manifest=part)
    (found,) = [f for f in draft.review(context).findings if f.code == "manifest-part"]
    assert found.text == "pays 1 of the manifest's 4 rows; signed before: 1, left: 2"


def test_a_row_may_pay_our_own_receive_address():
    script = wallet().derive(0, 15).script_pubkey
    rows = manifest(
        ("move", script, 79_995_000),
        ("wd-1", PAYEES[0], 30_000_000),
        ("wd-2", PAYEES[1], 20_000_000),
    )
    report = HONEST.with_payment(2, place=(0, 15)).review(Context(manifest=rows))
    assert grave(report) == {"self-transfer"}
    assert report.facts.outputs[2].manifest_id == "move"


def test_data_is_judged_by_the_policy_and_not_by_the_manifest():
    draft = Draft(payments=(*HONEST_PAYMENTS, Pay(0, DATA)))
    context = Context(manifest=HONEST_MANIFEST, limits=Limits(op_return=True))
    assert draft.review(context).verdict == "ok"


def test_a_part_of_a_manifest_still_forbids_strangers():
    part = replace(HONEST_MANIFEST, coverage=Coverage.PART)
    assert HONEST.review(Context(manifest=part)).verdict == "ok"
    draft = Draft(payments=(*HONEST_PAYMENTS, Pay(10_000, STRANGER)))
    assert "not-in-manifest" in codes(draft.review(Context(manifest=part)))


# --- locks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locktime", "verdict"),
    [
        (900_000, "ok"),
        (900_144, "ok"),
        (900_145, "confirm"),
        (901_008, "confirm"),
        (901_009, "refuse"),
    ],
)
def test_the_locktime_window(locktime, verdict):
    assert locked(locktime).review().verdict == verdict


def test_relative_locks_of_version_one_bind_nothing():
    assert locked(0, sequence=0xFFFF, version=1).review().verdict == "ok"
    assert locked(0, sequence=0).review().verdict == "ok"
    assert "relative-lock-not-needed" in codes(locked(0, sequence=0x0040_FFFF).review())


def test_destinations_that_the_policy_names_are_fine():
    assert HONEST.review(Context(destinations=Only(*PAYEES))).verdict == "ok"


def test_our_second_origin_of_one_key_is_checked_against_its_own_place():
    report = Draft(wallet="W-mini").review()
    assert report.verdict == "ok"
    assert report.facts.our_keys == (0, 3)


def test_our_keys_given_by_the_caller_count():
    signed = signed_by(1)
    assert "already-signed" in codes(signed.review(our_keys=(1,)))
    assert "already-signed" not in codes(signed.review(our_keys=(2,)))


def test_the_place_of_a_foreign_signature_on_other_wallets():
    for name, pair in (
        ("W-trmulti", (b"\x02" + G, HONEST.signature(0)[1])),
        ("W-wsh", (b"\x13", bytes(64))),
    ):
        assert "foreign-signature" in codes(Draft(wallet=name).with_coin(0, add=[pair]).review())


def test_one_address_thrice_shows_the_whole_sum():
    three = Draft(payments=(*(Pay(10_000_000, PAYEES[0]),) * 3, Pay(99_995_000, place=(1, 12))))
    texts = [f.text for f in three.review().findings if f.code == "same-destination-twice"]
    assert texts[-1] == "goes to the same address as output 0, 0.30000000 BTC together"


def test_two_earlier_transactions_may_be_joined_into_one():
    history = Memory()
    coins = [txin.outpoint for txin in HONEST.tx().inputs]
    payments = [(out.script, out.sats) for out in HONEST.tx().outputs[:2]]
    for number in (0, 1):
        txid = bytes([number]) * 32
        history.past.append(PastTransaction(txid, (coins[number],), (payments[number],)))
    report = HONEST.review(Context(history=history))
    assert grave(report) == {"replaces-earlier"}
    one = replace_field(history.past[0], payments=())
    history.past[0] = one
    assert "redirects-earlier" in grave(HONEST.review(Context(history=history)))


def test_a_replacement_with_the_same_data_output_has_the_same_payments():
    allowed = Limits(op_return=True)
    tagged = Draft(payments=(*HONEST_PAYMENTS, Pay(0, DATA)))
    draft, context = after(tagged, draft=tagged.with_payment(2, sats=79_990_000), limits=allowed)
    report = draft.review(context)
    assert grave(report) == {"replaces-earlier"}
    assert "the same payments" in str(report.findings)
    other = tagged.with_payment(3, script=DATA[:1] + push(b"elsewhere"))
    assert "redirects-earlier" in grave(other.review(context))
    apart = other_coins(tagged).with_payment(0, sats=29_000_000).with_payment(1, sats=21_000_000)
    assert not grave(apart.review(context))
