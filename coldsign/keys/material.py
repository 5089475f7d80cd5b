"""A secret as a person has it, before it is a key: words and passphrase, an xprv, or WIF.

The same few lines serve everywhere: a ``--secret-file``, the answer to a hidden prompt, and what
stands inside the encrypted key file, so that ``age -d`` gives back something coldsign reads again.
First line: the words, the xprv or the WIF. Second line, optional: the BIP-39 passphrase. A third
line is coldsign's own: which network group the key was stored for.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Self

from coldsign.errors import MalformedError
from coldsign.keys import seedqr
from coldsign.keys.bip32 import ExtendedSecretKey
from coldsign.keys.keyring import Keyring
from coldsign.keys.likeness import Likeness
from coldsign.keys.mnemonic import Mnemonic, normalized_passphrase
from coldsign.keys.secret import NotCopied, Secret
from coldsign.keys.versions import NetworkGroup
from coldsign.keys.wif import WifKey

MAX_TEXT = 8192  # characters; 24 words and the longest passphrase are below
_MARK = "# coldsign key for network group "


class KeyKind(Enum):
    """What a stored key was made of."""

    MNEMONIC = "mnemonic"
    XPRV = "xprv"
    WIF = "wif"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Material(NotCopied):
    """A checked secret and what is needed to open it. It does not print; `wipe` overwrites it.

    Attributes:
        kind: What it is.
        group: The networks it is for.
        text: The words in lower case with single blanks, the xprv, or the WIF.
        passphrase: BIP-39's passphrase; empty for the other kinds.
    """

    kind: KeyKind
    group: NetworkGroup
    text: Secret
    passphrase: Secret

    @classmethod
    def parse(cls, text: str, group: NetworkGroup, kind: KeyKind | None = None) -> Self:
        """Read a secret file, or one line typed at a prompt; the kind is recognised by the content.

        Args:
            text: One line and an optional second one, the BIP-39 passphrase, taken as it is.
            group: The networks the key is wanted for.
            kind: Refuse every other kind.

        Raises:
            MalformedError: Not a secret of a known (or of the wanted) kind, damaged, or for other
                networks (code ``wrong-network``). No message repeats any of it.
        """
        line, passphrase, marked = _lines(text)
        found = cls._recognise(line, passphrase, group, kind)
        if kind is not None and found.kind is not kind:
            raise MalformedError(f"this secret is of the kind {found.kind.value}, not {kind.value}")
        if marked is not None and marked is not group:
            raise _other_networks(marked)
        return found

    @classmethod
    def from_mnemonic(cls, mnemonic: Mnemonic, passphrase: str, group: NetworkGroup) -> Self:
        """A mnemonic with its BIP-39 passphrase (empty for none).

        Raises:
            MalformedError: The passphrase is too long, not text, or holds a line break.
        """
        if "\n" in passphrase or "\r" in passphrase:
            raise MalformedError("a BIP-39 passphrase with a line break cannot be stored")
        Secret(normalized_passphrase(passphrase)).wipe()
        words = Secret.from_text(" ".join(mnemonic.words))
        return cls(KeyKind.MNEMONIC, group, words, Secret.from_text(passphrase))

    @classmethod
    def from_seed(cls, seed: bytes | bytearray, group: NetworkGroup) -> Self:
        """The master key of a BIP-32 seed, as SLIP-39 and codex32 backups hold it.

        Raises:
            MalformedError: Not 16 to 64 bytes.
        """
        master = ExtendedSecretKey.from_seed(seed)
        text = Secret.from_text(master.serialize(group))
        master.wipe()
        return cls(KeyKind.XPRV, group, text, Secret(b""))

    @classmethod
    def from_stored(cls, data: bytes | bytearray) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            MalformedError: Anything else.
        """
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise MalformedError("the content of the key file is not text") from None
        group = _lines(text)[2]
        if group is None:
            raise MalformedError("the content of the key file is not a coldsign key")
        return cls.parse(text, group)

    def to_bytes(self) -> bytes:
        """The lines that go into the encrypted key file: a secret."""
        lines = (self.text.text(), self.passphrase.text(), _MARK + self.group.value, "")
        return "\n".join(lines).encode("utf-8")

    def open(self) -> Keyring:
        """The keyring of this secret."""
        if self.kind is KeyKind.MNEMONIC:
            mnemonic = Mnemonic.parse(self.text.text())
            try:
                return Keyring.from_mnemonic(mnemonic, self.passphrase.text(), group=self.group)
            finally:
                mnemonic.wipe()
        if self.kind is KeyKind.XPRV:
            return Keyring.from_xprv(self.text.text())
        return Keyring.from_wif(self.text.text())

    def wipe(self) -> None:
        """Overwrite the secret."""
        self.text.wipe()
        self.passphrase.wipe()

    def __repr__(self) -> str:
        return f"Material(kind={self.kind.value}, group={self.group.value})"

    @classmethod
    def _recognise(
        cls, line: str, passphrase: str, group: NetworkGroup, wanted: KeyKind | None
    ) -> Self:
        # What looks like nothing is read as what was asked for, so that the error is about that.
        guess = wanted if Likeness.of(line) is None else None
        if " " in line or "\t" in line or guess is KeyKind.MNEMONIC:
            return cls._of_mnemonic(Mnemonic.parse(line), passphrase, group)
        if line.isdecimal() and line.isascii():
            return cls._of_mnemonic(seedqr.parse(line.encode("ascii")), passphrase, group)
        if passphrase:
            raise MalformedError("only words have a passphrase on a second line")
        if line[1:4] in ("prv", "pub") or guess is KeyKind.XPRV:
            key, own = ExtendedSecretKey.parse(line)
            key.wipe()
            kind = KeyKind.XPRV
        else:
            single = WifKey.parse(line)
            own = single.group
            single.wipe()
            kind = KeyKind.WIF
        if own is not group:
            raise _other_networks(own)
        return cls(kind, group, Secret.from_text(line), Secret(b""))

    @classmethod
    def _of_mnemonic(cls, mnemonic: Mnemonic, passphrase: str, group: NetworkGroup) -> Self:
        try:
            return cls.from_mnemonic(mnemonic, passphrase, group)
        finally:
            mnemonic.wipe()


def _lines(text: str) -> tuple[str, str, NetworkGroup | None]:
    """The secret, the passphrase, and the network group where coldsign marked it."""
    if len(text) > MAX_TEXT:
        raise MalformedError(f"a secret of {len(text)} characters; {MAX_TEXT} are the most")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    group = None
    for candidate in NetworkGroup:
        if lines[2:3] == [_MARK + candidate.value]:
            group = candidate
            del lines[2]
    if any(line.strip() for line in lines[2:]):
        raise MalformedError(
            "a secret has one line, and a second one for a BIP-39 passphrase",
            hint="write all the words on one line, and nothing else into the file",
        )
    line = lines[0].strip()
    if not line:
        raise MalformedError("the secret is empty")
    return line, lines[1] if len(lines) > 1 else "", group


def _other_networks(group: NetworkGroup) -> MalformedError:
    which = "mainnet" if group is NetworkGroup.MAIN else "the test networks"
    return MalformedError(
        f"this key is for {which}", hint="choose the network with --network", code="wrong-network"
    )
