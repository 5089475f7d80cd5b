"""Registering a wallet, and opening it and its policy only if they are still what was registered and bound."""

from coldsign.ceremony.desk import Desk
from coldsign.controls.entry import Kind
from coldsign.controls.policies import PolicyStore
from coldsign.controls.policy import Policy
from coldsign.errors import MalformedError, RefusedError, UsageError
from coldsign.wallet.wallet import RECEIVE, Wallet


def load_wallet(desk: Desk, name: str) -> Wallet:
    """A registered wallet of the desk's network.

    Raises:
        UsageError: No such wallet, or it is of another network.
        RefusedError: The registration was changed; the latch is engaged.
        MalformedError: The registration is damaged; the latch is engaged.
    """
    try:
        wallet = desk.registry.load(name)
    except (RefusedError, MalformedError) as error:
        # It was checked before it was written: somebody had hands on this machine's records.
        desk.halt_over(error, f"wallet {name}: {error.message}")
        raise
    _demand_recorded(desk, wallet)
    if wallet.network is not desk.network:
        raise UsageError(
            f"the wallet {name} is registered on {wallet.network.name}, not {desk.network.name}",
            hint=f"add --network {wallet.network.name}",
            code="wrong-network",
        )
    return wallet


def _demand_recorded(desk: Desk, wallet: Wallet) -> None:
    """A registration counts only if it is the one that the journal saw last.

    Raises:
        RefusedError: It is another, or the journal knows none; the latch is engaged.
    """
    seen = None
    for entry in desk.journal.glimpse(Kind.REGISTERED):
        if entry.body.get("wallet") == wallet.name:
            seen = entry.body.get("digest")
    if seen == wallet.digest.hex():
        return
    known = "does not know" if seen is None else "knows another registration of"
    problem = f"the journal {known} the wallet {wallet.name}"
    changed = RefusedError(
        problem,
        hint="a file was put in place by hand, or the journal was exchanged: find out which,"
        " then remove the wallet and register it again from a trusted source",
        code="registration-changed",
    )
    desk.halt_over(changed, problem)
    raise changed


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
    desk.registry.add(wallet, force=force)
    PolicyStore(desk.home).replace(wallet, journal=desk.journal, now=desk.now())
    desk.journal.append(
        Kind.REGISTERED,
        {
            "wallet": wallet.name,
            "digest": wallet.digest.hex(),
            "first_receive": wallet.address(RECEIVE, 0),
            "action": "add",
        },
        now=desk.now(),
    )


def unregister(desk: Desk, name: str) -> None:
    """Forget a registration and the policy bound to it, and record that.

    Raises:
        UsageError: No such wallet.
    """
    desk.registry.remove(name)
    PolicyStore(desk.home).unbind(name, journal=desk.journal, now=desk.now())
    body = {"wallet": name, "action": "remove"}
    desk.journal.append(Kind.REGISTERED, body, now=desk.now())
