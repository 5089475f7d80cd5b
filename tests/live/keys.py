"""Cosigners for the live tests, made with embit, which shares no code with coldsign."""

import hashlib
from dataclasses import dataclass

from embit import bip32, bip39, ec
from embit.networks import NETWORKS

REGTEST = NETWORKS["regtest"]


@dataclass(frozen=True, slots=True)
class Cosigner:
    """One key: its secret as a person would type it, and as the node's descriptors spell it."""

    source: str
    secret: str
    public: str
    private: str


def _entropy(label: str, size: int) -> bytes:
    return hashlib.sha256(f"coldsign live test {label}".encode()).digest()[:size]


def mnemonic_cosigner(label: str, path: str, tail: str = "/<0;1>/*") -> Cosigner:
    """A cosigner with BIP-39 words; every second one also has a BIP-39 passphrase."""
    words = bip39.mnemonic_from_bytes(_entropy(label, 32))
    passphrase = "horse staple" if label.endswith(("1", "3")) else ""
    master = bip32.HDKey.from_seed(bip39.mnemonic_to_seed(words, passphrase), REGTEST["xprv"])
    origin = f"[{master.my_fingerprint.hex()}{path.removeprefix('m')}]"
    account = master.derive(path)
    secret = f"{words}\n{passphrase}\n" if passphrase else f"{words}\n"
    return Cosigner(
        "mnemonic", secret, f"{origin}{account.to_public()}{tail}", f"{origin}{account}{tail}"
    )


def wif_cosigner(label: str, *, compressed: bool) -> Cosigner:
    """A cosigner with one raw key."""
    key = ec.PrivateKey(_entropy(label, 32), compressed=compressed, network=REGTEST)
    return Cosigner("wif", f"{key.wif()}\n", key.get_public_key().sec().hex(), key.wif())
