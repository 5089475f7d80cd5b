"""Registering a wallet, and opening one only if it is still what was registered."""

from coldsign.ceremony.desk import Desk
from coldsign.controls.entry import Kind
from coldsign.errors import MalformedError, RefusedError, UsageError
from coldsign.wallet.wallet import RECEIVE, Wallet

# A registration that changed, or is damaged, says that somebody had hands on this machine's records.
_TAMPERED = frozenset({"registration-changed", "malformed"})


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
        if error.code in _TAMPERED:
            desk.halt(f"wallet {name}: {error.message}")
        raise
    if wallet.network is not desk.network:
        raise UsageError(
            f"the wallet {name} is registered on {wallet.network.name}, not {desk.network.name}",
            hint=f"add --network {wallet.network.name}",
            code="wrong-network",
        )
    return wallet


def register(desk: Desk, wallet: Wallet, *, force: bool) -> None:
    """Write a registration and record it.

    Raises:
        RefusedError: The name stands for another registration.
    """
    desk.registry.add(wallet, force=force)
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
    """Forget a registration and record that.

    Raises:
        UsageError: No such wallet.
    """
    desk.registry.remove(name)
    body = {"wallet": name, "action": "remove"}
    desk.journal.append(Kind.REGISTERED, body, now=desk.now())
