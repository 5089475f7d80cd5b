"""The answer to a request: how much of the PSBT goes back, and in which dialect."""

import base64
from dataclasses import dataclass

from coldsign.primitives.hashes import sha256
from coldsign.psbt.edit import Reply as Level
from coldsign.psbt.edit import trim
from coldsign.psbt.model import Psbt
from coldsign.qr.density import Density
from coldsign.qr.payload import Dialect, Kind, Payload, sha256_short
from coldsign.qr.splitter import Frames, split

# What a file or a pipe can hold in one piece is answered by QR in the dialect that the most readers know.
_AS_QR = {
    Dialect.BINARY: Dialect.UR,
    Dialect.BASE64: Dialect.UR,
    Dialect.HEX: Dialect.UR,
    Dialect.TEXT: Dialect.UR,
    Dialect.SEEDQR: Dialect.UR,
}
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
    kind: Kind = Kind.PSBT

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


def answer(psbt: Psbt, request: Payload, *, level: Level, form: str) -> Answer:
    """The answer to one request.

    Args:
        psbt: What goes back.
        request: What came, for its dialect.
        level: How much of the PSBT goes back.
        form: ``auto``, or a dialect by name.
    """
    chosen = form != "auto"
    dialect = Dialect(form) if chosen else request.dialect
    detail = request.detail if dialect is request.dialect else ""
    return Answer(trim(psbt, level).serialize(), dialect, detail, chosen)
