"""``coldsign key``: make, import, list, show, export the public side of, and remove keys."""

import os
from pathlib import Path

import click

from coldsign.cli.newkey import ask_rolls, show_words
from coldsign.cli.options import (
    ColdGroup,
    Settings,
    camera_option,
    pass_settings,
    path_type,
    yes_option,
)
from coldsign.cli.passphrases import (
    PassphraseSource,
    open_key,
    passphrase_options,
    proven_passphrase,
    type_new_passphrase,
    usable,
)
from coldsign.cli.secrets import secret_file_option
from coldsign.errors import DeclinedError, MalformedError, UsageError
from coldsign.keys.entropy import gather
from coldsign.keys.keystore import KeyRecord
from coldsign.keys.material import Material
from coldsign.keys.mnemonic import Mnemonic
from coldsign.keys.versions import NetworkGroup
from coldsign.primitives.keypath import KeyOrigin, KeyPath, format_path, parse_path

SOURCES = ("mnemonic", "seedqr", "xprv", "wif", "slip39", "codex32")
_DONE = "the key file opens with any age program too: age -d"


@click.group(cls=ColdGroup)
def key() -> None:
    """Make, import and keep keys. Each is one passphrase-encrypted age file."""


@key.command()
@click.argument("name")
@click.option(
    "--words",
    type=click.Choice(["12", "24"]),
    default="24",
    show_default=True,
    help="How many words: 128 or 256 bits.",
)
@click.option("--dice", is_flag=True, help="Mix in rolls of dice, typed at the terminal.")
@passphrase_options
@pass_settings
def new(
    settings: Settings,
    /,
    name: str,
    words: str,
    *,
    dice: bool,
    passphrase_from: PassphraseSource,
) -> None:
    """Make a key, show its words once, and store it encrypted."""
    screen, desk = settings.screen, settings.desk()
    screen.need_person("run it at a terminal: a person writes the words on paper")
    desk.keystore.demand_room(name)
    given = passphrase_from.read_new()
    size = 16 if words == "12" else 32
    rolls = ask_rolls(screen, size) if dice else ""
    with gather(size, os.urandom, rolls=rolls) as entropy:
        mnemonic = Mnemonic.from_entropy(entropy.buffer)
    show_words(screen, mnemonic)
    material = Material.from_mnemonic(mnemonic, "", NetworkGroup.of(settings.network))
    passphrase = type_new_passphrase(screen) if given is None else given
    record = desk.keystore.add(name, material, passphrase)
    material.wipe()
    mnemonic.wipe()
    _announce(settings, record, "made")


@key.command("import")
@click.argument("name")
@click.option(
    "--from", "source", type=click.Choice(SOURCES), required=True, help="What the secret is."
)
@secret_file_option
@passphrase_options
@click.argument("pictures", nargs=-1, metavar="[SOURCE]...")
@camera_option
@pass_settings
def import_(
    settings: Settings,
    /,
    name: str,
    source: str,
    secret_file: str | None,
    pictures: tuple[str, ...],
    camera: int | str,
    passphrase_from: PassphraseSource,
) -> None:
    """Import a key from words, SeedQR, xprv, WIF or backup shares.

    In --secret-file shares stand one a line; a SLIP-39 passphrase on the last. A SOURCE is a SeedQR: a picture, its
    content, or - (standard input; typed unseen at a terminal); without one, the camera looks.
    """
    keystore = settings.desk().keystore
    keystore.demand_room(name)
    given = passphrase_from.read_new()
    from coldsign.cli.keysources import material_from

    material = material_from(settings, source, secret_file, pictures, camera=camera)
    try:
        passphrase = type_new_passphrase(settings.screen) if given is None else given
        record = keystore.add(name, material, passphrase)
    finally:
        material.wipe()
    _announce(settings, record, "imported")


@key.command("list")
@pass_settings
def list_(settings: Settings, /) -> None:
    """List the stored keys."""
    records = settings.desk().keystore.records()
    settings.screen.document({"keys": [_document(record) for record in records]})
    if not records:
        settings.screen.tell("no keys; coldsign key new or coldsign key import stores one")
        return
    settings.screen.table(
        ("NAME", "KIND", "NETWORK", "FINGERPRINT"),
        [(r.name, r.kind.value, r.group.value, r.fingerprint.hex()) for r in records],
    )


@key.command()
@click.argument("name")
@pass_settings
def show(settings: Settings, /, name: str) -> None:
    """Show what is public about one key."""
    _print(settings, settings.desk().keystore.record(name))


@key.command()
@click.argument("name")
@click.option("--path", required=True, metavar="PATH", help="Such as m/48h/0h/0h/2h.")
@passphrase_options
@pass_settings
def xpub(
    settings: Settings,
    /,
    name: str,
    path: str,
    passphrase_from: PassphraseSource,
) -> None:
    """Print the extended public key at a path, with its origin."""
    desk = settings.desk()
    steps = _steps(path)
    usable(desk.keystore, name, settings.network)
    with open_key(settings.screen, desk.keystore, name, passphrase_from) as ring:
        public, origin = ring.xpub(steps), KeyOrigin(ring.fingerprint, steps)
    text = public.serialize(settings.network)
    settings.screen.document(
        {"fingerprint": origin.fingerprint.hex(), "path": format_path(steps), "xpub": text}
    )
    settings.screen.result(f"{origin}{text}")


@key.command()
@click.argument("name")
@passphrase_options
@click.option(
    "--new-passphrase-file",
    "new_file",
    type=path_type,
    metavar="PATH",
    help="Read the new passphrase from the first line of a file.",
)
@pass_settings
def passphrase(
    settings: Settings,
    /,
    name: str,
    passphrase_from: PassphraseSource,
    new_file: Path | None,
) -> None:
    """Change the passphrase of a key file. The old one comes from the options or a prompt."""
    screen, keystore = settings.screen, settings.desk().keystore
    keystore.record(name)
    given = PassphraseSource(new_file).read_new()
    if given is None:
        screen.need_person()
    old = proven_passphrase(screen, keystore, name, passphrase_from)
    keystore.change_passphrase(name, old, type_new_passphrase(screen) if given is None else given)
    screen.tell(f"the passphrase of {name} is changed; older copies keep the old one")
    screen.document({"changed": name})


@key.command()
@click.argument("name")
@yes_option
@pass_settings
def remove(settings: Settings, /, name: str, *, yes: bool) -> None:
    """Delete a key file. Without its words or another copy the key is gone."""
    keystore = settings.desk().keystore
    try:
        what = keystore.record(name).fingerprint.hex()
    except MalformedError:  # a damaged key can be removed too
        what = "its record is damaged"
    if not yes and not settings.screen.agrees(f"Delete the key {name} ({what})?", name):
        raise DeclinedError("the key was kept", code="kept")
    keystore.remove(name)
    settings.screen.tell(f"{name} is deleted; a disk may keep traces: destroy it with the machine")
    settings.screen.document({"removed": name})


def _steps(path: str) -> KeyPath:
    """The path of ``--path``.

    Raises:
        UsageError: It is none.
    """
    try:
        return parse_path(path)
    except MalformedError as wrong:
        raise UsageError(wrong.message, hint="such as --path m/48h/0h/0h/2h") from None


def _announce(settings: Settings, record: KeyRecord, verb: str) -> None:
    settings.screen.tell(f"key {record.name} {verb}; {_DONE}", "good")
    _print(settings, record)


def _print(settings: Settings, record: KeyRecord) -> None:
    settings.screen.document(_document(record))
    settings.screen.result(f"name         {record.name}")
    settings.screen.result(f"kind         {record.kind.value}")
    settings.screen.result(f"network      {record.group.value}")
    settings.screen.result(f"fingerprint  {record.fingerprint.hex()}")
    if record.pubkey is not None:
        settings.screen.result(f"public key   {record.pubkey.hex()}")


def _document(record: KeyRecord) -> dict[str, str | None]:
    return {
        "name": record.name,
        "kind": record.kind.value,
        "network": record.group.value,
        "fingerprint": record.fingerprint.hex(),
        "pubkey": record.pubkey.hex() if record.pubkey is not None else None,
    }
