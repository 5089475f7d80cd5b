"""UR registry types for wallets, as CBOR: crypto-output, crypto-account, their successors.

BCR-2020-010 (crypto-output, output-descriptor), BCR-2020-015 (crypto-account), BCR-2023-019
(account-descriptor).
"""

import re
from dataclasses import replace
from typing import Any, Final

from coldsign.errors import MalformedError
from coldsign.keys.bip32 import ExtendedPublicKey
from coldsign.primitives.network import Network
from coldsign.wallet.descriptor import Descriptor, Form
from coldsign.wallet.formats.cbor import Tag, decode, encode
from coldsign.wallet.formats.imported import Imported, usable_name
from coldsign.wallet.formats.ur_keys import ECKEY, HDKEY, key_item, key_text, template_key_item
from coldsign.wallet.keylist import MAX_KEYS
from coldsign.wallet.miniscript.ast import Fragment
from coldsign.wallet.wallet import Wallet

_WHAT: Final = "UR wallet"
_OUTPUT: Final = frozenset({308, 40308})
_ACCOUNT: Final = frozenset({311, 40311})
_SCRIPTS: Final = {
    400: "sh",
    401: "wsh",
    402: "pk",
    403: "pkh",
    404: "wpkh",
    405: "combo",
    409: "tr",
}
_MULTISIGS: Final = {406: "multi", 407: "sortedmulti"}
_COSIGNER: Final = 410
_BEGINNINGS: Final = (b"\xa1", b"\xa2", b"\xa3", b"\xa4", b"\xa5", b"\xd9\x01", b"\xd9\x9d")
_PLACEHOLDER: Final = re.compile(r"@(0|[1-9][0-9]{0,2})((?:/[^,(){}]*)?)", re.ASCII)


def is_cbor(data: bytes) -> bool:
    """Whether bytes begin as these types do; no text file begins so."""
    return data.startswith(_BEGINNINGS)


def parse(data: bytes, network: Network, *, script_kind: str = "") -> Imported:
    """Read the CBOR of an output descriptor or an account.

    Args:
        data: One item.
        network: Where its keys must belong.
        script_kind: Which wallet of an account, such as ``wpkh``; needed if it offers several.

    Raises:
        MalformedError: It is none of these types, or no wallet that can be registered.
    """
    item = decode(data)
    if isinstance(item, Tag) and item.number in _ACCOUNT | _OUTPUT:
        item = item.value
    if isinstance(item, Tag):
        if item.number in HDKEY | ECKEY:
            raise _keys_only("one key")
        return Imported(_output(item, network, None), None, "a crypto-output QR")
    if not isinstance(item, dict):
        raise MalformedError(f"{_WHAT}: an output descriptor or an account is due")
    if isinstance(item.get(1), str):
        name = usable_name(item.get(3))
        return Imported(_template(item, network), name, "an output-descriptor QR")
    if isinstance(item.get(2), list):
        if any(isinstance(key, Tag) and key.number in HDKEY for key in item[2]):
            raise _keys_only("the keys of a device (crypto-multi-accounts)")
        found = _choose(accounts(item, network), script_kind)
        return Imported(found, None, "an account QR")
    if 3 in item:
        raise _keys_only("one key")
    raise MalformedError(f"{_WHAT}: a map of another kind")


def _keys_only(what: str) -> MalformedError:
    return MalformedError(
        f"{_WHAT}: {what}, not a wallet",
        hint="give it to the coordinator, and have that export the whole wallet as an output descriptor",
    )


def accounts(item: dict[int, Any], network: Network) -> tuple[Descriptor, ...]:
    """The wallets of one key that an account offers; its keys for multisig wallets are left out.

    Raises:
        MalformedError: It is damaged.
    """
    fingerprint = item.get(1)
    if type(fingerprint) is not int or not 0 < fingerprint < 1 << 32:
        raise MalformedError(f"{_WHAT}: an account without a valid master fingerprint")
    master = fingerprint.to_bytes(4, "big")
    found = []
    for entry in item[2]:
        inner = entry.value if isinstance(entry, Tag) and entry.number in _OUTPUT else entry
        if isinstance(inner, dict):
            if _is_for_multisig(str(inner.get(1))):
                continue
            found.append(_template(inner, network))
        elif not _is_for_multisig(_functions(inner)):
            found.append(_output(inner, network, master))
    return tuple(found)


def _is_for_multisig(text: str) -> bool:
    """A cosigner's key, or a single key in wsh() or a bare sh(): not a wallet by itself."""
    return "cosigner" in text or text.startswith(("wsh(@", "wsh(", "sh(wsh(", "sh(@"))


def _functions(item: object) -> str:
    """The functions around a key, such as ``sh(wpkh(@``."""
    words = ""
    while isinstance(item, Tag) and item.number not in HDKEY | ECKEY:
        words += _SCRIPTS.get(item.number, "cosigner" if item.number == _COSIGNER else "") + "("
        item = item.value
    return words + "@"


def _choose(found: tuple[Descriptor, ...], script_kind: str) -> Descriptor:
    fitting = [one for one in found if one.script_kind == script_kind or not script_kind]
    if len(fitting) == 1:
        return fitting[0]
    if not found:
        raise _keys_only("an account with none of a single key's wallets")
    kinds = ", ".join(one.script_kind for one in found)
    what = "several wallets" if fitting else f"no {script_kind} wallet"
    raise MalformedError(
        f"{_WHAT}: the account offers {what} ({kinds})",
        hint="choose one of them with --script, or export one wallet as an output descriptor",
        code="choose-account",
    )


def _output(item: object, network: Network, master: bytes | None) -> Descriptor:
    """The descriptor of nested script tags around keys."""
    opened = ""
    depth = 0
    while isinstance(item, Tag) and item.number in _SCRIPTS:
        opened += _SCRIPTS[item.number] + "("
        depth += 1
        item = item.value
    text = opened + _inner(item, network, master) + ")" * depth
    return Descriptor.parse(text, network, require_checksum=False)


def _inner(item: object, network: Network, master: bytes | None) -> str:
    if not isinstance(item, Tag) or item.number not in _MULTISIGS:
        return key_text(item, network, master=master, tail=None)
    fields = item.value if isinstance(item.value, dict) else {}
    needed, keys = fields.get(1), fields.get(2)
    if type(needed) is not int or not isinstance(keys, list):
        raise MalformedError(f"{_WHAT}: a multisig without its quorum or keys")
    texts = [key_text(key, network, master=None, tail=None) for key in keys]
    return f"{_MULTISIGS[item.number]}({needed},{','.join(texts)})"


def _template(item: dict[int, Any], network: Network) -> Descriptor:
    """The descriptor of the second version: text with placeholders, and the keys."""
    source, keys = item.get(1), item.get(2, [])
    if not isinstance(source, str) or not isinstance(keys, list):
        raise MalformedError(f"{_WHAT}: its text or its keys are of another kind")
    if source.count("@") > MAX_KEYS:  # before each is written out: short names stand for long keys
        raise MalformedError(f"{_WHAT}: its text names more than {MAX_KEYS} keys")
    used: list[int] = []

    def key(match: re.Match[str]) -> str:
        number = int(match[1])
        if number >= len(keys):
            raise MalformedError(f"{_WHAT}: there is no key @{number}")
        used.append(number)
        return key_text(keys[number], network, master=None, tail=match[2] or None)

    text = _PLACEHOLDER.sub(key, source)
    if set(used) != set(range(len(keys))):
        raise MalformedError(f"{_WHAT}: a key of its list is not used")
    return Descriptor.parse(text, network, require_checksum=False)


def serialize(wallet: Wallet) -> bytes:
    """The CBOR of a wallet as crypto-output.

    Raises:
        MalformedError: The type cannot say it: miniscript, or taproot with scripts.
    """
    descriptor = wallet.descriptor
    keys = [key_item(key, wallet.network) for key in descriptor.keys]
    script = descriptor.script
    if script is None and descriptor.tree is None:
        item = keys[0]
    elif script is not None and script.fragment in {Fragment.MULTI, Fragment.SORTEDMULTI}:
        number = 406 if script.fragment is Fragment.MULTI else 407
        item = Tag(number, {1: script.number, 2: keys})
    else:
        raise MalformedError(
            f"{_WHAT}: crypto-output cannot say this wallet's script", hint="use output-descriptor"
        )
    for number in reversed(_TAGS[descriptor.form]):
        item = Tag(number, item)
    if not all(isinstance(key.public, ExtendedPublicKey) for key in descriptor.keys):
        raise MalformedError(f"{_WHAT}: raw keys are not written as crypto-output")
    return encode(item)


def serialize_template(wallet: Wallet) -> bytes:
    """The CBOR of a wallet as output-descriptor (BCR-2023-010), which says every wallet."""
    network = wallet.network
    items: list[Tag] = []
    texts = []
    for key in wallet.descriptor.keys:
        if not isinstance(key.public, ExtendedPublicKey):
            texts.append(
                key.text(network)
            )  # in the list an x-only key would look like a secret one
            continue
        item = template_key_item(key, network)
        if item not in items:
            items.append(item)
        bare = replace(key, branches=((),), ranged=False).text(network)
        texts.append(f"@{items.index(item)}{key.text(network).removeprefix(bare)}")
    return encode({1: wallet.descriptor.with_keys(texts), 2: items, 3: wallet.name})


_TAGS: Final = {
    Form.PKH: (403,),
    Form.WPKH: (404,),
    Form.SH_WPKH: (400, 404),
    Form.SH: (400,),
    Form.SH_WSH: (400, 401),
    Form.WSH: (401,),
    Form.TR: (409,),
}
