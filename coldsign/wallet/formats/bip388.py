"""Wallet policies (BIP-388): a descriptor template and the keys that it names by number."""

import json
import re
from dataclasses import replace
from typing import Any, Final

from coldsign.errors import MalformedError
from coldsign.primitives.network import Network
from coldsign.wallet.descriptor import MAX_TEXT, Descriptor
from coldsign.wallet.formats.imported import Imported, usable_name
from coldsign.wallet.keyexpr import KeyExpression
from coldsign.wallet.keylist import MAX_KEYS
from coldsign.wallet.strictjson import list_field, text_field
from coldsign.wallet.wallet import Wallet

_WHAT: Final = "wallet policy"
_TEMPLATES: Final = ("descriptor_template", "description_template", "template", "policy")
_KEYS: Final = ("keys_info", "keys")
_PLACEHOLDER: Final = re.compile(
    r"@(0|[1-9][0-9]{0,3})/(?:\*\*|<(0|[1-9][0-9]{0,9});(0|[1-9][0-9]{0,9})>/\*)(?=[,)}])", re.ASCII
)
_KEY: Final = re.compile(r"(\[[0-9a-fA-F]{8}(?:/[0-9]+[h']?)*\])?[A-Za-z0-9]{100,112}", re.ASCII)


def is_policy(fields: dict[str, Any]) -> bool:
    """Whether a JSON object has a template and keys."""
    return any(name in fields for name in _TEMPLATES) and any(name in fields for name in _KEYS)


def parse(fields: dict[str, Any], network: Network) -> Imported:
    """Read a policy as JSON, as Ledger's and other tools write it.

    Raises:
        MalformedError: It is none, or breaks a rule of BIP-388.
    """
    template = next(name for name in _TEMPLATES if name in fields)
    keys = next(name for name in _KEYS if name in fields)
    infos = list_field(fields, keys, _WHAT)
    if not all(isinstance(info, str) for info in infos):
        raise MalformedError(f"{_WHAT}: a key is not text")
    descriptor = expand(text_field(fields, template, _WHAT), infos, network)
    return Imported(descriptor, usable_name(fields.get("name")), "a BIP-388 wallet policy")


def expand(template: str, keys: list[str], network: Network) -> Descriptor:
    """The descriptor of a policy.

    Raises:
        MalformedError: It breaks a rule of BIP-388: placeholders in order, none left out, keys and
            paths distinct, exactly two branches, no key outside the list.
    """
    if "musig(" in template:
        raise MalformedError(
            f"{_WHAT}: musig() keys: coldsign cannot sign for MuSig2 wallets yet",
            code="musig-unsupported",
        )
    if len(template) > MAX_TEXT or len(keys) > MAX_KEYS:
        raise MalformedError(f"{_WHAT}: longer than {MAX_TEXT} characters or {MAX_KEYS} keys")
    for number, info in enumerate(keys):
        if not _KEY.fullmatch(info):
            raise MalformedError(f"{_WHAT}: key @{number} is no extended key with its origin")
    if len({info.partition("]")[2] or info for info in keys}) != len(keys):
        raise MalformedError(f"{_WHAT}: two of its keys are the same", code="duplicate-key")
    _demand_placeholders(template, len(keys))
    text = _PLACEHOLDER.sub(lambda found: _key(found, keys), template)
    if re.search(r"[xt](pub|prv)", _PLACEHOLDER.sub("", template)):
        raise MalformedError(f"{_WHAT}: a key stands in the template itself")
    return Descriptor.parse(text, network, require_checksum=False)


def _demand_placeholders(template: str, count: int) -> None:
    found = list(_PLACEHOLDER.finditer(template))
    if len(found) != template.count("@"):
        raise MalformedError(
            f"{_WHAT}: a key placeholder is not @N/** or @N/<a;b>/*", code="policy-placeholder"
        )
    order: dict[int, None] = {}
    used: dict[int, set[int]] = {}
    for match in found:
        number = int(match[1])
        order[number] = None
        branches = {int(match[2] or 0), int(match[3] or 1)}
        seen = used.setdefault(number, set())
        if len(branches) != 2 or branches & seen:
            raise MalformedError(f"{_WHAT}: @{number} is used twice with the same branch")
        seen |= branches
    if list(order) != list(range(count)):
        raise MalformedError(f"{_WHAT}: the placeholders are not @0 to @{count - 1} in order")


def _key(found: re.Match[str], keys: list[str]) -> str:
    tail = f"<{found[2]};{found[3]}>/*" if found[2] is not None else "<0;1>/*"
    return f"{keys[int(found[1])]}/{tail}"


def reduce(descriptor: Descriptor) -> tuple[str, tuple[str, ...]]:
    """The template and the keys of a descriptor.

    Raises:
        MalformedError: BIP-388 cannot say it: a raw key, one branch only, or steps before the
            branch.
    """
    infos: list[str] = []
    placeholders: list[str] = []
    for number, key in enumerate(descriptor.keys, 1):
        tails = key.branches
        if not key.ranged or len(tails) != 2 or any(len(tail) != 1 for tail in tails):
            raise MalformedError(
                f"{_WHAT}: key {number} does not end in <a;b>/*, which BIP-388 needs",
                hint="export it as a descriptor",
            )
        info = _info(key, descriptor.network)
        if info not in infos:
            infos.append(info)
        tail = "**" if tails == ((0,), (1,)) else f"<{tails[0][0]};{tails[1][0]}>/*"
        placeholders.append(f"@{infos.index(info)}/{tail}")
    return descriptor.with_keys(placeholders), tuple(infos)


def _info(key: KeyExpression, network: Network) -> str:
    return replace(key, branches=((),), ranged=False).text(network)


def serialize(wallet: Wallet) -> str:
    """The policy of a wallet as JSON.

    Raises:
        MalformedError: BIP-388 cannot say it.
    """
    template, infos = reduce(wallet.descriptor)
    fields = {"name": wallet.name, "descriptor_template": template, "keys_info": list(infos)}
    return json.dumps(fields, indent=2) + "\n"
