"""Approvals: their text, their signatures, and whose of them count."""

import contextlib
import dataclasses
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldsign.controls import approval as approvals
from coldsign.controls.approval import (
    Approval,
    count_approvals,
    open_approval,
    sign_approval,
    split_clear_signed,
)
from coldsign.controls.clearance import (
    ClearanceRefusedError,
    demand_manifest,
    demand_papers,
)
from coldsign.controls.policy import Policy
from coldsign.errors import MalformedError, RefusedError
from tests.controls.common import LAX, NOW, granted, reasons, report, to_confirm


def requiring(cast, number, *, keyholders=()):
    listed = f"reviewers = ['{cast.anna}', '{cast.bert}', '{cast.revoked}', '{cast.expired}']"
    held = f"keyholders = {list(keyholders)}"
    return LAX + f"\n[require]\napprovals = {number}\n{listed}\n{held}\n".encode()


def said(cast, who, found, **how):
    mine = Approval.of(found, accepted=to_confirm(found), now=NOW)
    mine = dataclasses.replace(mine, **how)
    made = sign_approval(mine, signer=who, environment=cast.gpg.environment)
    return open_approval(made.armored, keyring=cast.ring, now=datetime.now(UTC))


class TestApprovals:
    def test_the_text_is_read_back(self, home):
        mine = Approval.of(report(home), accepted=frozenset(), now=NOW)
        assert Approval.parse(mine.serialize()) == mine
        assert mine.misfits(report(home)) == ()
        assert mine.date == "2026-11-22T17:00:00Z"

    def test_any_change_is_another_text_or_none(self, home):
        mine = Approval.of(report(home), accepted=frozenset(), now=NOW)
        text = mine.serialize()
        for at in range(len(text)):
            changed = text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]
            with contextlib.suppress(MalformedError):
                assert Approval.parse(changed) != mine

    def test_a_line_with_more_than_its_value_is_malformed(self, home):
        mine = Approval.of(report(home), accepted=frozenset(), now=NOW)
        title, *lines, last = mine.serialize().split("\n")
        for number, line in enumerate(lines):
            longer = [*lines[:number], f"{line}!\u00e9", *lines[number + 1 :]]
            with pytest.raises(MalformedError, match=f"line {number + 2}"):
                Approval.parse("\n".join([title, *longer, last]))

    def test_no_line_is_added_or_missing(self, home):
        """What is signed is exactly what is read: nothing may stand under it unread."""
        text = Approval.of(report(home), accepted=frozenset(), now=NOW).serialize()
        short = text[: text.rindex("date: ")]
        for other in (text + "also: x\n", text + "\n", text + "x", text[:-1], short, "x" + text):
            with pytest.raises(MalformedError, match="not a coldsign approval"):
                Approval.parse(other)

    @pytest.mark.parametrize("name", [" x", "x ", "-x"])
    def test_an_unsafe_wallet_name(self, home, name):
        mine = Approval.of(report(home), accepted=frozenset(), now=NOW)
        with pytest.raises(MalformedError):
            Approval.parse(dataclasses.replace(mine, wallet=name).serialize())

    def test_a_refused_review_cannot_be_approved(self, home):
        strict = LAX.replace(b"refuse_sats = 2100000000000000", b"refuse_sats = 1")
        with pytest.raises(RefusedError, match=r"cannot be approved: .*fee"):
            Approval.of(report(home, policy=strict), accepted=frozenset(), now=NOW)

    def test_a_finding_must_be_accepted_first(self, home):
        asking = LAX.replace(b"confirm_sat_per_vb = 1000000", b"confirm_sat_per_vb = 0")
        found = report(home, policy=asking)
        with pytest.raises(RefusedError, match="not accepted: "):
            Approval.of(found, accepted=frozenset(), now=NOW)
        mine = Approval.of(found, accepted=to_confirm(found) | {"else"}, now=NOW)
        assert set(mine.accepted.split(", ")) == to_confirm(found)
        assert mine.verdict == "confirm"
        assert Approval.parse(mine.serialize()) == mine

    def test_two_reviewers(self, cast, home):
        policy = requiring(cast, 2)
        found = report(home, policy=policy)
        given = (said(cast, "anna", found), said(cast, "bert", found))
        cleared = granted(home, policy=policy, given=given)
        assert {who.fingerprint for who in cleared.approvers} == {cast.anna, cast.bert}
        body = cleared.intent(key="k")
        assert [who for who, _ in body["approvals"]] == [cast.anna, cast.bert]

    def test_one_is_not_two(self, cast, home):
        policy = requiring(cast, 2)
        found = report(home, policy=policy)
        one = said(cast, "anna", found)
        assert reasons(home, policy=policy, given=(one,)) == ["approvals-missing"]
        assert reasons(home, policy=policy, given=(one, one)) == [
            "approvals-missing",
            "approval-duplicate",
        ]

    def test_before_anybody_answers(self, cast, home):
        rules = requiring(cast, 2) + b"manifest = true\n"
        policy, found = Policy.parse(rules), report(home, policy=rules)
        one = said(cast, "anna", found)
        with pytest.raises(ClearanceRefusedError) as caught:
            demand_papers(found, policy=policy, approvals=(one, one))
        codes = [reason.code for reason in caught.value.reasons]
        assert codes == ["no-manifest", "approvals-missing", "approval-duplicate"]
        with pytest.raises(RefusedError, match="requires a manifest"):
            demand_manifest(found, policy)
        lax = report(home)
        demand_papers(lax, policy=Policy.parse(LAX), approvals=())
        demand_manifest(lax, Policy.parse(LAX))

    def test_an_unlisted_reviewer(self, cast, home):
        policy = requiring(cast, 1)
        given = (said(cast, "cleo", report(home, policy=policy)),)
        assert reasons(home, policy=policy, given=given) == [
            "approvals-missing",
            "approval-unlisted",
        ]

    def test_the_keyholder_does_not_review_their_own_signature(self, cast, home):
        policy = requiring(cast, 1, keyholders=[cast.anna])
        given = (said(cast, "anna", report(home, policy=policy)),)
        assert reasons(home, policy=policy, given=given) == [
            "approvals-missing",
            "approval-own-key",
        ]

    @pytest.mark.parametrize(
        "other",
        [
            {"txid": "0" * 64},
            {"review_code": " ".join(["abandon"] * 6)},
            {"wallet_id": "1" * 64},
            {"manifest": "2" * 64},
            {"network": "signet"},
        ],
    )
    def test_another_review(self, cast, home, other):
        policy = requiring(cast, 1)
        given = (said(cast, "anna", report(home, policy=policy), **other),)
        assert reasons(home, policy=policy, given=given) == [
            "approvals-missing",
            "approval-wrong-review",
        ]

    def test_what_may_differ(self, cast, home):
        policy = requiring(cast, 1)
        other = {"psbt": "3" * 64, "wallet": "called otherwise", "date": "1970-01-01T00:00:00Z"}
        assert granted(
            home, policy=policy, given=(said(cast, "anna", report(home, policy=policy), **other),)
        )

    def test_strangers_and_changed_texts_do_not_open(self, cast, home):
        found = report(home)
        with pytest.raises(RefusedError) as caught:
            said(cast, "stranger", found)
        assert caught.value.code == "signature-key-unknown"
        mine = Approval.of(found, accepted=to_confirm(found), now=NOW)
        made = sign_approval(mine, signer="anna", environment=cast.gpg.environment).armored
        changed = made.replace(b"network: regtest", b"network: signet!"[:16].replace(b"!", b""))
        with pytest.raises(RefusedError) as caught:
            open_approval(changed, keyring=cast.ring, now=datetime.now(UTC))
        assert caught.value.code == "signature-bad"

    def test_an_expired_reviewer(self, cast, home):
        mine = Approval.of(report(home), accepted=frozenset(), now=NOW)
        text = mine.serialize().encode()
        old = cast.gpg.gpg(
            "--faked-system-time=20200201T000000!", "-u", "expired", "--clear-sign", data=text
        )
        with pytest.raises(RefusedError) as caught:
            open_approval(old, keyring=cast.ring, now=datetime.now(UTC))
        assert caught.value.code == "signature-key-expired"

    def test_detached_and_crlf(self, cast, home):
        mine = Approval.of(report(home), accepted=frozenset(), now=NOW)
        text = mine.serialize().encode()
        opened = open_approval(
            text,
            keyring=cast.ring,
            now=datetime.now(UTC),
            detached=cast.gpg.sign("anna", text),
        )
        assert opened.approval == mine
        made = sign_approval(mine, signer="anna", environment=cast.gpg.environment).armored
        mailed = made.replace(b"\n", b"\r\n")
        assert open_approval(mailed, keyring=cast.ring, now=datetime.now(UTC)).approval == mine

    def test_what_is_no_approval(self, cast, monkeypatch):
        now = datetime.now(UTC)
        for data, words in (
            (b"", "not a clear-signed"),
            (b"\xff", "not ASCII"),
            (
                cast.gpg.gpg("-u", "anna", "--clear-sign", data=b"hello\n"),
                "not a coldsign approval",
            ),
        ):
            with pytest.raises(MalformedError, match=words):
                open_approval(data, keyring=cast.ring, now=now)
        monkeypatch.setattr(approvals, "APPROVAL_CAP", 3)
        for data, words in ((b"xxx", "not a clear-signed"), (b"xxxx", "larger than 3 bytes")):
            with pytest.raises(MalformedError, match=words):
                open_approval(data, keyring=cast.ring, now=now)

    def test_one_document_and_nothing_around_it(self, cast):
        good = cast.gpg.gpg("-u", "anna", "--clear-sign", data=b"hello\n").decode()
        assert split_clear_signed(good)[0] == "hello"
        assert split_clear_signed(good + "\n\n")[0] == "hello"
        begin, end = "-----BEGIN PGP SIGNED MESSAGE-----\n", "\n-----BEGIN PGP SIGNATURE-----\n"
        for bad in (
            "x" + good,
            good + "x",
            good + good,
            good.replace("Hash: SHA512\n", "").replace("Hash: SHA256\n", ""),
            good.replace("Hash:", "Comment:"),
            good.replace("hello", "- -----x"),
            good.removesuffix("-----END PGP SIGNATURE-----\n"),
            begin,
            begin + good[good.index("Hash:") : good.index("\n\n") + 1] + good[good.index(end) :],
            good.removeprefix(begin),
            good.replace("SIGNED MESSAGE", "SIGNED LETTERS"),  # as long: the rest is where it was
        ):
            with pytest.raises(MalformedError, match="not a clear-signed document"):
                split_clear_signed(bad)

    def test_counting_keeps_what_is_good(self, cast, home):
        policy = requiring(cast, 1)
        found = report(home, policy=policy)
        given = (said(cast, "cleo", found), said(cast, "bert", found))
        counted, unfit = count_approvals(given, found, Policy.parse(policy).require)
        assert [who.fingerprint for who in counted] == [cast.bert]
        assert [refusal.code for refusal in unfit] == ["approval-unlisted"]


class TestAnyBytes:
    @settings(max_examples=200, deadline=None)
    @given(st.text(alphabet=st.characters(max_codepoint=0x7F), max_size=200))
    def test_any_text_is_an_approval_that_reads_back_or_malformed(self, text):
        with contextlib.suppress(MalformedError):
            assert Approval.parse(text).serialize() == text
        with contextlib.suppress(MalformedError):
            assert split_clear_signed("-----BEGIN PGP SIGNED MESSAGE-----\n" + text)
