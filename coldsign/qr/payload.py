"""What came across: the bytes of one message, what kind they are, and in which dialect they spoke."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

# 4 MiB: four times a 1000-input PSBT with its previous transactions. What is larger never crosses by QR
# (12,000 looks at version 20), and everything downstream is held in memory several times.
MAX_MESSAGE = 4 * 1024 * 1024


class Dialect(StrEnum):
    """How the bytes were written into QR texts; the reply speaks the same."""

    UR = "ur"
    UR_PSBT = "ur-psbt"
    UR1 = "ur1"
    BBQR = "bbqr"
    PMOFN = "pmofn"
    BASE64 = "base64"
    BASE43 = "base43"
    HEX = "hex"
    BINARY = "binary"
    SEEDQR = "seedqr"
    TEXT = "text"


class PayloadKind(StrEnum):
    """What the payload is, by the sender's label or its own first bytes."""

    PSBT = "psbt"
    TRANSACTION = "transaction"
    WALLET = "wallet"
    SEED = "seed"
    BYTES = "bytes"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Payload:
    """One complete message.

    Attributes:
        kind: What it is.
        data: The bytes themselves, out of every wrapper.
        dialect: The dialect it was written in.
        detail: What an answer in kind needs: the UR type (``crypto-psbt``), or the BBQr encoding and
            file type (``ZP``).
    """

    kind: PayloadKind
    data: bytes
    dialect: Dialect
    detail: str = ""

    @property
    def sha256_short(self) -> str:
        """The first 8 bytes of SHA-256 in groups of four hex digits, for two screens to compare."""
        return sha256_short(self.data)


def sha256_short(data: bytes) -> str:
    """The first 8 bytes of SHA-256 in groups of four hex digits."""
    digest = hashlib.sha256(data).hexdigest()[:16]
    return " ".join(digest[i : i + 4] for i in range(0, 16, 4))


_WALLET_TEXT = re.compile(
    rb"\s*(?:(?:pk|pkh|wpkh|sh|wsh|tr|multi|sortedmulti|addr|combo|raw|rawtr)\(|BSMS 1\.0)"
)
_WALLET_FIELDS = re.compile(
    rb'"(?:descriptor|keystores|extendedPublicKeys|extended_public_keys|bsms|xpub|p2wsh|quorum)"\s*:'
    rb"|(?m:^Policy:\s*\d+ of \d+)"
)
_SECRETS = (
    (re.compile(rb"\s*(?:[xtyzuvYZUV]prv[1-9A-HJ-NP-Za-km-z]{80,})"), "an extended private key"),
    (re.compile(rb"\s*(?:[5KL9c][1-9A-HJ-NP-Za-km-z]{50,51})\s*\Z"), "a private key (WIF)"),
    (re.compile(rb"\s*(?:ms1|MS1)[0-9a-zA-Z]{40,}"), "a codex32 secret share"),
    (re.compile(rb"\s*(?:[a-z]{3,8}\s+){11,32}[a-z]{3,8}\s*\Z"), "seed words"),
    (re.compile(rb"\s*\d{40,100}\s*\Z"), "a SeedQR"),  # with digits left out or typed twice too
)
_OTHERS = (
    (re.compile(rb"\s*(?:\[[0-9a-fA-F]{8}[^\]]*\])?[xtyzuvYZUV]pub"), "an extended public key"),
    (re.compile(rb"(?i)\s*bitcoin:"), "a bitcoin: payment link"),
    (re.compile(rb"(?i)\s*(?:lightning:|lnbc|lnurl)"), "a lightning request"),
    (re.compile(rb"(?i)\s*(?:https?|ftp|javascript|data|file):"), "a web link"),
    (re.compile(rb"(?i)\s*wifi:"), "a wifi login"),
    (re.compile(rb"(?i)\s*otpauth:"), "a one-time password secret"),
    (re.compile(rb"(?i)\s*(?:bc1|tb1|bcrt1)[0-9a-z]{20,90}\s*\Z"), "an address"),
    (re.compile(rb"\s*[123mn][1-9A-HJ-NP-Za-km-z]{25,34}\s*\Z"), "an address"),
)
# A comment ends at its first --> only: where it may end at any, many of them are split in 2^n ways.
_SVG = rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<svg[\s>]"
_DRAWINGS = (
    (re.compile(rb"%PDF-"), "a PDF document"),
    (re.compile(_SVG, re.DOTALL), "an SVG drawing"),
    (re.compile(rb"II\*\0|MM\0\*"), "a TIFF picture"),
    (re.compile(rb"....ftyp(?:hei|hev|mif1|msf1|avi)", re.DOTALL), "a HEIC or AVIF picture"),
)
_HEAD = 4096  # what the text patterns look at; a label needs no more


def kind_of_text(data: bytes) -> PayloadKind:
    """The kind of a text by its own shape: secret, wallet description, or just text."""
    head = data[:_HEAD]
    if any(pattern.match(head) for pattern, _ in _SECRETS):
        return PayloadKind.SEED
    if _WALLET_TEXT.match(head) or _WALLET_FIELDS.search(head):
        return PayloadKind.WALLET
    return PayloadKind.TEXT


def kind_of_bytes(data: bytes) -> PayloadKind:
    """The kind of unlabelled bytes by their magic; transactions carry none, their version is looked at."""
    if data.startswith(b"psbt\xff"):
        return PayloadKind.PSBT
    if len(data) >= 60 and data[:4] in {b"\1\0\0\0", b"\2\0\0\0", b"\3\0\0\0"} and data[4] != 0xFF:
        return PayloadKind.TRANSACTION
    if is_text(data):
        return kind_of_text(data)
    return PayloadKind.BYTES


_CONTROLS = bytes([*(code for code in range(32) if code not in b"\t\r\n"), 0x7F])


def is_text(data: bytes) -> bool:
    """Whether the bytes are UTF-8 without control characters other than tab and line ends."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    # A byte below 0x80 stands for itself in UTF-8, so the bytes may be asked.
    return len(data.translate(None, _CONTROLS)) == len(data)


# Mistyped or not: a paper's copy of a mnemonic, or a part of a SeedQR, is not quoted.
_ROWS = (
    (re.compile(rb"\s*(?:[A-Za-z]{2,12}\s+){7}"), "a row of words"),
    (re.compile(rb"\s*(?:\d[\s-]*){16}"), "a row of digits"),
)


_DUE = {
    PayloadKind.PSBT: "a PSBT",
    PayloadKind.TRANSACTION: "a transaction",
    PayloadKind.WALLET: "a wallet description",
    PayloadKind.SEED: "a seed",
    PayloadKind.BYTES: "a file",
    PayloadKind.TEXT: "a text",
}
_FEW = 2  # kinds that are told one by one


def due(want: frozenset[PayloadKind] | None) -> str:
    """The kinds that are asked for, for an error message."""
    few = want is not None and len(want) <= _FEW
    return " or ".join(sorted(_DUE[kind] for kind in want or ())) if few else "a message"


def drawing(data: bytes) -> str:
    """What kind of picture a file is that no codes are looked for in, or nothing."""
    return next((name for pattern, name in _DRAWINGS if pattern.match(data[:_HEAD])), "")


def describe(payload: Payload) -> str:
    """The payload in a few words for an error message.

    A secret is named, never shown; and as it may be spelled in ways nobody thought of, no text is quoted.
    """
    head = payload.data[:_HEAD]
    for pattern, name in (*_SECRETS, *_OTHERS):
        if pattern.match(head):
            return name
    if payload.kind is PayloadKind.SEED:
        return _secret(payload)
    if name := drawing(head):
        return name
    if payload.kind is PayloadKind.TEXT:
        for pattern, name in _ROWS:
            if pattern.match(head):
                return name
        return f"a text of {len(payload.data)} bytes"
    return _label(payload)


def _secret(payload: Payload) -> str:
    if payload.detail == "compact":
        return "what may be a CompactSeedQR"
    seed = payload.dialect is not Dialect.UR or payload.detail.endswith(("seed", "bip39", "sskr"))
    return "a seed" if seed else f"a private key (ur:{payload.detail})"


def _label(payload: Payload) -> str:
    names = {
        PayloadKind.PSBT: "a PSBT",
        PayloadKind.TRANSACTION: "a transaction",
        PayloadKind.WALLET: "a wallet description",
    }
    name = names.get(payload.kind, f"{len(payload.data)} bytes of no known kind")
    if payload.dialect in {Dialect.UR, Dialect.UR_PSBT}:
        return f"{name} (ur:{payload.detail})"
    if payload.dialect is Dialect.BBQR:
        return f"{name} (BBQr file type {payload.detail[1:]})"
    return name
