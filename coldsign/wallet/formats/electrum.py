"""Electrum's wallet file, unencrypted: its keystores carry SLIP-132 keys that name the script type."""

import re
from typing import Any, Final

from coldsign.errors import MalformedError
from coldsign.primitives.network import Network
from coldsign.primitives.text import printable
from coldsign.wallet.descriptor import Form
from coldsign.wallet.formats.imported import (
    Cosigner,
    Imported,
    parse_fingerprint,
    parse_origin_path,
    refuse_secrets,
    single_key,
    sorted_multisig,
)
from coldsign.wallet.strictjson import object_of, text_field

_WHAT: Final = "Electrum file"
_MULTISIG: Final = re.compile(r"([0-9]{1,2})of([0-9]{1,2})", re.ASCII)
_SINGLE_FORMS: Final = {
    "xpub": Form.PKH,
    "tpub": Form.PKH,
    "ypub": Form.SH_WPKH,
    "upub": Form.SH_WPKH,
    "zpub": Form.WPKH,
    "vpub": Form.WPKH,
}
_MULTI_FORMS: Final = {
    "xpub": Form.SH,
    "tpub": Form.SH,
    "Ypub": Form.SH_WSH,
    "Upub": Form.SH_WSH,
    "Zpub": Form.WSH,
    "Vpub": Form.WSH,
}


def is_electrum(fields: dict[str, Any]) -> bool:
    """Whether a JSON object is Electrum's."""
    return "wallet_type" in fields


def parse(fields: dict[str, Any], network: Network) -> Imported:
    """Read a wallet file. Electrum sorts the keys and uses the branches 0 and 1.

    Raises:
        MalformedError: A field is missing or of another kind, a keystore holds a secret, or a key
            does not fit.
    """
    kind = text_field(fields, "wallet_type", _WHAT)
    quorum = _MULTISIG.fullmatch(kind)
    source = "an Electrum wallet file"
    if kind == "standard":
        cosigner = _cosigner(fields.get("keystore"), 1)
        form = _form([cosigner], _SINGLE_FORMS)
        return Imported(single_key(cosigner, form, network, _WHAT), None, source)
    if quorum is None:
        raise MalformedError(f"{_WHAT}: the wallet type {printable(kind)} cannot be read")
    stores = [fields.get(f"x{n}/", fields.get(f"x{n}")) for n in range(1, int(quorum[2]) + 1)]
    cosigners = [_cosigner(store, number) for number, store in enumerate(stores, 1)]
    if not cosigners:
        raise MalformedError(f"{_WHAT}: a wallet of no keys")
    form = _form(cosigners, _MULTI_FORMS)
    descriptor = sorted_multisig(int(quorum[1]), cosigners, form, network, _WHAT)
    return Imported(descriptor, None, source)


def _form(cosigners: list[Cosigner], forms: dict[str, Form]) -> Form:
    prefixes = {cosigner.xpub[:4] for cosigner in cosigners}
    known = [forms[prefix] for prefix in prefixes if prefix in forms]
    if len(prefixes) != 1 or not known:
        raise MalformedError(
            f"{_WHAT}: its keys do not name one script type",
            hint="export the wallet's output descriptor instead",
        )
    return known[0]


def _cosigner(value: object, number: int) -> Cosigner:
    what = f"{_WHAT}: key {number}"
    store = object_of(value, what)
    refuse_secrets(store, ("seed", "xprv", "passphrase", "keypairs"), what)
    fingerprint, path = store.get("root_fingerprint"), store.get("derivation")
    return Cosigner(
        text_field(store, "xpub", what),
        parse_fingerprint(fingerprint, what) if isinstance(fingerprint, str) else None,
        parse_origin_path(path, what) if isinstance(path, str) else None,
    )
