"""The networks: one frozen table of the constants that tell them apart."""

from dataclasses import dataclass
from typing import ClassVar

from coldsign.errors import UsageError
from coldsign.primitives.text import printable


@dataclass(frozen=True, slots=True)
class Network:
    """One chain's constants.

    Attributes:
        name: The word for the command line.
        hrp: Human-readable part of its segwit addresses (BIP-173).
        p2pkh: Version byte of its P2PKH addresses.
        p2sh: Version byte of its P2SH addresses.
        wif: Version byte of its exported secret keys.
        xpub: Version of its extended public keys (BIP-32), 4 bytes.
        xprv: Version of its extended secret keys, 4 bytes.
        group: "main" or "test"; keys of one group have the same prefixes on all its networks.
    """

    name: str
    hrp: str
    p2pkh: int
    p2sh: int
    wif: int
    xpub: bytes
    xprv: bytes
    group: str

    MAINNET: ClassVar["Network"]
    TESTNET4: ClassVar["Network"]
    TESTNET3: ClassVar["Network"]
    SIGNET: ClassVar["Network"]
    REGTEST: ClassVar["Network"]

    @classmethod
    def named(cls, name: str) -> "Network":
        """The network of that name.

        Raises:
            UsageError: There is none.
        """
        for network in NETWORKS:
            if network.name == name:
                return network
        names = ", ".join(network.name for network in NETWORKS)
        raise UsageError(f"no network is called {printable(name)}", hint=f"choose one of {names}")

    def __str__(self) -> str:
        return self.name


def _test(name: str, hrp: str) -> Network:
    xpub, xprv = bytes.fromhex("043587cf"), bytes.fromhex("04358394")
    return Network(name, hrp, 0x6F, 0xC4, 0xEF, xpub, xprv, "test")


MAINNET = Network.MAINNET = Network(
    "mainnet",
    "bc",
    0x00,
    0x05,
    0x80,
    bytes.fromhex("0488b21e"),
    bytes.fromhex("0488ade4"),
    "main",
)
TESTNET4 = Network.TESTNET4 = _test("testnet4", "tb")
TESTNET3 = Network.TESTNET3 = _test("testnet3", "tb")
SIGNET = Network.SIGNET = _test("signet", "tb")
REGTEST = Network.REGTEST = _test("regtest", "bcrt")
NETWORKS = (MAINNET, TESTNET4, TESTNET3, SIGNET, REGTEST)
