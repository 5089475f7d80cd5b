"""Rows of the catalogue that have no bytes in the test data, built from their text."""

from dataclasses import replace

import pytest

from coldsign.primitives.address import to_address
from coldsign.primitives.hashes import hash160
from coldsign.primitives.keypath import HARDENED, KeyOrigin
from coldsign.primitives.script import multisig, p2sh, p2wsh
from coldsign.review.context import Context, Limits
from coldsign.review.render import to_lines
from tests.review.build import (
    HONEST_COINS,
    HONEST_MANIFEST,
    HONEST_PAYMENTS,
    MAINNET,
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
    wallet,
)

HONEST = Draft()
KEYS = wallet().derive(1, 12).keys


def origin(cosigner, *path):
    start = wallet().descriptor.keys[cosigner].origin
    return KeyOrigin(start.fingerprint, start.path + path).to_bytes()


def our_origin(value, number=0):
    """The honest PSBT with another origin for our own key on one input."""
    key = wallet().derive(*HONEST_COINS[number].place).keys[0]
    return HONEST.with_coin(number, change={b"\x06" + key: value})


def lines(report):
    """What is on the screen, without the breaks and spaces."""
    return "".join("".join(line.text for line in to_lines(report, 80)).split())


CHANGE_CLAIMS = [(b"\x02" + key, origin(position, 1, 12)) for position, key in enumerate(KEYS)]


def false_change(script, witness_script):
    return HONEST.with_payment(
        2, place=None, script=script, add=[(b"\x01", witness_script), *CHANGE_CLAIMS]
    )


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ("I-23", origin(0, 0, 4)),
        ("I-24", KeyOrigin(OUR_FINGERPRINT, (48, 0, 0, 2, 0, 3)).to_bytes()),
        ("I-25", KeyOrigin(bytes(4), (*wallet().origin(0, 0, 3).path,)).to_bytes()),
        (
            "I-29",
            KeyOrigin(
                OUR_FINGERPRINT, (48 + HARDENED, 1 + HARDENED, HARDENED, 2 + HARDENED, 0, 3)
            ).to_bytes(),
        ),
    ],
)
def test_a_false_origin_of_our_key_on_an_input(row, value):
    assert row
    report = our_origin(value).review()
    assert (grave(report), report.verdict) == ({"false-key-origin"}, "refuse")
    assert report.facts.inputs[0].ours


@pytest.mark.parametrize(
    ("row", "script"),
    [
        ("C-02", multisig(1, (KEYS[0], G))),
        ("C-03", multisig(2, (KEYS[0], KEYS[1], G))),
        ("C-04", multisig(1, tuple(sorted(KEYS)))),
        ("C-05", multisig(3, tuple(sorted(KEYS)))),
        ("C-06", multisig(2, tuple(sorted(KEYS, reverse=True)))),
    ],
)
def test_another_quorum_as_change(row, script):
    assert row
    report = false_change(p2wsh(script), script).review()
    assert grave(report) == {"false-change-claim"}
    assert report.verdict == "refuse"
    assert report.facts.outputs[2].kind.value == "payment"


def test_c07_and_c08_the_same_keys_in_another_kind_of_script():
    script = wallet().derive(1, 12).witness_script
    for changed in (p2sh(p2wsh(script)), p2sh(script)):
        report = false_change(changed, script).review()
        assert (grave(report), report.verdict) == ({"false-change-claim"}, "refuse")


@pytest.mark.parametrize("branch", [2, 0x7FFF_FFFF])
def test_c14_a_branch_that_is_not_the_wallets(branch):
    claim = [(b"\x02" + KEYS[0], origin(0, branch, 12))]
    report = HONEST.with_payment(2, place=None, add=claim).review()
    assert (grave(report), report.verdict) == ({"false-change-claim"}, "refuse")


@pytest.mark.parametrize("index", [5_000, 40_000, 1_000_000, 0x7FFF_FFFF])
def test_c09_to_c12_change_too_far_along(index):
    report = HONEST.with_payment(2, place=(1, index)).review()
    assert (grave(report), report.verdict) == ({"change-index-too-far"}, "refuse")


def test_c24_eleven_change_outputs():
    change = tuple(Pay(7_000_000, place=(1, 12 + n)) for n in range(11))
    report = Draft(payments=(*HONEST_PAYMENTS[:2], *change, Pay(2_995_000, STRANGER))).review()
    assert grave(report) == {"several-change-outputs"}


@pytest.mark.parametrize(
    ("row", "fee", "verdict"),
    [("O-01", 12_500_000, "refuse"), ("O-02", 100_000, "confirm"), ("T-25", 0, "confirm")],
)
def test_fees(row, fee, verdict):
    assert row
    assert HONEST.with_payment(2, sats=80_000_000 - fee).review().verdict == verdict


def test_o03_the_change_left_to_the_fee():
    report = Draft(payments=HONEST_PAYMENTS[:2]).review()
    assert (grave(report), report.verdict) == ({"fee-too-high"}, "refuse")


@pytest.mark.parametrize(
    ("row", "script"),
    [
        ("O-08", multisig(1, (G,))),
        ("O-09", b"\x51"),
        ("O-10", bytes.fromhex("51024e73")),
        ("O-11", bytes.fromhex("5220") + bytes(32)),
        ("O-12", bytes.fromhex("5121") + bytes(33)),
        ("O-13", bytes.fromhex("6020") + bytes(32)),
        ("O-15", b""),
        ("O-16", b"\x21" + G + b"\xac"),
        ("O-04", b"\x6a\x4c\x50" + bytes(80)),
        ("O-07", b"\x6a\x03two"),
    ],
)
def test_outputs_nobody_can_name(row, script):
    assert row
    found = {"unknown-script", "anyone-can-spend", "data-output"}
    report = Draft(payments=(*HONEST_PAYMENTS, Pay(4_000, script))).review()
    assert found & codes(report)
    assert report.verdict == "refuse"


@pytest.mark.parametrize("version", [-1, 0, 3, 4, 2**31 - 1])
def test_t08_to_t13_transaction_versions(version):
    wanted = "confirm" if version == 3 else "refuse"
    assert Draft(version=version).review().verdict == wanted
    assert Draft(version=1).review().verdict == "ok"


def test_o24_one_stranger_in_a_batch_of_sixty():
    batch = tuple(Pay(1_000_000, STRANGER[:2] + bytes([n]) * 20) for n in range(60))
    rows = [(f"wd-{n}", pay.script, pay.sats) for n, pay in enumerate(batch)]
    context = Context(manifest=manifest(*rows))
    end = Pay(69_980_000, place=(1, 12))
    assert Draft(payments=(*batch, end)).review(context).verdict == "ok"
    hidden = (*batch[:30], Pay(500_000, STRANGER), *batch[30:], replace(end, sats=69_480_000))
    report = Draft(payments=hidden).review(context)
    assert [f.where for f in report.findings if f.code == "not-in-manifest"] == ["output 30"]
    assert report.verdict == "refuse"


@pytest.mark.parametrize("sats", [30_000_001, 29_999_999, 31_000_000, 3_000_000, 300_000_000])
def test_o22_an_amount_that_is_not_the_books(sats):
    """BM-03: by one satoshi, by one digit, by a shifted point."""
    rows = [(row.id, row.script, row.sats) for row in HONEST_MANIFEST.rows]
    context = Context(manifest=manifest(("wd-1", PAYEES[0], sats), *rows[1:]))
    report = HONEST.review(context)
    assert (grave(report), report.verdict) == ({"manifest-amount-differs"}, "refuse")


def test_o05_and_o07_every_data_output_counts_and_is_shown():
    """BM-13: neither only the last one, nor without what it burns."""
    data = [b"\x6a\x03one", b"\x6a\x05hello", b"\x6a\x00\x04hide"]
    burning = tuple(Pay(sats, script) for sats, script in zip((100, 0, 7_000), data, strict=True))
    end = replace(HONEST_PAYMENTS[2], sats=HONEST_PAYMENTS[2].sats - 7_100)
    report = Draft(payments=(*HONEST_PAYMENTS[:2], *burning, end)).review()
    assert report.verdict == "refuse"
    assert {"data-output", "data-burns-money", "several-data-outputs"} <= grave(report)
    assert (report.facts.totals.payments, report.facts.fee) == (50_007_100, 5_000)
    shown = lines(report)
    for script in data:
        assert script.hex() in shown
    burnt = [f.where for f in report.findings if f.code == "data-burns-money"]
    assert burnt == ["output 2", "output 4"]


def test_c20_change_that_nobody_claims_counts_as_paid():
    own = wallet().derive(1, 12).script_pubkey
    bare = HONEST.with_payment(2, place=None, script=own)
    report = bare.review()
    assert report.verdict == "ok"
    assert report.facts.totals.payments == 129_995_000
    assert f"output20.79995000BTC79995000satPAYMENT{to_address(own, MAINNET)}" in lines(report)
    report = bare.review(Context(manifest=HONEST_MANIFEST))
    assert (grave(report), report.verdict) == ({"not-in-manifest"}, "refuse")


def locked(*sequences, locktime=900_000):
    coins = tuple(replace(c, sequence=s) for c, s in zip(HONEST_COINS, sequences, strict=True))
    return Draft(coins=coins, locktime=locktime)


@pytest.mark.parametrize(
    ("row", "draft", "shown"),
    [
        ("T-14", locked(0xFFFF_FFFD, 0xFFFF_FFFD), ["locktimenotbeforeblock900000"]),
        (
            "T-20",
            locked(0xFFFF_FFFD, 0xFFFF_FFFF, locktime=0),
            ["sequence0xfffffffd,replaceable", "sequence0xffffffff,final", "NOTEreplaceable"],
        ),
        ("T-20", locked(0xFFFF_FFFE, 0xFFFF_FFFE), ["0xfffffffe,notreplaceable"]),
        (
            "O-17",
            HONEST.with_payment(0, script=b"\x00\x14" + hash160(KEYS[0])),
            ["output00.30000000BTC30000000satPAYMENT"],
        ),
        ("OK-12", HONEST.with_coin(0, add=[HONEST.signature(0)]), ["0ec422e4:1valid"]),
    ],
)
def test_what_must_be_on_the_screen(row, draft, shown):
    assert row
    report = draft.review()
    assert report.verdict == "ok"
    for words in shown:
        assert words in lines(report)


def test_o20_what_one_address_gets_is_summed():
    report = HONEST.with_payment(0, script=PAYEES[1]).review()
    assert (grave(report), report.verdict) == ({"same-destination-twice"}, "confirm")
    assert "0.50000000BTCtogether" in lines(report)


@pytest.mark.parametrize("type_", [b"\xfc\x04evil\x00", b"\xf0"])
def test_f33_of_fields_nobody_knows_the_count_is_shown(type_):
    pairs = [(type_ + bytes([n]), b"\x1b[2Jignore this") for n in range(3)]
    report = replace(HONEST, add=pairs).review()
    assert report.verdict == "ok"
    (said,) = [found.text for found in report.findings if found.code == "unknown-data"]
    assert "3 " in said
    assert "ignorethis" not in lines(report)


def test_i14_a_foreign_input_without_any_data():
    report = Draft(coins=(*HONEST_COINS, Coin(None, 1_000, drop=(0, 1)))).review(
        Context(limits=Limits(foreign_inputs=True))
    )
    assert {"amount-unproven", "fee-unknown"} <= grave(report)


def test_i28_a_coin_of_the_same_cosigners_other_account():
    other = wallet("W-mini").derive(0, 3)
    coin = Coin(
        None,
        5_000_000,
        other.script_pubkey,
        add=[(b"\x06" + other.keys[0], wallet("W-mini").origin(0, 0, 3).to_bytes())],
    )
    report = Draft(coins=(*HONEST_COINS, coin)).review()
    assert {"foreign-input", "false-input-claim"} <= grave(report)


def test_r01_and_r05_the_same_payees_again():
    history = Memory()
    context = Context(history=history)
    history.signed(HONEST.review(context))
    apart = replace(HONEST, coins=(Coin((0, 9), 50_000_000), Coin((0, 11), 80_000_000)))
    overlapping = replace(HONEST, coins=(HONEST_COINS[0], Coin((0, 11), 80_000_000)))
    assert apart.review(context).verdict == "refuse"
    assert overlapping.review(context).verdict == "confirm"


def test_o23_two_customers_amounts_swapped():
    draft = HONEST.with_payment(0, sats=20_000_000).with_payment(1, sats=30_000_000)
    report = draft.review(Context(manifest=HONEST_MANIFEST))
    assert grave(report) == {"manifest-amounts-swapped"}
    assert PAYEES[0] == report.facts.outputs[0].script


@pytest.mark.parametrize("sequence", [0xFFFF_FFFD, 0xFFFF_FFFF, 0])
def test_m11_a_recovery_key_asked_for_before_its_time(sequence):
    """Only the origins of our recovery key: said, and signed for later; the coin does not move by it now."""
    owner, coin = wallet("W-mini"), HONEST_COINS[0]
    derived = owner.derive(*coin.place)
    late = next(path for path in owner.spending_paths() if path.older is not None)
    (position,) = late.keys
    origins = [(b"\x06" + derived.keys[position], owner.origin(position, *coin.place).to_bytes())]
    coins = (replace(coin, sequence=sequence, drop=(0x06,), add=origins), HONEST_COINS[1])
    report = Draft(wallet="W-mini", coins=coins).review()
    assert report.facts.inputs[0].ours
    assert report.verdict == "ok"
    (said,) = [found for found in report.findings if found.code == "closed-path"]
    assert said.where == "input 0"
