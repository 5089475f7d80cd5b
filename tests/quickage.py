"""Key files that open in a tenth of a second: age's format, written from its specification alone.

The product lets the age library choose scrypt's work factor by a stopwatch, so that a passphrase costs
seconds to try. A test of something else takes the smallest factor that the product opens: the files are
as real, and the same code opens them. What the product itself writes is tested in tests/keys and by
whole sessions, with the work factor it has there.
"""

import base64
import hashlib
import hmac
import struct
from typing import Any

from coldsign.keys import agefile

_MASK = 0xFFFF_FFFF
_SALT, _NONCE = bytes(range(16)), bytes(range(16, 32))  # nothing here has to be secret


class QuickAge:
    """Stands where the age library stands (``agefile.age``) and writes with the smallest work factor."""

    def __init__(self, library: Any = agefile.age) -> None:
        self.decrypt = library.decrypt

    @staticmethod
    def encrypt(plaintext: bytes, passphrase: str) -> bytes:
        return sealed(plaintext, passphrase)


def sealed(plaintext: bytes, passphrase: str) -> bytes:
    """An age file for a passphrase (age-encryption.org/v1) of less than 64 KiB."""
    work = agefile.MIN_WORK
    salt = b"age-encryption.org/v1/scrypt" + _SALT
    key = hashlib.scrypt(
        passphrase.encode(), salt=salt, n=1 << work, r=8, p=1, maxmem=1 << 26, dklen=32
    )
    file_key = _hkdf(_SALT, b"file key of a test", _SALT)[:16]
    header = b"age-encryption.org/v1\n-> scrypt %s %d\n%s\n---" % (
        _base64(_SALT),
        work,
        _base64(_aead(key, bytes(12), file_key)),
    )
    mac = hmac.digest(_hkdf(b"", file_key, b"header"), header, "sha256")
    payload = _aead(_hkdf(_NONCE, file_key, b"payload"), bytes(11) + b"\1", plaintext)
    return b"%s %s\n%s%s" % (header, _base64(mac), _NONCE, payload)


def _base64(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _hkdf(salt: bytes, secret: bytes, info: bytes) -> bytes:
    """One block of RFC 5869's HKDF with SHA-256."""
    return hmac.digest(hmac.digest(salt or bytes(32), secret, "sha256"), info + b"\1", "sha256")


def _aead(key: bytes, nonce: bytes, plaintext: bytes) -> bytes:
    """RFC 8439's ChaCha20-Poly1305 without associated data: the ciphertext and its tag."""
    stream = b"".join(_block(key, nonce, number) for number in range(1, len(plaintext) // 64 + 2))
    ciphertext = bytes(a ^ b for a, b in zip(plaintext, stream, strict=False))
    padded = ciphertext + bytes(-len(ciphertext) % 16) + struct.pack("<QQ", 0, len(ciphertext))
    once = _block(key, nonce, 0)
    r = int.from_bytes(once[:16], "little") & 0x0FFFFFFC_0FFFFFFC_0FFFFFFC_0FFFFFFF
    total = 0
    for at in range(0, len(padded), 16):
        total = (total + int.from_bytes(padded[at : at + 16] + b"\1", "little")) * r % (2**130 - 5)
    tag = (total + int.from_bytes(once[16:32], "little")) % 2**128
    return ciphertext + tag.to_bytes(16, "little")


def _block(key: bytes, nonce: bytes, number: int) -> bytes:
    first = [*struct.unpack("<4I", b"expand 32-byte k"), *struct.unpack("<8I", key), number]
    first += struct.unpack("<3I", nonce)
    state = list(first)
    for _ in range(10):
        for n in range(4):
            _quarter(state, n, n + 4, n + 8, n + 12)
        for n in range(4):
            _quarter(state, n, (n + 1) % 4 + 4, (n + 2) % 4 + 8, (n + 3) % 4 + 12)
    return struct.pack("<16I", *((a + b) & _MASK for a, b in zip(state, first, strict=True)))


def _quarter(x: list[int], a: int, b: int, c: int, d: int) -> None:
    for left, right, mixed, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        x[left] = (x[left] + x[right]) & _MASK
        turned = x[mixed] ^ x[left]
        x[mixed] = (turned << by | turned >> (32 - by)) & _MASK
