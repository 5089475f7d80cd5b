"""Whose a taproot signature is: the leaf decides, not the key it is filed under."""

from coldsign.keys.bip32 import ExtendedSecretKey
from coldsign.primitives.digests import Digests
from coldsign.primitives.secp import sign_schnorr
from coldsign.primitives.tx import OutPoint, Transaction, TxIn, TxOut
from coldsign.psbt.model import Psbt
from coldsign.review.presigned import ForeignSignature, Presigned, Spent, verify_presigned
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from coldsign.wallet.words import NUMS
from tests.review.build import MAINNET, STRANGER, serialize_map

KEYS = [ExtendedSecretKey.from_seed(bytes([number]) * 32) for number in (1, 2)]
LEAVES = ",".join(f"pk({key.pubkey[1:].hex()})" for key in KEYS)
DESCRIPTOR = f"tr({NUMS.hex()},{{{LEAVES}}})"
SATS = 50_000


def examined(signer: int, leaf_of: int) -> Presigned:
    """One input of a wallet with a leaf for each key, signed by one key for one of the leaves."""
    wallet = Wallet.create("w", Descriptor.parse(DESCRIPTOR, MAINNET, require_checksum=False))
    derived = wallet.derive(0, 0)
    tx = Transaction(
        2, (TxIn(OutPoint(bytes(32), 0), b"", 0xFFFF_FFFD),), (TxOut(1_000, STRANGER),), 0
    )
    digests = Digests(tx, (TxOut(SATS, derived.script_pubkey),))
    (leaf,) = (leaf for leaf in derived.taproot.leaves if KEYS[leaf_of].pubkey[1:] in leaf.script)
    signature = sign_schnorr(KEYS[signer].secret, digests.taproot(0, 0, leaf.leaf_hash))
    name = b"\x14" + KEYS[signer].pubkey[1:] + leaf.leaf_hash
    maps = ([(b"\x00", tx.serialize())], [(name, signature)], [])
    psbt = Psbt.parse(b"psbt\xff" + b"".join(map(serialize_map, maps)))
    return verify_presigned(Spent(0, psbt.inputs[0], derived, SATS), digests)


def test_a_key_signs_for_the_leaf_it_stands_in():
    own = [examined(number, number) for number in (0, 1)]
    assert all(len(found.valid) == 1 and not found.bad and not found.foreign for found in own)
    assert own[0].valid != own[1].valid


def test_a_key_of_the_wallet_is_foreign_in_a_leaf_it_does_not_stand_in():
    for signer, leaf_of in ((0, 1), (1, 0)):
        stranger = ForeignSignature(KEYS[signer].pubkey[1:])
        assert examined(signer, leaf_of) == Presigned(foreign=(stranger,))
