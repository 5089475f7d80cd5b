"""A power cut while keys are pinned or dropped: the ring is the old one or the new one."""

import pytest

from coldsign.controls import keyring
from coldsign.controls.keyring import PinnedKey, pin, pinned, ring_path, unpin
from coldsign.primitives.storage import atomic_write
from tests.killing import steps_survived

ANNA, BERT = "A" * 40, "B" * 40


@pytest.fixture(autouse=True)
def _instead_of_gpg(monkeypatch):
    """A ring that is a line for each key: what gpg does is tested with gpg."""

    def listed(ring):
        return tuple([PinnedKey(line, "somebody") for line in ring.decode().split()])

    def select(sources, fingerprints):
        return b"".join(b"%s\n" % name.encode() for name in dict.fromkeys(fingerprints))

    monkeypatch.setattr(keyring, "list_keys", listed)
    monkeypatch.setattr(keyring, "_select", select)
    monkeypatch.setattr(keyring, "_few", lambda exported, _fingerprints: exported)


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        ((), lambda home: pin(home, ANNA.encode(), [ANNA]), (ANNA,)),
        ((ANNA,), lambda home: pin(home, BERT.encode(), [BERT]), (ANNA, BERT)),
        ((ANNA, BERT), lambda home: unpin(home, ANNA), (BERT,)),
    ],
    ids=["the first", "another", "one less"],
)
def test_the_ring_is_the_old_or_the_new(before, action, after, tmp_path):
    home, found = tmp_path / "home", []
    home.mkdir(mode=0o700)
    ring = "".join(f"{name}\n" for name in before).encode()

    def restore():
        for path in home.iterdir():
            path.unlink()
        if ring:
            atomic_write(ring_path(home), ring, replace=True)

    def check():
        found.append(tuple(key.fingerprint for key in pinned(home)))
        restore()

    restore()
    assert steps_survived(lambda: action(home), check=check) >= 3
    assert list(dict.fromkeys(found)) == [before, after]
