"""A bound policy through power cuts and beside other processes: the journal's is in force, and nothing halts."""

import contextlib
import shutil

import pytest

from coldsign.controls.chain import Damage
from coldsign.controls.journal import Journal
from coldsign.controls.policies import PolicyStore
from coldsign.controls.policy import Policy
from coldsign.errors import RefusedError
from coldsign.primitives.staged import waiting
from tests.controls.common import NOW, wallet
from tests.killing import steps_survived
from tests.readonly import read_only

OLD, NEW = b"[fee]\nrefuse_percent = 6\n", b"[fee]\nrefuse_percent = 5\n"
ANOTHER = wallet("wpkh-1x2")


class Bound:
    """The policies of one home."""

    def __init__(self, home):
        self.home, self.store, self.journal = home, PolicyStore(home), Journal(home)
        self.path = home / "policies" / "vault.toml"

    def bind(self, rules, to=None):
        self.store.bind(to or wallet(), rules, journal=self.journal, now=NOW)

    def found(self):
        return self.store.recorded(wallet(), journal=self.journal)

    def unbind(self):
        self.store.unbind("vault", journal=self.journal, now=NOW)

    def give_way(self):
        self.store.make_room(ANOTHER, journal=self.journal)
        self.store.replace(ANOTHER, journal=self.journal, now=NOW)

    def cut_between(self):
        """As a power cut leaves it once the journal has NEW: OLD in place, NEW waiting."""
        self.bind(OLD)
        old = self.path.read_bytes()
        self.bind(NEW)
        self.path.rename(waiting(self.path))
        self.path.touch(mode=0o600)
        self.path.write_bytes(old)


@pytest.fixture
def bound(tmp_path):
    return Bound(tmp_path / "home")


def cut_everywhere(bound, action):
    """The policies found after a power cut at each step, each found twice alike."""
    saved, found = bound.home.with_name("saved"), []
    shutil.copytree(bound.home, saved)

    def check():
        found.append(bound.found())
        assert bound.found() == found[-1]
        if (damage := bound.journal.verify().damage) is not None:
            assert damage.damage is Damage.TORN
        shutil.rmtree(bound.home)
        shutil.copytree(saved, bound.home)

    assert steps_survived(action, check=check) >= 8
    return list(dict.fromkeys(found))


def test_another_policy(bound):
    bound.bind(OLD)
    assert cut_everywhere(bound, lambda: bound.bind(NEW)) == [Policy.parse(OLD), Policy.parse(NEW)]


def test_no_policy_any_more(bound):
    bound.bind(OLD)
    assert cut_everywhere(bound, bound.unbind) == [Policy.parse(OLD), None]


def test_another_wallet_of_the_name(bound):
    bound.bind(OLD)
    assert cut_everywhere(bound, bound.give_way) == [Policy.parse(OLD), None]


@pytest.mark.parametrize("action", ["bind", "unbind", "give_way"])
def test_a_second_cut_does_not_lose_what_waits(bound, action):
    bound.cut_between()
    actions = {
        "bind": (lambda: bound.bind(OLD), Policy.parse(OLD)),
        "unbind": (bound.unbind, None),
        "give_way": (bound.give_way, None),
    }
    act, last = actions[action]
    assert cut_everywhere(bound, act) == [Policy.parse(NEW), last]
    act()
    assert bound.found() == last
    assert not waiting(bound.path).exists()


def test_making_room_is_undone_where_nobody_takes_it(bound):
    bound.bind(OLD)
    bound.store.make_room(ANOTHER, journal=bound.journal)
    assert not bound.path.exists()
    assert bound.found() == Policy.parse(OLD)
    assert bound.path.exists()
    bound.store.make_room(wallet(), journal=bound.journal)
    assert bound.path.exists()


def test_what_waits_is_put_in_place_where_that_can_be(bound):
    bound.cut_between()
    with read_only(bound.home) as fixed:
        assert Bound(fixed).found() == Policy.parse(NEW)
        assert waiting(Bound(fixed).path).exists()
    assert bound.found() == Policy.parse(NEW)
    assert not waiting(bound.path).exists()


@pytest.mark.parametrize("how", ["edited", "no head", "another wallet's", "no policy"])
def test_what_waits_and_is_not_the_journals_has_no_say(bound, how):
    bound.cut_between()
    path = waiting(bound.path)
    if how == "another wallet's":
        other = Bound(bound.home / "other")
        other.home.mkdir(mode=0o700)
        other.bind(NEW, to=ANOTHER)
        path.write_bytes(other.path.read_bytes())
    else:
        head, _, rest = path.read_bytes().partition(b"\n")
        path.write_bytes(
            {
                "edited": head + b"\n" + rest.replace(b"= 5", b"= 50"),
                "no head": rest,
                "no policy": head + b"\nrefuse_percent",
            }[how]
        )
    with pytest.raises(RefusedError, match="not the one that the journal saw bound last"):
        bound.found()
    bound.bind(OLD)
    assert bound.found() == Policy.parse(OLD)


def test_one_bound_by_another_process_between_two_looks_is_no_tampering(bound, monkeypatch):
    bound.bind(OLD)
    glimpse, others = Journal.glimpse, [lambda: bound.bind(NEW)]

    def slow(journal, kind):
        seen = list(glimpse(journal, kind))
        with contextlib.suppress(IndexError):
            others.pop()()
        return iter(seen)

    monkeypatch.setattr(Journal, "glimpse", slow)
    assert bound.found() == Policy.parse(NEW)
