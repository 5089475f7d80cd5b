"""Known-answer tests: each primitive computes an answer that was computed elsewhere before.

The answers are our own, made from the texts that stand here and checked with two other libraries
by the test suite. A machine or a build that gives another answer must not sign.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from coldsign.errors import ColdsignError, LockedError
from coldsign.keys.agefile import unseal
from coldsign.keys.bip32 import ExtendedPublicKey, ExtendedSecretKey
from coldsign.keys.mnemonic import Mnemonic
from coldsign.keys.versions import NetworkGroup
from coldsign.primitives import secp
from coldsign.primitives.address import to_address, to_script
from coldsign.primitives.digests import Digests, Sighash
from coldsign.primitives.hashes import hash160, hmac_sha512, sha256, sha256d, tagged_hash
from coldsign.primitives.keypath import HARDENED
from coldsign.primitives.locks import MAX_RBF_SEQUENCE
from coldsign.primitives.network import Network
from coldsign.primitives.script import p2pkh, p2sh, p2tr, p2wpkh
from coldsign.primitives.tx import OutPoint, Transaction, TxIn, TxOut

SUBJECT: Final = b"coldsign self-test"
_SECRET: Final = sha256(SUBJECT)
_DIGEST: Final = sha256d(SUBJECT)
_KEY_FILE: Final = b"".join(
    [
        b"age-encryption.org/v1\n",
        b"-> scrypt AAECAwQFBgcICQoLDA0ODw 15\n",
        b"6TgA6qSLUwTHZJ33Yt/+UlSFhA0GtwJyZSvw9xR/baw\n",
        b"--- W+/WK875gsf7nfa6O3DxEVRMXn3jRoL9rDiaXX2ucgw\n",
        bytes.fromhex("101112131415161718191a1b1c1d1e1f374ebb09cec5afe98261"),
        bytes.fromhex("41d60b6e39b49106130340ca03dec4ccc02e866347b1183c"),
    ]
)
"""The subject as an age file whose passphrase is the subject."""


class Result(NamedTuple):
    """What one test gave.

    Attributes:
        name: What was tested.
        ok: Whether the answer is the known one.
        detail: The answer where it is another, or why there is none; empty where all is well.
    """

    name: str
    ok: bool
    detail: str


def run(expected: Mapping[str, str] | None = None) -> tuple[Result, ...]:
    """Run all tests; a fifth of a second, nearly all of it for the key file.

    Args:
        expected: The known answers by name; ours by default.
    """
    answers = KNOWN if expected is None else expected
    return tuple(_result(name, compute, answers.get(name, "")) for name, compute in TESTS.items())


def subject_transaction() -> Transaction:
    """Two inputs, two outputs, nothing in it by chance."""
    inputs = tuple(
        TxIn(OutPoint(sha256d(SUBJECT + bytes([number])), number), b"", MAX_RBF_SEQUENCE)
        for number in range(2)
    )
    outputs = (TxOut(150_000, p2wpkh(hash160(SUBJECT))), TxOut(49_000, p2sh(SUBJECT)))
    return Transaction(2, inputs, outputs, 900_000)


def subject_coins() -> tuple[TxOut, ...]:
    """What the two inputs of the subject transaction spend."""
    key = secp.public_key(_SECRET)
    return TxOut(100_000, p2pkh(hash160(key))), TxOut(100_000, p2tr(key[1:]))


def _hashes() -> str:
    parts = (
        sha256(SUBJECT),
        sha256d(SUBJECT),
        hash160(SUBJECT),
        tagged_hash("coldsign", SUBJECT),
        hmac_sha512(b"coldsign", SUBJECT),
    )
    return sha256(b"".join(parts)).hex()


def _ecdsa() -> str:
    signature = secp.sign_ecdsa(_SECRET, _DIGEST)
    key = secp.public_key(_SECRET)
    altered = bytes([_DIGEST[0] ^ 1]) + _DIGEST[1:]
    if not secp.verify_ecdsa(key, _DIGEST, signature) or secp.verify_ecdsa(key, altered, signature):
        return "the verification is wrong"
    if secp.der_decode(secp.der_encode(signature)) != signature:
        return "the DER encoding is wrong"
    return signature.hex()


def _schnorr() -> str:
    signature = secp.sign_schnorr(_SECRET, _DIGEST)
    key = secp.public_key(_SECRET)[1:]
    altered = bytes([_DIGEST[0] ^ 1]) + _DIGEST[1:]
    if not secp.verify_schnorr(key, _DIGEST, signature):
        return "a good signature is refused"
    if secp.verify_schnorr(key, altered, signature):
        return "a bad signature is accepted"
    return signature.hex()


def _public_key() -> str:
    key = secp.public_key(_SECRET)
    return key.hex() if secp.compress(secp.uncompress(key)) == key else "the encodings differ"


def _taproot() -> str:
    output, _ = secp.taproot_output(secp.public_key(_SECRET)[1:], _DIGEST)
    secret = secp.taproot_secret(_SECRET, _DIGEST)
    return output.hex() if secp.public_key(secret)[1:] == output else "the two tweaks differ"


def _derivation() -> str:
    account = ExtendedSecretKey.from_seed(SUBJECT).derive((84 | HARDENED, HARDENED, 1 | HARDENED))
    public = account.neuter().derive((0, 7))
    secret = account.derive((0, 7))
    text = public.serialize(NetworkGroup.MAIN)
    if secret.neuter() != public or ExtendedPublicKey.parse(text)[0] != public:
        return "the public and the secret derivation differ"
    return text


def _words() -> str:
    mnemonic = Mnemonic.from_entropy(_SECRET)
    if Mnemonic.parse(" ".join(mnemonic.words)).entropy != _SECRET:
        return "the words do not give the entropy back"
    with mnemonic.seed("coldsign") as seed:
        return seed.reveal().hex()


def _addresses() -> str:
    scripts = (
        p2pkh(hash160(SUBJECT)),
        p2sh(SUBJECT),
        p2wpkh(hash160(SUBJECT)),
        p2tr(secp.public_key(_SECRET)[1:]),
    )
    texts = [to_address(script, Network.MAINNET) or "" for script in scripts]
    if tuple(to_script(text, Network.MAINNET) for text in texts) != scripts:
        return "an address does not give its script back"
    return " ".join(texts)


def _txid() -> str:
    tx = subject_transaction()
    return tx.txid_hex() if Transaction.parse(tx.serialize()) == tx else "it does not parse back"


def _legacy() -> str:
    coins = subject_coins()
    return Digests(subject_transaction()).legacy(0, coins[0].script, Sighash.ALL).hex()


def _segwit() -> str:
    code = p2pkh(hash160(SUBJECT))
    return Digests(subject_transaction()).segwit_v0(1, code, 100_000, Sighash.ALL).hex()


def _key_file() -> str:
    """An age file whose work factor is the least, so that it opens in a tenth of a second."""
    try:
        unseal(_KEY_FILE[:-1] + bytes([_KEY_FILE[-1] ^ 1]), SUBJECT.decode())
    except LockedError:
        return unseal(_KEY_FILE, SUBJECT.decode()).hex()
    return "an altered key file opens"


def _taproot_digest() -> str:
    return Digests(subject_transaction(), subject_coins()).taproot(1, Sighash.DEFAULT).hex()


TESTS: Final[dict[str, Callable[[], str]]] = {
    "hashes": _hashes,
    "public key": _public_key,
    "ECDSA, low R": _ecdsa,
    "BIP-340 signature": _schnorr,
    "BIP-341 tweak": _taproot,
    "BIP-32 derivation": _derivation,
    "BIP-39 words and seed": _words,
    "addresses": _addresses,
    "transaction id": _txid,
    "legacy digest": _legacy,
    "BIP-143 digest": _segwit,
    "BIP-341 digest": _taproot_digest,
    "age key file": _key_file,
}

KNOWN: Final[dict[str, str]] = {
    "hashes": "946b0eae35aa3b13f15f1e412836d64efd49e58828cf3a0bcbf345ecb6994d7f",
    "public key": "0383aae5fd8e2c91f82fa8f95caf692f24dd3a05cd642cc9e04fce3393cd686c7f",
    "ECDSA, low R": (
        "2f34333710d529e24814d588ef958b8f278425db37fb645173454e47c66c8ec5"
        "2438bd712ff5e20592a6e43f9ca368b12620b3515d0a5ef02032c54de67d1665"
    ),
    "BIP-340 signature": (
        "291529c7e5253002d4ffc92b08c4145961425e1a67ffb21715667d9a87fe81e3"
        "d7d420a029f8c6f71a38664089bc7e2ca473e047df149b6af4ff7d8e5ec9d555"
    ),
    "BIP-341 tweak": "b177107a75c18dd98b21e5691b814db6878ca4a7541e2ca7f3af9c8fd8149808",
    "BIP-32 derivation": (
        "xpub6Fg3YZomm2zz5quDPSMGU7dsbzwiQYnfZEYH28gnz5MqqxyFnsC4K1qiDjM5"
        "rqAhwpNPpt1kAu9KRLFP6L7oCxu23KVBNDJh4ncMr3i4c3R"
    ),
    "BIP-39 words and seed": (
        "b6b5586527dc6e904ab9403a4381c285eea1dc422aebb7a3d53a3e9c693e6f00"
        "86e3589728fe3f8f099e6d9c7c25fa6d97ffff18830f921f433bbd7d86309125"
    ),
    "addresses": (
        "15mCyn9sv9JHysP39gjMEFaD4RjrwiEE8v "
        "36TDuKeKU3cg535UGnPwesw9Cx2aQtmeYD "
        "bc1qxs7vuyn5jj3ehrhsfjvf6skxf3d4xlvp8najqg "
        "bc1psw4wtlvw9jglstagl9w276f0ynwn5pwdvskvncz0ecee8ntgd3lszhw6zy"
    ),
    "transaction id": "94be683c8cb582ddb23f0f4d8b1610110820cd2f615399cfd30a5cdbe96b995f",
    "legacy digest": "c1333295027de03d49cd075e6a2f30487d9571d0f11fb03cf91f461d7422ab50",
    "BIP-143 digest": "d1e8d5e435127c8ed6afe467af0c1a06ab47a8978686f81694d83eb52634b242",
    "BIP-341 digest": "7556091a5a3db547b4c589bc96bfd27640393ab560441c4128b10e2cbd30be97",
    "age key file": SUBJECT.hex(),
}


def _result(name: str, compute: Callable[[], str], known: str) -> Result:
    try:
        answer = compute()
    except ColdsignError as error:
        return Result(name, ok=False, detail=error.message)
    return Result(name, ok=answer == known, detail="" if answer == known else answer)
