"""``coldsign wallet``: register wallets, show them and their addresses, audit address lists."""

from pathlib import Path

import click

from coldsign.ceremony.registration import register, unregister
from coldsign.ceremony.reply import Answer
from coldsign.cli.audit import audit
from coldsign.cli.deliver import PICTURES, deliver_text, demand_file, demand_free
from coldsign.cli.options import (
    ColdGroup,
    Settings,
    camera_option,
    force_option,
    pass_settings,
    path_type,
    yes_option,
)
from coldsign.cli.pager import page_through, page_width
from coldsign.cli.paper import deliver_paper
from coldsign.cli.passphrases import PassphraseSource, open_key, passphrase_options, usable
from coldsign.cli.sources import read_source
from coldsign.cli.walletview import document, rows, summary
from coldsign.controls.remember import wallet_id
from coldsign.errors import DeclinedError
from coldsign.primitives.text import printable
from coldsign.qr.payload import Dialect, PayloadKind
from coldsign.qr.ur.uri import whole_text
from coldsign.wallet.formats.export import UR_TYPES, Format
from coldsign.wallet.formats.export import export as export_wallet
from coldsign.wallet.formats.recognise import recognise
from coldsign.wallet.ownkeys import own_positions
from coldsign.wallet.wallet import CHANGE, RECEIVE, Wallet

_DESCRIPTIONS = frozenset({PayloadKind.WALLET, PayloadKind.BYTES, PayloadKind.TEXT})
_ACCOUNTS = ("pkh", "wpkh", "sh-wpkh", "tr")  # what an account of one key can be used as
_MAX_SHOWN = 10_000  # addresses; more are for `wallet audit`, which streams


@click.group(cls=ColdGroup)
def wallet() -> None:
    """Register wallets. Only a registered wallet's coins are signed for."""


wallet.add_command(audit)


@wallet.command()
@click.argument("name")
@click.argument("source", required=False)
@click.option(
    "--key", "key_name", metavar="NAME", help="Prove that this stored key is one of its keys."
)
@click.option(
    "--script",
    type=click.Choice(_ACCOUNTS),
    help="Which wallet of an account that offers several.",
)
@click.option("--yes", is_flag=True, help="Register without asking, for scripts.")
@click.option("--force", is_flag=True, help="Replace a registration of this name.")
@camera_option
@passphrase_options
@pass_settings
def add(
    settings: Settings,
    /,
    name: str,
    source: str | None,
    key_name: str | None,
    script: str | None,
    *,
    yes: bool,
    force: bool,
    camera: int | str,
    passphrase_from: PassphraseSource,
) -> None:
    """Register a wallet from a descriptor or another program's file.

    Read are descriptors, BSMS, Coldcard, Caravan, Specter, Sparrow, Electrum, BIP-388 and UR. SOURCE is a file, a QR
    picture, a folder or a film of them, or - (standard input); without one, the camera looks.
    """
    screen, desk = settings.screen, settings.desk()
    desk.registry.demand_name(name)
    if not yes:
        screen.stdin_is_source = source == "-"
        screen.need_person()
    proposed = _read(settings, name, source, script=script or "", camera=camera)
    desk.registry.demand_room(proposed, force=force)
    if key_name is not None:
        proposed = _with_own_key(settings, proposed, key_name, passphrase_from)
    records = desk.keystore.records()
    if yes:
        for row in rows(proposed, records, page_width()):
            screen.tell(row.text, row.role)
    else:
        page_through(screen, lambda width: rows(proposed, records, width), then="to the question")
        if not screen.agrees("Does every line agree with the cosigners' papers?", "yes"):
            raise DeclinedError("the wallet was not registered", code="kept")
    register(desk, proposed, force=force)
    screen.tell(f"wallet {proposed.name} registered", "good")
    screen.document(document(proposed, records))


def _with_own_key(
    settings: Settings, proposed: Wallet, key_name: str, passphrase_from: PassphraseSource
) -> Wallet:
    """The wallet with the positions of a stored key that was opened to prove them."""
    keystore = settings.desk().keystore
    usable(keystore, key_name, settings.network)
    with open_key(settings.screen, keystore, key_name, passphrase_from) as ring:
        ours = own_positions(proposed.descriptor, ring)
    return Wallet.create(
        proposed.name, proposed.descriptor, our_keys=ours, created_by=proposed.created_by
    )


def _read(
    settings: Settings, name: str, source: str | None, *, script: str, camera: int | str
) -> Wallet:
    """The wallet that a file, a pipe or the camera describes, under a name; not yet registered."""
    sources = [source] if source is not None else []
    payload = read_source(settings.screen, sources, _DESCRIPTIONS, camera=camera)
    found = recognise(payload.data, settings.network, script_kind=script)
    return Wallet.create(name, found.descriptor, created_by=found.source)


@wallet.command("list")
@pass_settings
def list_(settings: Settings, /) -> None:
    """List the registered wallets."""
    wallets = settings.desk().registry.list()
    settings.screen.document({"wallets": [summary(found) for found in wallets]})
    if not wallets:
        settings.screen.tell("no wallets; coldsign wallet add registers one")
        return
    lines = [
        (w.name, w.network.name, w.script_kind, "{} of {}".format(*w.threshold), wallet_id(w)[:8])
        for w in wallets
    ]
    settings.screen.table(("NAME", "NETWORK", "SCRIPT", "NEEDS", "ID"), lines)


@wallet.command()
@click.argument("name")
@pass_settings
def show(settings: Settings, /, name: str) -> None:
    """Show a wallet: every cosigner, and what it takes to spend."""
    desk = settings.desk()
    found, records = desk.wallet(name), desk.keystore.records()
    settings.screen.document(document(found, records))
    for row in rows(found, records, page_width()):
        settings.screen.result(row.text, row.role)


@wallet.command()
@click.argument("name")
@click.option(
    "--from",
    "start",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="The first index.",
)
@click.option(
    "--count",
    type=click.IntRange(1, _MAX_SHOWN),
    default=10,
    show_default=True,
    help="How many addresses.",
)
@click.option("--change", is_flag=True, help="Change addresses instead of receiving ones.")
@pass_settings
def addresses(settings: Settings, /, name: str, *, start: int, count: int, change: bool) -> None:
    """Derive a wallet's addresses."""
    found = settings.desk().wallet(name)
    branch = CHANGE if change and found.branches > 1 else RECEIVE
    last = min(start + count, 2**31) if found.descriptor.ranged else 1
    first = start if found.descriptor.ranged else 0
    listed = [(index, found.address(branch, index)) for index in range(first, last)]
    settings.screen.document(
        {
            "wallet": found.name,
            "addresses": [
                {"branch": branch, "index": index, "address": address} for index, address in listed
            ],
        }
    )
    for index, address in listed:
        settings.screen.result(f"{branch}/{index} {address}")


@wallet.command()
@click.argument("name")
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Format]),
    default="descriptor",
    show_default=True,
    help="The form to write.",
)
@click.option(
    "--out",
    type=path_type,
    metavar="PATH",
    help="A text file, or .png .gif .svg .pdf (QR).",
)
@force_option
@pass_settings
def export(settings: Settings, /, name: str, form: str, out: Path | None, *, force: bool) -> None:
    """Write a registration in the form that another program reads.

    Pictures of crypto-output and output-descriptor are UR, those of the other forms BBQr.
    """
    as_picture = out is not None and out.suffix.lower() in PICTURES
    (demand_free if as_picture else demand_file)(out, force=force)
    data = export_wallet(settings.desk().wallet(name), Format(form))
    is_ur = form in UR_TYPES
    text = whole_text(form, data) + "\n" if is_ur else data.decode()
    settings.screen.document({"wallet": name, "format": form, "text": text})
    if as_picture:
        codes = (
            Answer(data, Dialect.UR, form, chosen=True, kind=PayloadKind.WALLET) if is_ur else None
        )
        deliver_paper(settings, text, out, force=force, codes=codes)
    else:
        deliver_text(settings.screen, text.rstrip("\n"), out, force=force)


@wallet.command()
@click.argument("name")
@yes_option
@pass_settings
def remove(settings: Settings, /, name: str, *, yes: bool) -> None:
    """Forget a registration and its policy. The journal keeps what was signed with it."""
    desk = settings.desk()
    desk.registry.demand_registered(name)
    if not yes and not settings.screen.agrees(f"Forget the wallet {printable(name)}?", name):
        raise DeclinedError("the registration was kept", code="kept")
    unregister(desk, name)
    settings.screen.tell(f"{printable(name)} is no longer registered")
    settings.screen.document({"removed": name})
