"""The papers beside a PSBT: the policy, the manifest and its signature, the reviewers' approvals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from coldsign.ceremony.desk import Desk
from coldsign.ceremony.paperwork import read_paper_at, read_papers_at, signature_beside
from coldsign.ceremony.registration import bound_policy
from coldsign.ceremony.walk import Job
from coldsign.controls.approval import APPROVAL_CAP, VerifiedApproval, open_approval
from coldsign.controls.keyring import ring_path
from coldsign.controls.manifest import MANIFEST_CAP, SIGNATURE_CAP, demand_signed, parse_manifest
from coldsign.controls.policy import POLICY_CAP, Policy
from coldsign.errors import MalformedError, RefusedError, hinting
from coldsign.keys.keystore import KeyRecord
from coldsign.primitives.network import Network
from coldsign.primitives.storage import read_untrusted
from coldsign.primitives.text import printable
from coldsign.review.context import Manifest
from coldsign.wallet.wallet import Wallet


@dataclass(frozen=True, slots=True)
class Papers:
    """What a review is held against, read and understood.

    Attributes:
        policy: The rules.
        manifest: What must be paid, where one is used.
        approvals: The approvals, each with signatures that hold.
    """

    policy: Policy
    manifest: Manifest | None
    approvals: tuple[VerifiedApproval, ...]

    def job(self, psbt: bytes, wallet: Wallet, *, key: KeyRecord | None = None) -> Job:
        """A job for one PSBT under these papers."""
        return Job(psbt, wallet, self.policy, self.manifest, self.approvals, key)


def read_papers(
    desk: Desk,
    wallet: Wallet,
    *,
    manifest: str | None,
    policy: str | None,
    approvals: Sequence[str] = (),
) -> Papers:
    """Read the papers that a command names.

    Args:
        desk: This machine's records.
        wallet: The wallet under review.
        manifest: Where the manifest is; the signature of a file lies beside it, under ``.asc``.
        policy: The policy's path; without one the policy bound to the wallet, or an empty one.
        approvals: Where approvals are: files, or pictures and texts of QR codes.

    Raises:
        MalformedError: A file is not what it should be.
        RefusedError: The manifest is not signed by whom the policy lists.
        UsageError: A file is missing.
    """
    rules = bound_policy(desk, wallet) or Policy.empty()
    if policy is not None:
        _, rules = read_policy(Path(policy), wallet.network)
    rows = _manifest(desk, rules, manifest) if manifest is not None else None
    opened = tuple([one for source in approvals for one in _approvals(desk, source)])
    return Papers(rules, rows, opened)


def read_policy(path: Path, network: Network) -> tuple[bytes, Policy]:
    """A policy file that a person wrote: its bytes, and the rules in it, for a wallet of this network.

    Raises:
        MalformedError: It is no policy; nobody else need be asked for it again.
        UsageError: There is no such file.
    """
    data = read_untrusted(path, POLICY_CAP, what="policy")
    with hinting("correct the file: docs/custody.md shows a whole policy", MalformedError):
        rules = Policy.parse(data)
        rules.places(network)
    return data, rules


def _approvals(desk: Desk, source: str) -> Iterator[VerifiedApproval]:
    """The approvals of one source, with the detached signature where one lies beside it."""
    detached = signature_beside(source, SIGNATURE_CAP, what="approval")
    ring, now = ring_path(desk.home), desk.now()
    for data in read_papers_at(source, APPROVAL_CAP, what="approval"):
        try:
            opened = open_approval(data, keyring=ring, now=now, detached=detached)
        except (MalformedError, RefusedError) as bad:
            message = f"{printable(Path(source).name, limit=100)}: {bad.message}"
            hint = bad.hint or "give what coldsign approve wrote, whole and unchanged"
            raise type(bad)(message, hint=hint, code=bad.code) from bad
        yield opened


def _manifest(desk: Desk, policy: Policy, source: str) -> Manifest:
    data = read_paper_at(source, MANIFEST_CAP, what="manifest")
    demand_signed(
        data,
        signature_beside(source, SIGNATURE_CAP, what="manifest"),
        keyring=ring_path(desk.home),
        signers=policy.require.manifest_signers,
        now=desk.now(),
    )
    return parse_manifest(data, desk.network, coverage=policy.coverage)
