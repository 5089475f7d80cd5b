"""How a registered wallet is shown: every cosigner in full, which is ours, and what it takes to spend."""

from collections.abc import Iterator, Sequence
from typing import Any

from coldsign.ceremony.desk import positions_of
from coldsign.cli.pager import Row
from coldsign.keys.keystore import KeyRecord
from coldsign.wallet.keyexpr import KeyExpression
from coldsign.wallet.wallet import RECEIVE, Wallet

_FIRST_ADDRESSES = 1


def summary(wallet: Wallet) -> dict[str, Any]:
    """What a list shows of a wallet."""
    needed, keys = wallet.threshold
    return {
        "name": wallet.name,
        "network": wallet.network.name,
        "script": wallet.script_kind,
        "needed": needed,
        "keys": keys,
        "digest": wallet.digest.hex(),
    }


def document(wallet: Wallet) -> dict[str, Any]:
    """The whole registration as JSON."""
    return summary(wallet) | {
        "descriptor": str(wallet.descriptor),
        "created_by": wallet.created_by,
        "first_receive": wallet.address(RECEIVE, 0),
        "spending": [path.words for path in wallet.spending_paths()],
        "cosigners": [
            {
                "position": position,
                "fingerprint": key.fingerprint.hex(),
                "key": key.text(wallet.network),
                "ours": position in wallet.our_keys,
            }
            for position, key in enumerate(wallet.descriptor.keys)
        ],
    }


def rows(wallet: Wallet, records: Sequence[KeyRecord]) -> Iterator[Row]:
    """The lines a person compares with the cosigners' papers.

    Args:
        wallet: What is (to be) registered.
        records: The keys stored on this machine, to say which cosigner may be ours.
    """
    yield Row("title", f"wallet {wallet.name} on {wallet.network.name}, {wallet.script_kind}")
    yield Row("", f"to spend: {wallet.words}")
    for caution in wallet.cautions:
        yield Row("confirm", f"caution: {caution}")
    yield Row("", "")
    for position, key in enumerate(wallet.descriptor.keys):
        yield from _cosigner(wallet, records, position, key)
    yield Row("", "")
    yield Row("", f"first receive address  {wallet.address(RECEIVE, 0)}")
    yield Row("", f"registration digest    {wallet.digest.hex()}")
    if wallet.created_by:
        yield Row("note", f"read from {wallet.created_by}")


def _cosigner(
    wallet: Wallet, records: Sequence[KeyRecord], position: int, key: KeyExpression
) -> Iterator[Row]:
    yield Row("heading", f"key {position}{_whose(wallet, records, position)}")
    yield Row("", f"  {key.text(wallet.network)}")


def _whose(wallet: Wallet, records: Sequence[KeyRecord], position: int) -> str:
    if position in wallet.our_keys:
        return " -- OURS, proven by derivation"
    claimed = [r.name for r in records if position in positions_of(r, wallet)]
    if claimed:
        return f" -- says it is our key {claimed[0]} (not proven; register with --key {claimed[0]})"
    return ""
