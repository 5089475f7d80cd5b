"""``coldsign journal``: the hash-chained record of everything that was decided."""

import re
import textwrap
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from coldsign.cli.deliver import deliver_text, demand_free
from coldsign.cli.options import (
    ColdGroup,
    Settings,
    force_option,
    pass_settings,
    path_type,
    yes_option,
)
from coldsign.cli.pager import page_width
from coldsign.cli.paper import deliver_paper
from coldsign.controls.chain import demand_beyond_recovery, demand_torn
from coldsign.controls.entry import Anchor, Entry
from coldsign.controls.latch import demand_reason
from coldsign.errors import DeclinedError, UsageError
from coldsign.primitives.text import counted, printable

_SHOWN = 160  # characters of one value
_FIRST = ("wallet", "title", "txid", "review_code", "code", "why", "reason")
_HEX = re.compile(r"[0-9a-fA-F]{40,}")
_INDENT = " " * 8


@click.group(cls=ColdGroup)
def journal() -> None:
    """The append-only, hash-chained record of what was decided."""


@journal.command()
@click.option(
    "--last",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    metavar="N",
    help="How many entries.",
)
@pass_settings
def show(settings: Settings, /, last: int) -> None:
    """Show the last entries."""
    entries = deque(settings.desk().journal.entries(), maxlen=last)
    settings.screen.document({"entries": [_document(entry) for entry in entries]})
    width = page_width() if settings.screen.result_is_read else None
    for entry in entries:
        for line in _lines(entry, width):
            settings.screen.result(line)
    if not entries:
        settings.screen.tell("the journal is empty")


@journal.command()
@click.argument("receipt", required=False)
@click.option("--against", metavar="N:HASH", help="The count and hash on your paper.")
@pass_settings
def verify(settings: Settings, /, receipt: str | None, against: str | None) -> None:
    """Check every line, and name the first bad one. Note the count and hash on paper.

    With the RECEIPT that another laptop gave out (`journal export`), check that instead.
    """
    if receipt is not None:
        _verify_receipt(settings, receipt, against)
        return
    found = settings.desk().journal.verify()
    if found.damage is not None:
        raise found.damage
    if against is not None:
        settings.desk().journal.demand_anchor(_anchor(against))
    settings.screen.document({"entries": found.anchor.seq, "hash": found.anchor.hash})
    settings.screen.result(
        f"{_counted(found.anchor.seq)}, unbroken; note this: {_note(found.anchor)}"
    )


def _verify_receipt(settings: Settings, source: str, against: str | None) -> None:
    from coldsign.ceremony.paperwork import read_paper_at
    from coldsign.controls.receipt import RECEIPT_CAP, demand_noted, read_receipt

    entries = read_receipt(read_paper_at(source, RECEIPT_CAP, what="receipt"))
    if against is not None:
        demand_noted(entries, _anchor(against))
    last = entries[-1].anchor
    settings.screen.document({"entries": len(entries), "hash": last.hash})
    settings.screen.result(
        f"{_counted(len(entries))}, from {entries[0].seq} on, unbroken; note this: {_note(last)}"
    )


@journal.command()
@click.option(
    "--since",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Leave out the entries before this one.",
)
@click.option("--out", type=path_type, metavar="PATH", help="Write it here.")
@force_option
@click.option("--sign-with", metavar="KEYID", help="Sign the receipt with this OpenPGP key.")
@click.option("--encrypt-to", multiple=True, metavar="FINGERPRINT", help="Encrypt it to this key.")
@pass_settings
def export(
    settings: Settings,
    /,
    since: int,
    out: Path | None,
    *,
    force: bool,
    sign_with: str | None,
    encrypt_to: tuple[str, ...],
) -> None:
    """Write the journal as a receipt, signed and encrypted if wanted."""
    from coldsign.controls.receipt import make_receipt, seal_receipt
    from coldsign.controls.signers import demand_signer

    demand_free(out, force=force)
    if sign_with is not None:
        demand_signer(sign_with)
    receipt = make_receipt(settings.desk().journal, since=since)
    if sign_with or encrypt_to:
        receipt = seal_receipt(receipt, signer=sign_with, recipients=encrypt_to)
    text = receipt.decode()
    settings.screen.document({"receipt": text})
    if out is None and not sign_with:
        deliver_text(settings.screen, text.rstrip("\n"), out, force=force)
    else:
        deliver_paper(settings, text, out, force=force)


@journal.command()
@click.option("--why", required=True, metavar="TEXT", help="What happened, for the journal.")
@yes_option
@pass_settings
def recover(settings: Settings, /, why: str, *, yes: bool) -> None:
    """Go on after a power cut tore the last line. The torn bytes are kept in the journal."""
    demand_reason(why, what="a recovery")
    desk = settings.desk()
    demand_torn(desk.journal.verify().damage)
    if not yes and not settings.screen.agrees("Cut off the torn last line?", "recover"):
        raise DeclinedError("the journal was left as it is", code="kept")
    entry = desk.journal.recover_torn(why, now=desk.now())
    settings.screen.document(_document(entry))
    settings.screen.tell("recovered; the journal goes on", "good")
    _tell_halted(settings)


@journal.command("set-aside")
@click.option("--why", required=True, metavar="TEXT", help="What happened, for the journal.")
@yes_option
@pass_settings
def set_aside(settings: Settings, /, why: str, *, yes: bool) -> None:
    """Begin a new journal beside a damaged one. What was paid before is then forgotten."""
    demand_reason(why, what="setting a journal aside")
    desk = settings.desk()
    demand_beyond_recovery(desk.journal.verify().damage)
    settings.screen.say(
        "The new journal will not know what was paid before: no protection against a second"
        " payment reaches back. Restore a sound copy instead if there is one.",
        "confirm",
    )
    if not yes and not settings.screen.agrees("Begin a new journal?", "set-aside"):
        raise DeclinedError("the journal was left as it is", code="kept")
    entry = desk.journal.set_aside(why, now=desk.now())
    settings.screen.document(_document(entry))
    settings.screen.tell(
        "a new journal was begun; register the wallets and bind their policies again", "good"
    )
    _tell_halted(settings)


def _tell_halted(settings: Settings) -> None:
    if settings.desk().latch.status() is not None:
        settings.screen.tell(
            "the latch is still engaged; a keyholder ends that: coldsign halt release"
        )


def _document(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "time": entry.time,
        "kind": entry.kind.value,
        "hash": entry.hash,
        "body": entry.body,
    }


def _lines(entry: Entry, width: int | None) -> Iterator[str]:
    """One entry: folded for a person, on one line where there is no width. Lists are in ``--json`` only."""
    head = f"{entry.seq:>6}  {entry.time}  {entry.kind.value}"
    values = {k: v for k, v in entry.body.items() if isinstance(v, str | int) and v != ""}
    order = [*(key for key in _FIRST if key in values), *sorted(values.keys() - set(_FIRST))]
    parts = [(f"{key}=", _short(values[key])) for key in order]
    if width is None:
        yield f"{head:<40}  {' '.join(map(''.join, parts))}".rstrip()
        return
    yield head
    room = width - len(_INDENT)
    # An address that does not fit behind its name goes below it: it is not cut while it fits a line.
    told = [" ".join(part) if len("".join(part)) > room else "".join(part) for part in parts]
    yield from textwrap.wrap(
        "  ".join(told), width, initial_indent=_INDENT, subsequent_indent=_INDENT
    )


def _short(value: str | int) -> str:
    """A value that fits a line: of a hash or a key its first digits, of a long text its beginning."""
    text = str(value)
    if _HEX.fullmatch(text):
        return f"{text[:16]}.."
    return printable(text, limit=_SHOWN)


def _counted(entries: int) -> str:
    return counted(entries, "entry", "entries")


def _note(anchor: Anchor) -> str:
    return f"{anchor.seq}:{anchor.hash[:16]}"


def _anchor(text: str) -> Anchor:
    number, _, digits = text.strip().replace(" ", ":", ":" not in text).partition(":")
    digits = digits.replace(" ", "")  # a receipt has them in fours: 11 414b 7e62
    if not (number.isascii() and number.isdecimal() and digits):
        raise UsageError(
            "--against takes a count, a colon and a hash",
            hint="as 'coldsign journal verify' prints them: 11:414b7e627296d154",
        )
    return Anchor(int(number), digits.lower())
