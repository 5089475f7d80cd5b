"""Coldcard's multisig file: lines of ``name: value``, read by Coldcard, Passport, Keystone and many coordinators."""

import re
from typing import Final

from coldsign.errors import MalformedError
from coldsign.keys.bip32 import ExtendedPublicKey
from coldsign.primitives.keypath import KeyPath, format_path
from coldsign.primitives.network import Network
from coldsign.primitives.text import printable
from coldsign.wallet.descriptor import Form
from coldsign.wallet.formats.imported import (
    Cosigner,
    Imported,
    parse_fingerprint,
    parse_origin_path,
    sorted_multisig,
    usable_name,
)
from coldsign.wallet.miniscript.ast import Fragment
from coldsign.wallet.wallet import Wallet

_WHAT: Final = "Coldcard file"
_FORMATS: Final = {
    "P2SH": Form.SH,
    "P2WSH": Form.WSH,
    "P2SH-P2WSH": Form.SH_WSH,
    "P2WSH-P2SH": Form.SH_WSH,
}
_FIELDS: Final = frozenset({"name", "policy", "derivation", "format"})
_POLICY: Final = re.compile(r"([0-9]{1,2})(?: of |/)([0-9]{1,2})", re.ASCII)
_LINE: Final = re.compile(r"([A-Za-z0-9 ]{1,20}):\s*(\S.*)", re.ASCII)
_FINGERPRINT: Final = re.compile(r"[0-9A-Fa-f]{8}", re.ASCII)
MAX_LINES: Final = 200
"""Fifteen keys with a derivation and a comment each take 60."""


def is_coldcard(text: str) -> bool:
    """Whether a line of it says ``Policy: M of N``."""
    return (
        re.search(r"(?im)^[ \t]{0,8}policy:[ \t]{0,8}[0-9]{1,4}(?: of |/)[0-9]", text) is not None
    )


def parse(text: str, network: Network) -> Imported:
    """Read a multisig file. Coldcard sorts the keys and uses the branches 0 and 1.

    Raises:
        MalformedError: A line or a field is missing, unknown, or stands twice, or a key does not
            fit.
    """
    fields: dict[str, str] = {}
    cosigners: list[Cosigner] = []
    path: KeyPath | None = None
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        raise MalformedError(f"{_WHAT}: more than {MAX_LINES} lines")
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        name, value = _split(line, number)
        if _FINGERPRINT.fullmatch(name):
            cosigners.append(_cosigner(name, value, path, number))
        elif name.lower() == "derivation":
            path = parse_origin_path(value, f"{_WHAT}: line {number}")
        else:
            _put(fields, name.lower(), value, number)
    needed = _quorum(fields, len(cosigners))
    form = _form(fields)
    descriptor = sorted_multisig(needed, cosigners, form, network, _WHAT)
    return Imported(descriptor, usable_name(fields.get("name")), "a Coldcard multisig file")


def _split(line: str, number: int) -> tuple[str, str]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise MalformedError(f"{_WHAT}: line {number} is not 'name: value'")
    return match[1].strip(), match[2].strip()


def _put(fields: dict[str, str], name: str, value: str, number: int) -> None:
    if name not in _FIELDS:
        raise MalformedError(f"{_WHAT}: line {number}: the field {printable(name)} is unknown")
    if name in fields:
        raise MalformedError(f"{_WHAT}: line {number}: the field {name} stands in it twice")
    fields[name] = value


def _cosigner(name: str, value: str, path: KeyPath | None, number: int) -> Cosigner:
    what = f"{_WHAT}: line {number}"
    fingerprint = parse_fingerprint(name, what)
    if path is None:
        raise MalformedError(
            f"{what}: no derivation stands before this key",
            hint="add a line 'Derivation: m/48h/0h/0h/2h' with the right path",
        )
    return Cosigner(value, fingerprint, path)


def _quorum(fields: dict[str, str], count: int) -> int:
    match = _POLICY.fullmatch(fields.get("policy", ""))
    if match is None:
        raise MalformedError(f"{_WHAT}: no line 'Policy: M of N'")
    if int(match[2]) != count:
        raise MalformedError(f"{_WHAT}: its policy says {int(match[2])} keys, it has {count}")
    return int(match[1])


def _form(fields: dict[str, str]) -> Form:
    given = fields.get("format", "P2SH").upper()  # Coldcard's default
    if given not in _FORMATS:
        raise MalformedError(f"{_WHAT}: the format {printable(given)} is unknown")
    return _FORMATS[given]


def serialize(wallet: Wallet) -> str:
    """The multisig file of a wallet.

    Raises:
        MalformedError: The format cannot say it: only sorted multisig of extended keys with origins
            on the branches 0 and 1.
    """
    descriptor = wallet.descriptor
    script = descriptor.script
    names = {form: name for name, form in _FORMATS.items() if name != "P2WSH-P2SH"}
    if script is None or script.fragment is not Fragment.SORTEDMULTI:
        raise MalformedError(f"{_WHAT}: only a sorted multisig can be written as one")
    needed, count = wallet.threshold
    lines = [
        f"Name: {wallet.name[:20].strip()}",
        f"Policy: {needed} of {count}",
        f"Format: {names[descriptor.form]}",
    ]
    for key in descriptor.keys:
        public, origin = key.public, key.origin
        usual = key.has_usual_branches
        if not isinstance(public, ExtendedPublicKey) or origin is None or not usual:
            raise MalformedError(f"{_WHAT}: every key must be an extended key with its origin")
        path = format_path(origin.path).replace("h", "'")
        lines += [
            "",
            f"Derivation: {'m' if path == 'm' else 'm/' + path}",
            f"{origin.fingerprint.hex().upper()}: {public.serialize(wallet.network)}",
        ]
    return "\n".join(lines) + "\n"
