"""Registering a wallet, and opening it and its policy only if they are still what was registered and bound."""

import contextlib
from typing import Final

from coldsign.ceremony.desk import Desk
from coldsign.controls.entry import EntryKind
from coldsign.controls.policies import PolicyStore
from coldsign.controls.policy import Policy
from coldsign.errors import MalformedError, RefusedError, UnfitError, UsageError
from coldsign.primitives.lock import exclusive_lock, reading_lock
from coldsign.primitives.storage import ensure_private_dir
from coldsign.wallet.wallet import RECEIVE, Wallet

_LOCK: Final = "wallets.lock"


def load_wallet(desk: Desk, name: str) -> Wallet:
    """A registered wallet of the desk's network.

    Raises:
        UsageError: No such wallet, or it is of another network.
        RefusedError: The registration was changed; the latch is engaged.
        MalformedError: The registration is damaged; the latch is engaged.
    """
    try:
        wallet = _recorded(desk, name)
        if wallet is None:  # another process may have registered it between two of our looks
            with reading_lock(desk.home / _LOCK):
                wallet = _recorded(desk, name)
    except (RefusedError, MalformedError) as error:
        # It was checked before it was written: somebody had hands on this machine's records.
        desk.halt_over(error, f"wallet {name}: {error.message}")
        raise
    if wallet is None:
        raise _not_recorded(desk, name)
    if wallet.network is not desk.network:
        raise UsageError(
            f"the wallet {name} is registered on {wallet.network.name}, not {desk.network.name}",
            hint=f"add --network {wallet.network.name}",
            code="wrong-network",
        )
    return wallet


def _recorded(desk: Desk, name: str) -> Wallet | None:
    """A registration that is the one that the journal saw last; ``None`` if it is another.

    One that the journal saw and that was not put in place, as a power cut leaves it, is put there now.
    """
    seen, late = _seen(desk, name), desk.registry.waiting(name)
    if late is not None and late.digest.hex() == seen:
        with contextlib.suppress(UnfitError), exclusive_lock(desk.home / _LOCK):
            _settle(desk, name)  # on a read-only disk it goes on waiting
        return late
    wallet = desk.registry.load(name)
    return wallet if wallet.digest.hex() == seen else None


def _settle(desk: Desk, name: str) -> None:
    """Put in place what waits, if the journal saw it last; else it may be overwritten."""
    late = desk.registry.waiting(name)
    if late is not None and late.digest.hex() == _seen(desk, name):
        desk.registry.put_in_place(name)


def _seen(desk: Desk, name: str) -> str | None:
    """The digest of the registration of this name that the journal saw last, hex."""
    seen = None
    for entry in desk.journal.glimpse(EntryKind.REGISTERED):
        if entry.body.get("wallet") == name:
            seen = entry.body.get("digest")
    return seen


def _not_recorded(desk: Desk, name: str) -> RefusedError:
    """The error for a registration that the journal does not know; the latch is engaged."""
    known = "does not know" if _seen(desk, name) is None else "knows another registration of"
    problem = f"the journal {known} the wallet {name}"
    changed = RefusedError(
        problem,
        hint="a file was put in place by hand, or the journal was exchanged: find out which,"
        " then remove the wallet and register it again from a trusted source",
        code="registration-changed",
    )
    desk.halt_over(changed, problem)
    return changed


def bound_policy(desk: Desk, wallet: Wallet) -> Policy | None:
    """The policy bound to a wallet; one that was changed or removed behind our back halts everything.

    Raises:
        RefusedError: It is not the one that was bound; the latch is engaged.
        MalformedError: It is no longer a policy; the latch is engaged.
    """
    try:
        return PolicyStore(desk.home).recorded(wallet, journal=desk.journal)
    except (RefusedError, MalformedError) as changed:
        desk.halt_over(changed, changed.message)
        raise


def register(desk: Desk, wallet: Wallet, *, force: bool) -> None:
    """Write a registration and record it.

    Raises:
        RefusedError: The name stands for another registration.
    """
    policies = PolicyStore(desk.home)
    ensure_private_dir(desk.home)
    with exclusive_lock(desk.home / _LOCK):
        _settle(desk, wallet.name)
        desk.registry.stage(wallet, force=force)
        policies.make_room(wallet, journal=desk.journal)
        body = {
            "wallet": wallet.name,
            "digest": wallet.digest.hex(),
            "first_receive": wallet.address(RECEIVE, 0),
            "action": "add",
        }
        desk.journal.append(EntryKind.REGISTERED, body, now=desk.now())
        desk.registry.put_in_place(wallet.name)
        policies.replace(wallet, journal=desk.journal, now=desk.now())


def unregister(desk: Desk, name: str) -> None:
    """Forget a registration and the policy bound to it, and record that.

    Raises:
        UsageError: No such wallet.
    """
    with exclusive_lock(desk.home / _LOCK):
        desk.registry.remove(name)
        PolicyStore(desk.home).unbind(name, journal=desk.journal, now=desk.now())
        body = {"wallet": name, "action": "remove"}
        desk.journal.append(EntryKind.REGISTERED, body, now=desk.now())
