"""The encrypted key file: age with a passphrase, which the `age` program opens too.

The format is age-encryption.org/v1. The only place that imports pyrage. The header is read here
before any key is derived from it, because a file decides how much memory and time scrypt takes:
2^N KiB, doubled with each step of N.
"""

import base64
import re
import unicodedata
from typing import Final

# The package is one binary without stubs.
from pyrage import DecryptError  # pyright: ignore[reportAttributeAccessIssue]
from pyrage import passphrase as age  # pyright: ignore[reportAttributeAccessIssue]

from coldsign.errors import LockedError, MalformedError, SelfCheckError, UnfitError
from coldsign.keys.secret import wipe

MAX_FILE: Final = 16384  # bytes; the longest secret, header and tag are below
# Of scrypt's work factor. Below 15 (32 MiB, a tenth of a second) guessing is cheap, and no age
# program writes it; above 20 (1 GiB, some seconds) a hostile file stalls the laptop; age writes 18.
MIN_WORK: Final = 15
MAX_WORK: Final = 20
MAX_PASSPHRASE: Final = 1024  # characters; more is a wrong file, not a passphrase
_RULE: Final = f"it has 1 to {MAX_PASSPHRASE} characters; of a file the first line is read"
# pyrage chooses the work factor, and the most it accepts, by a stopwatch; a busy machine misleads it.
_ATTEMPTS: Final = 5
_TOO_MUCH_WORK: Final = "Excessive work"  # how its error begins then; the factor was judged before

_HEADER: Final = re.compile(
    rb"age-encryption\.org/v1\n"
    rb"-> scrypt ([A-Za-z0-9+/]{22}) ([1-9][0-9]?)\n"
    rb"([A-Za-z0-9+/]{43})\n"
    rb"--- ([A-Za-z0-9+/]{43})\n"
)
_NONCE, _TAG = 16, 16


def normalized(passphrase: str) -> str:
    """The passphrase as it is used: Unicode NFC, which is what keyboards send to `age` too.

    Raises:
        MalformedError: Empty, too long, or with characters that cannot be typed at a prompt.
    """
    if not passphrase:
        raise MalformedError("the passphrase is empty", hint=_RULE, code="empty-passphrase")
    if len(passphrase) > MAX_PASSPHRASE:
        raise MalformedError(f"a passphrase of more than {MAX_PASSPHRASE} characters", hint=_RULE)
    text = unicodedata.normalize("NFC", passphrase)
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in text):
        raise MalformedError(
            "the passphrase holds control characters or bytes that are not text", hint=_RULE
        )
    return text


def work_factor(sealed: bytes) -> int:
    """The base-2 logarithm of scrypt's N in a header that is in its one valid form.

    Raises:
        MalformedError: Not an age file for one passphrase, or a work factor outside 15 to 20 (code
            ``work-factor``).
    """
    header = _HEADER.match(sealed)
    if header is None or len(sealed) > MAX_FILE or len(sealed) < header.end() + _NONCE + _TAG:
        raise MalformedError(
            "this is not a key file: not in the age format for one passphrase, or damaged",
            hint="restore it from a copy",
            code="key-file",
        )
    for field in header.group(1, 3, 4):
        _demand_canonical(field)
    factor = int(header[2])
    if not MIN_WORK <= factor <= MAX_WORK:
        raise MalformedError(
            f"the key file asks for a work factor of {factor}, outside {MIN_WORK} to {MAX_WORK}",
            hint="this program never writes such a file; restore it from a copy",
            code="work-factor",
        )
    return factor


def unseal(sealed: bytes, passphrase: str) -> bytes:
    """Decrypt; a wrong passphrase and a damaged file cannot be told apart, and are not.

    Takes a second or two and up to 1 GiB of memory, on purpose.

    Raises:
        LockedError: Wrong passphrase, or the file was altered (code ``wrong-passphrase``).
        MalformedError: Not a key file at all, or a passphrase that cannot be one.
        UnfitError: The machine is too busy for the work that the file asks for (code ``work-factor``).
    """
    text = normalized(passphrase)
    work_factor(sealed)
    for _ in range(_ATTEMPTS):
        try:
            plaintext: bytes = age.decrypt(sealed, text)
        except DecryptError as error:
            if str(error).startswith(_TOO_MUCH_WORK):
                continue
            raise LockedError(
                "wrong passphrase, or the key file was altered",
                hint="type it again; if it is surely right, restore the key file from a copy",
                code="wrong-passphrase",
            ) from None
        return plaintext
    raise UnfitError(
        "this machine is too busy or too slow to open the key file",
        hint="close other programs and try again",
        code="work-factor",
    )


def seal(plaintext: bytes, passphrase: str) -> bytes:
    """Encrypt, then decrypt again to be sure that the key is not lost.

    Raises:
        MalformedError: A passphrase that cannot be one.
        UnfitError: No work factor from 15 to 20 could be had (code ``work-factor``).
        SelfCheckError: What was encrypted does not decrypt to the same.
    """
    text = normalized(passphrase)
    sealed = _sealed(plaintext, text)
    again = unseal(sealed, text)
    is_same = again == plaintext
    wipe(again)
    if not is_same:
        raise SelfCheckError("the encrypted key does not decrypt to the same key")
    return sealed


def _sealed(plaintext: bytes, passphrase: str) -> bytes:
    for _ in range(_ATTEMPTS):
        sealed: bytes = age.encrypt(plaintext, passphrase)
        try:
            work_factor(sealed)
        except MalformedError:
            continue
        return sealed
    raise UnfitError(
        f"no work factor from {MIN_WORK} to {MAX_WORK} suits this machine: too busy, too slow",
        hint="close other programs and try again",
        code="work-factor",
    )


def _demand_canonical(field: bytes) -> None:
    """Unpadded base64 whose left-over bits are zero (RFC 4648 §3.5), as age demands."""
    padded = field + b"=" * (-len(field) % 4)
    decoded = base64.b64decode(padded)
    if base64.b64encode(decoded) != padded:
        raise MalformedError(
            "this is not a key file: its header is damaged",
            hint="restore it from a copy",
            code="key-file",
        )
