"""Sign and verify: what leaves the signer was verified, by a process that never held the key where there are many."""

from itertools import compress
from typing import TYPE_CHECKING

from coldsign.primitives.cores import ALONE, Cores
from coldsign.signer.claim import Claim, all_that_hold
from coldsign.signer.sign import sign
from coldsign.signer.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldsign.controls.clearance import Clearance
    from coldsign.keys.keyring import Keyring
    from coldsign.psbt.model import Psbt


def sign_verified(
    psbt: "Psbt",
    unlock: "Callable[[], Keyring]",
    clearance: "Clearance",
    *,
    cores: Cores = ALONE,
) -> "Psbt":
    """Add every signature that the key owes to the cleared inputs, and accept none that does not hold.

    Args:
        psbt: What was reviewed.
        unlock: Opens the key. It is called after the copy of this process is made that verifies one
            signature while the next is made, and the key is wiped before the last look.
        clearance: What was allowed.
        cores: What may work on it.

    Raises:
        HaltedError, RefusedError, LockedError: As ``sign``, or as ``unlock`` raises them.
        SelfCheckError: As ``sign`` and ``verify``.
        UnfitError: The helping process failed.
    """
    claims: list[Claim] = []
    with cores.aside(all_that_hold, expected=len(clearance.inputs)) as beside:

        def told(claim: Claim) -> None:
            claims.append(claim)
            beside.give(claim)

        with unlock() as keyring:
            signed = sign(psbt, keyring, clearance, told=told)
        held = frozenset(compress(claims, beside.results()))
    verify(psbt, signed, clearance, held=held)
    return signed
