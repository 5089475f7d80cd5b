"""The floor: the operations of libsecp256k1 and the hashes that no signer can do without."""

import hashlib
import time

import wallycore

from tests.benchmarks.sign.make import Case, sha256d

REPEATS = 200
# BIP-143 hashes 4+32+32+36+4+32+8+4+4 bytes and the script code; BIP-341 about 200 bytes in all.
BIP143_FIXED_BYTES = 156
BIP341_BYTES = 206


def _each(operation: object, *args: object) -> float:
    """Seconds of one call: the best of five batches, so that other work counts little."""
    best = 1e9
    for _ in range(5):
        start = time.process_time()
        for _ in range(REPEATS // 5):
            operation(*args)  # type: ignore[operator]
        best = min(best, (time.process_time() - start) / (REPEATS // 5))
    return best


def _ecdsa(number: int) -> tuple[float, float]:
    secret, digest = (
        hashlib.sha256(b"%d" % number).digest(),
        hashlib.sha256(b"d%d" % number).digest(),
    )
    public = wallycore.ec_public_key_from_private_key(secret)
    flags = wallycore.EC_FLAG_ECDSA | wallycore.EC_FLAG_GRIND_R
    signature = wallycore.ec_sig_from_bytes(secret, digest, flags)
    verify = (wallycore.ec_sig_verify, public, digest, wallycore.EC_FLAG_ECDSA, signature)
    # Grinding takes as many tries as the digest happens to need: the mean is over many digests.
    digests = [hashlib.sha256(b"%d %d" % (number, one)).digest() for one in range(REPEATS)]
    start = time.process_time()
    for one in digests:
        wallycore.ec_sig_from_bytes(secret, one, flags)
    return (time.process_time() - start) / REPEATS, _each(*verify)


def _schnorr() -> tuple[float, float]:
    secret, digest = hashlib.sha256(b"s").digest(), hashlib.sha256(b"d").digest()
    public = wallycore.ec_public_key_from_private_key(secret)[1:]
    flag = wallycore.EC_FLAG_SCHNORR
    signature = wallycore.ec_sig_from_bytes(secret, digest, flag)
    return (
        _each(wallycore.ec_sig_from_bytes, secret, digest, flag),
        _each(wallycore.ec_sig_verify, public, digest, flag, signature),
    )


def deriving(case: Case) -> float:
    """Seconds to derive an input's keys again from the wallet's: one tweak of a point for each."""
    public = wallycore.ec_public_key_from_private_key(hashlib.sha256(b"parent").digest())
    tweak = hashlib.sha256(b"tweak").digest()
    return case.wallet.total * _each(wallycore.ec_public_key_tweak, public, tweak)


def per_input(case: Case) -> float:
    """Seconds an input: one signature, one verification, one digest."""
    if case.wallet.kind == "tr":
        sign, verify = _schnorr()
        return (
            sign + verify + _each(lambda data: hashlib.sha256(data).digest(), bytes(BIP341_BYTES))
        )
    sign, verify = _ecdsa(0)
    script = 3 + 34 * case.wallet.total
    if case.wallet.kind == "wsh":
        return sign + verify + _each(sha256d, bytes(BIP143_FIXED_BYTES + script))
    # A legacy digest covers the whole transaction again for every input: quadratic by consensus.
    whole = 10 + 41 * case.inputs + 34 * case.outputs + script
    return sign + verify + _each(sha256d, bytes(whole))
