"""The policy: strict, and every fault names its key."""

import contextlib
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.controls import policy as module
from coldsign.controls.journal import Journal
from coldsign.controls.policies import PolicyStore
from coldsign.controls.policy import Policy
from coldsign.controls.remember import recall
from coldsign.errors import MalformedError, RefusedError
from coldsign.primitives.network import MAINNET, REGTEST
from coldsign.review.context import Coverage, Limits
from tests.controls.common import NOW, wallet

FPR, OTHER = "A" * 40, "B" * 40
FULL = """
[fee]
refuse_sat_per_vb = 1000      # refuse above
confirm_sat_per_vb = 100      # ask above
refuse_sats = 1_000_000
refuse_percent = 10.0         # of what leaves the wallet
confirm_percent = 5.0
[limits]
per_transaction_sats = 0      # 0 = no limit
per_day_sats = 0              # by the journal
max_outputs = 1000
gap = 1000                    # how far past the last seen index change may be
last_seen_receive = 20        # starting points; the journal moves them on
last_seen_change = 15
max_path_depth = 12
height = 900_000              # last block height this keyholder knows
locktime_window = 1008        # blocks past it that a locktime may lie
[allow]
op_return = false
foreign_inputs = false
unproven_v0_amounts = false   # segwit v0 inputs without their previous transaction
destinations = []             # addresses or descriptors; empty = anywhere
partial_manifest = false      # paying a part of it
[require]
manifest = false
approvals = 0                 # distinct reviewers
reviewers = []                # OpenPGP fingerprints
manifest_signers = []
keyholders = []               # whose approvals do not count
offline = false
"""


def parse(text):
    return Policy.parse(text.encode())


class TestReading:
    def test_the_page_of_the_contract_is_the_default(self):
        assert parse(FULL) == Policy.empty()
        assert parse(FULL).limits == Limits()
        assert parse(FULL).coverage is Coverage.WHOLE
        assert parse(FULL.replace("\n", "\r\n")) == Policy.empty()
        tables = tomllib.loads(FULL)
        assert set(tables) == {"fee", "limits", "allow", "require"}
        keys = {f"{table}.{key}" for table, values in tables.items() for key in values}
        assert keys == Policy.empty().settings().keys()  # no default is left unsaid

    def test_values_arrive(self):
        found = parse(
            f"""
            fee.refuse_percent = 3
            [limits]
            per_day_sats = 5_000
            [allow]
            op_return = true
            partial_manifest = true
            [require]
            approvals = 1
            reviewers = ["{FPR[:20].lower()} {FPR[20:]}", "{OTHER}"]
            keyholders = ["{OTHER}"]
            """
        )
        assert found.limits.refuse_percent == 3.0
        assert found.limits.per_day_sats == 5000
        assert found.limits.op_return is True
        assert found.require.reviewers == (FPR, OTHER)
        assert found.require.keyholders == (OTHER,)
        assert found.coverage is Coverage.PART
        assert found.settings()["allow.partial_manifest"] is True
        assert Policy.empty().settings()["allow.partial_manifest"] is False
        assert found.digest != Policy.empty().digest

    def test_order_and_comments_do_not_change_the_digest(self):
        one = parse("[fee]\nrefuse_sats = 5\nrefuse_percent = 6.0\n")
        two = parse("# hello\n[fee]\nrefuse_percent = 6\nrefuse_sats = 0x5\n")
        assert one == two


class TestRefusing:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("x", "not TOML"),
            ("x = 1", "x stands outside"),
            ("[fees]", r"\[fees\] is not a table"),
            ("[fee]\nrefuse = 1", "fee.refuse is not a key"),
            ("[fee]\nrefuse_sats = 1\nrefuse_sats = 2", "not TOML"),
            ("[fee]\n[fee]", "not TOML"),
            ("[[fee]]\nrefuse_sats = 1", "fee stands outside"),
            ("[fee.refuse_sats]\nx = 1", "fee.refuse_sats must be a whole number"),
            ("[fee]\nrefuse_sats = true", "must be a whole number, not true or false"),
            ("[fee]\nrefuse_sats = 1.0", "must be a whole number, not a number"),
            ('[fee]\nrefuse_sats = "1000 sats"', "whole number, not text"),
            ("[fee]\nrefuse_sats = 1000 sats", "not TOML"),
            ("[fee]\nrefuse_sats = -1", "must be from 0 to 2100000000000000"),
            ("[fee]\nrefuse_sats = 2100000000000001", "must be from 0"),
            (f"[fee]\nrefuse_sats = {'9' * 5000}", "not TOML that can be read"),
            ("[fee]\nrefuse_sats = 2020-01-01", "not something else"),
            ("[fee]\nrefuse_percent = true", "must be a number, not true or false"),
            ("[fee]\nrefuse_percent = nan", "must be from 0 to 1e"),
            ("[fee]\nrefuse_percent = inf", "must be from 0"),
            ("[fee]\nrefuse_percent = -0.1", "must be from 0"),
            ("[limits]\nmax_outputs = 0", "from 1 to"),
            ("[limits]\nheight = 500000000", "from 0 to 499999999"),
            ("[allow]\nop_return = 1", "must be true or false, not a whole number"),
            ("[allow]\ndestinations = 'a'", "must be a list of texts, not text"),
            ("[allow]\ndestinations = [1]", "must be a list of texts"),
            ("[allow]\ndestinations = ['a', 'a']", "names something twice"),
            ("[require]\nmanifest = 'yes'", "must be true or false"),
            ("[require]\napprovals = -1", "from 0 to 100"),
            ("[require]\napprovals = 1", "asks for 1, and 0 can be given"),
            (
                f"[require]\napprovals = 2\nreviewers = ['{FPR}', '{OTHER}']\nkeyholders = ['{FPR}']",
                "asks for 2, and 1 can be given",
            ),
            ("[require]\nreviewers = ['ABCD']", "require.reviewers: ABCD is not an OpenPGP"),
            ("[require]\nreviewers = 5", "require.reviewers must be a list"),
            (f"[require]\nreviewers = ['{FPR}', '{FPR.lower()}']", "names a key twice"),
            (
                f"[require]\nreviewers = {[f'{n:040X}' for n in range(101)]}",
                "more than 100 keys",
            ),
            (f"a = {'[' * 5000}", "not TOML"),
        ],
    )
    def test_a_bad_key_is_named(self, text, words):
        with pytest.raises(MalformedError, match=words) as caught:
            parse(text)
        assert "\n" not in caught.value.message

    @pytest.mark.parametrize(
        ("key", "low", "high"),
        [
            ("fee.refuse_sat_per_vb", 0, 10_000_000),
            ("fee.confirm_sat_per_vb", 0, 10_000_000),
            ("fee.refuse_sats", 0, 2_100_000_000_000_000),
            ("fee.refuse_percent", 0, 1_000_000),
            ("fee.confirm_percent", 0, 1_000_000),
            ("limits.per_transaction_sats", 0, 2_100_000_000_000_000),
            ("limits.per_day_sats", 0, 2_100_000_000_000_000),
            ("limits.max_outputs", 1, 100_000),
            ("limits.gap", 0, 1_000_000),
            ("limits.last_seen_receive", 0, 2_147_483_647),
            ("limits.last_seen_change", 0, 2_147_483_647),
            ("limits.max_path_depth", 1, 255),
            ("limits.height", 0, 499_999_999),
            ("limits.locktime_window", 0, 499_999_999),
        ],
    )
    def test_a_number_has_a_least_and_a_most(self, key, low, high):
        for value in (low, high):
            assert parse(f"{key} = {value}").settings()[key] == value
        for value in (low - 1, high + 1):
            with pytest.raises(MalformedError, match=f"policy: {key} must be from {low} to "):
                parse(f"{key} = {value}")

    def test_so_many_reviewers_can_be_asked_for(self):
        people = [f"{n:040X}" for n in range(100)]
        found = parse(f"[require]\napprovals = 100\nreviewers = {people}")
        assert found.require.approvals == len(found.require.reviewers) == 100
        with pytest.raises(MalformedError, match=r"require.approvals must be from 0 to 100$"):
            parse(f"[require]\napprovals = 101\nreviewers = {people}")

    def test_other_encodings(self):
        with pytest.raises(MalformedError, match="not UTF-8"):
            Policy.parse(b"[fee]\xff")
        for encoding in ("utf-16", "utf-16-le", "utf-32"):
            with pytest.raises(MalformedError, match=r"it is UTF-(16|32) text") as caught:
                Policy.parse("[fee]\n".encode(encoding))
            assert "UTF-8" in caught.value.hint
        assert Policy.parse(FULL.encode("utf-8-sig")) == Policy.empty()

    @pytest.mark.parametrize(
        ("text", "hint"),
        [
            (
                "[allow]\ndestinations = 'a'",
                'each text in quotes, all of them in brackets: ["one", "two"]',
            ),
            ("[fee]\nrefuse_sats = '5'", "numbers, true and false have no unit and no quotes"),
            ("[fee]\nrefuse_sats = true", ""),
        ],
    )
    def test_what_a_person_can_do_is_said(self, text, hint):
        with pytest.raises(MalformedError) as caught:
            parse(text)
        assert caught.value.hint == hint

    def test_caps(self, monkeypatch):
        monkeypatch.setattr(module, "MOST_ENTRIES", 1)
        assert parse("[allow]\ndestinations = ['a']").destinations == ("a",)
        with pytest.raises(MalformedError, match="more than 1 entries"):
            parse("[allow]\ndestinations = ['a', 'b']")
        monkeypatch.setattr(module, "POLICY_CAP", 3)
        assert parse("   ") == Policy.empty()
        with pytest.raises(MalformedError, match="larger than 3 bytes"):
            parse("    ")

    @settings(max_examples=300, deadline=None)
    @given(st.binary(max_size=100))
    def test_any_bytes(self, data):
        with contextlib.suppress(MalformedError):
            assert Policy.parse(data).digest

    @settings(max_examples=300, deadline=None)
    @given(st.data())
    def test_any_change_is_a_policy_or_malformed(self, data):
        text = FULL.encode()
        at = data.draw(st.integers(0, len(text)))
        changed = text[:at] + data.draw(st.binary(max_size=3)) + text[at + 1 :]
        with contextlib.suppress(MalformedError):
            policy = Policy.parse(changed)
            same = policy.settings() == Policy.parse(text).settings()
            assert (policy.digest == Policy.parse(text).digest) is same


class TestDestinations:
    def test_anywhere_by_default(self):
        assert Policy.empty().places(REGTEST) is None

    def test_addresses_and_descriptors(self):
        ours = wallet("wpkh-1x2")
        address = wallet().address(0, 3)
        text = f"[limits]\ngap = 5\n[allow]\ndestinations = ['{address}', '''{ours.descriptor}''']"
        places = parse(text).places(REGTEST)
        assert places is not None
        assert places.covers(wallet().derive(0, 3).script_pubkey)
        assert not places.covers(wallet().derive(0, 4).script_pubkey)
        assert places.covers(ours.derive(0, 5).script_pubkey)
        assert places.covers(ours.derive(1, 0).script_pubkey)
        assert not places.covers(ours.derive(0, 6).script_pubkey)

    def test_a_wallet_of_one_address(self):
        one = wallet("sh-multi-3of4-uncompressed-3x5")
        assert not one.descriptor.ranged
        places = parse(f"[allow]\ndestinations = ['{one.descriptor}']").places(REGTEST)
        assert places is not None
        assert places.covers(one.derive(0, 0).script_pubkey)
        assert not places.covers(wallet().derive(0, 0).script_pubkey)

    def test_a_descriptor_needs_its_checksum(self):
        bare, _, _ = str(wallet().descriptor).partition("#")
        with pytest.raises(MalformedError, match=r"entry 1, .*checksum"):
            parse(f"[allow]\ndestinations = ['''{bare}''']").places(REGTEST)

    @pytest.mark.parametrize("entry", ["nowhere", "wpkh(x)#abcdefgh"])
    def test_a_bad_one_is_named(self, entry):
        with pytest.raises(MalformedError, match=r"allow.destinations entry 1, "):
            parse(f"[allow]\ndestinations = ['{entry}']").places(MAINNET)


class TestBinding:
    def test_bind_load_change(self, tmp_path: Path):
        home = tmp_path / "home"
        store, journal = PolicyStore(home), Journal(home)
        assert store.recorded(wallet(), journal=journal) is None
        data = b"# mine\n[fee]\nrefuse_percent = 6\n"
        store.bind(wallet(), data, journal=journal, now=NOW)
        assert store.recorded(wallet(), journal=journal) == Policy.parse(data)
        assert recall(journal.entries(), wallet()).policy == Policy.parse(data).digest.hex()
        assert recall(journal.entries(), wallet("wpkh-1x2")).policy is None
        store.unbind("vault", journal=journal, now=NOW)
        assert store.recorded(wallet(), journal=journal) is None
        assert recall(journal.entries(), wallet()).policy is None
        store.unbind("vault", journal=journal, now=NOW)
        assert [entry.body["policy"] is None for entry in journal.entries()] == [False, True]

    def test_the_journal_decides_which_one_is_bound(self, tmp_path: Path):
        home = tmp_path / "home"
        store, journal = PolicyStore(home), Journal(home)
        path = home / "policies" / "vault.toml"
        store.bind(wallet(), b"[fee]\nrefuse_percent = 60\n", journal=journal, now=NOW)
        lax = path.read_bytes()
        store.bind(wallet(), b"[fee]\nrefuse_percent = 6\n", journal=journal, now=NOW)
        path.write_bytes(lax)
        assert store.load(wallet()) is not None
        with pytest.raises(RefusedError, match="not the one that the journal saw"):
            store.recorded(wallet(), journal=journal)
        path.unlink()
        with pytest.raises(RefusedError, match="its file is gone"):
            store.recorded(wallet(), journal=journal)
        store.unbind("vault", journal=journal, now=NOW)
        path.touch(mode=0o600)
        path.write_bytes(lax)
        with pytest.raises(RefusedError, match="not the one that the journal saw"):
            store.recorded(wallet(), journal=journal)

    def test_another_wallet_of_the_name_takes_no_policy_over(self, tmp_path: Path):
        home = tmp_path / "home"
        store, journal = PolicyStore(home), Journal(home)
        store.bind(wallet(), b"[fee]\nrefuse_percent = 6\n", journal=journal, now=NOW)
        store.replace(wallet(), journal=journal, now=NOW)
        assert store.recorded(wallet(), journal=journal) is not None
        store.replace(wallet("wpkh-1x2"), journal=journal, now=NOW)
        assert store.recorded(wallet("wpkh-1x2"), journal=journal) is None
        assert store.recorded(wallet(), journal=journal) is None

    def test_each_wallet_has_its_own(self, tmp_path: Path):
        home = tmp_path / "home"
        store, journal = PolicyStore(home), Journal(home)
        other = wallet("wpkh-1x2", called="other")
        store.bind(wallet(), b"[fee]\nrefuse_percent = 6\n", journal=journal, now=NOW)
        store.bind(other, b"[fee]\nrefuse_percent = 7\n", journal=journal, now=NOW)
        store.unbind("other", journal=journal, now=NOW)
        assert store.recorded(other, journal=journal) is None
        bound = store.recorded(wallet(), journal=journal)
        assert bound == Policy.parse(b"[fee]\nrefuse_percent = 6\n")

    def test_an_edit_is_noticed(self, tmp_path: Path):
        home = tmp_path / "home"
        store = PolicyStore(home)
        store.bind(wallet(), b"[fee]\nrefuse_percent = 6\n", journal=Journal(home), now=NOW)
        path = home / "policies" / "vault.toml"
        text = path.read_text()
        path.write_text(text.replace("= 6", "= 60"))
        with pytest.raises(RefusedError, match="was edited after") as caught:
            store.load(wallet())
        assert caught.value.code == "policy-changed"
        path.write_text(text.split("\n", 1)[1])
        with pytest.raises(RefusedError, match="lost the line"):
            store.load(wallet())
        path.write_text(text)
        with pytest.raises(RefusedError, match="another wallet of this name"):
            store.load(wallet("wpkh-1x2"))

    def test_a_policy_for_another_network_is_not_bound(self, tmp_path: Path):
        home = tmp_path / "home"
        data = b"[allow]\ndestinations = ['1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2']"
        with pytest.raises(MalformedError, match="belongs to mainnet"):
            PolicyStore(home).bind(wallet(), data, journal=Journal(home), now=NOW)
        assert PolicyStore(home).load(wallet()) is None
