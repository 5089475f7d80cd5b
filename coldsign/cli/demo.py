"""``coldsign demo``: the whole way, on regtest keys made on the spot."""

import tempfile
from pathlib import Path

import click

from coldsign.cli.options import ColdCommand, Settings, pass_settings, path_type
from coldsign.cli.person import Person, told_to
from coldsign.errors import UsageError
from coldsign.primitives.filefault import failure
from coldsign.primitives.text import printable


@click.command(cls=ColdCommand)
@click.option("--yes", is_flag=True, help="Ask nothing: sign what was just made.")
@click.option(
    "--out",
    type=path_type,
    metavar="DIR",
    help="Keep the pictures and records in this new folder.",
)
@pass_settings
def demo(settings: Settings, /, *, yes: bool, out: Path | None) -> None:
    """Show the whole way on keys made on the spot.

    QR pictures in, a review, one signature each, QR pictures out.
    """
    if not yes:
        settings.screen.need_person()
    if out is None:
        with tempfile.TemporaryDirectory(prefix="coldsign-demo-") as folder:
            _run(settings, Path(folder), yes=yes)
        return
    try:
        out.mkdir(mode=0o700)
    except FileExistsError:
        shown = printable(str(out), limit=200)
        raise UsageError(f"{shown} exists", hint="name a new folder", code="exists") from None
    except OSError as error:
        raise failure(error, "cannot make the folder", out) from None
    _run(settings, out, yes=yes)
    settings.screen.tell(f"kept in {printable(str(out), limit=200)}")


def _run(settings: Settings, folder: Path, *, yes: bool) -> None:
    from coldsign.ceremony.demo import Keyholder, run_demo
    from coldsign.ceremony.operator import ExpectingOperator, Operator
    from coldsign.ceremony.walk import Job, examine
    from coldsign.review.report import Report

    screen = settings.screen
    told = told_to(screen)

    def operator(holder: Keyholder, job: Job) -> Operator:
        if not yes and holder.number == 1:
            return Person(screen, lambda: holder.keyring)
        code = " ".join(examine(job, holder.desk).review_code)
        shown = told if yes else _quiet
        return ExpectingOperator((code,), frozenset(), lambda: holder.keyring, shown)

    def _quiet(_report: Report) -> None:
        screen.tell("(the second keyholder reads the same six words and signs)", "note")

    transaction = run_demo(folder, lambda line: screen.tell(f"* {line}", "heading"), operator)
    text = transaction.serialize().hex()
    screen.document({"txid": transaction.txid_hex(), "hex": text})
    screen.result(f"txid {transaction.txid_hex()}")
