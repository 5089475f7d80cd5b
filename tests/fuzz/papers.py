"""What must hold of any policy, manifest, approval, ceremony, journal line, receipt, audit row, key record and secret.

The first byte says what the rest is read as.
"""

import json
from hashlib import sha256

from coldsign.ceremony.script import Ceremony
from coldsign.controls.approval import Approval, split_clear_signed
from coldsign.controls.audit_rows import header_of, parse_rows
from coldsign.controls.entry import Entry
from coldsign.controls.manifest import parse_manifest
from coldsign.controls.policy import Policy
from coldsign.controls.receipt import read_receipt
from coldsign.errors import MalformedError
from coldsign.keys import codex32, seedqr, slip39
from coldsign.keys.bip32 import ExtendedPublicKey, ExtendedSecretKey
from coldsign.keys.keystore import KeyRecord
from coldsign.keys.material import Material
from coldsign.keys.mnemonic import Mnemonic
from coldsign.keys.versions import NetworkGroup
from coldsign.primitives.address import to_address, to_script
from coldsign.primitives.keypath import format_path, parse_path
from coldsign.primitives.network import MAINNET, REGTEST
from coldsign.wallet.strictjson import parse_object
from tests.attacks.vault import manifest_text, policy_text


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _policy(body: bytes) -> None:
    policy = Policy.parse(body)
    policy.settings()
    policy.places(MAINNET)


def _manifest(body: bytes) -> None:
    found = parse_manifest(body, MAINNET)
    lines = [f"{row.id},{row.address},{row.sats}\n" for row in found.rows]
    again = parse_manifest(("id,address,sats\n" + "".join(lines)).encode(), MAINNET)
    if again != found:
        raise AssertionError("a manifest reads otherwise a second time")


def _approval(body: bytes) -> None:
    text = _text(body)
    if Approval.parse(text).serialize() != text:
        raise AssertionError("an approval is not what it says")


def _entry(body: bytes) -> None:
    if Entry.parse(body).serialize() != body:
        raise AssertionError("an entry is not what it says")


def _true_entry(body: bytes) -> None:
    """The same behind its hash: any content with the right one."""
    digest = sha256(body).hexdigest()
    _entry(body[:-1] + f',"hash":"{digest}"}}\n'.encode())


def _rows(body: bytes) -> None:
    lines = body.split(b"\n")
    columns = header_of(lines[0])
    if columns is None:
        list(parse_rows(lines, 1))
    else:
        list(parse_rows(lines[1:], 2, columns))


def _record(body: bytes) -> None:
    if KeyRecord.parse(body).to_bytes() != body:
        raise AssertionError("a key record is not what it says")


def _address(body: bytes) -> None:
    text = _text(body)
    again = to_address(to_script(text, MAINNET), MAINNET)
    if again is None or again.lower() != text.lower():
        raise AssertionError("an address reads otherwise a second time")


def _path(body: bytes) -> None:
    path = parse_path(_text(body))
    if parse_path(format_path(path)) != path:
        raise AssertionError("a path reads otherwise a second time")


def _xpub(body: bytes) -> None:
    key, _ = ExtendedPublicKey.parse(_text(body))
    key.child(1)


READERS = (
    _policy,
    _manifest,
    _approval,
    lambda body: split_clear_signed(_text(body)),
    Ceremony.parse,
    _entry,
    _true_entry,
    read_receipt,
    _rows,
    _record,
    lambda body: Material.parse(_text(body), NetworkGroup.MAIN),
    Material.from_stored,
    lambda body: Mnemonic.parse(_text(body)),
    lambda body: slip39.parse(_text(body)),
    lambda body: codex32.parse(_text(body)),
    seedqr.parse,
    _address,
    _path,
    _xpub,
    lambda body: parse_object(_text(body), "fuzzed"),
    lambda body: parse_manifest(body, REGTEST),
)
"""In the order that crash files know them by: new ones go to the end."""


def holds(data: bytes) -> bool:
    """The contract of all these readers; whether the bytes were accepted."""
    if not data:
        return False
    try:
        READERS[data[0] % len(READERS)](data[1:])
    except MalformedError:
        return False
    return True


_WORDS = " ".join(Mnemonic(b"f" * 16).words).encode()
_XPUB = ExtendedSecretKey.from_seed(b"f" * 32).neuter().serialize(MAINNET).encode()
_REGTEST = to_address(b"\x00\x14" + b"f" * 20, REGTEST)
_ENTRY = {
    "body": {"fee": 1, "wallet": "vault", "list": [None, True, "x"]},
    "kind": "refused",
    "prev": "0" * 64,
    "seq": 1,
    "time": "2026-01-01T00:00:00Z",
}
_APPROVAL = f"""coldsign approval 1
network: mainnet
wallet: vault
wallet-id: {"ab" * 32}
txid: {"cd" * 32}
review-code: abandon ability able about above absent
manifest: none
verdict: confirm
accepted: fee-high, no-change
psbt: {"ef" * 32}
date: 2026-01-01T00:00:00Z
"""


def seeds() -> list[bytes]:
    """One or more honest papers of each kind."""
    content = json.dumps(_ENTRY, sort_keys=True, separators=(",", ":")).encode()
    line = content[:-1] + f',"hash":"{sha256(content).hexdigest()}"}}\n'.encode()
    address = manifest_text().splitlines()[1].split(",")[1]
    rows = [{"id": "a", "address": address, "sats": 1}, {"id": "b", "address": address, "sats": 2}]
    signed = (
        f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{_APPROVAL}"
        "-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n"
    )
    papers = {
        0: [
            policy_text().encode(),
            f'[require]\nmanifest = true\napprovals = 2\nreviewers = ["{"AB" * 20}", "{"CD" * 20}"]\n'.encode(),
            f'[allow]\ndestinations = ["{address}"]\n[limits]\nper_transaction_sats = 1\n'.encode(),
        ],
        1: [manifest_text().encode(), json.dumps(rows).encode()],
        2: [_APPROVAL.encode()],
        3: [signed.encode()],
        4: [b'title = "t"\n[[step]]\nask = "q"\n[[step]]\nrun = ["inspect", "x"]\nexit = 3\n'],
        5: [line],
        6: [content],
        7: [b"coldsign receipt 1\nthe journal stands at: 1\nlines:\n" + line],
        8: [f"{address},0,1".encode(), f"address,branch\n{address},1".encode(), json.dumps(
            {"address": address, "index": 5, "branch": 1, "id": "x"}).encode()],
        9: [
            (b'{"version": 1, "name": "founder", "kind": "xprv", "network_group": "main", '
            b'"fingerprint": "6e3432e4", "pubkey": null}\n')
        ],
        12: [_WORDS],
        14: [codex32.Share(0, "fuzz", 16, bytes(26)).serialize().encode()],
        15: [seedqr.digits(Mnemonic(b"f" * 16)).encode(), b"f" * 16],
        16: [address.encode()],
        17: [b"m/48h/0h/0h/2h", b"48'/0'/1/2147483647"],
        18: [_XPUB],
        19: [b'{"a": [1, {"b": null}], "c": "\\u00e9"}'],
        20: [f"id,address,sats\na,{_REGTEST},5\n".encode()],
    }  # fmt: skip
    found = [bytes((number,)) + body for number, bodies in papers.items() for body in bodies]
    found += [bytes((10,)) + body for body in (papers[12][0], papers[18][0])]
    return [
        *found,
        bytes((11,)) + papers[12][0] + b"\n\n# coldsign key for network group main\n",
        bytes((4,)) + b"title = " + b"1" * 4400,
    ]
