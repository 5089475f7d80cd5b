"""``doctor`` and ``selftest``: is this machine, and is this program, fit to sign?"""

import textwrap

import click

from coldsign.cli.options import ColdCommand, Settings, pass_settings
from coldsign.cli.pager import page_width
from coldsign.cli.screen import Screen
from coldsign.errors import SelfCheckError, UnfitError

_INDENT = " " * 6
_UNFOLDED = 10_000  # columns, where no person reads
_ROLES = {"ok": "good", "warn": "confirm", "fail": "refuse"}


@click.command(cls=ColdCommand)
@pass_settings
def doctor(settings: Settings, /) -> None:
    """Check whether this machine is fit to sign. Exit code 8 if it is not.

    It looks at network, swap, core dumps, camera, clock, versions and more, and changes nothing.
    """
    from coldsign.ceremony.doctor import diagnose

    checks = diagnose(settings.desk().home)
    settings.screen.document(
        {
            "checks": [
                {"name": c.name, "verdict": c.verdict.value, "detail": c.detail, "hint": c.hint}
                for c in checks
            ]
        }
    )
    width = page_width() if settings.screen.result_is_read else _UNFOLDED
    for check in checks:
        line = f"{check.verdict.value:<4}  {check.name:<18}  {check.detail}"
        _show(settings.screen, line, _ROLES[check.verdict.value], width)
        if check.hint and check.verdict.value != "ok":
            _show(settings.screen, _INDENT + check.hint, "hint", width)
    failed = [check.name for check in checks if check.verdict.value == "fail"]
    if failed:
        raise UnfitError(
            f"this machine is not fit to sign: {', '.join(failed)}",
            hint="each line above says what to mend",
        )


def _show(screen: Screen, line: str, role: str, width: int) -> None:
    for part in textwrap.wrap(line, width, subsequent_indent=_INDENT):
        screen.result(part, role)


@click.command(cls=ColdCommand)
@pass_settings
def selftest(settings: Settings, /) -> None:
    """Run the known-answer tests of every primitive."""
    from coldsign.ceremony.selftest import run

    results = run()
    settings.screen.document(
        {"tests": [{"name": r.name, "ok": r.ok, "detail": r.detail} for r in results]}
    )
    for result in results:
        role = "good" if result.ok else "refuse"
        settings.screen.result(f"{'ok' if result.ok else 'fail':<4}  {result.name}", role)
    failed = [result.name for result in results if not result.ok]
    if failed:
        raise SelfCheckError(
            f"known answers differ: {', '.join(failed)}", hint="do not sign with this machine"
        )
