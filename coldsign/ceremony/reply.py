"""The answer to a request: how much of the PSBT goes back, and in which dialect."""

import base64
import hashlib
from dataclasses import dataclass

from coldsign.primitives.hashes import sha256
from coldsign.psbt.edit import ReplyLevel, trim
from coldsign.psbt.input_map import PsbtInput
from coldsign.psbt.model import Psbt
from coldsign.qr.density import Density
from coldsign.qr.payload import Dialect, Payload, PayloadKind, sha256_short
from coldsign.qr.splitter import Frames, split

# What a file or a pipe can hold in one piece is answered by QR in the dialect that the most readers know.
_AS_QR = {
    Dialect.BINARY: Dialect.UR,
    Dialect.BASE64: Dialect.UR,
    Dialect.HEX: Dialect.UR,
    Dialect.TEXT: Dialect.UR,
    Dialect.SEEDQR: Dialect.UR,
}
_COMPRESSED = 33  # bytes of a public key
FORMATS = ("auto", *(d.value for d in Dialect if d not in {Dialect.TEXT, Dialect.SEEDQR}))


@dataclass(frozen=True, slots=True)
class Answer:
    """A PSBT (or, for ``qr show``, any message) on its way out.

    Attributes:
        data: Its bytes, of a PSBT at the chosen level.
        dialect: How it is written into QR codes.
        detail: What the request's dialect said about itself, for an answer in kind.
        chosen: Whether the dialect was chosen by name rather than taken from the request.
        kind: What the bytes are.
    """

    data: bytes
    dialect: Dialect
    detail: str
    chosen: bool
    kind: PayloadKind = PayloadKind.PSBT

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes, hex; two machines that signed the same show the same."""
        return sha256(self.data).hex()

    @property
    def sha256_short(self) -> str:
        """The first 8 bytes of it in groups of four digits, as every screen shows them."""
        return sha256_short(self.data)

    def base64(self) -> str:
        """The bytes as base64."""
        return base64.b64encode(self.data).decode("ascii")

    def frames(self, density: Density | int | None = None) -> Frames:
        """The QR frames."""
        dialect = self.dialect if self.chosen else _AS_QR.get(self.dialect, self.dialect)
        return split(
            self.data, kind=self.kind, dialect=dialect, detail=self.detail, density=density
        )


def answer(psbt: Psbt, request: Payload, *, level: ReplyLevel, form: str) -> Answer:
    """The answer to one request.

    Args:
        psbt: What goes back.
        request: What came, for its dialect.
        level: How much of the PSBT goes back.
        form: ``auto``, or a dialect by name.
    """
    return _answer(trim(psbt, level).serialize(), request, form)


def expected(request: Payload, *, level: ReplyLevel, form: str) -> Answer:
    """An answer as large as the one to come, before anything is signed: with a signature's worth for each input.

    Not one to give out. Inputs that are not ours or signed already make it a little too large.

    Raises:
        MalformedError: The request is no PSBT.
    """
    psbt = Psbt.parse(request.data)
    data = trim(psbt, level).serialize()
    added = hashlib.shake_256(data).digest(sum(map(_signature_size, psbt.inputs)))
    return _answer(data + added, request, form)  # what no dialect can make smaller, as signatures


def _answer(data: bytes, request: Payload, form: str) -> Answer:
    chosen = form != "auto"
    dialect = Dialect(form) if chosen else request.dialect
    detail = request.detail if dialect is request.dialect else ""
    return Answer(data, dialect, detail, chosen)


def _signature_size(found: PsbtInput) -> int:
    """The most bytes that one signature adds to an input: lengths, type, key and signature (BIP-174, BIP-371)."""
    if found.tap_leaf_scripts:
        return 2 + 64 + 1 + 65  # x-only key and leaf hash; a signature with its sighash byte
    if found.tap_internal_key or found.tap_bip32_derivations:
        return 2 + 1 + 65
    key = max(map(len, found.bip32_derivations), default=_COMPRESSED)
    return 2 + key + 1 + 71  # of a low R and a low S, with the sighash byte
