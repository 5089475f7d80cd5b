"""A policy file that was exchanged on its way: the journal knows the rules of the last signature."""

from coldsign.controls.clearance import clear
from coldsign.controls.entry import EntryKind
from coldsign.controls.journal import Journal
from coldsign.controls.latch import Latch
from coldsign.controls.policies import PolicyStore
from coldsign.controls.policy import Policy
from coldsign.review.finding import Severity
from tests.controls.common import LAX, NOW, codes, report, wallet

LAXER = LAX + b"foreign_inputs = true\n"


def signed(home, policy):
    found = report(home, policy=policy)
    accepted = frozenset(one.code for one in found.of(Severity.CONFIRM))
    cleared = clear(found, policy=Policy.parse(policy), latch=Latch(home), accepted=accepted)
    return Journal(home).append(EntryKind.INTENT, cleared.intent(key="k"), now=NOW)


def test_other_rules_than_last_time_are_named(tmp_path):
    assert "other-policy" not in codes(report(tmp_path))
    signed(tmp_path, LAX)
    assert "other-policy" not in codes(report(tmp_path))
    assert "other-policy" in codes(report(tmp_path, policy=LAXER))
    assert "other-policy" not in codes(report(tmp_path, policy=b"# said otherwise\n" + LAX))


def test_what_another_wallet_signed_under_is_no_matter(tmp_path):
    signed(tmp_path, LAXER)
    assert "other-policy" not in codes(report(tmp_path, name="wpkh-1x2"))


def test_a_policy_bound_since_is_the_one_to_use(tmp_path):
    signed(tmp_path, LAX)
    PolicyStore(tmp_path).bind(wallet(), LAXER, journal=Journal(tmp_path), now=NOW)
    assert "other-policy" not in codes(report(tmp_path, policy=LAXER))
    assert "other-policy" in codes(report(tmp_path))
