"""A keyholder's laptop for attacks: one home per wallet, made once, copied for each attack.

The command line runs in this process. The key store's ``unlock`` is watched: it must not be asked for
anything that is refused. The secret is the catalogue's, which nobody ever funds.
"""

import io
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coldsign.ceremony.desk import open_desk
from coldsign.ceremony.registration import register
from coldsign.cli.app import run
from coldsign.cli.screen import Screen
from coldsign.keys.keyring import Keyring
from coldsign.keys.keystore import KeyRecord, Keystore
from coldsign.keys.material import KeyKind
from coldsign.keys.versions import NetworkGroup
from coldsign.primitives.network import Network
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.wallet import Wallet
from tests.cli import laptop

DATA = Path(__file__).resolve().parent.parent / "data"
CATALOGUE = json.loads((DATA / "attacks" / "psbt.json").read_text())
META = CATALOGUE["meta"]
VECTORS = CATALOGUE["vectors"]
BY_ID = {vector["id"]: vector for vector in VECTORS}
XPRV = META["cosigners"][0]["xprv"]
KEY = "founder"
PASSPHRASE = "canary-passphrase-of-the-red-team"
JOURNAL = frozenset({"journal.jsonl", "journal.head", "journal.lock"})

POLICY = """
[fee]
refuse_sat_per_vb = {fee_hard_sat_per_vb}
confirm_sat_per_vb = {fee_warn_sat_per_vb}
refuse_sats = {fee_hard_abs_sat}
[limits]
gap = {gap}
last_seen_receive = {last_seen_receive_index}
last_seen_change = {last_seen_change_index}
max_path_depth = {max_path_depth}
height = {last_known_height}
locktime_window = {locktime_window_blocks}
[allow]
op_return = {op_return}
foreign_inputs = {foreign}
unproven_v0_amounts = {unproven}
"""


def policy_text() -> str:
    """``meta.policy`` as a person would write it (cli.md)."""
    given = META["policy"]
    words = {
        "op_return": given["allow_op_return"],
        "foreign": given["foreign_inputs"],
        "unproven": not given["require_prevtx_for_v0"],
    }
    return POLICY.format(**given, **{name: str(value).lower() for name, value in words.items()})


def manifest_text() -> str:
    """``meta.manifest`` as CSV."""
    rows = [f"{row['id']},{row['address']},{row['amount_sat']}" for row in META["manifest"]]
    return "\n".join(["id,address,sats", *rows, ""])


class Outcome(laptop.Outcome):
    """One finished run of ``--json``."""

    @property
    def findings(self) -> dict[str, str]:
        """Severity by finding code."""
        return {found["code"]: found["severity"] for found in self.document.get("findings", ())}


@dataclass
class Vault:
    """A folder with a home, a policy and a manifest in it."""

    folder: Path
    unlocked: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def reply(self) -> Path:
        return self.folder / "reply.psbt"

    def run(self, *arguments: str) -> Outcome:
        out, err = io.StringIO(), io.StringIO()
        words = ["--home", str(self.home), "--json", *arguments]
        code = run(words, screen=Screen(stdout=out, stderr=err))
        return Outcome(code, out.getvalue(), err.getvalue())

    def write(self, name: str, data: bytes | str) -> str:
        path = self.folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return str(path)

    def papers(self, *, manifest: bool) -> list[str]:
        words = ["--policy", str(self.folder / "policy.toml")]
        return words + (["--manifest", str(self.folder / "manifest.csv")] if manifest else [])

    def inspect(self, source: str, wallet: str, *, manifest: bool = False) -> Outcome:
        return self.run("inspect", source, "--wallet", wallet, *self.papers(manifest=manifest))

    def sign(
        self,
        source: str,
        wallet: str,
        *,
        code: str,
        accept: Sequence[str] = (),
        manifest: bool = False,
        more: Sequence[str] = (),
    ) -> Outcome:
        words = ["sign", source, "--wallet", wallet, "--key", KEY, *self.papers(manifest=manifest)]
        words += ["--expect", code, "--passphrase-file", str(self.folder / "passphrase")]
        for finding in accept:
            words += ["--accept", finding]
        return self.run(*words, "--out", str(self.reply), *more)

    def files(self) -> dict[str, bytes]:
        """What is in the home folder, the journal apart."""
        return {
            str(path.relative_to(self.home)): path.read_bytes()
            for path in sorted(self.home.rglob("*"))
            if path.is_file() and path.name not in JOURNAL
        }

    def kinds(self) -> list[str]:
        """What the journal says was decided since the set-up."""
        lines = (self.home / "journal.jsonl").read_text().splitlines()
        kinds = [json.loads(line)["kind"] for line in lines]
        return [kind for kind in kinds if kind != "registered"]


def keyring() -> Keyring:
    """The catalogue's cosigner 0, unlocked."""
    return Keyring.from_xprv(XPRV)


def wallet_of(name: str) -> Wallet:
    """A wallet of the catalogue, the keys of cosigner 0 registered as ours."""
    text = META["wallets"][name]["descriptor"]
    made = Descriptor.parse(text, Network.named("mainnet"), require_checksum=False)
    mine = bytes.fromhex(META["cosigners"][0]["fingerprint"])
    ours = [n for n, key in enumerate(made.keys) if key.fingerprint == mine]
    return Wallet.create(name, made, our_keys=ours)


def template(folder: Path, names: Sequence[str] = ()) -> Vault:
    """A vault with the wallets of the catalogue registered, and the record of a key."""
    vault = Vault(folder)
    vault.write("policy.toml", policy_text())
    vault.write("manifest.csv", manifest_text())
    vault.write("passphrase", PASSPHRASE + "\n")
    vault.home.mkdir(mode=0o700)
    keys = vault.home / "keys"
    keys.mkdir(mode=0o700)
    with keyring() as opened:
        record = KeyRecord.of(KEY, KeyKind.XPRV, opened, NetworkGroup.MAIN)
    (keys / f"{KEY}.json").touch(mode=0o600)
    (keys / f"{KEY}.json").write_bytes(record.to_bytes())
    (keys / f"{KEY}.age").touch(mode=0o600)
    desk = open_desk(vault.home, Network.named("mainnet"))
    for name in names or META["wallets"]:
        register(desk, wallet_of(name), force=False)
    return vault


def copied(vault: Vault, folder: Path) -> Vault:
    """The same vault, untouched, elsewhere."""
    shutil.copytree(vault.folder, folder, dirs_exist_ok=True, symlinks=True)
    return Vault(folder)


def watched(monkeypatch: Any, vault: Vault) -> None:
    """Unlock without age's seconds of scrypt, and note that it was asked for."""

    def unlock(self: Keystore, name: str, passphrase: str) -> Keyring:
        assert passphrase == PASSPHRASE
        vault.unlocked.append(name)
        return keyring()

    monkeypatch.setattr(Keystore, "unlock", unlock)
