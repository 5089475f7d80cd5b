"""The hash functions of Bitcoin, over hashlib."""

import hashlib
import hmac
from functools import lru_cache
from typing import TYPE_CHECKING

from coldsign.primitives import secp

if TYPE_CHECKING:
    from collections.abc import Callable

_sha256 = hashlib.sha256


def sha256(data: bytes) -> bytes:
    """SHA-256, 32 bytes."""
    return _sha256(data).digest()


def sha256d(data: bytes) -> bytes:
    """SHA-256 of SHA-256, 32 bytes."""
    return _sha256(_sha256(data).digest()).digest()


def _openssl_ripemd160(data: bytes) -> bytes:
    return hashlib.new("ripemd160", data).digest()


def choose_ripemd160() -> "Callable[[bytes], bytes]":
    """The quicker RIPEMD-160 that this machine has: OpenSSL 3 builds may lack it."""
    try:
        _openssl_ripemd160(b"")
    except ValueError:
        return secp.ripemd160
    return _openssl_ripemd160


_ripemd160 = choose_ripemd160()


def ripemd160(data: bytes) -> bytes:
    """RIPEMD-160, 20 bytes."""
    return _ripemd160(data)


def hash160(data: bytes) -> bytes:
    """RIPEMD-160 of SHA-256, 20 bytes."""
    return _ripemd160(_sha256(data).digest())


@lru_cache(maxsize=32)
def _tagged(tag: str) -> "hashlib._Hash":
    prefix = _sha256(tag.encode()).digest()
    return _sha256(prefix + prefix)


def tagged_state(tag: str) -> "hashlib._Hash":
    """A hash object that has taken the tag's prefix, to be fed (BIP-340, "Design")."""
    return _tagged(tag).copy()


def tagged_hash(tag: str, data: bytes) -> bytes:
    """SHA-256 with the tag's hash twice in front, 32 bytes (BIP-340, "Design")."""
    state = _tagged(tag).copy()
    state.update(data)
    return state.digest()


def hmac_sha512(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA512, 64 bytes."""
    return hmac.digest(key, data, "sha512")
