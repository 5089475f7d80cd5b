"""A wallet's policy at the command line: bound, shown, tampered with, bound again, and gone with its wallet."""

import json
import re

import pytest

from coldsign.cli import policy as command
from coldsign.controls.policy import Policy
from tests.cli.laptop import DATA, Laptop

DAY = "[limits]\nper_day_sats = 5\n"
REVIEWERS = ["A" * 40, "B" * 40]


def bind(laptop: Laptop, text: str = DAY, wallet: str = "vault") -> None:
    laptop.good("policy", "set", wallet, laptop.write("policy.toml", text), "--yes")


@pytest.mark.parametrize("width", [60, 80])
def test_names_and_values_stand_in_columns_that_fit(width, laptop, monkeypatch):
    monkeypatch.setattr(command, "page_width", lambda: width)
    address = "mxm6wKxQwmeN2eLKKkUppM21Ce611QDrPe"
    bind(
        laptop,
        f"[allow]\ndestinations = ['{address}']\n[require]\nreviewers = {json.dumps(REVIEWERS)}\n",
    )
    lines = laptop.good("policy", "show", "vault").out.splitlines()
    assert max(map(len, lines)) <= width
    starts = {re.match(r"\S+ +", line).end() for line in lines if re.match(r"\S+ +\S", line)}
    assert len(starts) == 1, lines
    named = {line.split()[0]: line.split()[1:] for line in lines if not line.startswith(" ")}
    assert list(named) == list(Policy.empty().settings())
    assert named["limits.per_transaction_sats"] == ["0"]
    assert named["allow.op_return"] == ["false"]
    assert named["require.keyholders"] == ["[]"]
    assert " ".join(lines).split("allow.destinations")[1].split()[0] == address
    assert " ".join(lines).split("require.reviewers")[1].split()[:2] == REVIEWERS


def test_a_descriptor_of_any_length_is_shown_whole(laptop, monkeypatch):
    monkeypatch.setattr(command, "page_width", lambda: 60)
    descriptor = (laptop.folder / "r.wallet").read_text().strip()
    bind(laptop, f"[allow]\ndestinations = ['{descriptor}']\n")
    lines = laptop.good("policy", "show", "vault").out.splitlines()
    assert max(map(len, lines)) <= 60
    assert descriptor in "".join(line.strip() for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        "[allow]\ndestinations = ['bc1qqgpqyqszqgpqyqszqgpqyqszqgpqyqsz4desz8']\n",
        "[allow]\ndestinations = ['nowhere']\n",
        "[require]\napprovals = 1\n",
    ],
    ids=["network", "destination", "approvals"],
)
def test_a_policy_that_cannot_be_used_is_refused_before_anything_is_shown(text, laptop):
    bind(laptop)
    for words in (
        ("policy", "set", "vault", laptop.write("bad.toml", text), "--yes"),
        ("inspect", laptop.path("r.txt"), "--wallet", "vault", "--policy", laptop.path("bad.toml")),
    ):
        done = laptop.run(*words)
        assert (done.code, len(done.errors), len(done.hints)) == (3, 1, 1), done.err
        assert len(done.err.splitlines()) == 2, "nothing else"
        assert done.hints != ["hint: nothing was signed or written; ask the sender for it again"]
    shown = laptop.good("--json", "policy", "show", "vault").document
    assert shown["settings"]["limits.per_day_sats"] == 5


@pytest.mark.parametrize(
    ("require", "words"),
    [
        ("manifest = true\n", "a manifest"),
        (f"approvals = 1\nreviewers = {json.dumps(REVIEWERS)}\n", "1 approval"),
        (
            f"manifest = true\napprovals = 2\nreviewers = {json.dumps(REVIEWERS)}\n",
            "a manifest and 2 approvals",
        ),
        ("offline = false\n", ""),
    ],
)
def test_a_review_says_what_a_signature_still_needs(require, words, laptop):
    bind(laptop, f"[require]\n{require}")
    done = laptop.good("inspect", laptop.path("r.txt"), "--wallet", "vault")
    told = [line for line in done.err.splitlines() if "the policy requires" in line]
    assert told == ([f"to sign this, the policy requires {words}"] if words else [])
    assert laptop.good("--json", "inspect", laptop.path("r.txt"), "--wallet", "vault").document


def tamper(laptop: Laptop, how: str) -> None:
    path = laptop.home / "policies" / "vault.toml"
    if how == "edited":
        path.write_text(path.read_text().replace("= 5", "= 6"))
    elif how == "gone":
        path.unlink()
    else:
        old = path.read_bytes()
        bind(laptop, "[limits]\nper_day_sats = 4\n")
        path.write_bytes(old)


@pytest.mark.parametrize("how", ["edited", "gone", "set back"])
def test_a_policy_that_was_tampered_with_halts_and_can_be_bound_again(how, laptop):
    bind(laptop)
    tamper(laptop, how)
    assert laptop.run("policy", "show", "vault").code == 4
    assert laptop.run("halt", "status").code == 7
    refused = laptop.run("inspect", laptop.path("r.txt"), "--wallet", "vault")
    assert (refused.code, len(refused.hints)) == (4, 1)
    policy = laptop.write("policy.toml", DAY)
    mended = laptop.good("policy", "set", "vault", policy, "--yes")
    assert "the latch is engaged" in " ".join(mended.err.split())
    assert "limits.per_day_sats: 0 becomes 5" in mended.err
    shown = laptop.good("--json", "policy", "show", "vault").document
    assert shown["settings"]["limits.per_day_sats"] == 5
    assert laptop.run("halt", "status").code == 7
    laptop.good("halt", "release", "--why", "looked into it", "--yes")
    reviewed = laptop.run("inspect", laptop.path("r.txt"), "--wallet", "vault")
    assert (reviewed.code, "REFUSE over-day-limit" in reviewed.out) == (4, True), reviewed.out


def test_a_wallets_policy_goes_with_it(laptop):
    """A name that is free again stands for nothing; another wallet under it is no tampering."""
    bind(laptop)
    other = json.loads((DATA / "regtest/tr-key-3x3.json").read_text())
    source, request = (
        laptop.write("other.txt", other["descriptor"]),
        laptop.write("o.psbt", other["psbt"]),
    )
    laptop.good("wallet", "remove", "vault", "--yes")
    laptop.good("wallet", "add", "vault", source, "--yes")
    assert laptop.run("inspect", request, "--wallet", "vault").code == 0
    bind(laptop, "[limits]\nper_day_sats = 7\n")
    laptop.good("wallet", "add", "vault", laptop.path("r.wallet"), "--yes", "--force")
    shown = laptop.good("--json", "policy", "show", "vault").document
    assert (shown["bound"], shown["settings"]["limits.per_day_sats"]) == (False, 0)
    assert laptop.run("inspect", laptop.path("r.txt"), "--wallet", "vault").code == 0
    assert laptop.run("halt", "status").code == 0
    assert laptop.kinds() == ["policy", "policy", "policy", "policy"]


def test_the_same_wallet_registered_again_keeps_its_policy(laptop):
    bind(laptop)
    laptop.good("wallet", "add", "vault", laptop.path("r.wallet"), "--yes", "--force")
    shown = laptop.good("--json", "policy", "show", "vault").document
    assert (shown["bound"], shown["settings"]["limits.per_day_sats"]) == (True, 5)


@pytest.mark.parametrize("content", ["seed words in the wrong place", b"psbt\xff\x01", ""])
def test_of_several_approvals_the_one_at_fault_is_named(content, laptop):
    wrong = laptop.write("anna.txt", content)
    sign = ("sign", laptop.path("r.txt"), "--wallet", "vault", "--key", "mine", "--expect", "x")
    outcome = laptop.run(*sign, "--approval", wrong)
    assert (outcome.code, len(outcome.hints)) == (3, 1)
    named = "anna.txt: " if content else "the approval is empty"
    assert outcome.errors[0].startswith(f"error: {named}")
    assert "ask the sender" not in outcome.hints[0]
