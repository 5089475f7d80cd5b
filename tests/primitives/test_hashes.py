import hashlib

from coldsign.primitives import hashes, secp


def test_known_answers():
    assert hashes.sha256(b"abc").hex().startswith("ba7816bf8f01cfea")
    assert hashes.sha256d(b"hello").hex().startswith("9595c9df90075148")
    assert hashes.ripemd160(b"abc").hex() == "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"
    assert hashes.hash160(b"abc").hex() == "bb1be98c142444d7a56aa3981c3942a978e4dc33"


def test_tagged_hash_is_the_bip340_construction():
    tag = hashlib.sha256(b"TapLeaf").digest()
    assert hashes.tagged_hash("TapLeaf", b"x") == hashlib.sha256(tag + tag + b"x").digest()
    assert hashes.tagged_hash("TapLeaf", b"y") == hashlib.sha256(tag + tag + b"y").digest()


def test_hmac_sha512_known_answer():  # RFC 4231, case 2
    assert (
        hashes.hmac_sha512(b"Jefe", b"what do ya want for nothing?")
        .hex()
        .startswith("164b7a7bfcf8")
    )


def test_ripemd160_without_openssl(monkeypatch):
    real = hashlib.new

    def no_ripemd(name, *args):
        if name == "ripemd160":
            raise ValueError("unsupported hash type ripemd160")
        return real(name, *args)

    monkeypatch.setattr(hashlib, "new", no_ripemd)
    chosen = hashes.choose_ripemd160()
    assert chosen is secp.ripemd160
    assert chosen(b"abc").hex() == "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"
    monkeypatch.undo()
    assert hashes.choose_ripemd160()(b"abc") == chosen(b"abc")
