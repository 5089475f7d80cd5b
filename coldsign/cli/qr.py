"""``coldsign qr``: show any file as QR codes, and scan any message."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from coldsign.ceremony.intake import UNDRAWN
from coldsign.ceremony.reply import FORMATS, Answer
from coldsign.cli.deliver import deliver, demand_free
from coldsign.cli.options import (
    ColdGroup,
    Settings,
    camera_option,
    force_option,
    pass_settings,
    path_type,
)
from coldsign.cli.sources import read_source
from coldsign.errors import MalformedError, UsageError
from coldsign.primitives.storage import write_output
from coldsign.primitives.text import printable
from coldsign.qr.payload import Dialect, Payload, PayloadKind, drawing, is_text

if TYPE_CHECKING:
    from coldsign.qr.density import Density

_EVERYTHING = frozenset(PayloadKind) - {PayloadKind.SEED}
_SHOWABLE = frozenset(
    {
        PayloadKind.PSBT,
        PayloadKind.TRANSACTION,
        PayloadKind.WALLET,
        PayloadKind.BYTES,
        PayloadKind.TEXT,
    }
)
_AUTO = "auto"
_DIGITS = 2  # of the largest QR version


def _density(_ctx: click.Context, _param: click.Parameter, text: str) -> "Density | None":
    """The largest QR version; without one, as large as the place allows."""
    from coldsign.qr.density import Density

    if text == _AUTO:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        raise UsageError(f"density {printable(text)} is not a QR version", hint="1 to 40, or auto")
    return Density(int(text))


@click.group(cls=ColdGroup)
def qr() -> None:
    """Show files as QR codes and scan messages; no key is involved."""


@qr.command()
@click.argument("source")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default=_AUTO,
    show_default=True,
    help="The dialect; auto keeps that of the file.",
)
@click.option(
    "--density",
    default=_AUTO,
    metavar="auto|N",
    callback=_density,
    help="Largest QR version, 1 to 40.",
)
@click.option(
    "--fps",
    type=click.IntRange(1, 10),
    default=5,
    show_default=True,
    help="Frames a second.",
)
@click.option("--out", type=path_type, metavar="PATH", help="Pictures or a folder.")
@force_option
@pass_settings
def show(
    settings: Settings,
    /,
    source: str,
    form: str,
    density: "Density | None",
    fps: int,
    out: Path | None,
    *,
    force: bool,
) -> None:
    """Show a file as QR codes in the terminal, or write them as pictures."""
    from coldsign.qr.write import save

    demand_free(out, force=force)
    payload = read_source(settings.screen, [source], _SHOWABLE)
    chosen = form != _AUTO
    dialect = Dialect(form) if chosen else payload.dialect
    answer = Answer(payload.data, dialect, payload.detail, chosen, payload.kind)
    frames = answer.frames(density)
    settings.screen.document(
        {"frames": frames.length, "dialect": frames.dialect.value, "sha256": answer.sha256}
    )
    if out is not None:
        save(frames, out, force=force, period_ms=1000 // fps)
        shown = printable(str(out), limit=200)
        settings.screen.tell(f"written to {shown}, sha256 {frames.sha256_short}", "good")
    elif settings.screen.result_is_read:
        from coldsign.cli.show import show_frames

        show_frames(settings.screen, answer, density=density, rate=fps)
    else:
        for frame in frames.frames:
            text = frame if isinstance(frame, str) else frame.hex()
            settings.screen.result(text)


@qr.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@camera_option
@click.option("--out", type=path_type, metavar="PATH", help="Write it here.")
@force_option
@pass_settings
def scan(
    settings: Settings,
    /,
    sources: tuple[str, ...],
    camera: int | str,
    out: Path | None,
    *,
    force: bool,
) -> None:
    """Read one message from QR pictures or the camera. Secrets are refused."""
    demand_free(out, force=force)
    payload = read_source(settings.screen, sources, _EVERYTHING, camera=camera)
    if name := drawing(payload.data):
        raise MalformedError(f"no codes are looked for in {name}", hint=UNDRAWN)
    settings.screen.document(
        {
            "kind": payload.kind.value,
            "dialect": payload.dialect.value,
            "bytes": len(payload.data),
            "sha256_short": payload.sha256_short,
            "hex": payload.data.hex(),
        }
    )
    _hand_over(settings, payload, out, force=force)


def _hand_over(settings: Settings, payload: Payload, out: Path | None, *, force: bool) -> None:
    """A PSBT in any form, a text as it is, the rest as hex; in a file the bytes."""
    if out is not None and payload.kind is not PayloadKind.PSBT:
        write_output(out, payload.data, force=force)
        settings.screen.tell(f"written to {printable(str(out), limit=200)}", "good")
    elif payload.kind is PayloadKind.PSBT:
        deliver(
            settings.screen,
            Answer(payload.data, Dialect.BASE64, "", chosen=False),
            out,
            force=force,
        )
    elif not settings.screen.json:
        text = payload.data.decode() if is_text(payload.data) else payload.data.hex()
        settings.screen.result(text)
