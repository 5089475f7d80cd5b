"""The only door to secp256k1: ECDSA, BIP-340, tweaks and key encodings.

The curve is libsecp256k1, inside wallycore. Every function takes and gives plain ``bytes``.
Public keys are 33 bytes compressed or 65 bytes uncompressed; the hybrid forms 06 and 07, which
libsecp256k1 reads, are refused everywhere, as no wallet makes them.
"""

import warnings
from typing import Any

from coldsign.errors import MalformedError


def _load() -> Any:  # noqa: ANN401 - untyped: its stubs name the C signatures
    """The library; its SWIG glue warns of itself, and crashes at exit where warnings are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import wallycore

    return wallycore


_curve: Any = _load()

_ECDSA: int = _curve.EC_FLAG_ECDSA
_ECDSA_LOW_R: int = _curve.EC_FLAG_ECDSA | _curve.EC_FLAG_GRIND_R
_SCHNORR: int = _curve.EC_FLAG_SCHNORR
_REFUSED = (ValueError, RuntimeError)  # bad arguments; arguments whose result does not exist
_AUX = bytes(32)
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

_sign = _curve.ec_sig_from_bytes
_sign_aux = _curve.ec_sig_from_bytes_aux
_verify = _curve.ec_sig_verify


def blind(entropy: bytes) -> None:
    """Blind the library's secret computations against side channels; no result depends on it.

    Args:
        entropy: 32 random bytes.
    """
    _curve.secp_randomize(entropy)


def english_words() -> tuple[str, ...]:
    """The 2048 words of BIP-39, in its order, which the same library carries."""
    handle = _curve.bip39_get_wordlist("en")
    return tuple([str(_curve.bip39_get_word(handle, index)) for index in range(2048)])


def is_secret(secret: bytes) -> bool:
    """Whether these are 32 bytes in the range 1 … n-1."""
    if len(secret) != 32:
        return False
    try:
        _curve.ec_private_key_verify(secret)
    except _REFUSED:
        return False
    return True


def is_public_key(key: bytes) -> bool:
    """Whether these bytes are a point on the curve, compressed (02, 03) or uncompressed (04)."""
    size = len(key)
    if not ((size == 33 and key[0] in {2, 3}) or (size == 65 and key[0] == 4)):
        return False
    try:
        _curve.ec_public_key_verify(key)
    except _REFUSED:
        return False
    return True


def is_xonly(key: bytes) -> bool:
    """Whether these are 32 bytes that are the x of a point on the curve (BIP-340)."""
    if len(key) != 32:
        return False
    try:
        _curve.ec_xonly_public_key_verify(key)
    except _REFUSED:
        return False
    return True


def public_key(secret: bytes) -> bytes:
    """The compressed public key of a secret.

    Raises:
        MalformedError: The secret is not 32 bytes in the range 1 … n-1.
    """
    try:
        return bytes(_curve.ec_public_key_from_private_key(secret))
    except _REFUSED:
        raise MalformedError("not a valid secp256k1 secret key") from None


def compress(key: bytes) -> bytes:
    """The 33-byte form of a public key in either form.

    Raises:
        MalformedError: It is not a point on the curve.
    """
    if not is_public_key(key):
        raise MalformedError("not a valid secp256k1 public key")
    return key if len(key) == 33 else bytes((2 + (key[64] & 1),)) + key[1:33]


def uncompress(key: bytes) -> bytes:
    """The 65-byte form of a public key in either form.

    Raises:
        MalformedError: It is not a point on the curve.
    """
    if not is_public_key(key):
        raise MalformedError("not a valid secp256k1 public key")
    return key if len(key) == 65 else bytes(_curve.ec_public_key_decompress(key))


def tweak_public(key: bytes, tweak: bytes) -> bytes:
    """The compressed key plus ``tweak`` times the generator (BIP-32's public derivation).

    Raises:
        MalformedError: The key is no point, the tweak is not below n, or the sum is no point.
    """
    try:
        return bytes(_curve.ec_public_key_tweak(key, tweak))
    except _REFUSED:
        raise MalformedError("the tweaked public key does not exist") from None


def tweak_secret(secret: bytes, tweak: bytes) -> bytes:
    """The secret plus the tweak, modulo n (the step of BIP-32's private derivation).

    Raises:
        MalformedError: The secret is invalid, the tweak is not below n, or the sum is zero.
    """
    try:
        _curve.ec_private_key_verify(secret)
        result = bytes(_curve.ec_scalar_add(secret, tweak))
        _curve.ec_private_key_verify(result)
    except _REFUSED:
        raise MalformedError("the tweaked secret key does not exist") from None
    return result


def taproot_output(internal: bytes, merkle_root: bytes | None) -> tuple[bytes, int]:
    """The output key of an x-only internal key, and the parity of its y (BIP-341).

    Args:
        internal: The 32-byte x-only internal key.
        merkle_root: The 32-byte root of the script tree, or None where there are no scripts.

    Raises:
        MalformedError: The internal key is no point, or the result does not exist.
    """
    if len(internal) != 32:
        raise MalformedError("a taproot internal key has 32 bytes")
    try:
        tweaked = _curve.ec_public_key_bip341_tweak(internal, merkle_root, 0)
    except _REFUSED:
        raise MalformedError("the taproot output key does not exist") from None
    return bytes(tweaked[1:]), tweaked[0] & 1


def taproot_secret(secret: bytes, merkle_root: bytes | None) -> bytes:
    """The secret of the output key (BIP-341).

    Raises:
        MalformedError: The secret is invalid, or the result does not exist.
    """
    try:
        return bytes(_curve.ec_private_key_bip341_tweak(secret, merkle_root, 0))
    except _REFUSED:
        raise MalformedError("the taproot secret key does not exist") from None


def sign_ecdsa(secret: bytes, digest: bytes) -> bytes:
    """64 bytes r ‖ s: RFC 6979, ground to a low r by Bitcoin Core's counter, s low.

    Raises:
        MalformedError: The secret is invalid or the digest is not 32 bytes.
    """
    try:
        return bytes(_sign(secret, digest, _ECDSA_LOW_R))
    except _REFUSED:
        raise MalformedError("cannot sign with this secret key and digest") from None


def verify_ecdsa(key: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether a 64-byte r ‖ s with a low s is this key's signature of the digest."""
    if len(key) != 33:
        if not is_public_key(key):
            return False
        key = compress(key)
    try:
        _verify(key, digest, _ECDSA, signature)
    except _REFUSED:
        return False
    return True


def sign_schnorr(secret: bytes, digest: bytes) -> bytes:
    """64 bytes of BIP-340 signature, with 32 zero bytes as auxiliary randomness, as Bitcoin Core.

    Raises:
        MalformedError: The secret is invalid or the digest is not 32 bytes.
    """
    try:
        return bytes(_sign_aux(secret, digest, _AUX, _SCHNORR))
    except _REFUSED:
        raise MalformedError("cannot sign with this secret key and digest") from None


def verify_schnorr(xonly: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether 64 bytes are the BIP-340 signature of the digest by a 32-byte x-only key."""
    if len(xonly) != 32:
        return False
    try:
        _verify(xonly, digest, _SCHNORR, signature)
    except _REFUSED:
        return False
    return True


def is_low_s(signature: bytes) -> bool:
    """Whether the s of a 64-byte r ‖ s is at most half the order (BIP-146)."""
    return int.from_bytes(signature[32:], "big") <= _ORDER // 2


def der_encode(signature: bytes) -> bytes:
    """The strict DER form (BIP-66) of a 64-byte r ‖ s.

    Raises:
        MalformedError: It is not 64 bytes, or r or s is not below n.
    """
    try:
        return bytes(_curve.ec_sig_to_der(signature))
    except _REFUSED:
        raise MalformedError("not an ECDSA signature of 64 bytes") from None


def der_decode(der: bytes) -> bytes:
    """The 64-byte r ‖ s of a strict DER signature (BIP-66), without a sighash byte; s may be high.

    Raises:
        MalformedError: Any other encoding, or an r or s of zero or not below n.
    """
    size = len(der)
    if not (8 <= size <= 72 and der[0] == 0x30 and der[1] == size - 2 and der[2] == 0x02):
        raise MalformedError("the signature is not strict DER")
    r_end = 4 + der[3]
    if r_end + 2 > size or der[r_end] != 0x02 or r_end + 2 + der[r_end + 1] != size:
        raise MalformedError("the signature is not strict DER")
    return _der_integer(der[4:r_end]) + _der_integer(der[r_end + 2 :])


def _der_integer(data: bytes) -> bytes:
    """32 bytes big endian of a positive DER integer in its shortest form, in the range 1 … n-1."""
    padded = len(data) > 1 and data[0] == 0 and data[1] < 0x80
    if not data or data[0] >= 0x80 or padded:
        raise MalformedError("the signature is not strict DER")
    value = int.from_bytes(data, "big")
    if not 0 < value < _ORDER:
        raise MalformedError("a signature's r or s is out of range")
    return value.to_bytes(32, "big")


def ripemd160(data: bytes) -> bytes:
    """RIPEMD-160, 20 bytes, for machines whose OpenSSL has none."""
    return bytes(_curve.ripemd160(data))
