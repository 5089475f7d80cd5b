"""The wallet kinds the live tests sign for: a descriptor template, its keys, and who signs."""

from dataclasses import dataclass

from tests.live.keys import Cosigner, mnemonic_cosigner, wif_cosigner

# BIP-341's point with no known secret key.
NUMS = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0"


@dataclass(frozen=True, slots=True)
class Kind:
    """A template with `{0}`, `{1}` … for the keys; enough of them to spend are `signers`."""

    name: str
    template: str
    cosigners: tuple[Cosigner, ...]
    signers: tuple[int, ...]
    sequence: int | None = None

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


def _uncompressed() -> Kind:
    keys = tuple(wif_cosigner(f"uncompressed {place}", compressed=False) for place in range(4))
    return Kind("sh-multi-3of4-uncompressed", f"sh(multi(3,{_places(4)}))", keys, (0, 2, 3))


LEGACY, WRAPPED, NATIVE, TAPROOT = "m/45h", "m/48h/1h/0h/1h", "m/48h/1h/0h/2h", "m/48h/1h/0h/3h"
RECOVERY = "or_d(multi(2,{0},{1},{2}),and_v(v:pkh({3}),older(3)))"

ECDSA = (
    _kind("pkh", "pkh({0})", 1, "m/44h/1h/0h", (0,)),
    _kind("wpkh", "wpkh({0})", 1, "m/84h/1h/0h", (0,)),
    _kind("sh-wpkh", "sh(wpkh({0}))", 1, "m/49h/1h/0h", (0,)),
    _kind("sh-multi-2of3", f"sh(multi(2,{_places(3)}))", 3, LEGACY, (0, 2)),
    _kind("sh-sortedmulti-2of3", f"sh(sortedmulti(2,{_places(3)}))", 3, LEGACY, (1, 2)),
    _uncompressed(),
    _kind("sh-wsh-sortedmulti-2of3", f"sh(wsh(sortedmulti(2,{_places(3)})))", 3, WRAPPED, (0, 1)),
    _kind("wsh-sortedmulti-2of3", f"wsh(sortedmulti(2,{_places(3)}))", 3, NATIVE, (0, 1)),
    _kind("wsh-multi-3of4", f"wsh(multi(3,{_places(4)}))", 4, NATIVE, (0, 1, 3)),
    _kind(
        "wsh-sortedmulti-8of15", f"wsh(sortedmulti(8,{_places(15)}))", 15, NATIVE, tuple(range(8))
    ),
)
LATER = (
    _kind("wsh-miniscript-quorum", f"wsh({RECOVERY})", 4, NATIVE, (0, 2)),
    _kind("wsh-miniscript-recovery", f"wsh({RECOVERY})", 4, NATIVE, (3,), sequence=3),
    _kind("sh-wsh-miniscript-quorum", f"sh(wsh({RECOVERY}))", 4, WRAPPED, (1, 2)),
    _kind("tr-key", "tr({0})", 1, "m/86h/1h/0h", (0,)),
    _kind("tr-multi_a-2of3", f"tr({NUMS},multi_a(2,{_places(3)}))", 3, TAPROOT, (0, 2)),
    _kind(
        "tr-sortedmulti_a-3of4", f"tr({NUMS},sortedmulti_a(3,{_places(4)}))", 4, TAPROOT, (1, 2, 3)
    ),
    _kind("tr-key-or-multi_a", "tr({0},multi_a(2,{1},{2}))", 3, TAPROOT, (1, 2)),
    _kind("tr-tree", "tr({0},{pk({1}),multi_a(2,{2},{3})})", 4, TAPROOT, (2, 3)),
)
ALL = ECDSA + LATER
