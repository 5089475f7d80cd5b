"""Backup shares, typed one by one or read from a file with one share a line."""

from pathlib import Path

from coldsign.cli.options import Settings
from coldsign.errors import MalformedError
from coldsign.keys import codex32, slip39
from coldsign.keys.material import Material
from coldsign.keys.secret import Secret
from coldsign.keys.versions import NetworkGroup
from coldsign.primitives.storage import read_untrusted

_FILE_CAP = 1 << 16  # bytes; sixteen SLIP-39 shares of 33 words have about 5000
_MOST_SHARES = 16
_LEAST_WORDS = 20  # SLIP-39: the shortest share; a line with fewer is the passphrase


def material_from_shares(settings: Settings, source: str, secret_file: str | None) -> Material:
    """The master key that SLIP-39 or codex32 shares hold.

    Raises:
        MalformedError: A share is damaged, or they do not belong together.
    """
    if secret_file is not None:
        shares, passphrase = _from_file(source, Path(secret_file))
    else:
        shares, passphrase = _from_prompt(settings, source)
    with _recover(source, shares, passphrase) as seed:
        return Material.from_seed(seed.buffer, NetworkGroup.of(settings.network))


def _recover(source: str, shares: tuple[str, ...], passphrase: str) -> Secret:
    if source == "slip39":
        return slip39.recover(shares, passphrase)
    return codex32.recover(shares)


def _from_file(source: str, path: Path) -> tuple[tuple[str, ...], str]:
    try:
        text = read_untrusted(path, _FILE_CAP, what="secret file").decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedError("a secret must be UTF-8 text", code="secret-encoding") from None
    lines = [line for line in text.splitlines() if line.strip()]
    passphrase = ""
    if source == "slip39" and len(lines) > 1 and len(lines[-1].split()) < _LEAST_WORDS:
        passphrase = lines.pop()
    return tuple(lines), passphrase


def _from_prompt(settings: Settings, source: str) -> tuple[tuple[str, ...], str]:
    screen = settings.screen
    shares: list[str] = []
    while len(shares) < _MOST_SHARES:
        share = screen.secret(f"Share {len(shares) + 1} (not shown; empty when done)")
        if not share.strip():
            break
        shares.append(share)
    passphrase = ""
    if source == "slip39":
        passphrase = screen.secret("SLIP-39 passphrase (not shown; empty for none)", twice=True)
    return tuple(shares), passphrase
