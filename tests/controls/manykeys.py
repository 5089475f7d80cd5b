"""Thousands of OpenPGP keys, all different, made without gpg: packets by RFC 9580.

The keys differ in the second they were made, which is part of what a fingerprint covers; so one RSA key signs them all.
"""

import functools
import hashlib
import random
import struct

E = 65537
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # SHA-256, RFC 8017
_MADE = 1_700_000_000


def packet(tag: int, body: bytes) -> bytes:
    size = len(body)
    more = size - 192
    length = bytes([size]) if more < 0 else bytes([(more >> 8) + 192, more & 0xFF])
    return bytes([0xC0 | tag]) + length + body


def mpi(number: int) -> bytes:
    return struct.pack(">H", number.bit_length()) + number.to_bytes(-(-number.bit_length() // 8))


@functools.cache
def primes() -> tuple[int, int]:
    source, found = random.Random("coldsign"), []
    while len(found) < 2:
        candidate = source.getrandbits(512) | (3 << 510) | 1
        if all(pow(base, candidate - 1, candidate) == 1 for base in (2, 3, 5, 7)):
            found.append(candidate)
    return found[0], found[1]


def sign(message: int) -> int:
    p, q = primes()
    d = pow(E, -1, (p - 1) * (q - 1))
    a, b = pow(message, d % (p - 1), p), pow(message, d % (q - 1), q)
    return b + (a - b) * pow(q, -1, p) % p * q


def hashed(key: bytes) -> bytes:
    return b"\x99" + struct.pack(">H", len(key)) + key


def fingerprint(key: bytes) -> str:
    return hashlib.sha1(hashed(key)).hexdigest().upper()


def bare(number: int) -> tuple[bytes, str]:
    """An ed25519 key with a user id that nobody signed, and its fingerprint."""
    point = b"\x40" + hashlib.sha256(b"%d" % number).digest()
    curve = bytes.fromhex("092b06010401da470f01")
    key = b"\x04" + struct.pack(">IB", _MADE + number, 22) + curve + struct.pack(">H", 263) + point
    return packet(6, key) + packet(13, b"bare %d" % number), fingerprint(key)


def signed(number: int) -> tuple[bytes, str]:
    """An RSA key whose user id it signed itself, and its fingerprint."""
    made, modulus = _MADE + number, primes()[0] * primes()[1]
    key = b"\x04" + struct.pack(">IB", made, 1) + mpi(modulus) + mpi(E)
    user, name = b"person %d" % number, fingerprint(key)
    facts = (
        b"\x05\x02" + struct.pack(">I", made) + b"\x02\x1b\x03\x16\x21\x04" + bytes.fromhex(name)
    )
    head = b"\x04\x13\x01\x08" + struct.pack(">H", len(facts)) + facts
    trailer = b"\x04\xff" + struct.pack(">I", len(head))
    digest = hashlib.sha256(
        hashed(key) + b"\xb4" + struct.pack(">I", len(user)) + user + head + trailer
    ).digest()
    padding = b"\x00\x01" + b"\xff" * (128 - 3 - len(_DIGEST_INFO) - 32) + b"\x00"
    signature = sign(int.from_bytes(padding + _DIGEST_INFO + digest))
    unhashed = b"\x09\x10" + bytes.fromhex(name)[-8:]
    body = head + struct.pack(">H", len(unhashed)) + unhashed + digest[:2] + mpi(signature)
    return packet(6, key) + packet(13, user) + packet(2, body), name
