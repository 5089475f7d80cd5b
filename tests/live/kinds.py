"""The wallet kinds the live tests sign for: a descriptor template, its keys, and who signs."""

from dataclasses import dataclass

from coldsign.primitives.hashes import hash160, sha256, sha256d
from tests.live.keys import Cosigner, mnemonic_cosigner, wif_cosigner

# BIP-341's point with no known secret key.
NUMS = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0"
PREIMAGE = bytes(range(32))
SHA256, HASH256, HASH160 = sha256(PREIMAGE), sha256d(PREIMAGE), hash160(PREIMAGE)


@dataclass(frozen=True, slots=True)
class Kind:
    """A template with `{0}`, `{1}` … for the keys; enough of them to spend are `signers`.

    Attributes:
        name: For the test's name.
        template: The descriptor with places for the keys.
        cosigners: Every key.
        signers: Who signs.
        sequence: Of every input, where the path that is taken needs it.
        locktime: Of the transaction, where the path that is taken needs it.
        preimages: Digests whose preimage the coordinator knows.
    """

    name: str
    template: str
    cosigners: tuple[Cosigner, ...]
    signers: tuple[int, ...]
    sequence: int | None = None
    locktime: int = 0
    preimages: tuple[bytes, ...] = ()

    @property
    def descriptor(self) -> str:
        return self._filled(None)

    def private_descriptor(self, signer: int) -> str:
        """The same descriptor with one cosigner's secret in it, for the node's signing wallet."""
        return self._filled(signer)

    def _filled(self, signer: int | None) -> str:
        text = self.template
        for place, cosigner in enumerate(self.cosigners):
            text = text.replace(
                f"{{{place}}}", cosigner.private if place == signer else cosigner.public
            )
        return text


def _places(count: int) -> str:
    return ",".join(f"{{{place}}}" for place in range(count))


def _kind(
    name: str, template: str, count: int, path: str, signers: tuple[int, ...], **more: int
) -> Kind:
    keys = tuple(mnemonic_cosigner(f"{name} {place}", path) for place in range(count))
    return Kind(name, template, keys, signers, **more)


def _hashed(name: str, template: str, digest: bytes, path: str) -> Kind:
    """A kind whose first key needs a preimage, and whose second one may spend later."""
    keys = tuple(mnemonic_cosigner(f"{name} {place}", path) for place in range(2))
    text = template.replace("HASH", digest.hex())
    return Kind(name, text, keys, (0,), preimages=(digest,))


def _uncompressed() -> Kind:
    keys = tuple(wif_cosigner(f"uncompressed {place}", compressed=False) for place in range(4))
    return Kind("sh-multi-3of4-uncompressed", f"sh(multi(3,{_places(4)}))", keys, (0, 2, 3))


LEGACY, WRAPPED, NATIVE, TAPROOT = "m/45h", "m/48h/1h/0h/1h", "m/48h/1h/0h/2h", "m/48h/1h/0h/3h"
RECOVERY = "or_d(multi(2,{0},{1},{2}),and_v(v:pkh({3}),older(3)))"
TREE = f"tr({NUMS},{{multi_a(2,{{0}},{{1}},{{2}}),and_v(v:pk({{3}}),older(3))}})"
DECAY = "thresh(2,pk({0}),s:pk({1}),sln:older(2))"

ECDSA = (
    _kind("pkh", "pkh({0})", 1, "m/44h/1h/0h", (0,)),
    _kind("wpkh", "wpkh({0})", 1, "m/84h/1h/0h", (0,)),
    _kind("sh-wpkh", "sh(wpkh({0}))", 1, "m/49h/1h/0h", (0,)),
    _kind("sh-multi-2of3", f"sh(multi(2,{_places(3)}))", 3, LEGACY, (0, 2)),
    _kind("sh-sortedmulti-2of3", f"sh(sortedmulti(2,{_places(3)}))", 3, LEGACY, (1, 2)),
    _uncompressed(),
    _kind("sh-multi-15of15", f"sh(multi(15,{_places(15)}))", 15, LEGACY, tuple(range(15))),
    _kind("sh-wsh-sortedmulti-2of3", f"sh(wsh(sortedmulti(2,{_places(3)})))", 3, WRAPPED, (0, 1)),
    _kind("wsh-sortedmulti-2of3", f"wsh(sortedmulti(2,{_places(3)}))", 3, NATIVE, (0, 1)),
    _kind("wsh-multi-3of4", f"wsh(multi(3,{_places(4)}))", 4, NATIVE, (0, 1, 3)),
    _kind(
        "wsh-sortedmulti-8of15", f"wsh(sortedmulti(8,{_places(15)}))", 15, NATIVE, tuple(range(8))
    ),
    _kind("wsh-multi-3of20", f"wsh(multi(3,{_places(20)}))", 20, NATIVE, (0, 10, 19)),
)
TAPROOTS = (
    _kind("tr-key", "tr({0})", 1, "m/86h/1h/0h", (0,)),
    _kind("tr-multi_a-2of3", f"tr({NUMS},multi_a(2,{_places(3)}))", 3, TAPROOT, (0, 2)),
    _kind(
        "tr-sortedmulti_a-3of4", f"tr({NUMS},sortedmulti_a(3,{_places(4)}))", 4, TAPROOT, (1, 2, 3)
    ),
    _kind("tr-key-of-multi_a", "tr({0},multi_a(2,{1},{2}))", 3, TAPROOT, (0,)),
    _kind("tr-multi_a-beside-key", "tr({0},multi_a(2,{1},{2}))", 3, TAPROOT, (1, 2)),
    _kind("tr-tree", "tr({0},{pk({1}),multi_a(2,{2},{3})})", 4, TAPROOT, (2, 3)),
    _kind("tr-tree-single", "tr({0},{pk({1}),multi_a(2,{2},{3})})", 4, TAPROOT, (1,)),
    _kind("tr-timelocked-quorum", TREE, 4, TAPROOT, (0, 2)),
    _kind("tr-timelocked-recovery", TREE, 4, TAPROOT, (3,), sequence=3),
    _hashed(
        "tr-hash160", f"tr({NUMS},{{and_v(v:pk({{0}}),hash160(HASH)),pk({{1}})}})", HASH160, TAPROOT
    ),
)
MINISCRIPTS = (
    _kind("wsh-miniscript-quorum", f"wsh({RECOVERY})", 4, NATIVE, (0, 2)),
    _kind("wsh-miniscript-recovery", f"wsh({RECOVERY})", 4, NATIVE, (3,), sequence=3),
    _kind("sh-wsh-miniscript-quorum", f"sh(wsh({RECOVERY}))", 4, WRAPPED, (1, 2)),
    _kind("sh-wsh-miniscript-recovery", f"sh(wsh({RECOVERY}))", 4, WRAPPED, (3,), sequence=3),
    _kind("wsh-decay-both", f"wsh({DECAY})", 2, NATIVE, (0, 1)),
    _kind("wsh-decay-late", f"wsh({DECAY})", 2, NATIVE, (1,), sequence=2),
    _kind(
        "wsh-after",
        "wsh(or_d(pk({0}),and_v(v:pkh({1}),after(110))))",
        2,
        NATIVE,
        (1,),
        locktime=110,
    ),
    _hashed(
        "wsh-sha256", "wsh(andor(pk({0}),sha256(HASH),and_v(v:pkh({1}),older(9))))", SHA256, NATIVE
    ),
    _hashed("wsh-hash256", "wsh(or_i(and_v(v:pk({0}),hash256(HASH)),pk({1})))", HASH256, NATIVE),
)
ALL = ECDSA + TAPROOTS + MINISCRIPTS


def _more() -> tuple[Kind, ...]:
    """Kinds whose addresses are compared, but for which nothing is signed."""
    digest = "6c60f404f8167a38fc70eaf8aa17ac351023bef86bcb9d1086a19afe95bd5333"
    scripts = {
        "wsh-sortedmulti-1of1": ("wsh(sortedmulti(1,{0}))", 1),
        "wsh-sortedmulti-5of7": (f"wsh(sortedmulti(5,{_places(7)}))", 7),
        "wsh-multi-15of15": (f"wsh(multi(15,{_places(15)}))", 15),
        "sh-multi-15keys": (f"sh(multi(1,{_places(15)}))", 15),
        "sh-wsh-multi-2of2": (f"sh(wsh(multi(2,{_places(2)})))", 2),
        "wsh-pk": ("wsh(pk({0}))", 1),
        "wsh-and": ("wsh(and_v(v:pk({0}),pk({1})))", 2),
        "wsh-after": ("wsh(or_d(pk({0}),and_v(v:pkh({1}),after(800000))))", 2),
        "wsh-thresh": ("wsh(thresh(2,pk({0}),s:pk({1}),sln:older(144)))", 2),
        "wsh-andor": ("wsh(andor(pk({0}),older(1000),pk({1})))", 2),
        "wsh-sha256": (f"wsh(and_v(v:pk({{0}}),or_d(pk({{1}}),sha256({digest}))))", 2),
        "wsh-multi-decay": ("wsh(or_i(and_v(v:pkh({0}),older(4032)),multi(2,{1},{2})))", 3),
        "sh-wsh-recovery": ("sh(wsh(or_d(pk({0}),and_v(v:pk({1}),older(65535)))))", 2),
        "tr-pk-leaf": (f"tr({NUMS},pk({{0}}))", 1),
        "tr-deep": ("tr({0},{pk({1}),{pk({2}),multi_a(2,{3},{4})}})", 5),
        "tr-older": ("tr({0},and_v(v:multi_a(2,{1},{2}),older(144)))", 3),
        "tr-sortedmulti_a-16": (f"tr({NUMS},sortedmulti_a(9,{_places(16)}))", 16),
    }
    return tuple(
        _kind(f"{name}-more", text, count, NATIVE, ()) for name, (text, count) in scripts.items()
    )


ADDRESSES = ALL + _more()
