"""Writes the pages that are made from the program: `python -m tests.tools.docs`."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from coldsign.cli.app import cli
from coldsign.errors import ColdsignError
from coldsign.review.checklist import CHECKS, Check

DOCS = Path(__file__).resolve().parents[2] / "docs"
WIDTH = 100
FINDINGS_INTRO = """\
Every check looks at every PSBT. *Refuse*: nothing is signed. *Confirm*: nothing is signed unless a
person names it (`--accept CODE`). *Note*: it is shown. A code keeps its meaning for ever and is
never reused."""
COMMANDS_INTRO = """\
A SOURCE is known by its content, never by its name: a PSBT in binary, base64 or hex, a QR text, a text file
of QR codes, one a line, a picture, an animation, a film, or a folder of pictures. `-` is standard input.
Where a SOURCE may be left out, the camera looks ([qr.md](qr.md)).

`--out` writes what its name ends in: `.psbt` (binary), `.txt` (base64), `.png` `.gif` `.svg` `.pdf` (QR
codes); a name without an ending is a folder of QR pictures. Without `--out` the QR codes are shown in the
terminal, and into a pipe goes base64. What is there already is overwritten only with `--force`.

[Exit codes](exit-codes.md) say how a command ended, [json.md](json.md) says what it writes with `--json`."""
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
    context = click.Context(
        command,
        info_name=name,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=cli.context_settings["help_option_names"],
    )
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


def cli_page() -> str:
    """Every command's help."""
    parts = ["# Commands", MADE, COMMANDS_INTRO]
    parts += [f"## {name}\n\n```\n{help_text(name, one)}\n```" for name, one in commands()]
    return "\n\n".join(parts) + "\n"


def manual(check: Check) -> dict[str, str]:
    """A check's docstring, by its labels: what it says first, Severity, Gain, Do."""
    parts = re.split(r"^ *(Severity|Gain|Do): ", check.__doc__ or "", flags=re.MULTILINE)
    pairs = zip(["", *parts[1::2]], [parts[0], *parts[2::2]], strict=True)
    return {label: " ".join(text.split()) for label, text in pairs}


def code(check: Check) -> str:
    """The finding that a check makes: each makes one, named after it."""
    return check.__name__.replace("_", "-")


def findings_page() -> str:
    """Every finding with its severity and the manual of the check that finds it."""
    table = ["| code | severity | what |", "|---|---|---|"]
    table += [
        f"| [{code(check)}](#{code(check)}) | {manual(check)['Severity']} | {manual(check)['']} |"
        for check in CHECKS
    ]
    parts = ["# Findings", MADE, FINDINGS_INTRO, "\n".join(table)]
    for check in CHECKS:
        said = manual(check)
        parts += [f"## {code(check)}", f"{said['']}", f"- **Severity:** {said['Severity']}"]
        parts[-1] += (
            f"\n- **What an attacker gains:** {said['Gain']}\n- **What to do:** {said['Do']}"
        )
    return "\n\n".join(parts) + "\n"


PAGES = {"cli.md": cli_page, "findings.md": findings_page}


def main() -> None:
    for name, page in PAGES.items():
        (DOCS / name).write_text(page())


if __name__ == "__main__":
    main()
