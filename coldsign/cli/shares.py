"""Backup shares, typed one by one or read from a file with one share a line."""

from coldsign.cli.options import Settings
from coldsign.cli.secrets import ask_again, compared_with_paper, demand_like, secret_text
from coldsign.errors import MalformedError
from coldsign.keys import codex32, slip39
from coldsign.keys.likeness import Likeness
from coldsign.keys.material import Material
from coldsign.keys.secret import Secret
from coldsign.keys.slip39_words import WORDS
from coldsign.keys.versions import NetworkGroup

_FILE_CAP = 1 << 16  # bytes; sixteen SLIP-39 shares of 33 words have about 5000
_MOST_SHARES = 16
_DUE = {
    "slip39": frozenset({Likeness.SLIP39}),
    "codex32": frozenset({Likeness.CODEX32}),
}
_LIST = frozenset(WORDS)
_COMMON = 2  # words: all shares of one backup begin with them (its identifier and settings)
_ROW = 10  # words of the list; nobody's passphrase, but half a share
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
        _demand_no_share(passphrase, lines[0])
    return tuple(lines), passphrase


def _demand_no_share(passphrase: str, share: str) -> None:
    """Refuse a share that lacks words: taken for the passphrase it would give another key, without a word.

    Raises:
        MalformedError: It begins as the shares of this backup do, or is a long row of a share's words.
    """
    words = passphrase.lower().split()
    is_row = len(words) >= _ROW and all(word in _LIST for word in words)
    if is_row or words[:_COMMON] == share.lower().split()[:_COMMON]:
        raise MalformedError(
            f"the last line looks like a share of {len(words)} words; a share has 20 to 59",
            hint="complete it, or leave it out if there are enough without it; a passphrase that is"
            " such a row of words can be typed at the prompt",
        )


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
