"""A cosigner whose walk runs in this process: what `coldsign sign` does, without starting a program each time."""

from dataclasses import dataclass
from pathlib import Path

from coldsign.ceremony.walk import Job, Signed, sign_walk
from coldsign.controls.policy import Policy
from coldsign.keys.keyring import Keyring
from coldsign.keys.mnemonic import Mnemonic
from coldsign.keys.versions import NetworkGroup
from coldsign.primitives.network import REGTEST
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.ceremony.stage import Yes, make_desk
from tests.live.keys import Cosigner


@dataclass(frozen=True, slots=True)
class Walker:
    """One key and one registered wallet; its records are kept under a folder."""

    folder: Path
    cosigner: Cosigner
    wallet: Wallet

    @classmethod
    def of(cls, folder: Path, cosigner: Cosigner, descriptor: str) -> "Walker":
        return cls(folder, cosigner, Wallet.create("vault", Descriptor.parse(descriptor, REGTEST)))

    def sign(self, psbt: bytes) -> Signed:
        """Reviews, accepts what asks to be confirmed, and signs."""
        self.folder.mkdir(parents=True)
        desk = make_desk(self.folder / "home")
        return sign_walk(Job(psbt, self.wallet, Policy.empty()), desk, Yes(self._keyring))

    def _keyring(self) -> Keyring:
        words, _, passphrase = self.cosigner.secret.rstrip("\n").partition("\n")
        if self.cosigner.source == "wif":
            return Keyring.from_wif(words)
        return Keyring.from_mnemonic(Mnemonic.parse(words), passphrase, group=NetworkGroup.TEST)
