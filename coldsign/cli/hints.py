"""Hints that name options: only such as the command that runs really has."""

from collections.abc import Sequence

import click

from coldsign.errors import ColdsignError

# What answers in a person's place, in the order a script needs it.
_FOR_SCRIPTS = (
    "--expect",
    "--accept",
    "--why",
    "--yes",
    "--confirmed",
    "--secret-file",
    "--passphrase-file",
    "--new-passphrase-file",
)
# By an error's code: the option that helps, and what to do with it.
_WAYS = {
    "codes-too-small": ("--density", "choose a greater --density"),
    "one-code-only": ("--format", "use --format ur or bbqr"),
}


def fitting(error: ColdsignError) -> str:
    """The hint of an error from a floor that knows no options, with the one that helps if there is one."""
    option, advice = _WAYS.get(error.code, ("", ""))
    return advice if option in _options() else error.hint


def for_scripts() -> str:
    """What a script passes to this command where a person would type."""
    options = _options()
    passed = [option for option in _FOR_SCRIPTS if option in options]
    if not passed:
        return "run it at a terminal: a person is asked"
    return f"a script passes what a person would type: see {_listed(passed)}"


def _options() -> frozenset[str]:
    context = click.get_current_context(silent=True)
    if context is None:
        return frozenset()
    return frozenset(name for option in context.command.params for name in option.opts)


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
