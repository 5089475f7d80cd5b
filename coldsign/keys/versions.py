"""The version bytes of extended keys: BIP-32's, and SLIP-132's, which are named but not taken."""

from enum import Enum
from typing import Final

from coldsign.errors import MalformedError
from coldsign.primitives.network import Network


class NetworkGroup(Enum):
    """The networks one pair of version bytes stands for; all test networks share theirs."""

    MAIN = "main"
    TEST = "test"

    @classmethod
    def of(cls, network: Network) -> "NetworkGroup":
        """The group a network belongs to."""
        return cls(network.group)


XPUB: Final = {
    NetworkGroup.MAIN: bytes.fromhex("0488b21e"),
    NetworkGroup.TEST: bytes.fromhex("043587cf"),
}
XPRV: Final = {
    NetworkGroup.MAIN: bytes.fromhex("0488ade4"),
    NetworkGroup.TEST: bytes.fromhex("04358394"),
}
PUBLIC: Final = {version: group for group, version in XPUB.items()}
SECRET: Final = {version: group for group, version in XPRV.items()}

# SLIP-132: the same keys under versions that also hint at a script type.
SLIP132_PUBLIC: Final = {
    bytes.fromhex("049d7cb2"): ("ypub", NetworkGroup.MAIN),
    bytes.fromhex("0295b43f"): ("Ypub", NetworkGroup.MAIN),
    bytes.fromhex("04b24746"): ("zpub", NetworkGroup.MAIN),
    bytes.fromhex("02aa7ed3"): ("Zpub", NetworkGroup.MAIN),
    bytes.fromhex("044a5262"): ("upub", NetworkGroup.TEST),
    bytes.fromhex("024289ef"): ("Upub", NetworkGroup.TEST),
    bytes.fromhex("045f1cf6"): ("vpub", NetworkGroup.TEST),
    bytes.fromhex("02575483"): ("Vpub", NetworkGroup.TEST),
}
SLIP132_SECRET: Final = {
    bytes.fromhex("049d7878"): "yprv",
    bytes.fromhex("0295b005"): "Yprv",
    bytes.fromhex("04b2430c"): "zprv",
    bytes.fromhex("02aa7a99"): "Zprv",
    bytes.fromhex("044a4e28"): "uprv",
    bytes.fromhex("024285b5"): "Uprv",
    bytes.fromhex("045f18bc"): "vprv",
    bytes.fromhex("02575048"): "Vprv",
}
ANY_PUBLIC: Final = PUBLIC | {version: group for version, (_, group) in SLIP132_PUBLIC.items()}


def group_of(version: bytes, accepted: dict[bytes, NetworkGroup]) -> NetworkGroup:
    """The network group of accepted version bytes.

    Raises:
        MalformedError: Other version bytes; the message says what they are.
    """
    if version in accepted:
        return accepted[version]
    if version in SLIP132_PUBLIC:
        prefix, group = SLIP132_PUBLIC[version]
        plain = "xpub" if group is NetworkGroup.MAIN else "tpub"
        raise MalformedError(
            f"extended key: {prefix} is a SLIP-132 version, not BIP-32",
            hint=f"write the same key as {plain}",
        )
    if version in SLIP132_SECRET:
        raise MalformedError(
            f"extended key: {SLIP132_SECRET[version]} is a SLIP-132 version, not BIP-32",
            hint="export the same key as xprv or tprv",
        )
    if version in SECRET:
        raise MalformedError("extended key: a secret key where a public one is due")
    if version in PUBLIC:
        raise MalformedError("extended key: a public key where a secret one is due")
    raise MalformedError(f"extended key: unknown version {version.hex()}")
