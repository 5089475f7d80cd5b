"""Where a policy lets money go: addresses, and wallets given by their descriptors."""

from collections.abc import Iterable
from typing import Final

from coldsign.errors import MalformedError
from coldsign.primitives.address import to_script
from coldsign.primitives.network import Network
from coldsign.primitives.text import printable
from coldsign.wallet.derive import Deriver
from coldsign.wallet.descriptor import Descriptor

_SHOWN: Final = 120


class Destinations:
    """Scripts that money may go to.

    A descriptor stands for its addresses from 0 to the gap on every branch; they are derived when
    a script is first asked for that no address names.
    """

    def __init__(
        self, scripts: frozenset[bytes], wallets: tuple[Deriver, ...], *, window: int
    ) -> None:
        self._scripts = scripts
        self._wallets = wallets
        self._window = window
        self._derived: frozenset[bytes] | None = None

    @classmethod
    def parse(cls, entries: Iterable[str], network: Network, *, gap: int) -> "Destinations":
        """Read the entries of ``allow.destinations``.

        Args:
            entries: Addresses and descriptors with checksum.
            network: The only one they may belong to.
            gap: How many addresses of a descriptor's branch are meant.

        Raises:
            MalformedError: An entry is neither.
        """
        scripts: set[bytes] = set()
        wallets: list[Deriver] = []
        for number, entry in enumerate(entries, start=1):
            try:
                if "(" in entry:
                    descriptor = Descriptor.parse(entry, network, require_checksum=True)
                    wallets.append(Deriver(descriptor))
                else:
                    scripts.add(to_script(entry, network))
            except MalformedError as error:
                where = f"policy: allow.destinations entry {number}, {printable(entry, _SHOWN)}"
                raise MalformedError(f"{where}: {error.message}", hint=error.hint) from None
        return cls(frozenset(scripts), tuple(wallets), window=gap + 1)

    def covers(self, script: bytes) -> bool:
        """Whether money may go to this script."""
        if script in self._scripts:
            return True
        if self._derived is None:
            self._derived = frozenset(
                wallet.derive(branch, index).script_pubkey
                for wallet in self._wallets
                for branch in range(wallet.descriptor.branch_count)
                for index in range(self._window if wallet.descriptor.ranged else 1)
            )
        return script in self._derived
