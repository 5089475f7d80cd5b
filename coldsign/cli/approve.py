"""``coldsign approve``: a reviewer's OpenPGP-signed approval of one review."""

from pathlib import Path

import click

from coldsign.ceremony.papers import read_papers
from coldsign.ceremony.reviewing import approve_walk
from coldsign.cli.deliver import demand_free
from coldsign.cli.options import ColdCommand, Settings, force_option, pass_settings, path_type
from coldsign.cli.paper import deliver_paper
from coldsign.cli.person import operator_for
from coldsign.cli.sign import only, read_psbts, request_options
from coldsign.cli.sources import demand_one_input
from coldsign.controls.policy import Require
from coldsign.controls.signers import demand_signer
from coldsign.errors import LockedError
from coldsign.keys.keyring import Keyring
from coldsign.review.render import to_json


@click.command(cls=ColdCommand)
@request_options
@click.option(
    "--signer", required=True, metavar="KEYID", help="Your OpenPGP key; it may be on a token."
)
@click.option("--expect", metavar="CODE", help="Approve without asking if this is the review code.")
@click.option("--accept", multiple=True, metavar="FINDING-CODE", help="A risk that is accepted.")
@click.option("--out", type=path_type, metavar="PATH", help="A text file, or QR pictures.")
@force_option
@pass_settings
def approve(
    settings: Settings,
    /,
    sources: tuple[str, ...],
    wallet: str,
    manifest: str | None,
    policy: str | None,
    camera: int | str,
    signer: str,
    expect: str | None,
    accept: tuple[str, ...],
    out: Path | None,
    *,
    force: bool,
) -> None:
    """Review a withdrawal on your own machine and sign an approval."""
    screen, desk = settings.screen, settings.desk()
    demand_free(out, force=force)
    demand_one_input(*sources, manifest)
    opened = desk.wallet(wallet)
    papers = read_papers(desk, opened, manifest=manifest, policy=policy)
    if expect is None:
        screen.stdin_is_source = "-" in sources
        screen.need_person()
    request = only(read_psbts(settings, sources, camera))
    cautions = _cautions(demand_signer(signer), papers.policy.require)
    accepted = frozenset(accept)
    operator = operator_for(screen, expect, accepted, _no_key, act="approve", cautions=cautions)
    report, signed = approve_walk(papers.job(request.data, opened), desk, operator, signer=signer)
    text = signed.armored.decode("ascii")
    screen.document(to_json(report) | {"approval": {"text": text, "reviewer": signed.fingerprint}})
    screen.tell(f"approved by {signed.fingerprint}", "good")
    deliver_paper(settings, text, out, force=force)


def _cautions(own: frozenset[str], require: Require) -> tuple[str, ...]:
    """Where an approval by the reviewer's own key will not count, by the policy that is known here."""
    if own & {*require.keyholders}:
        return ("the policy names this key as the keyholder's: its approval will not count",)
    if require.reviewers and own.isdisjoint(require.reviewers):
        return ("the policy does not list this key: its approval will not count",)
    return ()


def _no_key() -> Keyring:
    raise LockedError("an approval touches no key of the wallet")
