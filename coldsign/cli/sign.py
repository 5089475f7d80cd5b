"""``inspect`` and ``sign``: the product."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from coldsign.ceremony import airgap
from coldsign.ceremony.checkup import Verdict
from coldsign.ceremony.desk import Desk
from coldsign.ceremony.foreign import foreign_code
from coldsign.ceremony.intake import PSBT
from coldsign.ceremony.papers import Papers, read_papers
from coldsign.ceremony.reply import answer
from coldsign.ceremony.walk import Signed, demand_acceptable, examine_batch, sign_walk
from coldsign.cli.deliver import deliver, delivery_options, demand_deliverable
from coldsign.cli.foresight import Wish, foresee
from coldsign.cli.options import ColdCommand, Settings, camera_option, pass_settings
from coldsign.cli.passphrases import PassphraseSource, open_key, passphrase_options, usable
from coldsign.cli.person import operator_for, present_report
from coldsign.cli.screen import Screen
from coldsign.cli.secrets import demand_secret_file, secret_file_option, stateless_keyring
from coldsign.cli.sources import demand_one_input, read_sources
from coldsign.errors import UnfitError, UsageError
from coldsign.keys.keyring import Keyring
from coldsign.primitives import secp
from coldsign.primitives.filefault import stream_failure
from coldsign.primitives.text import counted
from coldsign.psbt.edit import ReplyLevel
from coldsign.qr.payload import Payload
from coldsign.review.render import to_json
from coldsign.review.report import Report

_STATELESS = "-"


def request_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What ``inspect``, ``approve`` and ``sign`` read."""
    for option in reversed(
        (
            click.argument("sources", nargs=-1, metavar="[SOURCE]..."),
            click.option("--wallet", required=True, metavar="NAME", help="The registered wallet."),
            click.option("--manifest", metavar="FILE", help="What the books say must be paid."),
            click.option("--policy", metavar="FILE", help="The rules; else the wallet's own."),
            camera_option,
        )
    ):
        function = option(function)
    return function


def read_psbts(
    settings: Settings, sources: tuple[str, ...], camera: int | str
) -> tuple[Payload, ...]:
    """The requests that the command line names, or one from the camera."""
    settings.screen.stdin_is_source = "-" in sources
    return read_sources(settings.screen, sources, PSBT, camera=camera)


@click.command(cls=ColdCommand)
@request_options
@pass_settings
def inspect(
    settings: Settings,
    /,
    sources: tuple[str, ...],
    wallet: str,
    manifest: str | None,
    policy: str | None,
    camera: int | str,
) -> None:
    """Review withdrawals without any key. Exit code 0, or 4 if they must be refused.

    A SOURCE is a file, QR pictures, a folder or a film of them, or - (standard input); without one, the camera looks.
    """
    desk = settings.desk()
    demand_one_input(*sources, manifest)
    opened = desk.wallet(wallet)
    papers = read_papers(desk, opened, manifest=manifest, policy=policy)
    requests = read_psbts(settings, sources, camera)
    reports = examine_batch([papers.job(request.data, opened) for request in requests], desk)
    settings.screen.document(_document(reports))
    for report in reports:
        present_report(settings.screen, report)
    if due := _still_due(papers):
        settings.screen.tell(f"to sign this, the policy requires {' and '.join(due)}")
    for report in reports:
        demand_acceptable(report)


def _still_due(papers: Papers) -> list[str]:
    """What the policy asks for beside a review that is fine, in words."""
    require = papers.policy.require
    due = ["a manifest"] if require.manifest and papers.manifest is None else []
    if require.approvals:
        due.append(counted(require.approvals, "approval"))
    return due


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the options of ``sign`` say, each under its own name."""

    wallet: str
    manifest: str | None
    policy: str | None
    camera: int | str
    key: str
    approvals: tuple[str, ...]
    expect: str | None
    accept: tuple[str, ...]
    reply: str
    form: str
    out: Path | None
    force: bool
    secret_file: str | None
    passphrase_from: PassphraseSource

    @property
    def stateless(self) -> bool:
        """Whether the secret is asked for, used and forgotten."""
        return self.key == _STATELESS


@click.command(cls=ColdCommand)
@request_options
@click.option(
    "--key", required=True, metavar="NAME|-", help="The key; - asks for it and forgets it."
)
@click.option(
    "--approval",
    "approvals",
    multiple=True,
    metavar="FILE",
    help="A reviewer's approval; once for each.",
)
@click.option(
    "--expect",
    metavar="CODE",
    help="Sign without asking if this is the review code, or its whole digest.",
)
@click.option(
    "--accept",
    multiple=True,
    metavar="FINDING-CODE",
    help="A risk that is accepted; once for each.",
)
@click.option(
    "--reply",
    type=click.Choice(["full", "trimmed", "signatures"]),
    default="full",
    show_default=True,
    help="How much of the PSBT goes back.",
)
@delivery_options
@secret_file_option
@passphrase_options
@pass_settings
def sign(settings: Settings, /, sources: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401 - _Asked's
    """Review a withdrawal, approve it, and add one key's signatures.

    A SOURCE is a file, QR pictures, a folder or a film of them, or - (standard input); without one, the camera looks.
    """
    screen, desk, asked = settings.screen, settings.desk(), _Asked(**options)
    demand_deliverable(asked.out, force=asked.force)
    _demand_fitting(asked)
    _demand_there(sources, asked)
    wallet = desk.wallet(asked.wallet)
    papers = read_papers(
        desk, wallet, manifest=asked.manifest, policy=asked.policy, approvals=asked.approvals
    )
    record = None if asked.stateless else usable(desk.keystore, asked.key, settings.network)
    if asked.expect is None:
        screen.stdin_is_source = "-" in sources
        screen.need_person()
    cautions = _cautions(settings, desk)
    request = only(read_psbts(settings, sources, asked.camera))
    foreseen = foresee(screen, request, Wish(ReplyLevel(asked.reply), asked.form, asked.out))
    screen.kept = "; ".join(filter(None, (screen.kept, *foreseen)))  # pages begin with it
    operator = operator_for(
        screen,
        asked.expect,
        frozenset(asked.accept),
        lambda: _unlocked(settings, desk, asked),
        cautions=(*cautions, *foreseen),
    )
    job = papers.job(request.data, wallet, key=record)
    _hand_over(screen, asked, request, sign_walk(job, desk, operator))


def _hand_over(screen: Screen, asked: _Asked, request: Payload, signed: Signed) -> None:
    """The reply where it was asked for; a signature that gets lost on the way can be made again.

    Raises:
        UnfitError, UsageError: It could not be handed over.
    """
    reply = answer(signed.psbt, request, level=ReplyLevel(asked.reply), form=asked.form)
    made = {
        "inputs": list(signed.inputs),
        "psbt": reply.base64(),
        "reply_sha256": reply.sha256,
    }
    screen.document(to_json(signed.report) | {"signed": made})
    count = counted(len(signed.inputs), "input")
    screen.tell(f"signed {count}; every signature verified", "good")
    try:
        deliver(screen, reply, asked.out, force=asked.force)
    except (UnfitError, UsageError, OSError) as failed:
        lost = stream_failure(failed) if isinstance(failed, OSError) else failed
        again = "the signature was made: sign again with --accept signed-before"
        lost.hint = "; ".join(filter(None, (lost.hint, again)))
        raise lost from failed


def _demand_fitting(asked: _Asked) -> None:
    """Refuse an option that says where a secret is, where another one is asked for: it would be left unread.

    Raises:
        UsageError: There is one.
    """
    if asked.stateless and asked.passphrase_from.is_named:
        raise UsageError(
            "--passphrase-file and --passphrase-fd are for a stored key, and --key - names none",
            hint="--secret-file holds the secret, and its BIP-39 passphrase on a second line",
        )
    if asked.secret_file is not None and not asked.stateless:
        raise UsageError(
            "--secret-file is for --key -, and --key names a stored key",
            hint="leave one of them out",
        )


def _demand_there(sources: tuple[str, ...], asked: _Asked) -> None:
    """Refuse what could not be read when its turn comes, before the decision is recorded.

    Raises:
        UsageError: What unlocks the key is missing, or standard input is named twice.
        UnfitError: It may not be read.
    """
    demand_one_input(*sources, asked.manifest, *asked.approvals, asked.secret_file)
    asked.passphrase_from.demand_there()
    file = asked.secret_file
    if file is not None and file != "-":
        demand_secret_file(Path(file), what="secret file")


def _cautions(settings: Settings, desk: Desk) -> tuple[str, ...]:
    """What makes this machine a poor place for a key: a network, swap, foreign code, a measure that failed."""
    machine = desk.machine()
    failed = [check(machine) for check in (*airgap.CHECKS, foreign_code)]
    lines = [f"{c.name}: {c.detail}" for c in failed if c.verdict is Verdict.FAIL]
    lines += [f"{m.name}: {m.detail}" for m in settings.measures if not m.ok]
    return tuple(lines)


def only(requests: tuple[Payload, ...]) -> Payload:
    """The one request that a signature or an approval is for.

    Raises:
        UsageError: There are several.
    """
    first, *others = requests
    if others:
        raise UsageError("one PSBT is decided on at a time", hint="give them one by one")
    return first


def _unlocked(settings: Settings, desk: Desk, asked: _Asked) -> Keyring:
    """The key, once everything else is decided."""
    secp.blind(os.urandom(32))
    if asked.stateless:
        return stateless_keyring(settings.screen, asked.secret_file, settings.network)
    return open_key(settings.screen, desk.keystore, asked.key, asked.passphrase_from)


def _document(reports: Sequence[Report]) -> dict[str, Any]:
    """The JSON of one review, or of a batch with its sums."""
    documents = [to_json(report) for report in reports]
    if len(documents) == 1:
        return documents[0]
    sums = {
        name: sum(document["totals"][name] or 0 for document in documents)
        for name in ("in", "payments", "change", "fee", "leaving")
    }
    return {"batch": documents, "totals": sums}
