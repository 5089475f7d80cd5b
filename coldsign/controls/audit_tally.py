"""What an address audit came to: for the journal, and for a report that can be signed."""

import hashlib

from coldsign.controls.audit_prove import Batch, Foreign
from coldsign.controls.entry import Body
from coldsign.controls.remember import wallet_id
from coldsign.wallet.wallet import Wallet


class AuditTally:
    """What an audit came to, for the journal and for a report that can be signed."""

    def __init__(self, wallet: Wallet) -> None:
        self._wallet = wallet
        self._highest: dict[int, int] = {}
        self._digest = hashlib.sha256()
        self.proven = 0
        self.foreign: Foreign | None = None
        self.trouble: tuple[str, ...] = ()
        """What could not be done about a foreign address, in words."""

    def add(self, batch: Batch) -> None:
        """Count what came of some rows."""
        self.proven += batch.proven
        self.foreign = batch.foreign
        self._digest.update(batch.addresses)
        for branch, index in batch.highest:
            self._highest[branch] = max(index, self._highest.get(branch, 0))

    def body(self) -> Body:
        """For the journal; ``addresses`` is the SHA-256 of the proven ones, one a line."""
        foreign = self.foreign
        return {
            "wallet": self._wallet.name,
            "wallet_id": wallet_id(self._wallet),
            "proven": self.proven,
            "addresses": self._digest.hexdigest(),
            "highest": [[branch, index] for branch, index in sorted(self._highest.items())],
            "foreign": None if foreign is None else _named(foreign),
        }

    def text(self) -> str:
        """For people: a few lines, each ended by a line feed."""
        body, foreign = self.body(), self.foreign
        verdict = f"all {self.proven} addresses are the wallet's own"
        if self.proven == 1:
            verdict = "the one address is the wallet's own"
        if foreign is not None:
            row = foreign.row
            verdict = f"line {row.line}: {row.address} is not the wallet's: {foreign.reason}"
        lines = [
            "coldsign address audit 1",
            f"wallet: {self._wallet.name}",
            f"wallet-id: {body['wallet_id']}",
            f"proven: {self.proven}",
            f"sha256-of-addresses: {body['addresses']}",
            f"result: {verdict}",
        ]
        return "\n".join([*lines, ""])


def _named(foreign: Foreign) -> Body:
    row = foreign.row
    return {"line": row.line, "address": row.address, "reason": foreign.reason}
