"""An approval: one reviewer's signed word that this review, on another machine, was right.

It is a small text that both machines can write for themselves, with an OpenPGP signature:
clear-signed (one file, fits a QR code) or detached. What is verified is exactly the text that is
read; no program's idea of "the signed part" stands between. The text binds network, descriptor,
unsigned transaction, review code and manifest. The digest of the reviewer's PSBT is for the record:
a cosigner's signature added in between changes it and nothing that was approved.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple, Self

from coldsign.controls.entry import stamp
from coldsign.controls.gpg import ClearSigned, GoodSignature, clear_sign, verify
from coldsign.controls.policy import Require
from coldsign.controls.remember import wallet_id
from coldsign.errors import MalformedError, RefusedError
from coldsign.primitives.text import is_safe_name
from coldsign.review.finding import Severity
from coldsign.review.report import Report

APPROVAL_CAP: Final = 64 << 10
"""Bytes: a text of some 700 bytes, every code of the catalogue, and a dozen signatures."""
NONE: Final = "none"

_TITLE: Final = "coldsign approval 1"
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_FORMS: Final = {
    "network": re.compile(r"[a-z0-9]{1,16}"),
    "wallet": re.compile(r"[ -~]{1,64}"),
    "wallet_id": _HASH,
    "txid": _HASH,
    "review_code": re.compile(r"[a-z]{3,8}( [a-z]{3,8}){5}"),
    "manifest": re.compile(r"none|[0-9a-f]{64}"),
    "verdict": re.compile(r"ok|confirm"),
    "accepted": re.compile(r"none|[a-z0-9-]{1,40}(, [a-z0-9-]{1,40})*"),
    "psbt": _HASH,
    "date": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII),
}
_CLEAR_BEGIN: Final = "-----BEGIN PGP SIGNED MESSAGE-----\n"
_SIGNATURE_BEGIN: Final = "-----BEGIN PGP SIGNATURE-----\n"
_SIGNATURE_END: Final = "-----END PGP SIGNATURE-----"
_HASH_LINES: Final = re.compile(r"(Hash: [A-Za-z0-9, -]+\n)+\n")


@dataclass(frozen=True, slots=True)
class Approval:
    """What a reviewer approves; every field is a line of the text.

    Attributes:
        network: The chain.
        wallet: The wallet's name on the reviewer's machine; for people.
        wallet_id: SHA-256 of the canonical descriptor, hex.
        txid: Of the unsigned transaction.
        review_code: Six words.
        manifest: Digest of the manifest, hex, or "none".
        verdict: "ok" or "confirm".
        accepted: Codes of the findings that the reviewer accepted by name, or "none".
        psbt: SHA-256 of the PSBT that the reviewer saw, hex; for the record.
        date: By the reviewer's clock.
    """

    network: str
    wallet: str
    wallet_id: str
    txid: str
    review_code: str
    manifest: str
    verdict: str
    accepted: str
    psbt: str
    date: str

    @classmethod
    def of(cls, report: Report, *, accepted: frozenset[str], now: datetime) -> Self:
        """The approval of a review.

        Raises:
            RefusedError: The review refuses, or a finding to confirm was not accepted by name.
        """
        if report.verdict == "refuse":
            codes = ", ".join(sorted({found.code for found in report.of(Severity.REFUSE)}))
            raise RefusedError(f"a refused review cannot be approved: {codes}")
        left = sorted({found.code for found in report.of(Severity.CONFIRM)} - accepted)
        if left:
            hint = f"--accept {left[0]} names it"
            raise RefusedError(f"not accepted: {', '.join(left)}", hint=hint, code="not-accepted")
        named = sorted(accepted & {found.code for found in report.of(Severity.CONFIRM)})
        return cls(
            **_binding(report),
            verdict=report.verdict,
            accepted=", ".join(named) or NONE,
            psbt=report.facts.psbt.digest.hex(),
            date=stamp(now),
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text.

        Raises:
            MalformedError: It is not exactly what :meth:`serialize` writes.
        """
        title, *lines = text.split("\n")
        names = [field.name for field in fields(cls)]
        if title != _TITLE or len(lines) != len(names) + 1 or lines[-1]:
            raise MalformedError("not a coldsign approval", hint=f"it begins with: {_TITLE}")
        values: dict[str, str] = {}
        for number, (name, line) in enumerate(zip(names, lines, strict=False), start=2):
            label, _, value = line.partition(": ")
            if label != _label(name) or not _FORMS[name].fullmatch(value):
                raise MalformedError(f"approval line {number}: no {_label(name)} as it must be")
            values[name] = value
        if not is_safe_name(values["wallet"]):
            raise MalformedError("approval line 3: no name of a wallet")
        return cls(**values)

    def serialize(self) -> str:
        """The text: a title and a line for each field, each ended by a line feed."""
        lines = [f"{_label(field.name)}: {getattr(self, field.name)}" for field in fields(self)]
        return "\n".join([_TITLE, *lines, ""])

    def misfits(self, report: Report) -> tuple[str, ...]:
        """In what this approval is not about a review; nothing where it is."""
        due = _binding(report)
        due.pop("wallet")
        return tuple([_label(name) for name, value in due.items() if getattr(self, name) != value])


class VerifiedApproval(NamedTuple):
    """An approval with the signatures under it that hold.

    Attributes:
        approval: The text, read.
        signatures: At least one.
    """

    approval: Approval
    signatures: tuple[GoodSignature, ...]


class Approver(NamedTuple):
    """A reviewer whose approval counts."""

    fingerprint: str
    when: datetime


def sign_approval(
    approval: Approval, *, signer: str, environment: Mapping[str, str] | None = None
) -> ClearSigned:
    """Have gpg sign an approval, clear; its key may live on a token.

    Raises:
        LockedError: There is no such secret key.
        UnfitError: gpg is missing or could not sign.
    """
    return clear_sign(approval.serialize().encode(), signer=signer, environment=environment)


def open_approval(
    data: bytes, *, keyring: Path, now: datetime, detached: bytes | None = None
) -> VerifiedApproval:
    """Read a signed approval and verify every signature on it.

    Args:
        data: The clear-signed document, or the text alone.
        keyring: The pinned keys.
        now: By the machine's clock.
        detached: The signature, where ``data`` is the text alone.

    Raises:
        MalformedError: It is not a signed approval.
        RefusedError: A signature on it does not hold; the code says why.
        UnfitError: ``gpgv`` is missing.
    """
    if len(data) > APPROVAL_CAP:
        raise MalformedError(f"the approval is larger than {APPROVAL_CAP} bytes")
    try:
        text = data.decode("ascii").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise MalformedError("the approval is not ASCII text") from None
    if detached is not None:
        approval = Approval.parse(text)
        return VerifiedApproval(approval, verify(data, detached, keyring, now=now))
    signed, signature = split_clear_signed(text)
    approval = Approval.parse(signed + "\n")
    return VerifiedApproval(approval, verify(signed.encode(), signature.encode(), keyring, now=now))


def split_clear_signed(text: str) -> tuple[str, str]:
    """The text that is signed, and the signature, of one clear-signed document (RFC 9580, 7).

    Only what we write is read: one document, nothing around it, no escaped lines.

    Raises:
        MalformedError: It is anything else.
    """
    fault = MalformedError(
        "not a clear-signed document", hint="give what coldsign approve wrote, whole and unchanged"
    )
    head = _HASH_LINES.match(text, len(_CLEAR_BEGIN))
    body, _, rest = text.partition("\n" + _SIGNATURE_BEGIN)
    armor, end, after = rest.partition(_SIGNATURE_END)
    if not text.startswith(_CLEAR_BEGIN) or head is None or head.end() > len(body):
        raise fault
    signed = body[head.end() :]
    if not end or after.strip("\n") or "-----" in signed + armor:
        raise fault
    return signed, f"{_SIGNATURE_BEGIN}{armor}{_SIGNATURE_END}\n"


def count_approvals(
    opened: Sequence[VerifiedApproval], report: Report, require: Require
) -> tuple[tuple[Approver, ...], tuple[RefusedError, ...]]:
    """Who has approved this review, and what is wrong with the approvals given.

    Returns:
        The distinct listed reviewers, and one refusal for each approval that is for another
        review, by an unlisted key, by the keyholder, or by a reviewer counted already.
    """
    approvers: dict[str, Approver] = {}
    refusals: list[RefusedError] = []
    for approval, signatures in opened:
        misfits = approval.misfits(report)
        for signature in signatures:
            refusal = _refusal(signature.primary, misfits, require, approvers.keys())
            if refusal is None:
                approvers[signature.primary] = Approver(signature.primary, signature.when)
            else:
                refusals.append(refusal)
    return tuple(approvers.values()), tuple(refusals)


def _refusal(
    who: str, misfits: tuple[str, ...], require: Require, counted: Collection[str]
) -> RefusedError | None:
    name = f"the approval by {who}"
    if misfits:
        message = f"{name} is for another review: {', '.join(misfits)} differ"
        hint = "the reviewer's machine must see the same transaction, wallet and manifest"
        return RefusedError(message, hint=hint, code="approval-wrong-review")
    if who in require.keyholders:
        message = f"{name} does not count: this is the keyholder's own key"
        hint = "somebody else must review it; leave this approval out"
        return RefusedError(message, hint=hint, code="approval-own-key")
    if who not in require.reviewers:
        message = f"{name} does not count: the policy does not list this key"
        hint = "leave it out, or have the key listed in the policy's require.reviewers"
        return RefusedError(message, hint=hint, code="approval-unlisted")
    if who in counted:
        hint = "each reviewer counts once: leave the second out"
        return RefusedError(f"{name} was given twice", hint=hint, code="approval-duplicate")
    return None


def _binding(report: Report) -> dict[str, str]:
    facts, manifest = report.facts, report.context.manifest
    return {
        "network": facts.network.name,
        "wallet": facts.wallet.name,
        "wallet_id": wallet_id(facts.wallet),
        "txid": facts.txid,
        "review_code": " ".join(report.review_code),
        "manifest": NONE if manifest is None else manifest.digest.hex(),
    }


def _label(name: str) -> str:
    return name.replace("_", "-")
