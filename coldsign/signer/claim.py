"""A claim that a signature holds, and whether it is true: public values alone, so that any process can tell."""

from collections.abc import Sequence

from coldsign.primitives.secp import verify_ecdsa, verify_schnorr

Claim = tuple[bytes, bytes, bytes]
"""A public key, a digest of 32 bytes, and a signature of 64. A key of 32 bytes is x-only and signs as
BIP-340 says; one of 33 or 65 bytes signs ECDSA, with a low s."""

XONLY = 32


def holds(claim: Claim) -> bool:
    """Whether the signature is the key's for the digest."""
    public, digest, signature = claim
    return (verify_schnorr if len(public) == XONLY else verify_ecdsa)(public, digest, signature)


def all_that_hold(claims: Sequence[Claim]) -> list[bool]:
    """``holds`` for each of them: the work that is given to another process."""
    return [holds(claim) for claim in claims]
