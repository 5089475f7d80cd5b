"""Keys of UR registry types (BCR-2020-007 hdkey, BCR-2020-008 eckey) to and from key expressions."""

from typing import Any, Final

from coldsign.errors import MalformedError
from coldsign.keys.bip32 import ExtendedPublicKey
from coldsign.primitives.keypath import HARDENED, MAX_DEPTH, KeyOrigin, KeyPath, format_path
from coldsign.primitives.network import Network
from coldsign.primitives.secp import is_public_key
from coldsign.wallet.formats.cbor import Tag
from coldsign.wallet.keyexpr import KeyExpression

HDKEY: Final = frozenset({303, 40303})
ECKEY: Final = frozenset({306, 40306})
_KEYPATH: Final = frozenset({304, 40304})
_COIN_INFO: Final = frozenset({305, 40305})
_GROUPS: Final = {0: "main", 1: "test"}  # coin-info's network number (BCR-2020-007)
_NEWER: Final = 40_000  # from a tag of the first registry to that of the second (BCR-2020-006)
_CHILDREN: Final = 7
_WHAT: Final = "UR key"
_BOTH_BRANCHES: Final = "/<0;1>/*"


def key_text(item: object, network: Network, *, master: bytes | None, tail: str | None) -> str:
    """The key expression of a tagged key.

    Args:
        item: The tagged item.
        network: Where it must belong.
        master: The fingerprint to assume where the key's path names none.
        tail: What a template writes after the key, which then rules out children in the key; None
            without template.

    Raises:
        MalformedError: It is no key, secret, of another network, or has children that cannot be
            derived.
    """
    if not isinstance(item, Tag) or item.number not in HDKEY | ECKEY:
        raise MalformedError(f"{_WHAT}: an hdkey or eckey is due")
    fields = _map(item.value, "key")
    if fields.get(2) is True:
        raise MalformedError(f"{_WHAT}: a secret key where public ones are due")
    data = fields.get(3)
    if not isinstance(data, bytes) or not is_public_key(data):
        raise MalformedError(f"{_WHAT}: its data is no public key")
    if item.number in ECKEY:
        return data.hex() + (tail or "")
    _demand_network(fields.get(5), network)
    return _hdkey_text(fields, data, network, master) + _tail(
        fields.get(7), tail, is_extended=4 in fields
    )


def _hdkey_text(fields: dict[int, Any], data: bytes, network: Network, master: bytes | None) -> str:
    fingerprint, path, depth = _origin(fields.get(6))
    fingerprint = fingerprint or master
    origin = str(KeyOrigin(fingerprint, path)) if fingerprint and 6 in fields else ""
    chain_code = fields.get(4)
    if chain_code is None:
        return origin + data.hex()
    if not isinstance(chain_code, bytes) or len(chain_code) != 32 or len(data) != 33:
        raise MalformedError(f"{_WHAT}: its chain code or key has another size")
    parent = fields.get(8, 0)
    if type(parent) is not int or parent >= 1 << 32:
        raise MalformedError(f"{_WHAT}: its parent fingerprint is none")
    key = ExtendedPublicKey(
        depth,
        parent.to_bytes(4, "big") if depth else bytes(4),
        path[-1] if path else 0,
        chain_code,
        data,
    )
    return origin + key.serialize(network)


def _map(value: object, what: str) -> dict[int, Any]:
    if not isinstance(value, dict):
        raise MalformedError(f"{_WHAT}: its {what} is no map")
    return value


def _tagged_map(item: object, tags: frozenset[int], what: str) -> dict[int, Any]:
    if not isinstance(item, Tag) or item.number not in tags:
        raise MalformedError(f"{_WHAT}: its {what} is of another kind")
    return _map(item.value, what)


def _demand_network(item: object, network: Network) -> None:
    info = _tagged_map(item, _COIN_INFO, "use information") if item is not None else {}
    if info.get(1, 0) != 0:
        raise MalformedError(f"{_WHAT}: a key of another coin than bitcoin")
    number = info.get(2, 0)
    group = _GROUPS.get(number) if type(number) is int else None
    if group != network.group:
        raise MalformedError(
            f"{_WHAT}: a key of the {group or 'unknown'} networks in a wallet of {network.name}",
            hint="choose the right --network",
            code="wrong-network",
        )


def _origin(item: object) -> tuple[bytes | None, KeyPath, int]:
    """The master fingerprint, the path, and the depth that they give the key."""
    if item is None:
        return None, (), 0
    fields = _tagged_map(item, _KEYPATH, "origin")
    path = tuple(_plain_step(index, hardened=hardened) for index, hardened in _steps(fields))
    fingerprint, depth = fields.get(2), fields.get(3, len(path))
    if type(depth) is not int or depth > MAX_DEPTH:
        raise MalformedError(f"{_WHAT}: its origin has no valid depth")
    if fingerprint is None:
        return None, path, depth
    if type(fingerprint) is not int or not 0 < fingerprint < 1 << 32:
        raise MalformedError(f"{_WHAT}: its origin has no valid fingerprint")
    return fingerprint.to_bytes(4, "big"), path, depth


def _steps(fields: dict[int, Any]) -> list[tuple[Any, bool]]:
    """The steps of a key path: an index, an empty list for a wildcard, or a pair; each with its hardened flag."""
    parts = fields.get(1, [])
    if not isinstance(parts, list):
        raise MalformedError(f"{_WHAT}: a key path is no list")
    steps: list[tuple[Any, bool]] = []
    position = 0
    while position < len(parts):
        part = parts[position]
        if isinstance(part, list) and len(part) == 4:  # a pair carries its own two flags
            steps.append((part, False))
            position += 1
            continue
        flag = parts[position + 1] if position + 1 < len(parts) else None
        if not isinstance(flag, bool):
            raise MalformedError(f"{_WHAT}: a step of a key path has no hardened flag")
        steps.append((part, flag))
        position += 2
    return steps


def _plain_step(index: object, *, hardened: bool) -> int:
    if type(index) is not int or index >= HARDENED:
        raise MalformedError(f"{_WHAT}: a step of a key path is no index")
    return index + (HARDENED if hardened else 0)


def _tail(item: object, template: str | None, *, is_extended: bool) -> str:
    """The steps after the key: the template's, the key's children, or receive and change where nothing is said."""
    if template:
        if item is not None:
            raise MalformedError(f"{_WHAT}: steps in the template and in the key")
        return template
    if item is None:
        return _BOTH_BRANCHES if is_extended else ""
    words = []
    for part, hardened in _steps(_tagged_map(item, _KEYPATH, "children")):
        if part == [] and not hardened:
            words.append("*")
        elif isinstance(part, list) and len(part) == 4:
            first = format_path((_plain_step(part[0], hardened=part[1] is not False),))
            second = format_path((_plain_step(part[2], hardened=part[3] is not False),))
            words.append(f"<{first};{second}>")
        else:
            words.append(format_path((_plain_step(part, hardened=hardened),)))
    return "".join(f"/{word}" for word in words)


def key_item(key: KeyExpression, network: Network) -> Tag:
    """The hdkey or eckey of a registered wallet's key, which has two branches at most."""
    public = key.public
    if isinstance(public, bytes):
        return Tag(306, {3: public})
    fields: dict[int, Any] = {3: public.pubkey, 4: public.chain_code}
    if network.group == "test":
        fields[5] = Tag(305, {2: 1})
    if key.origin is not None:
        parts = _parts([(step,) for step in key.origin.path])
        fingerprint = int.from_bytes(key.origin.fingerprint, "big")
        fields[6] = Tag(304, {1: parts} | ({2: fingerprint} if fingerprint else {}))
        if public.depth:
            fields[8] = int.from_bytes(public.parent_fingerprint, "big")
    children = _parts([tuple(dict.fromkeys(column)) for column in zip(*key.branches, strict=True)])
    fields[7] = Tag(304, {1: children + ([[], False] if key.ranged else [])})
    return Tag(303, fields)


def template_key_item(key: KeyExpression, network: Network) -> Tag:
    """The key of an output-descriptor: with the newer tags, and without the steps that its template writes.

    A key without any keeps its empty list of them: readers take receive and change for granted where nothing is said.
    """
    old = key_item(key, network)
    stepped = key.ranged or any(key.branches)
    fields = {n: _renewed(value) for n, value in old.value.items() if n != _CHILDREN or not stepped}
    return Tag(old.number + _NEWER, fields)


def _renewed(value: object) -> object:
    return Tag(value.number + _NEWER, value.value) if isinstance(value, Tag) else value


def _parts(columns: list[tuple[int, ...]]) -> list[Any]:
    parts: list[Any] = []
    for column in columns:
        flat = [item for step in column for item in (step % HARDENED, step >= HARDENED)]
        parts += [flat] if len(column) == 2 else flat
    return parts
