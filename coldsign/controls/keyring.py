"""The pinned keys: whose signatures this machine believes, in one file of the home folder.

A person's own key ring holds whatever was ever imported. Here only the keys that were named by
fingerprint are kept, so a check never searches thousands of keys and never meets a stranger's.
"""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from coldsign.controls.gpg import fingerprint
from coldsign.controls.gpg_process import GpgAnswer, gpg
from coldsign.controls.openpgp import take
from coldsign.errors import MalformedError, UnfitError
from coldsign.primitives.filefault import failure
from coldsign.primitives.storage import atomic_write, ensure_private_dir, read_private
from coldsign.primitives.text import printable

EXPORT_CAP: Final = 16 << 20
"""Bytes of an exported key file: a company's few thousand keys with their certifications."""
MOST_KEYS: Final = 5000
"""Keys in an exported file; more is somebody's whole key server, and takes gpg minutes."""
_SIGNED: Final = (
    4  # of a user id's fields: when the key signed it; some versions of gpg keep others too
)
_SHOWN: Final = 80
_STATES: Final = {"e": "expired", "r": "revoked"}


class PinnedKey(NamedTuple):
    """A key that was named and kept.

    Attributes:
        fingerprint: Of its primary key.
        user: The first user id that it signed itself, made safe to show.
        state: "expired" or "revoked", where it is that: nothing that it signs counts.
    """

    fingerprint: str
    user: str
    state: str = ""


def ring_path(home: Path) -> Path:
    """Where the pinned keys are."""
    return home / "reviewers.gpg"


def pin(home: Path, exported: bytes, wanted: Iterable[str]) -> tuple[PinnedKey, ...]:
    """Keep the named keys of an export, beside those pinned before; the newest state of a key wins.

    Args:
        home: The home folder.
        exported: What ``gpg --export`` gave, armored or not.
        wanted: Fingerprints of the primary keys to keep.

    Returns:
        All keys that are pinned now.

    Raises:
        MalformedError: It is no key file, holds secret keys, or misses one that is wanted; or gpg
            does not take one of them.
        UnfitError: gpg is missing or failed.
    """
    listed = list_keys(exported)
    fingerprints = [fingerprint(text) for text in wanted]
    missing = set(fingerprints) - {key.fingerprint for key in listed}
    if missing:
        raise MalformedError(
            f"the key file does not hold {min(missing)}",
            hint="export the reviewers' keys themselves: gpg --export FINGERPRINT",
        )
    ensure_private_dir(home)
    before = read_private(ring_path(home), EXPORT_CAP) if ring_path(home).exists() else b""
    kept = {key.fingerprint for key in list_keys(before)} if before else set()
    ring = _select((before, _few(exported, fingerprints)), [*sorted(kept), *fingerprints])
    now_pinned = list_keys(ring) if ring else ()
    unfit = set(fingerprints) - {key.fingerprint for key in now_pinned if key.user}
    if unfit:
        raise MalformedError(
            f"gpg does not take the key {min(unfit)}: nothing in the file shows that it is its owner's",
            hint="it lacks a user id signed by itself; ask its owner for a new export: gpg --export",
            code="key-unsigned",
        )
    atomic_write(ring_path(home), ring, replace=True)
    return now_pinned


def unpin(home: Path, unwanted: str) -> tuple[PinnedKey, ...]:
    """Drop one pinned key.

    Raises:
        MalformedError: It is not pinned.
        UnfitError: gpg is missing or failed.
    """
    gone = fingerprint(unwanted)
    before = pinned(home)
    kept = [key.fingerprint for key in before if key.fingerprint != gone]
    if len(kept) == len(before):
        hint = "coldsign policy trusted lists the keys that are"
        raise MalformedError(f"{gone} is not pinned", hint=hint)
    ring = _select((read_private(ring_path(home), EXPORT_CAP),), kept) if kept else b""
    atomic_write(ring_path(home), ring, replace=True)
    return pinned(home)


def pinned(home: Path) -> tuple[PinnedKey, ...]:
    """The keys that are pinned.

    Raises:
        MalformedError: The ring is damaged.
        UnfitError: gpg is missing or failed.
    """
    path = ring_path(home)
    ring = read_private(path, EXPORT_CAP) if path.exists() else b""
    return list_keys(ring) if ring else ()


def list_keys(exported: bytes) -> tuple[PinnedKey, ...]:
    """The primary keys in an exported file.

    Raises:
        MalformedError: It is no key file, too large, or holds a secret key.
        UnfitError: gpg is missing or failed.
    """
    if len(exported) > EXPORT_CAP:
        raise MalformedError(f"the key file is larger than {EXPORT_CAP} bytes")
    with _throw_away() as folder:
        answer = _quiet_gpg(folder, ("--with-colons", "--show-keys"), exported)
    records = [line.split(":") for line in answer.output.decode("utf-8", "replace").splitlines()]
    kinds = [record[0] for record in records]
    if "sec" in kinds:
        raise MalformedError(
            "the key file holds a secret key", hint="gpg --export gives the public part"
        )
    number = kinds.count("pub")
    if not 0 < number <= MOST_KEYS:
        held = f"{number} keys, not 1 to {MOST_KEYS}" if number else "no keys"
        raise MalformedError(
            f"the key file holds {held}",
            hint="export the reviewers' keys themselves: gpg --export FINGERPRINT",
        )
    return tuple(_primaries(records))


def _primaries(records: list[list[str]]) -> list[PinnedKey]:
    found: list[PinnedKey] = []
    expecting, state = "", ""
    for kind, *fields in records:
        if kind in {"pub", "sub"}:
            expecting, state = kind, _STATES.get(fields[0], "")
        elif kind == "fpr" and expecting == "pub":
            found.append(PinnedKey(fields[8], "", state))
            expecting = ""
        elif kind == "uid" and found and not found[-1].user and fields[_SIGNED]:
            found[-1] = found[-1]._replace(user=printable(fields[8], limit=_SHOWN))
    return found


def _few(exported: bytes, fingerprints: list[str]) -> bytes:
    """The named keys of an export, so that gpg need not import thousands; all of it where it is unusual."""
    with _throw_away() as folder:
        is_armored = exported[:1] < b"\x80"
        plain = _quiet_gpg(folder, ("--dearmor",), exported).output if is_armored else exported
    try:
        return take(plain, frozenset(fingerprints)) or exported
    except MalformedError:
        return exported


def _select(sources: Iterable[bytes], fingerprints: list[str]) -> bytes:
    """The named keys of several exports, merged, as one binary key ring."""
    with _throw_away() as folder:
        for source in sources:
            if source:
                _quiet_gpg(folder, ("--import",), source)
        chosen = tuple(dict.fromkeys(fingerprints))
        answer = _quiet_gpg(folder, ("--export-options=export-minimal", "--export"), names=chosen)
    if answer.code:
        raise UnfitError(
            f"gpg could not export the keys: {answer.complaint}",
            hint="try it with gpg itself: gpg --show-keys FILE",
            code="gpg-failed",
        )
    return answer.output


@contextlib.contextmanager
def _throw_away() -> Iterator[str]:
    """A key ring of gpg's own that is gone afterwards."""
    try:
        with tempfile.TemporaryDirectory(prefix="coldsign-") as folder:
            yield folder
    except OSError as error:
        raise failure(error, "cannot use", Path(tempfile.gettempdir())) from None


def _quiet_gpg(
    folder: str, arguments: tuple[str, ...], source: bytes = b"", *, names: tuple[str, ...] = ()
) -> GpgAnswer:
    # No --trust-model=always: with it gpg 2.2 makes no trust database, and dies over revoked keys.
    fixed = ("--no-autostart", "--no-auto-check-trustdb")
    operands = (*((source,) if source else ()), *names)
    return gpg((*fixed, *arguments), operands, {"GNUPGHOME": folder})
