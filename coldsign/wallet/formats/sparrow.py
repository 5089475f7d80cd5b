"""Sparrow's wallet as JSON: a script type, a quorum in the default policy, and keystores."""

import re
from typing import Any, Final

from coldsign.errors import MalformedError
from coldsign.primitives.network import Network
from coldsign.primitives.text import printable
from coldsign.wallet.descriptor import Descriptor, Form
from coldsign.wallet.formats.imported import (
    Cosigner,
    Imported,
    parse_fingerprint,
    parse_origin_path,
    refuse_secrets,
    single_key,
    sorted_multisig,
    usable_name,
)
from coldsign.wallet.strictjson import list_field, object_of, text_field

_WHAT: Final = "Sparrow file"
_SINGLE: Final = {
    "P2PKH": Form.PKH,
    "P2SH_P2WPKH": Form.SH_WPKH,
    "P2WPKH": Form.WPKH,
    "P2TR": Form.TR,
}
_MULTI: Final = {"P2SH": Form.SH, "P2SH_P2WSH": Form.SH_WSH, "P2WSH": Form.WSH}
_QUORUM: Final = re.compile(r"(?:sh\(|wsh\()+sortedmulti\(([0-9]{1,2}),[^()]*\)+", re.ASCII)


def is_sparrow(fields: dict[str, Any]) -> bool:
    """Whether a JSON object is Sparrow's."""
    return "keystores" in fields and "scriptType" in fields


def parse(fields: dict[str, Any], network: Network) -> Imported:
    """Read a wallet. Sparrow sorts the keys and uses the branches 0 and 1.

    Raises:
        MalformedError: A field is missing or of another kind, or a key does not fit.
    """
    stores = list_field(fields, "keystores", _WHAT)
    cosigners = [_cosigner(store, number) for number, store in enumerate(stores, 1)]
    kind = text_field(fields, "scriptType", _WHAT)
    name = usable_name(fields.get("name"))
    return Imported(_descriptor(fields, kind, cosigners, network), name, "a Sparrow wallet file")


def _descriptor(
    fields: dict[str, Any], kind: str, cosigners: list[Cosigner], network: Network
) -> Descriptor:
    policy = text_field(fields, "policyType", _WHAT)
    if policy == "SINGLE" and kind in _SINGLE and len(cosigners) == 1:
        return single_key(cosigners[0], _SINGLE[kind], network, _WHAT)
    if policy != "MULTI" or kind not in _MULTI:
        raise MalformedError(
            f"{_WHAT}: the policy {printable(policy)} with the script type {printable(kind)} and"
            f" {len(cosigners)} keys is no wallet that can be read from it",
            hint="export the output descriptor from Sparrow instead",
        )
    script = object_of(fields.get("defaultPolicy"), f"{_WHAT}: defaultPolicy").get("miniscript")
    text = text_field(object_of(script, f"{_WHAT}: miniscript"), "script", _WHAT)
    quorum = _QUORUM.fullmatch(text)
    if quorum is None or text.count(",") != len(cosigners):
        raise MalformedError(f"{_WHAT}: its policy is no quorum of its {len(cosigners)} keys")
    return sorted_multisig(int(quorum[1]), cosigners, _MULTI[kind], network, _WHAT)


def _cosigner(value: object, number: int) -> Cosigner:
    what = f"{_WHAT}: key {number}"
    store = object_of(value, what)
    refuse_secrets(store, ("seed", "masterPrivateExtendedKey"), what)
    derivation = object_of(store.get("keyDerivation"), f"{what}: keyDerivation")
    return Cosigner(
        text_field(store, "extendedPublicKey", what),
        parse_fingerprint(text_field(derivation, "masterFingerprint", what), what),
        parse_origin_path(text_field(derivation, "derivationPath", what), what),
    )
