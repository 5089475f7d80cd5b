"""The policy bound to a wallet: kept beside its registration, and noticed when it changes.

``policies/NAME.toml`` in the home folder is the person's own file behind one comment line that
binds it: to the wallet's descriptor and to the policy's digest.
"""

import re
from datetime import datetime
from pathlib import Path
from typing import Final

from coldsign.controls.entry import Entry, Kind
from coldsign.controls.journal import Journal
from coldsign.controls.policy import POLICY_CAP, Policy, differences
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

    def load(self, wallet: Wallet) -> Policy | None:
        """The policy bound to a wallet, ``None`` if none is.

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

        The caller has shown :meth:`changes` to a person.

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

    def changes(self, wallet: Wallet, policy: Policy) -> tuple[str, ...]:
        """How a policy differs from the bound one, or from an empty one, in lines for a person."""
        return differences(self.load(wallet) or Policy.empty(), policy)

    def remove(self, wallet: Wallet) -> None:
        """Forget the policy of a wallet that is removed."""
        self._path(wallet).unlink(missing_ok=True)

    def _path(self, wallet: Wallet) -> Path:
        return self._home / "policies" / f"{wallet.name}.toml"


def _changed(wallet: Wallet, how: str) -> RefusedError:
    return RefusedError(
        f"the policy of wallet {wallet.name} {how}",
        hint="find out who changed it, then bind the right policy again",
        code="policy-changed",
    )
