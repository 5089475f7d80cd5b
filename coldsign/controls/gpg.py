"""OpenPGP by ``gpg`` and ``gpgv``: reviewers' signatures, hardware tokens, receipts.

Verification is ``gpgv`` against a pinned key ring: no agent, no trust database, no user's
configuration. ``gpgv`` ends with 0 and ``VALIDSIG`` for signatures of revoked and of expired keys
too, so nothing but the word for each single signature on the status channel counts here.

How the programs are run is in :mod:`coldsign.controls.gpg_process`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from coldsign.controls.gpg_process import GpgAnswer, gpg, run
from coldsign.errors import LockedError, MalformedError, RefusedError, UnfitError, UsageError
from coldsign.primitives.text import printable

_VERIFY_SECONDS: Final = 60  # milliseconds are usual; a ring of thousands of keys takes seconds
# What a signature may say of the data: binary or text document (RFC 9580, section 5.2.1).
_DOCUMENT_CLASSES: Final = frozenset({"00", "01"})
# SHA-256, SHA-384, SHA-512, SHA3-256, SHA3-512 (RFC 9580, section 9.5).
_HASHES: Final = frozenset({"8", "9", "10", "12", "14"})
_CLOCK_SLACK: Final = timedelta(days=1)  # two machines without network time, and time zones
_REFUSALS: Final = {
    "BADSIG": ("does not belong to this data", "signature-bad"),
    "EXPSIG": ("has expired", "signature-expired"),
    "EXPKEYSIG": ("was made by a key that has expired", "signature-key-expired"),
    "REVKEYSIG": ("was made by a key that was revoked", "signature-key-revoked"),
    "ERRSIG": ("cannot be checked", "signature-unchecked"),
}
_BY_HAND: Final = "try it with gpg itself: an agent, a token or a PIN may be missing"
_HINTS: Final = {
    "signature-bad": "the text or the signature was changed: ask its signer for both again",
    "signature-expired": "ask its signer for a new one",
    "signature-key-expired": "its owner prolongs the key; then pin it again: coldsign policy trust",
    "signature-key-revoked": "believe nothing that it signed; ask its owner why it was revoked",
    "signature-key-unknown": "a signer's key is pinned by the fingerprint on paper: coldsign policy trust",
}
_NO_KEY: Final = "9"  # gpg's reason code in ERRSIG for a key that is not in the ring


class GoodSignature(NamedTuple):
    """A signature that holds, by a key that is neither expired nor revoked.

    Attributes:
        fingerprint: Of the key or subkey that signed, upper-case hex.
        primary: Of the primary key it belongs to; this is who it is.
        when: When it says that it was made.
    """

    fingerprint: str
    primary: str
    when: datetime


class ClearSigned(NamedTuple):
    """A signature just made.

    Attributes:
        armored: The clear-signed document.
        fingerprint: Of the key or subkey that signed.
    """

    armored: bytes
    fingerprint: str


def verify(
    data: bytes, signature: bytes, keyring: Path, *, now: datetime
) -> tuple[GoodSignature, ...]:
    """Check a detached signature file, every signature in it.

    Args:
        data: What was signed.
        signature: One or several signatures, armored or binary.
        keyring: The pinned keys (see :mod:`coldsign.controls.keyring`).
        now: By the machine's clock; a signature from its future is refused, as either is wrong.

    Raises:
        MalformedError: There is no OpenPGP signature in it.
        RefusedError: One of the signatures is bad, expired, of an expired, revoked or unknown
            key, twice by the same key, or from the future. The code tells which.
        UnfitError: ``gpgv`` is missing, or ran for too long.
    """
    arguments = ("--keyring", str(keyring.absolute()))
    answer = run("gpgv", arguments, (signature, data), seconds=_VERIFY_SECONDS, environment={})
    found = [_judged(group, now) for group in _signatures(answer.status)]
    if not found:
        raise MalformedError(
            "there is no detached OpenPGP signature in the file",
            hint="its signer makes one with: gpg --armor --detach-sign FILE",
        )
    if answer.code:
        raise RefusedError(f"gpgv: {answer.complaint}", code="signature-unchecked")
    _demand_distinct(found)
    return tuple(found)


def clear_sign(
    text: bytes, *, signer: str, environment: Mapping[str, str] | None = None
) -> ClearSigned:
    """Sign with a key of the person's own gpg, which may live on a token; text and signature in one.

    Args:
        text: What to sign.
        signer: Fingerprint, key id or user id, as gpg's ``--local-user``.
        environment: Where the person's gpg is and where it may ask for a PIN; this process's
            own if not given.

    Raises:
        LockedError: There is no such secret key.
        UsageError: The name of the key is not one line of printable text.
        UnfitError: gpg is missing or could not sign.
    """
    arguments = ("--armor", "--output=-", local_user(signer), "--clear-sign")
    answer = gpg(arguments, (text,), environment)
    _demand_done(answer, "sign")
    made = [words for words in answer.status if words[0] == "SIG_CREATED"]
    if len(made) != 1 or not answer.output:
        raise UnfitError(
            "gpg made no signature, or several",
            hint="name one key by its fingerprint: gpg --list-secret-keys",
            code="gpg-failed",
        )
    return ClearSigned(answer.output, made[0][6])


def seal(
    data: bytes,
    *,
    signer: str,
    recipients: Sequence[str],
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """Sign, and encrypt so that only the recipients can read it; one armored message.

    Args:
        data: What to send.
        signer: As in :func:`clear_sign`.
        recipients: Fingerprints of keys in the person's gpg; if none, it is only signed.
        environment: As in :func:`clear_sign`.

    Raises:
        LockedError: There is no such key.
        MalformedError: A recipient is not a fingerprint.
        UnfitError: gpg is missing or failed.
    """
    to = [f"--recipient={fingerprint(text)}" for text in recipients]
    how = ("--sign", "--encrypt", *to) if to else ("--sign",)
    arguments = ("--trust-model=always", "--armor", "--output=-", local_user(signer), *how)
    answer = gpg(arguments, (data,), environment)
    _demand_done(answer, "encrypt" if to else "sign")
    return answer.output


def fingerprint(text: str) -> str:
    """An OpenPGP fingerprint in its one form: 40 (version 4) or 64 upper-case hex digits.

    Raises:
        MalformedError: It is anything else; a short key id names nobody.
    """
    digits = text.replace(" ", "").upper()
    if len(digits) not in {40, 64} or not set(digits) <= set("0123456789ABCDEF"):
        raise MalformedError(
            f"{printable(text)} is not an OpenPGP fingerprint",
            hint="40 hex digits: gpg --fingerprint shows them",
        )
    return digits


def _signatures(status: tuple[tuple[str, ...], ...]) -> list[dict[str, tuple[str, ...]]]:
    """The status lines of each signature, by keyword."""
    groups: list[dict[str, tuple[str, ...]]] = []
    for keyword, *rest in status:
        if keyword == "NEWSIG":
            groups.append({})
        elif groups:
            groups[-1][keyword] = tuple(rest)
    return groups


def _judged(group: dict[str, tuple[str, ...]], now: datetime) -> GoodSignature:
    for keyword, (words, code) in _REFUSALS.items():
        if keyword in group:
            raise _refused(keyword, group, words, code)
    valid: tuple[str, ...] = group.get("VALIDSIG", ())
    if "GOODSIG" not in group or len(valid) < 10:
        raise RefusedError("gpgv does not call the signature good", code="signature-unchecked")
    signed = GoodSignature(valid[0], valid[9], datetime.fromtimestamp(int(valid[2]), UTC))
    who = signed.primary
    if valid[7] not in _HASHES or valid[8] not in _DOCUMENT_CLASSES:
        message = f"the signature by {who} uses a weak hash or is not one over a document"
        raise RefusedError(message, code="signature-unchecked")
    if signed.when > now + _CLOCK_SLACK:
        raise RefusedError(
            f"the signature by {who} was made on {signed.when:%Y-%m-%d}, in this machine's future",
            hint=f"this machine's clock says {now:%Y-%m-%d}: one of the two is wrong",
            code="signature-future",
        )
    return signed


def _refused(
    keyword: str, group: dict[str, tuple[str, ...]], words: str, code: str
) -> RefusedError:
    values = group[keyword]
    valid: tuple[str, ...] = group.get("VALIDSIG", ())
    who = valid[-1] if valid else values[0]
    if keyword == "ERRSIG" and values[5:6] == (_NO_KEY,):
        who = values[6] if len(values) > 6 else who
        words, code = "was made by a key that is not pinned", "signature-key-unknown"
    return RefusedError(
        f"the signature by {printable(who)} {words}", hint=_HINTS.get(code, ""), code=code
    )


def _demand_distinct(found: Sequence[GoodSignature]) -> None:
    seen: set[str] = set()
    for signed in found:
        if signed.primary in seen:
            message = f"the signature by {signed.primary} is there twice"
            raise RefusedError(message, code="signature-duplicate")
        seen.add(signed.primary)


def local_user(signer: str) -> str:
    """The option that names a key to gpg.

    Raises:
        UsageError: The name of the key is not one line of printable text.
    """
    if not signer or printable(signer, limit=200) != signer:
        raise UsageError(
            "the signer is not named by one line of printable text",
            hint="give the fingerprint of the key: gpg --list-secret-keys",
        )
    return f"--local-user={signer}"


def _demand_done(answer: GpgAnswer, verb: str) -> None:
    keywords = {words[0] for words in answer.status}
    if "INV_RECP" in keywords:
        message = f"gpg has no such key to encrypt to: {answer.complaint}"
        hint = "import the recipient's public key, one that can encrypt; gpg --list-keys shows them"
        raise LockedError(message, hint=hint, code="no-such-recipient")
    if keywords & {"INV_SGNR", "NO_SECKEY"}:
        message = f"gpg has no such key to {verb} with: {answer.complaint}"
        hint = "gpg --list-secret-keys shows yours"
        raise LockedError(message, hint=hint, code="no-such-signer")
    if answer.code:
        raise UnfitError(
            f"gpg could not {verb}: {answer.complaint}", hint=_BY_HAND, code="gpg-failed"
        )
