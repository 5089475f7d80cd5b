"""What ``key import --from`` understands, each form turned into one checked secret."""

from coldsign.ceremony.intake import SEED
from coldsign.cli.options import Settings
from coldsign.cli.secrets import compared_with_paper, demand_like, read_material
from coldsign.cli.sources import read_source
from coldsign.errors import MalformedError, UsageError
from coldsign.keys import seedqr
from coldsign.keys.likeness import Likeness
from coldsign.keys.material import KeyKind, Material
from coldsign.keys.versions import NetworkGroup

_OTHERS = "words, xprv, WIF and shares are read with --secret-file and a --from of their own"
_KINDS = {"mnemonic": KeyKind.MNEMONIC, "xprv": KeyKind.XPRV, "wif": KeyKind.WIF}


def material_from(
    settings: Settings,
    source: str,
    secret_file: str | None,
    pictures: tuple[str, ...],
    *,
    camera: int | str,
) -> Material:
    """The secret that ``--from`` and its companions name.

    Raises:
        MalformedError: It is not of that form.
        UsageError: The options do not fit together.
    """
    if source == "seedqr":
        return _from_seedqr(settings, secret_file, pictures, camera)
    if pictures:
        raise UsageError(
            f"--from {source} takes no SOURCE", hint="use --secret-file, or answer the prompt"
        )
    if source in _KINDS:
        return read_material(settings.screen, secret_file, settings.network, _KINDS[source])
    from coldsign.cli.shares import material_from_shares

    return material_from_shares(settings, source, secret_file)


def _from_seedqr(
    settings: Settings, secret_file: str | None, pictures: tuple[str, ...], camera: int | str
) -> Material:
    if secret_file is not None:
        return read_material(settings.screen, secret_file, settings.network, KeyKind.MNEMONIC)
    try:
        seed = read_source(settings.screen, pictures, SEED, camera=camera).data
    except MalformedError as other:
        if other.code == "wrong-kind":
            other.hint = _OTHERS
        raise
    demand_like(seed.decode("ascii", "replace"), frozenset({Likeness.SEEDQR}))
    with compared_with_paper():
        mnemonic = seedqr.parse(seed)
    passphrase = ""
    if settings.screen.person_present:
        passphrase = settings.screen.secret(
            "BIP-39 passphrase (not shown; empty for none)", twice=True
        )
    try:
        return Material.from_mnemonic(mnemonic, passphrase, NetworkGroup.of(settings.network))
    finally:
        mnemonic.wipe()
