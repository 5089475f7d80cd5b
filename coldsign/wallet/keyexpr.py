"""Key expressions of descriptors (BIP-380, multipath of BIP-389): the public half of every key."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from coldsign.errors import MalformedError
from coldsign.keys.bip32 import ExtendedPublicKey, ExtendedSecretKey
from coldsign.keys.versions import NetworkGroup
from coldsign.keys.wif import WifKey
from coldsign.primitives.hashes import hash160
from coldsign.primitives.keypath import HARDENED, KeyOrigin, KeyPath, format_path, parse_path
from coldsign.primitives.network import Network
from coldsign.primitives.secp import is_public_key, is_xonly
from coldsign.primitives.text import printable

MAX_TEXT: Final = 4096
"""Characters of one key expression: 255 origin steps and 255 tail steps of ten digits fit with room to spare."""
MAX_ALTERNATIVES: Final = 64
"""BIP-389 sets no limit; wallets use two, and a registered one never more."""

_ORIGIN = re.compile(r"\[([0-9a-fA-F]{8})((?:/[^\]/]*)*)\](.*)", re.ASCII | re.DOTALL)
_HEX_SIZES: Final = {64: 32, 66: 33, 130: 65}


class KeyRule(Enum):
    """Which encodings of a raw key a script takes."""

    LEGACY = "legacy"
    SEGWIT = "segwit v0"
    TAPROOT = "taproot"


@dataclass(frozen=True, slots=True)
class KeyExpression:
    """One key of a descriptor, public side only.

    Attributes:
        origin: The master fingerprint and the path to ``public``, as the descriptor claims them;
            None if it does not.
        public: An extended key, or one raw key of 33 or 65 bytes (32 in taproot).
        branches: The steps after ``public``, one path for each alternative of a multipath; the
            wildcard is not in it.
        ranged: Whether a wildcard follows.
    """

    origin: KeyOrigin | None
    public: ExtendedPublicKey | bytes
    branches: tuple[KeyPath, ...]
    ranged: bool

    @classmethod
    def parse(cls, text: str, network: Network, rule: KeyRule) -> "KeyExpression":
        """Read a key expression; of a secret key only the public half is kept.

        Raises:
            MalformedError: It is none, of another network, or not allowed in this script.
        """
        if len(text) > MAX_TEXT:
            raise MalformedError(f"a key expression of more than {MAX_TEXT} characters")
        origin, rest = _split_origin(text)
        body, slash, tail = rest.partition("/")
        if body[1:4] in {"pub", "prv"}:
            return _extended(origin, body, _split_tail(tail) if slash else ([], False), network)
        raw = _raw(body, network, rule)
        if slash:
            raise MalformedError("steps after a single key: only extended keys have children")
        return cls(origin, raw, ((),), ranged=False)

    def text(self, network: Network) -> str:
        """The canonical text: ``h`` for hardened steps, lower case, public."""
        origin = str(self.origin) if self.origin else ""
        if isinstance(self.public, bytes):
            return origin + self.public.hex()
        steps = "".join(f"/{step}" for step in _tail_words(self.branches))
        return origin + self.public.serialize(network) + steps + ("/*" if self.ranged else "")

    @property
    def fingerprint(self) -> bytes:
        """The master fingerprint: the origin's, else the key's own (as Bitcoin Core writes it in PSBTs)."""
        return self.expected_origin.fingerprint

    @property
    def expected_origin(self) -> KeyOrigin:
        """The origin a PSBT states for ``public`` itself."""
        if self.origin is not None:
            return self.origin
        if isinstance(self.public, bytes):
            key = self.public if len(self.public) != 32 else b"\x02" + self.public
            return KeyOrigin(hash160(key)[:4], ())
        return KeyOrigin(self.public.fingerprint, ())

    @property
    def has_usual_branches(self) -> bool:
        """Whether it ends in ``/<0;1>/*``: the branches of formats that name none."""
        return self.ranged and self.branches == ((0,), (1,))

    def path(self, branch: int, index: int) -> KeyPath:
        """The steps after ``public`` at a place; a key without alternatives is the same on every branch."""
        tail = self.branches[branch if len(self.branches) > 1 else 0]
        return (*tail, index) if self.ranged else tail


def _split_origin(text: str) -> tuple[KeyOrigin | None, str]:
    if not text.startswith("["):
        if "]" in text:
            raise MalformedError("key origin: its opening bracket is missing")
        return None, text
    match = _ORIGIN.fullmatch(text)
    if match is None:
        raise MalformedError(
            "key origin: eight hex digits of fingerprint and a path are due in brackets"
        )
    fingerprint, path, rest = match.groups()
    if not rest or rest[0] in "[/":
        raise MalformedError("key origin: no key, or a second origin, follows it")
    steps = parse_path(path[1:]) if path else ()
    return KeyOrigin(bytes.fromhex(fingerprint), steps), rest


def _split_tail(tail: str) -> tuple[list[tuple[int, ...]], bool]:
    """The alternatives of each step (one, or several for ``<a;b>``), and whether a wildcard ends it."""
    steps = tail.split("/")
    ranged = steps[-1] == "*"
    if steps[-1] in {"*h", "*'"}:
        raise MalformedError(
            "a hardened wildcard: its addresses cannot be derived from public keys",
            hint="export the extended public key of the account and end it with /*",
        )
    columns: list[tuple[int, ...]] = []
    for step in steps[:-1] if ranged else steps:
        if step.startswith("<"):
            columns.append(_alternatives(step))
        else:
            columns.append(parse_path(step) if step != "m" else _no_step(step))
    if sum(len(column) > 1 for column in columns) > 1:
        raise MalformedError("more than one multipath step in a key (BIP-389)")
    return columns, ranged


def _alternatives(step: str) -> tuple[int, ...]:
    if not step.endswith(">"):
        raise MalformedError(f"multipath {printable(step)}: the closing > is missing (BIP-389)")
    parts = step[1:-1].split(";")
    if len(parts) < 2 or len(parts) > MAX_ALTERNATIVES:
        raise MalformedError(
            f"multipath {printable(step)}: 2 to {MAX_ALTERNATIVES} indexes are due (BIP-389)"
        )
    indexes = tuple(parse_path(part)[0] if part != "m" else _no_step(part)[0] for part in parts)
    if len(set(indexes)) != len(indexes):
        raise MalformedError(f"multipath {printable(step)}: an index stands in it twice")
    return indexes


def _no_step(step: str) -> KeyPath:
    raise MalformedError(f"key path: {printable(step)} is not a step")


def _extended(
    origin: KeyOrigin | None,
    body: str,
    tail: tuple[list[tuple[int, ...]], bool],
    network: Network,
) -> KeyExpression:
    columns, ranged = tail
    if body[1:4] == "prv":
        origin, public, group, columns = _neutered(origin, body, columns)
    else:
        public, group = ExtendedPublicKey.parse(body)
    group.require(network, "a key")
    if any(step >= HARDENED for column in columns for step in column):
        raise MalformedError(
            "a hardened step after an extended public key cannot be derived",
            hint="export the extended public key at the last hardened step",
        )
    count = max(map(len, columns), default=1)
    full = [column if len(column) == count else column * count for column in columns]
    branches = tuple(zip(*full, strict=True)) if full else ((),)
    return KeyExpression(origin, public, branches, ranged)


def _neutered(
    origin: KeyOrigin | None, body: str, columns: list[tuple[int, ...]]
) -> tuple[KeyOrigin | None, ExtendedPublicKey, NetworkGroup, list[tuple[int, ...]]]:
    """The public key below the last hardened step, with the origin that this gives it."""
    secret, group = ExtendedSecretKey.parse(body)
    last = max(
        (i + 1 for i, column in enumerate(columns) if max(column) >= HARDENED),
        default=0,
    )
    if any(len(column) > 1 for column in columns[:last]):
        raise MalformedError("a multipath with or before a hardened step cannot be derived")
    path = tuple(column[0] for column in columns[:last])
    key = secret.derive(path)
    public = key.neuter()
    if path:
        start = origin or KeyOrigin(secret.fingerprint, ())
        origin = KeyOrigin(start.fingerprint, start.path + path)
        key.wipe()
    secret.wipe()
    return origin, public, group, columns[last:]


def _raw(body: str, network: Network, rule: KeyRule) -> bytes:
    if len(body) in _HEX_SIZES:
        try:
            key = bytes.fromhex(body)
        except ValueError:
            key = b""
        if len(key) == _HEX_SIZES[len(body)]:
            return _encoded(key, rule)
    if len(body) not in {51, 52}:
        raise MalformedError("neither an extended key nor a WIF nor a public key in hex")
    return _encoded(_wif_public(body, network), rule)


def _wif_public(body: str, network: Network) -> bytes:
    key = WifKey.parse(body)
    key.wipe()
    key.group.require(network, "a WIF key")
    return key.public


def _encoded(key: bytes, rule: KeyRule) -> bytes:
    if len(key) == 32:
        if rule is not KeyRule.TAPROOT:
            raise MalformedError(f"an x-only key in a {rule.value} script (BIP-386)")
        if not is_xonly(key):
            raise MalformedError("an x-only key that is not on the curve")
        return key
    if not is_public_key(key):
        raise MalformedError("a public key that is not on the curve")
    if len(key) == 65 and rule is not KeyRule.LEGACY:
        raise MalformedError(f"an uncompressed key in a {rule.value} script (BIP-382, BIP-386)")
    return key[1:] if rule is KeyRule.TAPROOT else key


def _tail_words(branches: tuple[KeyPath, ...]) -> list[str]:
    words = []
    for column in zip(*branches, strict=True):
        if len(set(column)) == 1:
            words.append(format_path(column[:1]))
        else:
            words.append("<" + ";".join(format_path((step,)) for step in column) + ">")
    return words
