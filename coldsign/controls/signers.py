"""A person's own OpenPGP keys, looked for before any work is done that they are to sign."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Final

from coldsign.controls.gpg import local_user
from coldsign.controls.gpg_process import gpg
from coldsign.errors import LockedError
from coldsign.primitives.text import printable

_VALIDITY, _CAPABILITIES, _FINGERPRINT = 1, 11, 9  # fields of gpg's colon listings
_UNUSABLE: Final = {"e": "has expired", "r": "was revoked", "d": "is disabled"}


def demand_signer(signer: str, *, environment: Mapping[str, str] | None = None) -> frozenset[str]:
    """Make sure that gpg can sign with a key, which may live on a token.

    Args:
        signer: Fingerprint, key id or user id, as gpg's ``--local-user``.
        environment: Where the person's gpg is; this process's own if not given.

    Returns:
        The primary fingerprints of the keys of this name that can sign.

    Raises:
        LockedError: There is no such secret key, or it has expired or was revoked.
        UsageError: The name of the key is not one line of printable text.
        UnfitError: gpg is missing.
    """
    local_user(signer)
    answer = gpg(("--with-colons", "--list-secret-keys"), (signer,), environment)
    lines = answer.output.decode("utf-8", "replace").splitlines()
    able: set[str] = set()
    unable: list[str] = []
    for key, named in itertools.pairwise([line.split(":") for line in lines]):
        if (key[0], named[0]) != ("sec", "fpr"):
            continue
        if "S" in key[_CAPABILITIES]:
            able.add(named[_FINGERPRINT])
        else:
            unable.append(
                f"{named[_FINGERPRINT]} {_UNUSABLE.get(key[_VALIDITY], 'is for no signatures')}"
            )
    if not able:
        raise _no_signer(signer, unable)
    return frozenset(able)


def _no_signer(signer: str, unable: Sequence[str]) -> LockedError:
    if unable:
        return LockedError(
            f"gpg cannot sign: the key {unable[0]}",
            hint="name another key, or have its owner mend it: gpg --edit-key",
            code="signer-unusable",
        )
    return LockedError(
        f"gpg has no secret key of {printable(signer, 200)}",
        hint="gpg --list-secret-keys shows yours; a token must be plugged in",
        code="no-such-signer",
    )
