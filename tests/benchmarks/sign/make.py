"""Makes the PSBTs measured: every input with its whole previous transaction and key origins.

Bytes are put together here by hand, with libwally for keys alone, so that no codec under measure
had a part in its own input.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import wallycore
from embit.descriptor.checksum import add_checksum

HARDENED = 0x80000000
PATHS = {"sh": (45,), "wsh": (48, 1, 0, 2), "tr": (48, 1, 0, 3)}
NUMS = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0"
COIN_SATS = 20_000_000
FEE_PER_INPUT = 500
FEE_PER_OUTPUT = 150


@dataclass(frozen=True, slots=True)
class Wallet:
    """A quorum of keys in one kind of script: `sh`, `wsh`, `tr` (unspendable internal key)."""

    kind: str
    needed: int
    total: int

    @property
    def name(self) -> str:
        return f"{self.kind} {self.needed}-of-{self.total}"

    @property
    def path(self) -> tuple[int, ...]:
        return tuple(step | HARDENED for step in PATHS[self.kind])

    def seed(self, place: int) -> bytes:
        return hashlib.sha512(f"coldsign benchmark {place}".encode()).digest()

    def master(self, place: int) -> object:
        return wallycore.bip32_key_from_seed(self.seed(place), wallycore.BIP32_VER_TEST_PRIVATE, 0)

    def fingerprint(self, place: int) -> bytes:
        return bytes(wallycore.bip32_key_get_fingerprint(self.master(place)))

    def account(self, place: int) -> object:
        private = wallycore.BIP32_FLAG_KEY_PRIVATE
        return wallycore.bip32_key_from_parent_path(self.master(place), list(self.path), private)

    def expression(self, place: int, *, private: bool, tail: str) -> str:
        """A key expression; private ones hold the account's secret key."""
        flag = wallycore.BIP32_FLAG_KEY_PRIVATE if private else wallycore.BIP32_FLAG_KEY_PUBLIC
        steps = "/".join(f"{step & ~HARDENED}h" for step in self.path)
        text = wallycore.bip32_key_to_base58(self.account(place), flag)
        return f"[{self.fingerprint(place).hex()}/{steps}]{text}{tail}"

    def descriptor(self, *, private: int | None = None, tail: str = "/<0;1>/*") -> str:
        """The wallet as a descriptor with checksum; `private` is the key whose secret it shows."""
        keys = ",".join(
            self.expression(place, private=place == private, tail=tail)
            for place in range(self.total)
        )
        inner = f"({self.needed},{keys})"
        forms = {
            "sh": f"sh(sortedmulti{inner})",
            "wsh": f"wsh(sortedmulti{inner})",
            "tr": f"tr({NUMS},multi_a{inner})",
        }
        return str(add_checksum(forms[self.kind]))


@dataclass(frozen=True, slots=True)
class Case:
    """One PSBT to sign."""

    wallet: Wallet
    inputs: int
    outputs: int
    psbt: bytes


def compact(size: int) -> bytes:
    if size < 0xFD:
        return bytes([size])
    return (
        b"\xfd" + struct.pack("<H", size) if size <= 0xFFFF else b"\xfe" + struct.pack("<I", size)
    )


def counted(data: bytes) -> bytes:
    return compact(len(data)) + data


def pair(key: bytes, value: bytes) -> bytes:
    return counted(key) + counted(value)


def push(data: bytes) -> bytes:
    assert len(data) < 0x4C
    return bytes([len(data)]) + data


def sha256d(data: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


@dataclass(frozen=True, slots=True)
class Coin:
    """One script of the wallet: what is on the chain, and the PSBT fields that explain it."""

    script: bytes
    pairs: bytes
    output_pairs: bytes


class Scripts:
    """Derives a wallet's scripts, with each key's branch derived once."""

    def __init__(self, wallet: Wallet) -> None:
        self._wallet = wallet
        self._branches = {
            (place, branch): wallycore.bip32_key_from_parent(
                wallet.account(place), branch, wallycore.BIP32_FLAG_KEY_PUBLIC
            )
            for place in range(wallet.total)
            for branch in (0, 1)
        }
        self._fingerprints = [wallet.fingerprint(place) for place in range(wallet.total)]

    def _keys(self, branch: int, index: int) -> list[tuple[bytes, bytes]]:
        """Each cosigner's public key and its BIP-174 key origin."""
        public = wallycore.BIP32_FLAG_KEY_PUBLIC
        found = []
        for place, fingerprint in enumerate(self._fingerprints):
            child = wallycore.bip32_key_from_parent(self._branches[place, branch], index, public)
            steps = struct.pack(
                f"<{len(self._wallet.path) + 2}I", *self._wallet.path, branch, index
            )
            found.append((bytes(wallycore.bip32_key_get_pub_key(child)), fingerprint + steps))
        return found

    def coin(self, branch: int, index: int) -> Coin:
        keys = self._keys(branch, index)
        return self._taproot(keys) if self._wallet.kind == "tr" else self._multisig(keys)

    def _multisig(self, keys: list[tuple[bytes, bytes]]) -> Coin:
        wallet = self._wallet
        inner = b"".join(push(key) for key, _ in sorted(keys))
        script = bytes([0x50 + wallet.needed]) + inner + bytes([0x50 + wallet.total, 0xAE])
        origins = sorted(keys)
        if wallet.kind == "wsh":
            on_chain = b"\x00\x20" + hashlib.sha256(script).digest()
            types = (b"\x05", b"\x01", b"\x06", b"\x02")
        else:
            on_chain = b"\xa9\x14" + bytes(wallycore.hash160(script)) + b"\x87"
            types = (b"\x04", b"\x00", b"\x06", b"\x02")
        inside, outside, derived, derived_out = types
        return Coin(
            on_chain,
            pair(inside, script) + b"".join(pair(derived + key, origin) for key, origin in origins),
            pair(outside, script)
            + b"".join(pair(derived_out + key, origin) for key, origin in origins),
        )

    def _taproot(self, keys: list[tuple[bytes, bytes]]) -> Coin:
        only = [(key[1:], origin) for key, origin in keys]
        script = push(only[0][0]) + b"\xac"
        script += b"".join(push(key) + b"\xba" for key, _ in only[1:])
        script += bytes([0x50 + self._wallet.needed, 0x9C])
        tag = hashlib.sha256(b"TapLeaf").digest()
        leaf = hashlib.sha256(tag * 2 + b"\xc0" + counted(script)).digest()
        tweaked = wallycore.ec_public_key_bip341_tweak(bytes.fromhex("02" + NUMS), leaf, 0)
        on_chain = b"\x51\x20" + bytes(tweaked[1:])
        control = bytes([0xC0 | (tweaked[0] & 1)]) + bytes.fromhex(NUMS)
        origins = [(key, b"\x01" + leaf + origin) for key, origin in sorted(only)]
        inputs = pair(b"\x15" + control, script + b"\xc0")
        inputs += b"".join(pair(b"\x16" + key, value) for key, value in origins)
        inputs += pair(b"\x17", bytes.fromhex(NUMS)) + pair(b"\x18", leaf)
        outputs = pair(b"\x05", bytes.fromhex(NUMS)) + pair(b"\x06", b"\x00\xc0" + counted(script))
        outputs += b"".join(pair(b"\x07" + key, value) for key, value in origins)
        return Coin(on_chain, inputs, outputs)


def _previous(coin: Coin, number: int) -> bytes:
    """A transaction with one input that pays the coin and somebody else."""
    spent = hashlib.sha256(f"previous {number}".encode()).digest()
    other = b"\x00\x14" + hashlib.sha256(b"other %d" % number).digest()[:20]
    outs = (
        struct.pack("<q", COIN_SATS)
        + counted(coin.script)
        + struct.pack("<q", 5_000)
        + counted(other)
    )
    return (
        struct.pack("<i", 2)
        + b"\x01"
        + spent
        + b"\0" * 5
        + b"\xff" * 4
        + b"\x02"
        + outs
        + b"\0" * 4
    )


def make(wallet: Wallet, inputs: int, outputs: int) -> Case:
    """`inputs` coins to `outputs` outputs, the last of which is change."""
    scripts = Scripts(wallet)
    coins = [scripts.coin(0, index) for index in range(inputs)]
    previous = [_previous(coin, number) for number, coin in enumerate(coins)]
    change = scripts.coin(1, 0)
    scripts_out = [
        b"\x00\x14" + hashlib.sha256(b"payee %d" % number).digest()[:20]
        for number in range(outputs - 1)
    ]
    room = inputs * COIN_SATS - inputs * FEE_PER_INPUT - outputs * FEE_PER_OUTPUT
    each = room // outputs
    transaction = struct.pack("<i", 2) + compact(inputs)
    for before in previous:
        transaction += sha256d(before) + b"\0" * 5 + struct.pack("<I", 0xFFFFFFFD)
    transaction += compact(outputs)
    for script in scripts_out:
        transaction += struct.pack("<q", each) + counted(script)
    left = room - each * (outputs - 1)
    transaction += struct.pack("<q", left) + counted(change.script) + b"\0" * 4
    psbt = [b"psbt\xff", pair(b"\x00", transaction), b"\0"]
    for coin, before in zip(coins, previous, strict=True):
        if wallet.kind != "tr":
            psbt.append(pair(b"\x00", before))
        if wallet.kind != "sh":
            psbt.append(pair(b"\x01", struct.pack("<q", COIN_SATS) + counted(coin.script)))
        psbt += [coin.pairs, b"\0"]
    psbt += [b"\0"] * (outputs - 1) + [change.output_pairs, b"\0"]
    return Case(wallet, inputs, outputs, b"".join(psbt))


def signatures(psbt: bytes) -> Iterator[bytes]:
    """Every signature pair, key and value, in the order of inputs and keys."""
    place = 5

    def number() -> int:
        nonlocal place
        first = psbt[place]
        width = {0xFD: 2, 0xFE: 4}.get(first, 0)
        value = int.from_bytes(psbt[place + 1 : place + 1 + width], "little") if width else first
        place += 1 + width
        return value

    def chunk() -> bytes:
        nonlocal place
        size = number()
        place += size
        return psbt[place - size : place]

    maps = 0
    found: list[bytes] = []
    while place < len(psbt):
        key = chunk()
        if not key:
            maps += 1
            yield from sorted(found)
            found = []
        else:
            value = chunk()
            if maps and key[0] in {0x02, 0x13, 0x14} and len(value) >= 64:
                found.append(key + value)
