"""Backup shares, typed one by one or read from a file with one share a line."""

from coldsign.cli.options import Settings
from coldsign.cli.secrets import ask_again, compared_with_paper, demand_like, secret_text
from coldsign.keys import codex32, slip39
from coldsign.keys.likeness import Likeness
from coldsign.keys.material import Material
from coldsign.keys.secret import Secret
from coldsign.keys.versions import NetworkGroup

_FILE_CAP = 1 << 16  # bytes; sixteen SLIP-39 shares of 33 words have about 5000
_MOST_SHARES = 16
_DUE = {
    "slip39": frozenset({Likeness.SLIP39}),
    "codex32": frozenset({Likeness.CODEX32}),
}
_LEAST_WORDS = 20  # SLIP-39: the shortest share; a line with fewer is the passphrase


def material_from_shares(settings: Settings, source: str, secret_file: str | None) -> Material:
    """The master key that SLIP-39 or codex32 shares hold.

    Raises:
        MalformedError: A share is damaged, or they do not belong together.
    """
    if secret_file is not None:
        shares, passphrase = _from_file(source, secret_file)
    else:
        shares, passphrase = _from_prompt(settings, source)
    for share in shares:
        demand_like(share, _DUE[source])
    with compared_with_paper(), _recover(source, shares, passphrase) as seed:
        return Material.from_seed(seed.buffer, NetworkGroup.of(settings.network))


def _recover(source: str, shares: tuple[str, ...], passphrase: str) -> Secret:
    if source == "slip39":
        return slip39.recover(shares, passphrase)
    return codex32.recover(shares)


def _from_file(source: str, file: str) -> tuple[tuple[str, ...], str]:
    lines = [line for line in secret_text(file, _FILE_CAP).splitlines() if line.strip()]
    passphrase = ""
    if source == "slip39" and len(lines) > 1 and len(lines[-1].split()) < _LEAST_WORDS:
        passphrase = lines.pop()
    return tuple(lines), passphrase


def _understood(source: str, share: str) -> str:
    """The share, checked as soon as it is typed, for itself; nothing is checked of an empty line."""
    demand_like(share, _DUE[source])
    if share.strip():
        (slip39 if source == "slip39" else codex32).parse(share)
    return share


def _from_prompt(settings: Settings, source: str) -> tuple[tuple[str, ...], str]:
    screen = settings.screen
    shares: list[str] = []
    while len(shares) < _MOST_SHARES:
        prompt = f"Share {len(shares) + 1} (not shown; empty when done)"
        share = ask_again(screen, prompt, lambda text: _understood(source, text))
        if not share.strip():
            break
        shares.append(share)
    passphrase = ""
    if source == "slip39":
        passphrase = screen.secret("SLIP-39 passphrase (not shown; empty for none)", twice=True)
    return tuple(shares), passphrase
