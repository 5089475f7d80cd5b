"""How a registered wallet is shown: every cosigner in full, which is ours, and what it takes to spend."""

from collections.abc import Iterator, Sequence
from typing import Any

from coldsign.ceremony.desk import positions_of
from coldsign.cli.pager import Row
from coldsign.controls.remember import wallet_id
from coldsign.keys.keystore import KeyRecord
from coldsign.review.layout import INDENT, flow, in_groups
from coldsign.wallet.registrable import quorums
from coldsign.wallet.wallet import RECEIVE, Wallet


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
        "wallet_id": wallet_id(wallet),
    }


def document(wallet: Wallet, records: Sequence[KeyRecord]) -> dict[str, Any]:
    """The whole registration as JSON."""
    return summary(wallet) | {
        "descriptor": str(wallet.descriptor),
        "created_by": wallet.created_by,
        "first_receive": wallet.address(RECEIVE, 0),
        "cautions": cautions(wallet, records),
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


def cautions(wallet: Wallet, records: Sequence[KeyRecord]) -> list[str]:
    """What a person should know before the wallet is relied on, also what only this machine makes of it."""
    held = {position for record in records for position in positions_of(record, wallet)}
    held |= {*wallet.our_keys}
    found = [*wallet.cautions]
    for quorum in quorums(wallet.descriptor):
        ours = [str(position) for position in quorum if position in held]
        if len(ours) > 1:
            found.append(
                f"keys {', '.join(ours[:-1])} and {ours[-1]} of one quorum are on this machine:"
                f" who gets hold of it has {len(ours)} of its signatures"
            )
    return found


def rows(wallet: Wallet, records: Sequence[KeyRecord], width: int) -> list[Row]:
    """The lines a person compares with the cosigners' papers; none is longer than the width.

    Args:
        wallet: What is (to be) registered.
        records: The keys stored on this machine, to say which cosigner may be ours.
        width: Columns of the screen.
    """
    found = [Row("title", f"wallet {wallet.name} on {wallet.network.name}, {wallet.script_kind}")]
    found += _sentence("", f"to spend: {wallet.words}", width)
    for caution in cautions(wallet, records):
        found += _sentence("confirm", f"caution: {caution}", width)
    for position, key in enumerate(wallet.descriptor.keys):
        found.append(Row("", ""))
        found += _sentence("heading", f"key {position}{_whose(wallet, records, position)}", width)
        found += _chopped(key.text(wallet.network), width)
    found += [Row("", ""), Row("heading", "first receive address")]
    found += _grouped(wallet.address(RECEIVE, 0), width)
    found += [Row("heading", "wallet id, the same on every laptop")]
    found += _grouped(wallet_id(wallet), width)
    if wallet.created_by:
        found += _sentence("note", f"read from {wallet.created_by}", width)
    return found


def _whose(wallet: Wallet, records: Sequence[KeyRecord], position: int) -> str:
    if position in wallet.our_keys:
        return " -- OURS, proven by derivation"
    claimed = [r.name for r in records if position in positions_of(r, wallet)]
    if claimed and wallet.our_keys:
        return f" -- says it is our key {claimed[0]} (not proven)"
    if claimed:
        return f" -- says it is our key {claimed[0]} (not proven; register with --key {claimed[0]})"
    return ""


def _sentence(role: str, text: str, width: int) -> Iterator[Row]:
    return (Row(role, line) for line in flow(text.split(" "), width))


def _grouped(text: str, width: int) -> Iterator[Row]:
    return (Row("address", line) for line in flow(in_groups(text), width, indent=INDENT))


def _chopped(text: str, width: int) -> Iterator[Row]:
    """A key expression whole, over as many lines as it takes, so that it can be copied together."""
    room = width - len(INDENT)
    return (Row("", INDENT + text[start : start + room]) for start in range(0, len(text), room))
