"""``coldsign policy``: the rules bound to a wallet, and the OpenPGP keys that may approve."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from coldsign.ceremony.desk import Desk
from coldsign.ceremony.papers import read_policy
from coldsign.ceremony.registration import bound_policy
from coldsign.cli.options import ColdGroup, Settings, pass_settings, path_type, yes_option
from coldsign.cli.pager import page_width
from coldsign.controls.keyring import EXPORT_CAP, PinnedKey, pin, pinned, unpin
from coldsign.controls.policies import PolicyStore
from coldsign.controls.policy import Policy
from coldsign.controls.policy_words import differences, said
from coldsign.errors import DeclinedError, MalformedError, RefusedError
from coldsign.primitives.storage import read_untrusted
from coldsign.review.layout import INDENT
from coldsign.wallet.wallet import Wallet


@click.group(cls=ColdGroup)
def policy() -> None:
    """Bind rules to a wallet, and pin the reviewers' keys."""


@policy.command("set")
@click.argument("wallet")
@click.argument("file", type=path_type)
@yes_option
@pass_settings
def set_(settings: Settings, /, wallet: str, file: Path, *, yes: bool) -> None:
    """Bind a policy file to a wallet; what changes is shown first."""
    screen, desk = settings.screen, settings.desk()
    found = desk.wallet(wallet)
    data, rules = read_policy(file, found.network)
    changes = differences(_in_force(settings, desk, found), rules)
    for line in changes or ("nothing changes",):
        screen.say(line)
    if not yes and not screen.agrees(f"Bind this policy to the wallet {found.name}?", "yes"):
        raise DeclinedError("the policy was not bound", code="kept")
    PolicyStore(desk.home).bind(found, data, journal=desk.journal, now=desk.now())
    digest = rules.digest.hex()
    screen.document({"wallet": found.name, "policy": digest, "changes": list(changes)})
    screen.tell(f"policy {digest[:16]} bound to {found.name}", "good")


@policy.command()
@click.argument("wallet")
@pass_settings
def show(settings: Settings, /, wallet: str) -> None:
    """Show the rules in force for a wallet."""
    desk = settings.desk()
    bound = bound_policy(desk, desk.wallet(wallet))
    rules = bound or Policy.empty()
    values = {key: _plain(value) for key, value in rules.settings().items()}
    settings.screen.document(
        {"bound": bound is not None, "policy": rules.digest.hex(), "settings": values}
    )
    settings.screen.tell("bound policy" if bound else "no policy is bound; these are the defaults")
    for line in _columns(values, page_width()):
        settings.screen.result(line)


@policy.command()
@click.argument("file", type=path_type)
@click.argument("fingerprints", nargs=-1, required=True, metavar="FINGERPRINT...")
@pass_settings
def trust(settings: Settings, /, file: Path, fingerprints: tuple[str, ...]) -> None:
    """Pin OpenPGP keys of reviewers and manifest signers. They come from an exported key file."""
    home = settings.desk().home
    exported = read_untrusted(file, EXPORT_CAP, what="key file")
    _print_keys(settings, pin(home, exported, fingerprints))


@policy.command()
@click.argument("fingerprint")
@pass_settings
def distrust(settings: Settings, /, fingerprint: str) -> None:
    """Forget a pinned OpenPGP key."""
    _print_keys(settings, unpin(settings.desk().home, fingerprint))


@policy.command()
@pass_settings
def trusted(settings: Settings, /) -> None:
    """List the pinned OpenPGP keys."""
    _print_keys(settings, pinned(settings.desk().home))


def _print_keys(settings: Settings, keys: tuple[PinnedKey, ...]) -> None:
    settings.screen.document({"keys": [key._asdict() for key in keys]})
    for key in keys:
        state = f"  {key.state.upper()}" if key.state else ""
        settings.screen.result(f"{key.fingerprint}{state}  {key.user}")
    if not keys:
        settings.screen.tell("no keys are pinned")


def _in_force(settings: Settings, desk: Desk, wallet: Wallet) -> Policy:
    """What a new policy is compared with: the bound one, or the defaults where that one was tampered with."""
    try:
        return bound_policy(desk, wallet) or Policy.empty()
    except (RefusedError, MalformedError) as changed:
        settings.screen.say(f"{changed.message}; the latch is engaged", "refuse")
        settings.screen.say("What follows is compared with the defaults.")
        return Policy.empty()


def _columns(values: Mapping[str, object], width: int) -> Iterator[str]:
    """Each setting as a policy file would have it; what does not fit beside its name goes below it, one a line."""
    wide = max(map(len, values)) + 2
    for key, value in values.items():
        shown = [said(one) for one in value] if isinstance(value, list) else [said(value)]
        if not shown:
            yield f"{key:<{wide}}[]"
        elif wide + max(map(len, shown)) <= width:
            yield f"{key:<{wide}}{shown[0]}"
            yield from (" " * wide + one for one in shown[1:])
        else:
            room = width - len(INDENT)
            yield key
            for one in shown:
                yield from (INDENT + one[at : at + room] for at in range(0, len(one), room))


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
