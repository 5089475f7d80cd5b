"""``coldsign wallet audit``: prove that every address of a list is ours."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

import click

from coldsign.ceremony.auditing import audit_walk, demand_ours
from coldsign.cli.deliver import deliver_text, demand_file
from coldsign.cli.options import ColdCommand, Settings, force_option, pass_settings, path_type
from coldsign.cli.screen import Screen
from coldsign.controls.audit import DEFAULT_WINDOW, Effort
from coldsign.errors import UsageError
from coldsign.primitives.filefault import failure
from coldsign.primitives.text import counted


@click.command(cls=ColdCommand)
@click.argument("name")
@click.argument("source")
@click.option("--lines", is_flag=True, help="As a filter: one JSON line out for every row in.")
@click.option(
    "--window",
    type=click.IntRange(1, 1 << 31),
    default=DEFAULT_WINDOW,
    show_default=True,
    help="How far each branch is searched for an address without an index.",
)
@click.option(
    "--workers", type=click.IntRange(1, 256), default=None, help="Processes; default all cores."
)
@click.option("--out", type=path_type, metavar="PATH", help="Write the report here.")
@force_option
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
    """Prove every address of a list. At the first that is not ours, all signing is halted.

    The list is CSV (address[,index[,branch]], with or without a header) or JSON lines with the
    members address, index, branch and id; '-' reads standard input. The report of what it came to
    is the output; with --lines the verdicts are, and the report goes to --out.
    """
    screen, desk = settings.screen, settings.desk()
    if lines and screen.json:
        raise UsageError("--lines and --json exclude each other", hint="--lines is JSON already")
    demand_file(out, force=force)
    _look_for(sign_with)
    wallet = desk.wallet(name)
    screen.stdin_is_source = source == "-"
    cores = workers or os.cpu_count() or 1
    with _stream(source) as stream, _progress(screen, stream, quiet=lines) as (shown, searching):
        effort = Effort(cores, window, lines, searching)

        def told(proven: int, verdicts: bytes) -> None:
            shown(proven)
            if lines:
                screen.raw(verdicts.decode("ascii"))

        tally = audit_walk(wallet, desk, stream, effort, told=told)
    screen.document(tally.body())
    try:
        if out is not None or not lines:
            deliver_text(screen, _signed(tally.text(), sign_with).rstrip("\n"), out, force=force)
    finally:
        demand_ours(tally)
    number = counted(tally.proven, "address", "addresses")
    screen.tell(f"{number}, every one proven ours", "good")


def _look_for(signer: str | None) -> None:
    if signer is not None:
        from coldsign.controls.signers import demand_signer

        demand_signer(signer)


def _signed(text: str, signer: str | None) -> str:
    if signer is None:
        return text
    from coldsign.controls.gpg import clear_sign

    return clear_sign(text.encode("ascii"), signer=signer).armored.decode("ascii")


@contextmanager
def _progress(
    screen: Screen, stream: BufferedReader, *, quiet: bool
) -> Iterator[tuple[Callable[[int], None], Callable[[int], None]]]:
    """A bar for a person at a terminal, nothing in a pipeline: how many are proven, how many were searched."""
    if not screen.person_present or (quiet and sys.stdout.isatty()):
        yield (lambda _rows: None), (lambda _searched: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    size = os.fstat(stream.fileno()).st_size if stream.seekable() else 0
    words = TextColumn("{task.fields[rows]} addresses proven{task.fields[searched]}")
    columns = (BarColumn(bar_width=20), words, TimeElapsedColumn())
    console = Console(file=sys.stderr, no_color=not screen.color, markup=False, emoji=False)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=size or None, rows=0, searched="")

        def told(rows: int) -> None:
            done = stream.tell() if size else 0
            bar.update(task, completed=done, rows=f"{rows:,}")

        def searching(searched: int) -> None:
            bar.update(task, searched=f", {searched:,} searched")

        yield told, searching


def _stream(source: str) -> BufferedReader:
    if source == "-":
        return open(sys.stdin.fileno(), "rb", closefd=False)
    path = Path(source)
    try:
        return path.open("rb")
    except OSError as error:
        raise failure(error, "cannot read the list", path) from None
