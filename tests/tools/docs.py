"""Writes the pages that are made from the program: `python -m tests.tools.docs`."""

from collections.abc import Iterator
from pathlib import Path

import click

from coldsign.cli.app import cli
from coldsign.errors import ColdsignError

DOCS = Path(__file__).resolve().parents[2] / "docs"
WIDTH = 100
MADE = "Written by `python -m tests.tools.docs`; do not edit."


def commands(
    command: click.Command = cli, path: tuple[str, ...] = ("coldsign",)
) -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name, groups before what is in them."""
    yield " ".join(path), command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path[-1])
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None, name
            yield from commands(child, (*path, name))


def exit_codes() -> dict[int, type[ColdsignError]]:
    """Each exit code and the error that stands for it."""
    return {error.exit_code: error for error in ColdsignError.__subclasses__()}


def help_text(name: str, command: click.Command) -> str:
    """What `--help` prints, at a fixed width."""
    context = click.Context(command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH)
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


def cli_page() -> str:
    """Every command's help."""
    parts = [
        f"# Commands\n\n{MADE}\nThe contract of sources, sinks and exit codes: docs/exit-codes.md."
    ]
    parts += [f"## {name}\n\n```\n{help_text(name, one)}\n```" for name, one in commands()]
    return "\n\n".join(parts) + "\n"


def findings_page() -> str:
    """Every finding with its severity and the manual of the check that finds it."""
    from coldsign.review.checks import catalogue

    parts = [
        f"# Findings\n\n{MADE}\nA code keeps its meaning for ever and is never used for another."
    ]
    entries = sorted(catalogue(), key=lambda one: one.code)
    parts += [f"## {one.code}\n\n*{one.severity.value}* {one.manual}" for one in entries]
    return "\n\n".join(parts) + "\n"


PAGES = {"cli.md": cli_page, "findings.md": findings_page}


def main() -> None:
    for name, page in PAGES.items():
        (DOCS / name).write_text(page())


if __name__ == "__main__":
    main()
