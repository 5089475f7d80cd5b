"""BSMS 1.0 (BIP-129): the coordinator's descriptor record of round 2, in plain text."""

from typing import Final

from coldsign.errors import MalformedError
from coldsign.primitives.address import to_address
from coldsign.primitives.network import Network
from coldsign.wallet.checksum import strip_checksum
from coldsign.wallet.derive import Deriver
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.formats.imported import Imported
from coldsign.wallet.wallet import RECEIVE, Wallet

HEADER: Final = "BSMS 1.0"
_FREE: Final = "No path restrictions"
_BRANCHES: Final = "/0/*,/1/*"


def is_bsms(text: str) -> bool:
    """Whether the first line is that of BSMS, of whatever version."""
    return text.startswith("BSMS")


def parse(text: str, network: Network) -> Imported:
    """Read a descriptor record and check its first address.

    Raises:
        MalformedError: Another version, a signer's key record, other lines than BIP-129 has, or the
            first address is not the one that the descriptor gives.
    """
    lines = [line.rstrip() for line in text.rstrip().splitlines()]
    if lines[0] != HEADER:
        raise MalformedError("BSMS: a version other than 1.0")
    if len(lines) >= 3 and lines[2].startswith("["):
        raise MalformedError(
            "BSMS: a signer's key record (round 1) is one key, not a wallet",
            hint="the coordinator's descriptor record (round 2) is due",
        )
    if len(lines) != 4:
        raise MalformedError(f"BSMS: {len(lines)} lines, where a descriptor record has 4")
    _, template, restrictions, address = lines
    body, _ = strip_checksum(template)
    descriptor = Descriptor.parse(
        _without_template(body, restrictions), network, require_checksum=False
    )
    first = to_address(Deriver(descriptor).derive(RECEIVE, 0).script_pubkey, network)
    if first != address:
        raise MalformedError(
            "BSMS: the first address is not the one that the descriptor gives",
            hint="the file was changed, or is of another network: ask the coordinator again",
            code="first-address",
        )
    return Imported(descriptor, None, "a BSMS 1.0 file")


def _without_template(body: str, restrictions: str) -> str:
    """The descriptor with ``/**`` replaced by what the restrictions allow (BIP-129, "Round 2")."""
    if "/**" not in body:
        if restrictions not in {_FREE, _BRANCHES}:
            raise MalformedError("BSMS: path restrictions for a descriptor that is no template")
        return body
    if restrictions == _BRANCHES:
        return body.replace("/**", "/<0;1>/*")
    if restrictions == "/0/*":
        return body.replace("/**", "/0/*")
    raise MalformedError(
        "BSMS: path restrictions other than /0/*,/1/*",
        hint="ask the coordinator for a wallet with one receive and one change branch",
    )


def serialize(wallet: Wallet) -> str:
    """The descriptor record of a wallet."""
    body = wallet.descriptor.body
    is_template = all(key.has_usual_branches for key in wallet.descriptor.keys)
    if is_template:
        body = body.replace("/<0;1>/*", "/**")
    restrictions = _BRANCHES if is_template else _FREE
    return "\n".join((HEADER, body, restrictions, wallet.address(RECEIVE, 0))) + "\n"
