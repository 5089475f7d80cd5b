"""The manifest: what the books say must be paid, as CSV with a header or as a JSON list.

Both forms hold the same three columns, ``id``, ``address`` and ``sats``, in any order. Nothing is
guessed: an amount is a plain decimal integer of satoshi, an address is one of this network, an id
is printable ASCII and stands once. The digest is over the content, so the same withdrawals in CSV
or JSON, in any order, have the same.

CSV: UTF-8 (a byte-order mark is allowed), commas, lines ending in LF or CRLF, no empty lines. A
field may stand in double quotes; none may contain one.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from coldsign.controls.gpg import GoodSignature, verify
from coldsign.controls.manifest_rows import RawRow, csv_rows, json_rows
from coldsign.errors import MalformedError, RefusedError
from coldsign.primitives.address import to_script
from coldsign.primitives.amount import MAX_MONEY
from coldsign.primitives.hashes import sha256
from coldsign.primitives.network import Network
from coldsign.primitives.script import witness_program
from coldsign.primitives.text import other_form, printable
from coldsign.review.context import Coverage, Manifest, ManifestRow

MANIFEST_CAP: Final = 32 << 20
"""Bytes: :data:`MOST_ROWS` rows of the longest id, address and amount, in JSON, and room."""
MOST_ROWS: Final = 100_000
"""Rows. A block has room for some 90,000 outputs; one manifest is paid by one or a few."""
SIGNATURE_CAP: Final = 1 << 20
"""Bytes of ``F.asc``: an RSA-4096 signature is under a kilobyte; hundreds fit."""

_ID: Final = re.compile(r"[!#-+\--~]{1,64}", re.ASCII)  # no space, double quote or comma
_ADDRESS: Final = re.compile(r"[0-9A-Za-z]{14,90}", re.ASCII)  # BIP-173: 90 characters at most
_SATS: Final = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)  # 21 million coins have 16 digits
_UTF8_MARK: Final = b"\xef\xbb\xbf"


def parse_manifest(
    data: bytes, network: Network, *, coverage: Coverage = Coverage.WHOLE
) -> Manifest:
    """Read a manifest; the form is recognised by its first character.

    Args:
        data: The file.
        network: The only one whose addresses it may hold.
        coverage: Whether one transaction must pay all of it; the policy's decision.

    Raises:
        MalformedError: Anything is not exactly as it must be; the line is named.
    """
    if len(data) > MANIFEST_CAP:
        raise MalformedError(f"the manifest is larger than {MANIFEST_CAP} bytes")
    text = _decoded(data)
    raws = json_rows(text) if text.lstrip(" \t\r\n")[:1] in {"[", "{"} else csv_rows(text)
    rows = _understood(raws, network)
    return Manifest(rows, digest(rows, network), coverage)


def digest(rows: tuple[ManifestRow, ...], network: Network) -> bytes:
    """SHA-256 over the canonical content: network and rows, sorted by id, one line each."""
    lines = sorted(f"{row.id},{row.address},{row.sats}\n" for row in rows)
    head = f"coldsign manifest 1\n{network.name}\n"
    return sha256((head + "".join(lines)).encode("ascii"))


def demand_signed(
    data: bytes, signature: bytes | None, *, keyring: Path, signers: tuple[str, ...], now: datetime
) -> tuple[GoodSignature, ...]:
    """Accept a manifest only if one of the policy's signers has signed exactly these bytes.

    Args:
        data: The manifest file.
        signature: ``F.asc`` beside it, if there is one.
        keyring: The pinned keys.
        signers: The policy's ``manifest_signers``, primary fingerprints; if empty, no signature
            is asked for and none is looked at.
        now: By the machine's clock.

    Returns:
        The signatures that hold.

    Raises:
        RefusedError: The signature is missing, does not hold, or is by nobody the policy lists.
        MalformedError: ``F.asc`` is no signature.
        UnfitError: ``gpgv`` is missing.
    """
    if not signers:
        return ()
    if signature is None:
        raise RefusedError(
            "the manifest is not signed, and the policy names who must sign it",
            hint="give it as a file, its detached signature beside it: NAME.csv and NAME.csv.asc",
            code="manifest-unsigned",
        )
    good = verify(data, signature, keyring, now=now)
    if not any(signed.primary in signers for signed in good):
        raise RefusedError(
            f"the manifest is signed by {good[0].primary}, whom the policy does not list",
            hint="require.manifest_signers lists who may sign manifests",
            code="manifest-signer-unlisted",
        )
    return good


def _decoded(data: bytes) -> str:
    if form := other_form(data):
        raise MalformedError(f"the manifest is {form}", hint="save it as CSV in UTF-8")
    data = data.removeprefix(_UTF8_MARK)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MalformedError(f"manifest line {line}: not UTF-8 text") from None


def _understood(raws: Iterator[RawRow], network: Network) -> tuple[ManifestRow, ...]:
    rows: list[ManifestRow] = []
    lines: dict[str, int] = {}
    total = 0
    for raw in raws:
        row = _row(raw, network)
        if row.id in lines:
            raise MalformedError(
                f"manifest line {raw.line}: id {printable(row.id)} stands in line {lines[row.id]} too"
            )
        lines[row.id] = raw.line
        total += row.sats
        rows.append(row)
        if len(rows) > MOST_ROWS:
            raise MalformedError(f"manifest line {raw.line}: more than {MOST_ROWS} rows")
    if not rows:
        raise MalformedError("the manifest has no rows")
    if total > MAX_MONEY:
        raise MalformedError("the manifest pays more than all coins there will be")
    return tuple(rows)


def _row(raw: RawRow, network: Network) -> ManifestRow:
    for name, value in zip(("id", "address", "sats"), raw[1:], strict=True):
        if not value:
            raise _fault(raw, f"no {name}", hint="every row has an id, an address and an amount")
    if not _ID.fullmatch(raw.id):
        words = f"id {printable(raw.id)} is not 1 to 64 printable ASCII characters"
        raise _fault(raw, words, hint="an id has no spaces, commas or double quotes")
    if not _SATS.fullmatch(raw.sats) or int(raw.sats) > MAX_MONEY:
        words = f"sats {printable(raw.sats)} is not a plain integer from 1 to {MAX_MONEY}"
        raise _fault(
            raw, words, hint="amounts are whole satoshi, digits alone: 0.003 BTC is 300000"
        )
    if not _ADDRESS.fullmatch(raw.address):
        raise _fault(raw, f"{printable(raw.address)} is not an address")
    try:
        script = to_script(raw.address, network)
    except MalformedError as error:
        raise MalformedError(
            f"manifest line {raw.line}: {printable(raw.address, 90)}: {error.message}",
            hint=error.hint,
        ) from None
    # BIP-173: an address may be all upper case, as in a QR code; lower is its canonical form.
    address = raw.address if witness_program(script) is None else raw.address.lower()
    return ManifestRow(raw.id, address, script, int(raw.sats))


def _fault(raw: RawRow, words: str, hint: str = "") -> MalformedError:
    return MalformedError(f"manifest line {raw.line}: {words}", hint=hint)
