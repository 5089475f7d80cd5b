"""``coldsign wallet audit``: prove that every address of a list is ours."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from coldsign.ceremony.auditing import Effort, audit_walk
from coldsign.cli.deliver import deliver_text, demand_free
from coldsign.cli.options import ColdCommand, Settings, pass_settings
from coldsign.cli.screen import Screen
from coldsign.controls.audit import DEFAULT_WINDOW, Foreign, Proven, to_json_line
from coldsign.errors import UsageError
from coldsign.primitives.fileio import Readable
from coldsign.primitives.text import printable

_PROGRESS_STEP = 10_000  # rows between two lines of progress


@click.command(cls=ColdCommand)
@click.argument("name")
@click.argument("source")
@click.option("--lines", is_flag=True, help="As a filter: one JSON line out for every row in.")
@click.option(
    "--window",
    type=click.IntRange(1),
    default=DEFAULT_WINDOW,
    show_default=True,
    help="How far each branch is searched for an address without an index.",
)
@click.option(
    "--workers", type=click.IntRange(1, 256), default=None, help="Processes; default all cores."
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="PATH", help="Write the report here."
)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@click.option("--sign-with", metavar="KEYID", help="Sign the report with this OpenPGP key.")
@pass_settings
def audit(
    settings: Settings,
    /,
    name: str,
    source: str,
    *,
    lines: bool,
    window: int,
    workers: int | None,
    out: Path | None,
    force: bool,
    sign_with: str | None,
) -> None:
    """Prove every address of a list (address[,index[,branch]]); halt at the first that is not ours."""
    screen, desk = settings.screen, settings.desk()
    demand_free(out, force=force)
    wallet = desk.wallet(name)

    def outcome(found: Proven | Foreign) -> None:
        if lines:
            screen.raw(to_json_line(found).decode("ascii"))

    effort = Effort(workers or os.cpu_count() or 1, window, outcome, _progress(screen))
    with _stream(source) as stream:
        tally = audit_walk(wallet, desk, stream, effort)
    body = tally.body()
    screen.document(body)
    _report(settings, tally.text(), out, force=force, signer=sign_with, filtering=lines)
    screen.tell(f"{body['proven']} addresses, every one proven ours", "good")


def _report(
    settings: Settings,
    text: str,
    out: Path | None,
    *,
    force: bool,
    signer: str | None,
    filtering: bool,
) -> None:
    """The report, signed if somebody signs it, to a file or, where nothing else is, to the output."""
    if signer is not None:
        from coldsign.controls.gpg import clear_sign

        signed = clear_sign(text.encode("ascii"), signer=signer)
        text = signed.armored.decode("ascii")
    if out is not None or not filtering:
        deliver_text(settings.screen, text.rstrip("\n"), out, force=force)


def _progress(screen: Screen) -> Callable[[int], None]:
    last = 0

    def told(rows: int) -> None:
        nonlocal last
        if rows - last >= _PROGRESS_STEP and screen.person_present:
            last = rows
            screen.tell(f"{rows} addresses proven", "note")

    return told


@contextmanager
def _stream(source: str) -> Iterator[Readable]:
    if source == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(source).open("rb") as file:
            yield file
    except OSError as error:
        shown = printable(source, limit=200)
        raise UsageError(f"{shown} cannot be read: {(error.strerror or '').lower()}") from None
