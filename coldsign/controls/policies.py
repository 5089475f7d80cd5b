"""The policy bound to a wallet: kept beside its registration, and noticed when it changes.

``policies/NAME.toml`` in the home folder is the person's own file behind one comment line that
binds it: to the wallet's descriptor and to the policy's digest.
"""

import re
from datetime import datetime
from pathlib import Path
from typing import Final

from coldsign.controls.entry import Body, Entry, Kind
from coldsign.controls.journal import Journal
from coldsign.controls.policy import POLICY_CAP, Policy
from coldsign.controls.remember import wallet_id
from coldsign.errors import RefusedError
from coldsign.primitives.storage import atomic_write, ensure_private_dir, read_private
from coldsign.wallet.wallet import Wallet

_HEAD: Final = re.compile(rb"# coldsign policy ([0-9a-f]{64}) bound to wallet ([0-9a-f]{64})\n")
_HEAD_LENGTH: Final = 200  # bytes at most; room above the cap of the policy itself


class PolicyStore:
    """The bound policies in one home folder."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def recorded(self, wallet: Wallet, *, journal: Journal) -> Policy | None:
        """The policy bound to a wallet, if it is the one that the journal saw bound last.

        Raises:
            RefusedError: As :meth:`load`, or the journal knows another, or one that has no file.
            MalformedError: The policy in it is no longer one.
        """
        policy, last = self.load(wallet), _last(journal, wallet.name)
        seen = last.get("policy") if last.get("wallet_id") == wallet_id(wallet) else None
        if policy is None and seen is not None:
            raise _changed(wallet, "was bound, and its file is gone")
        if policy is not None and seen != policy.digest.hex():
            raise _changed(wallet, "is not the one that the journal saw bound last")
        return policy

    def load(self, wallet: Wallet) -> Policy | None:
        """The policy in a wallet's file, ``None`` if there is none; what the journal knows is not asked.

        Raises:
            RefusedError: The file was edited, or belongs to another wallet of this name.
            MalformedError: The policy in it is no longer one.
        """
        path = self._path(wallet)
        if not path.exists():
            return None
        data = read_private(path, POLICY_CAP + _HEAD_LENGTH)
        head = _HEAD.match(data)
        if head is None:
            raise _changed(wallet, "has lost the line that binds it")
        if head[2].decode() != wallet_id(wallet):
            raise _changed(wallet, "was bound to another wallet of this name")
        policy = Policy.parse(data[head.end() :])
        if head[1].decode() != policy.digest.hex():
            raise _changed(wallet, "was edited after it was bound")
        return policy

    def bind(self, wallet: Wallet, data: bytes, *, journal: Journal, now: datetime) -> Entry:
        """Bind a policy file to a wallet, in place of the one before, and record it.

        The caller has shown a person what changes.

        Raises:
            MalformedError: It is no policy, or names destinations of another network.
            JournalDamagedError: The journal cannot take the record; nothing is bound.
        """
        policy = Policy.parse(data)
        policy.places(wallet.network)
        identity, digest = wallet_id(wallet), policy.digest.hex()
        ensure_private_dir(self._home)
        ensure_private_dir(self._home / "policies")
        body = {"wallet": wallet.name, "wallet_id": identity, "policy": digest}
        entry = journal.append(Kind.POLICY, body, now=now)
        head = f"# coldsign policy {digest} bound to wallet {identity}\n".encode()
        atomic_write(self._path(wallet), head + data, replace=True)
        return entry

    def unbind(self, name: str, *, journal: Journal, now: datetime) -> None:
        """Forget the policy under the name of a wallet that is removed, and record that."""
        last = _last(journal, name)
        if last.get("policy") is not None:
            journal.append(Kind.POLICY, {**last, "policy": None}, now=now)
        self._file(name).unlink(missing_ok=True)

    def replace(self, wallet: Wallet, *, journal: Journal, now: datetime) -> None:
        """Forget the policy of another wallet that had this one's name."""
        if _last(journal, wallet.name).get("wallet_id", wallet_id(wallet)) != wallet_id(wallet):
            self.unbind(wallet.name, journal=journal, now=now)

    def _path(self, wallet: Wallet) -> Path:
        return self._file(wallet.name)

    def _file(self, name: str) -> Path:
        return self._home / "policies" / f"{name}.toml"


def _last(journal: Journal, name: str) -> Body:
    """What the journal says last of the policy under a wallet's name; empty where it says nothing."""
    last: Body = {}
    for entry in journal.glimpse(Kind.POLICY):
        if entry.body.get("wallet") == name:
            last = entry.body
    return last


def _changed(wallet: Wallet, how: str) -> RefusedError:
    return RefusedError(
        f"the policy of wallet {wallet.name} {how}",
        hint="find out who changed it, then bind the right one again: coldsign policy set",
        code="policy-changed",
    )
