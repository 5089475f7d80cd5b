"""The 78 bytes of an extended key: versions (SLIP-132's are named, not taken) and fixed fields."""

from enum import Enum
from typing import Final

from coldsign.errors import MalformedError
from coldsign.primitives.encoding import base58check_decode
from coldsign.primitives.network import NETWORKS, Network

SIZE: Final = 78  # BIP-32, "Serialization format"
MAX_TEXT: Final = 112  # base58 characters of 78 + 4 bytes; a longer text is not even decoded


class NetworkGroup(Enum):
    """The networks one pair of version bytes stands for; all test networks share theirs."""

    MAIN = "main"
    TEST = "test"

    @classmethod
    def of(cls, network: Network) -> "NetworkGroup":
        """The group a network belongs to."""
        return cls(network.group)

    def require(self, network: Network, what: str) -> None:
        """Refuse a key of this group in a wallet of a network of the other.

        Args:
            network: The wallet's.
            what: The beginning of the sentence: ``"a WIF key"``.

        Raises:
            MalformedError: They do not belong together (code ``wrong-network``).
        """
        if self is not NetworkGroup.of(network):
            raise MalformedError(
                f"{what} of the {self.value} networks in a wallet of {network.name}",
                hint="choose the right --network, or export the key for this one",
                code="wrong-network",
            )


XPUB: Final = {NetworkGroup.of(network): network.xpub for network in NETWORKS}
XPRV: Final = {NetworkGroup.of(network): network.xprv for network in NETWORKS}
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


def decode(text: str) -> bytes:
    """The bytes of an extended key's text.

    Raises:
        MalformedError: Not base58check. The message never repeats the text, which may be a secret.
    """
    if len(text) > MAX_TEXT:
        raise MalformedError(f"extended key: {len(text)} characters, where {MAX_TEXT} is the most")
    try:
        return base58check_decode(text)
    except MalformedError:
        # The decoder's own message could quote the text.
        raise MalformedError("extended key: not base58, or the checksum is wrong") from None


def split_head(payload: bytes) -> tuple[int, bytes, int, bytes]:
    """Depth, parent fingerprint, child number and chain code of a payload of the right size.

    Raises:
        MalformedError: A master key that names a parent or a child number.
    """
    depth, parent, number = payload[4], payload[5:9], int.from_bytes(payload[9:13], "big")
    if depth == 0 and (any(parent) or number):
        raise MalformedError("extended key: a master key with a parent or a child number")
    return depth, parent, number, payload[13:45]


def join_head(version: bytes, depth: int, parent: bytes, number: int) -> bytes:
    """The first 13 bytes of a payload."""
    return version + bytes([depth]) + parent + number.to_bytes(4, "big")


def group_of(payload: bytes, accepted: dict[bytes, NetworkGroup]) -> NetworkGroup:
    """The network group of a payload with one of the accepted versions.

    Raises:
        MalformedError: Another size or version; the message says which version it is.
    """
    if len(payload) != SIZE:
        raise MalformedError(f"extended key: {len(payload)} bytes, where {SIZE} are due")
    version = payload[:4]
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
