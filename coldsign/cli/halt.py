"""``coldsign halt``: the latch that stops all signing."""

import getpass

import click

from coldsign.cli.options import ColdGroup, Settings, pass_settings, yes_option
from coldsign.controls.latch import demand_reason, halted_by
from coldsign.errors import DeclinedError, HaltedError, UsageError


@click.group(cls=ColdGroup)
def halt() -> None:
    """The latch: while it is engaged nothing is signed."""


@halt.command()
@pass_settings
def status(settings: Settings, /) -> None:
    """Say whether the latch is engaged, and why; exit code 7 if it is."""
    desk = settings.desk()
    found = desk.latch.status()
    by_journal = found is None and halted_by(desk.journal.entries())
    engaged = found is not None or by_journal
    why = str(found) if found else "the journal says so; the latch's file was removed" * by_journal
    settings.screen.document(
        {
            "engaged": engaged,
            "why": found.why if found else why,
            "when": found.when if found else "",
            "who": found.who if found else "",
        }
    )
    settings.screen.result(f"engaged: {why}" if engaged else "released")
    if engaged:
        raise HaltedError("the latch is engaged", hint="coldsign halt release ends it")


@halt.command()
@click.option("--why", required=True, metavar="TEXT", help="The reason, for the journal.")
@pass_settings
def engage(settings: Settings, /, why: str) -> None:
    """Stop all signing on this machine."""
    why = why if why.strip() else "no reason was given"
    recorded = settings.desk().halt(why, who=_who())
    settings.screen.document({"engaged": True, "why": why, "recorded": recorded})
    if not recorded:
        settings.screen.say("warning: the journal could not record it", "confirm")
    settings.screen.tell("engaged: nothing is signed until it is released", "confirm")


@halt.command()
@click.option("--why", metavar="TEXT", help="The reason, for the journal; asked for if not given.")
@yes_option
@pass_settings
def release(settings: Settings, /, why: str | None, *, yes: bool) -> None:
    """Allow signing again, with a reason that goes into the journal."""
    desk, screen = settings.desk(), settings.screen
    found = desk.latch.status()
    if found is not None:
        screen.say(f"engaged: {found}", "confirm")
    elif not halted_by(desk.journal.entries()):
        raise UsageError(
            "the latch is not engaged", hint="signing is possible; nothing need be released"
        )
    reason = screen.ask("Why is it safe to sign again?") if why is None else why
    demand_reason(reason)
    if not yes and not screen.agrees("Allow signing again?", "release"):
        raise DeclinedError("the latch stays engaged", code="kept")
    desk.latch.release(reason, desk.now(), who=_who(), journal=desk.journal)
    screen.document({"engaged": False, "why": reason})
    screen.tell("released: signing is possible again", "good")


def _who() -> str:
    """The login name, as far as the machine knows it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
