"""The root command, its global options, and the one place where errors become exit codes."""

import contextlib
import errno
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coldsign import __version__
from coldsign.cli.options import Settings, add_global_options
from coldsign.cli.screen import Screen
from coldsign.cli.signals import STOPPED
from coldsign.errors import ColdsignError, DeclinedError, UsageError, missing_library

if TYPE_CHECKING:
    from coldsign.primitives.process import Measure

# Where each command lives: a command's module is imported only when it is run, which keeps start-up short.
_COMMANDS = {
    "inspect": "coldsign.cli.sign:inspect",
    "sign": "coldsign.cli.sign:sign",
    "approve": "coldsign.cli.approve:approve",
    "combine": "coldsign.cli.coordinate:combine",
    "finalize": "coldsign.cli.coordinate:finalize",
    "key": "coldsign.cli.key:key",
    "wallet": "coldsign.cli.wallet:wallet",
    "policy": "coldsign.cli.policy:policy",
    "qr": "coldsign.cli.qr:qr",
    "journal": "coldsign.cli.journal:journal",
    "halt": "coldsign.cli.halt:halt",
    "ceremony": "coldsign.cli.ceremony:ceremony",
    "doctor": "coldsign.cli.machine:doctor",
    "selftest": "coldsign.cli.machine:selftest",
    "demo": "coldsign.cli.demo:demo",
}

_EPILOG = "A secret is never given on the command line or in the environment: it is asked for, or read from a file."


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order of the work, not of the alphabet."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command."""
        target = _COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; who mistyped a command is told which one is like it, though none is imported yet."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as unknown:
            from difflib import get_close_matches

            likely = get_close_matches(args[0], _COMMANDS, n=1)
            if not likely or unknown.ctx is not ctx:
                raise
            message = f"{unknown.message} Did you mean {likely[0]!r}?"
            raise click.UsageError(message, ctx) from unknown


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)
@click.version_option(__version__, prog_name="coldsign", message="%(prog)s %(version)s")
def cli() -> None:
    """Offline cold-storage signing: read a PSBT, show every output, add one key's signature."""


add_global_options(cli)


def run(
    argv: Sequence[str], *, screen: Screen | None = None, measures: "Sequence[Measure]" = ()
) -> int:
    """Run one command line and return its exit code (docs/exit-codes.md).

    Args:
        argv: The arguments after the program's name.
        screen: Where to print; the process's own terminal where none is given.
        measures: What hardening this process achieved, and what not.
    """
    settings = Settings(screen=screen or Screen(), measures=tuple(measures))
    if "--json" in argv:  # before anything is parsed, so that wrong usage is reported as JSON too
        settings.screen.use_json()
    code = _guarded(argv, settings)
    try:
        settings.screen.finish()
    except OSError as error:
        return code or _report(_os_error(error), settings)
    return code


def _guarded(argv: Sequence[str], settings: Settings) -> int:
    try:
        return _invoke(list(argv), settings)
    except ColdsignError as error:
        _halt_where_damaged(error, settings)
        return _report(error, settings)
    except OSError as error:
        return _report(_os_error(error), settings)
    except SystemExit as end:
        if end.code != 1:  # a shell's completion is answered
            return 0
        # How click takes a broken pipe, which it keeps from us.
        return _report(_os_error(BrokenPipeError(errno.EPIPE, "")), settings)
    except Exception as error:  # noqa: BLE001 - the one place that turns a bug into exit code 1
        lack = missing_library(error)
        return _report(lack, settings) if lack else _bug(error, settings)


def _halt_where_damaged(error: ColdsignError, settings: Settings) -> None:
    """A journal that does not hold engages the latch, whichever command comes upon it."""
    from coldsign.controls.chain import JournalDamagedError, NotedDiffersError

    if not isinstance(error, JournalDamagedError) or isinstance(error, NotedDiffersError):
        return
    desk = settings.desk()
    if desk.latch.status() is None:
        with contextlib.suppress(ColdsignError):  # the damage is the error to report
            desk.halt(error.message)


def _invoke(argv: list[str], settings: Settings) -> int:
    try:
        result: Any = cli.main(args=argv, prog_name="coldsign", standalone_mode=False, obj=settings)
    except click.exceptions.NoArgsIsHelpError as error:
        settings.screen.tell(error.format_message())
        raise UsageError("no command was given", hint=_usage_hint(error)) from error
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort as stop:
        raise DeclinedError(
            STOPPED, hint="'coldsign journal show' says what was done before", code="stopped"
        ) from stop
    except click.ClickException as error:
        raise UsageError(_usage_message(error), hint=_usage_hint(error)) from error
    return result if isinstance(result, int) else 0


def _usage_message(error: click.ClickException) -> str:
    from coldsign.primitives.text import printable

    text = " ".join(error.format_message().split()).rstrip(".")
    return printable(text[:1].lower() + text[1:], limit=400)


def _usage_hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else "coldsign"
    return f"see '{path} --help'"


def _os_error(error: OSError) -> ColdsignError:
    """An operating system's refusal, in coldsign's own words."""
    from coldsign.primitives.filefault import failure, stream_failure

    if isinstance(error.filename, str):
        return failure(error, "cannot use", Path(error.filename))
    if isinstance(error, BrokenPipeError):
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - the reader went away; nothing can be told
    return stream_failure(error)


_HINTS = {
    1: "stop here, keep the machine as it is, and report this line",
    3: "nothing was signed or written; ask the sender for it again",
    4: "nothing was signed; a person must look at this",
    5: "nothing was signed or changed",
    6: "nothing was signed",
    8: "coldsign doctor examines this machine",
}


def _report(error: ColdsignError, settings: Settings) -> int:
    hint = error.hint or _HINTS.get(error.exit_code, "")
    settings.screen.error(error.code, error.message, hint)
    return error.exit_code


def _bug(error: Exception, settings: Settings) -> int:
    """A bug: its type and place are shown, never a value, because a value could be a secret."""
    import traceback

    package = Path(__file__).resolve().parent.parent
    frames = [
        f
        for f in traceback.extract_tb(error.__traceback__)
        if Path(f.filename).is_relative_to(package)
    ]
    places = " < ".join(
        f"{Path(f.filename).relative_to(package)}:{f.lineno}" for f in reversed(frames)
    )
    settings.screen.error(
        "bug",
        f"a bug in coldsign: {type(error).__name__} at {places or 'an unknown place'}",
        "nothing was signed or sent; please report this line",
    )
    return 1
