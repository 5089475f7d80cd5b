"""What every wallet file is read into, and the descriptor text that the formats without one are turned into."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from coldsign.errors import MalformedError
from coldsign.keys.bip32 import ExtendedPublicKey
from coldsign.primitives.keypath import KeyOrigin, KeyPath, parse_path
from coldsign.primitives.network import Network
from coldsign.primitives.text import is_safe_name, printable
from coldsign.wallet.descriptor import Descriptor, Form
from coldsign.wallet.registrable import UNKNOWN_FINGERPRINT

_PREFIXES: Final = {
    "ypub": {Form.SH_WPKH},
    "upub": {Form.SH_WPKH},
    "zpub": {Form.WPKH},
    "vpub": {Form.WPKH},
    "Ypub": {Form.SH_WSH},
    "Upub": {Form.SH_WSH},
    "Zpub": {Form.WSH},
    "Vpub": {Form.WSH},
}
"""SLIP-132: what a prefix says about the script."""
_HEX_FINGERPRINT: Final = 8


class Imported(NamedTuple):
    """A wallet read from a file.

    Attributes:
        descriptor: Its scripts; not yet registered.
        name: The name that the file gives it, where that can be a name here.
        source: In words, what it was read from.
    """

    descriptor: Descriptor
    name: str | None
    source: str


class Cosigner(NamedTuple):
    """A key as wallet files list it.

    Attributes:
        xpub: The extended key in any SLIP-132 version.
        fingerprint: Of its master key, or None if the file does not know.
        path: From the master key, or None if the file does not know.
    """

    xpub: str
    fingerprint: bytes | None
    path: KeyPath | None


def usable_name(name: object) -> str | None:
    """The name if it can be one of our wallets' names."""
    return name if isinstance(name, str) and is_safe_name(name) else None


def refuse_secrets(store: dict[str, Any], fields: Iterable[str], what: str) -> None:
    """Refuse a keystore in which one of these fields holds a secret.

    Raises:
        MalformedError: One does (code ``secret-in-file``).
    """
    if any(store.get(field) for field in fields):
        raise MalformedError(
            f"{what}: the file holds a secret key",
            hint="export a watch-only copy; treat this file as a key",
            code="secret-in-file",
        )


def parse_fingerprint(text: str, what: str) -> bytes | None:
    """Eight hex digits; None for the zeros that stand for "unknown".

    Raises:
        MalformedError: Anything else.
    """
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(text) != _HEX_FINGERPRINT or len(found) != len(UNKNOWN_FINGERPRINT):
        raise MalformedError(f"{what}: {printable(text, 16)} is no fingerprint")
    return None if found == UNKNOWN_FINGERPRINT else found


def parse_origin_path(text: str, what: str) -> KeyPath | None:
    """A path from the master key; None for the words that stand for "unknown".

    Raises:
        MalformedError: Anything else.
    """
    if text.lower() in {"", "unknown", "none"}:
        return None
    try:
        return parse_path(text)
    except MalformedError as error:
        raise MalformedError(f"{what}: {error.message}") from None


def key_text(cosigner: Cosigner, form: Form, network: Network, what: str) -> str:
    """The key expression of a cosigner with receive and change branches.

    Raises:
        MalformedError: The key is damaged, of another network, or its SLIP-132 prefix is that of
            another script.
    """
    try:
        key, group, prefix = ExtendedPublicKey.parse_slip132(cosigner.xpub)
    except MalformedError as error:
        raise MalformedError(f"{what}: {error.message}", hint=error.hint) from None
    if form not in _PREFIXES.get(prefix, {form}):
        raise MalformedError(
            f"{what}: a {prefix} is not a key for {form.value}) scripts",
            hint="the file mixes script types: export the wallet again",
        )
    group.require(network, f"{what}: a key")
    origin = ""
    if cosigner.fingerprint is not None and cosigner.path is not None:
        origin = str(KeyOrigin(cosigner.fingerprint, cosigner.path))
    return f"{origin}{key.serialize(network)}/<0;1>/*"


def single_key(cosigner: Cosigner, form: Form, network: Network, what: str) -> Descriptor:
    """The wallet of one key.

    Raises:
        MalformedError: The key does not fit.
    """
    return _close(form, key_text(cosigner, form, network, what), network)


def sorted_multisig(
    needed: int, cosigners: Sequence[Cosigner], form: Form, network: Network, what: str
) -> Descriptor:
    """The multisig wallet of these keys, sorted in each script (BIP-67).

    Raises:
        MalformedError: A key or the quorum does not fit.
    """
    keys = [key_text(cosigner, form, network, what) for cosigner in cosigners]
    return _close(form, f"sortedmulti({needed},{','.join(keys)})", network)


def _close(form: Form, inner: str, network: Network) -> Descriptor:
    text = form.value + inner + ")" * form.value.count("(")
    return Descriptor.parse(text, network, require_checksum=False)
