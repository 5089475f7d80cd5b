"""The laptop's own records, opened together: keys, registered wallets, journal, latch and policies."""

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from coldsign.ceremony.checkup import Machine
from coldsign.controls.journal import Journal
from coldsign.controls.latch import Latch
from coldsign.errors import ColdsignError, LockedError
from coldsign.keys.keystore import KeyRecord, Keystore
from coldsign.primitives.cores import ALONE, Cores
from coldsign.primitives.network import MAINNET, Network
from coldsign.wallet.keyexpr import KeyExpression
from coldsign.wallet.registry import Registry
from coldsign.wallet.wallet import Wallet


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything on this machine that a walk may read or write.

    Attributes:
        home: The folder that holds it all.
        network: The network of this run.
        keystore: The encrypted keys.
        registry: The registered wallets.
        journal: The record of decisions.
        latch: The halt latch.
        now: The machine's clock; recorded, never relied on.
        machine: Looks at this machine, where a policy wants to know that it is offline.
        cores: What may work on a large PSBT.
    """

    home: Path
    network: Network
    keystore: Keystore
    registry: Registry
    journal: Journal
    latch: Latch
    now: Callable[[], datetime]
    machine: Callable[[], Machine]
    cores: Cores = ALONE

    def wallet(self, name: str) -> Wallet:
        """A registered wallet of this network; its registration is checked.

        Raises:
            UsageError: No such wallet, or one of another network.
            RefusedError: The registration was changed; the latch is engaged.
        """
        from coldsign.ceremony.registration import load_wallet

        return load_wallet(self, name)

    def halt(self, why: str, *, who: str = "coldsign") -> bool:
        """Engage the latch: from now on nothing signs until a keyholder releases it.

        Returns:
            Whether the journal could record it; the latch is engaged in any case.
        """
        return self.latch.engage(why, self.now(), who=who, journal=self.journal) is not None

    def halt_over(self, found: ColdsignError, why: str) -> None:
        """Engage the latch over what was found; where the disk refuses even that, its hint says so.

        What was found is what a person must hear of, on a read-only disk too.
        """
        try:
            self.halt(why)
        except ColdsignError as lost:
            words = f"THE LATCH IS NOT ENGAGED ({lost.message}): sign nothing here"
            found.hint = "; ".join(filter(None, [words, found.hint]))


def open_desk(home: Path | None, network: Network) -> Desk:
    """Open the records under a home folder; nothing is created until something is written."""
    folder = home or default_home()
    journal = Journal(folder)
    return Desk(
        home=folder,
        network=network,
        keystore=Keystore(folder),
        registry=Registry(folder),
        journal=journal,
        latch=Latch(folder),
        now=lambda: datetime.now(UTC),
        machine=lambda: Machine.here(folder),
        cores=Cores.here(),
    )


def default_home() -> Path:
    """``$COLDSIGN_HOME``, else the platform's folder for a program's data."""
    named = os.environ.get("COLDSIGN_HOME")
    if named:
        return Path(named).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "coldsign"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "coldsign"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "coldsign"


def positions_of(record: KeyRecord, wallet: Wallet) -> tuple[int, ...]:
    """The positions in a wallet that a stored key claims by its public record.

    A fingerprint is a claim; signing proves it by derivation before a signature is made.
    """
    return tuple(
        position for position, key in enumerate(wallet.descriptor.keys) if _claims(record, key)
    )


def demand_one_cosigner(
    record: KeyRecord | None, wallet: Wallet, stored: Iterable[KeyRecord]
) -> None:
    """Stop where this machine holds keys that a wallet counts together: one laptop must not be enough.

    On test networks nothing is at stake, and rehearsals keep their keys together.

    Args:
        record: The stored key that would sign; None for one that is typed in, which is taken for
            the one registered as ours.
        wallet: What it would sign for.
        stored: Every key stored here.

    Raises:
        LockedError: A stored key stands with this one in a way to spend that needs both or more.
    """
    if wallet.network is not MAINNET:
        return
    own = set(wallet.our_keys if record is None else positions_of(record, wallet))
    for other in stored:
        theirs = set(positions_of(other, wallet)) - own
        for path in wallet.spending_paths():
            if path.needed > 1 and own & set(path.keys) and theirs & set(path.keys):
                first = f"the key {record.name}" if record else "a key typed in"
                raise LockedError(
                    f"{first} and the stored key {other.name} are two cosigners' of the wallet"
                    f" {wallet.name}: whoever takes this machine has both",
                    hint=f"keep each on a machine of its own; coldsign key remove {other.name}",
                    code="several-cosigners",
                )


def _claims(record: KeyRecord, key: KeyExpression) -> bool:
    if record.pubkey is not None and isinstance(key.public, bytes):
        from coldsign.primitives.secp import compress

        public = key.public
        own = compress(record.pubkey)
        return own[1:] == public if len(public) == 32 else own == compress(public)
    return key.fingerprint == record.fingerprint
