"""The options that every command takes, and what they settle for one run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coldsign.cli.hints import fitting
from coldsign.cli.screen import Screen
from coldsign.errors import ColdsignError

if TYPE_CHECKING:
    from coldsign.ceremony.desk import Desk
    from coldsign.primitives.network import Network
    from coldsign.primitives.process import Measure

NETWORKS = ("mainnet", "testnet4", "testnet3", "signet", "regtest")


@dataclass(slots=True)
class Settings:
    """What the global options say; one object a run, filled in before the command starts."""

    screen: Screen = field(default_factory=Screen)
    network_name: str = "mainnet"
    home: Path | None = None
    measures: "tuple[Measure, ...]" = ()

    @property
    def network(self) -> "Network":
        """The network that addresses, keys and registrations belong to."""
        from coldsign.primitives.network import Network

        return Network.named(self.network_name)

    def desk(self) -> "Desk":
        """The laptop's own records: keys, wallets, journal and latch."""
        from coldsign.ceremony.desk import open_desk

        return open_desk(self.home, self.network)


def _camera(_ctx: click.Context, _param: click.Parameter, value: str) -> int | str:
    """A camera by its number, or a recording in its place by its path: for rehearsals and replays."""
    if value.isascii() and value.isdecimal():
        return int(value)
    if not Path(value).is_file():
        raise click.BadParameter("neither a camera's number nor a recording")
    return value


camera_option = click.option(
    "--camera",
    default="0",
    metavar="N|FILM",
    callback=_camera,
    help="Which camera; or a recording in its place.",
)


# What may not be read is said by whoever reads it: click would call it wrong usage, and of an output too.
path_type = click.Path(path_type=Path, readable=False)
force_option = click.option("--force", is_flag=True, help="Overwrite an existing file.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def _set(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(ctx: click.Context, _param: click.Parameter, value: Any) -> None:  # noqa: ANN401 - click's value
        if value is None or value is False:
            return
        settings = ctx.find_object(Settings)
        if settings is None:
            return
        if name == "network":
            settings.network_name = value
        elif name == "home":
            settings.home = value
        elif name == "json":
            settings.screen.use_json()
        else:
            settings.screen.use_no_color()

    return callback


def _global_options() -> list[click.Option]:
    return [
        click.Option(
            ["--network"],
            type=click.Choice(NETWORKS),
            expose_value=False,
            callback=_set("network"),
            help="The network of keys, wallets and addresses.  [default: mainnet]",
        ),
        click.Option(
            ["--home"],
            type=click.Path(path_type=Path, file_okay=False, readable=False),
            metavar="DIR",
            expose_value=False,
            callback=_set("home"),
            help="Where keys, wallets, journal and latch are kept.  [default: $COLDSIGN_HOME]",
        ),
        click.Option(
            ["--json"],
            is_flag=True,
            expose_value=False,
            callback=_set("json"),
            help="Write one JSON document on standard output.",
        ),
        click.Option(
            ["--no-color"],
            is_flag=True,
            expose_value=False,
            callback=_set("color"),
            help="No colours (as with NO_COLOR).",
        ),
    ]


def add_global_options(command: click.Command) -> None:
    """Let a command take the global options too, so that they may stand before or behind its name."""
    command.params.extend(_global_options())


class ColdCommand(click.Command):
    """A command that takes the global options behind its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - click's own arguments
        super().__init__(*args, **kwargs)
        add_global_options(self)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options; who used one wrongly is shown this command's help, and not the program's."""
        with _naming(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - whatever the command returns
        """Run it; what went wrong below is said with the options that this command has."""
        try:
            return super().invoke(ctx)
        except ColdsignError as error:
            error.hint = fitting(error)
            raise


class ColdGroup(click.Group):
    """A group whose commands take the global options."""

    command_class = ColdCommand

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - click's own arguments
        super().__init__(*args, **kwargs)
        add_global_options(self)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As a command's."""
        with _naming(ctx):
            return super().parse_args(ctx, args)


@contextmanager
def _naming(context: click.Context) -> Iterator[None]:
    """Wrong usage that does not say of which command is of this one."""
    try:
        yield
    except click.UsageError as error:
        error.ctx = error.ctx or context
        raise


pass_settings = click.make_pass_decorator(Settings)
