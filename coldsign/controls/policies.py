"""The policy bound to a wallet: kept beside its registration, and noticed when it changes.

``policies/NAME.toml`` in the home folder is the person's own file behind one comment line that
binds it: to the wallet's descriptor and to the policy's digest.
"""

import contextlib
import re
from datetime import datetime
from pathlib import Path
from typing import Final

from coldsign.controls.entry import Body, Entry, EntryKind
from coldsign.controls.journal import Journal
from coldsign.controls.policy import POLICY_CAP, Policy
from coldsign.controls.remember import wallet_id
from coldsign.errors import MalformedError, RefusedError, UnfitError
from coldsign.primitives.lock import exclusive_lock, reading_lock
from coldsign.primitives.staged import put_aside, put_in_place, remove, stage, waiting
from coldsign.primitives.storage import ensure_private_dir, read_private
from coldsign.wallet.wallet import Wallet

_HEAD: Final = re.compile(rb"# coldsign policy ([0-9a-f]{64}) bound to wallet ([0-9a-f]{64})\n")
_HEAD_LENGTH: Final = 200  # bytes at most; room above the cap of the policy itself


class PolicyStore:
    """The bound policies in one home folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = home / "policies.lock"

    def recorded(self, wallet: Wallet, *, journal: Journal) -> Policy | None:
        """The policy bound to a wallet, if it is the one that the journal saw bound last.

        One that the journal saw bound and that was not put in place, as a power cut leaves it, is put there now.

        Raises:
            RefusedError: As :meth:`load`, or the journal knows another, or one that has no file.
            MalformedError: The policy in it is no longer one.
        """
        try:
            return self._recorded(wallet, journal)
        except RefusedError:  # another process may have bound one between two of our looks
            with reading_lock(self._lock):
                return self._recorded(wallet, journal)

    def _recorded(self, wallet: Wallet, journal: Journal) -> Policy | None:
        seen = _bound(journal, wallet)
        if (late := self._waiting(wallet, seen)) is not None:
            with contextlib.suppress(UnfitError), exclusive_lock(self._lock):
                self._settle(wallet.name, journal)  # on a read-only disk it goes on waiting
            return late
        policy = self.load(wallet)
        if policy is None and seen is not None:
            raise _changed(wallet, "was bound, and its file is gone")
        if policy is not None and seen != policy.digest.hex():
            raise _changed(wallet, "is not the one that the journal saw bound last")
        return policy

    def _waiting(self, wallet: Wallet, seen: str | None) -> Policy | None:
        """The policy that waits to be put in place, if it is what the journal saw bound last."""
        try:
            policy = _read(waiting(self._path(wallet)), wallet)
        except (RefusedError, MalformedError):
            return None  # it has no say
        return policy if policy is not None and policy.digest.hex() == seen else None

    def _settle(self, name: str, journal: Journal) -> None:
        """Put in place what waits, if the journal saw it bound last; else it may be overwritten."""
        if self._is_recorded(waiting(self._file(name)), _last(journal, name)):
            put_in_place(self._file(name))

    def _put_aside(self, name: str, journal: Journal) -> None:
        """Let what the journal saw bound last wait, and nothing else be there."""
        if self._is_recorded(waiting(self._file(name)), _last(journal, name)):
            remove(self._file(name))
        else:
            put_aside(self._file(name))

    @staticmethod
    def _is_recorded(path: Path, last: Body) -> bool:
        if not path.exists():
            return False
        head = _HEAD.match(read_private(path, POLICY_CAP + _HEAD_LENGTH))
        bound = (last.get("policy"), last.get("wallet_id"))
        return head is not None and (head[1].decode(), head[2].decode()) == bound

    def load(self, wallet: Wallet) -> Policy | None:
        """The policy in a wallet's file, ``None`` if there is none; what the journal knows is not asked.

        Raises:
            RefusedError: The file was edited, or belongs to another wallet of this name.
            MalformedError: The policy in it is no longer one.
        """
        return _read(self._path(wallet), wallet)

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
        head = f"# coldsign policy {digest} bound to wallet {identity}\n".encode()
        with exclusive_lock(self._lock):
            self._settle(wallet.name, journal)
            stage(self._path(wallet), head + data)
            entry = journal.append(EntryKind.POLICY, body, now=now)
            put_in_place(self._path(wallet))
        return entry

    def unbind(self, name: str, *, journal: Journal, now: datetime) -> None:
        """Forget the policy under the name of a wallet that is removed, and record that."""
        ensure_private_dir(self._home)
        with exclusive_lock(self._lock):
            self._put_aside(name, journal)
            last = _last(journal, name)
            if last.get("policy") is not None:
                journal.append(EntryKind.POLICY, {**last, "policy": None}, now=now)
            remove(waiting(self._file(name)))

    def make_room(self, wallet: Wallet, *, journal: Journal) -> None:
        """Put the policy of another wallet of this name aside, before this wallet takes the name over.

        Should that not come about, it is found there.
        """
        if _is_anothers(_last(journal, wallet.name), wallet):
            with exclusive_lock(self._lock):
                self._put_aside(wallet.name, journal)

    def replace(self, wallet: Wallet, *, journal: Journal, now: datetime) -> None:
        """Forget the policy of another wallet that had this one's name."""
        if _is_anothers(_last(journal, wallet.name), wallet):
            self.unbind(wallet.name, journal=journal, now=now)

    def _path(self, wallet: Wallet) -> Path:
        return self._file(wallet.name)

    def _file(self, name: str) -> Path:
        return self._home / "policies" / f"{name}.toml"


def _read(path: Path, wallet: Wallet) -> Policy | None:
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


def _bound(journal: Journal, wallet: Wallet) -> str | None:
    """The digest of the policy that the journal saw bound to a wallet last, hex."""
    last = _last(journal, wallet.name)
    return None if _is_anothers(last, wallet) else last.get("policy")


def _is_anothers(last: Body, wallet: Wallet) -> bool:
    return bool(last.get("wallet_id", wallet_id(wallet)) != wallet_id(wallet))


def _last(journal: Journal, name: str) -> Body:
    """What the journal says last of the policy under a wallet's name; empty where it says nothing."""
    last: Body = {}
    for entry in journal.glimpse(EntryKind.POLICY):
        if entry.body.get("wallet") == name:
            last = entry.body
    return last


def _changed(wallet: Wallet, how: str) -> RefusedError:
    return RefusedError(
        f"the policy of wallet {wallet.name} {how}",
        hint="find out who changed it, then bind the right one again: coldsign policy set",
        code="policy-changed",
    )
