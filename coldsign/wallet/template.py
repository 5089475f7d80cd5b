"""A script with holes for its keys: compiled once from a descriptor, filled for every address."""

from enum import IntEnum
from typing import NamedTuple

from coldsign.primitives.hashes import hash160


class Hole(IntEnum):
    """What goes into a hole."""

    KEY = 0  # the push of one key
    KEY_HASH = 1  # the push of one key's hash160
    SORTED = 2  # the pushes of several keys in ascending order (BIP-67)
    SORTED_A = 3  # several x-only keys in ascending order, each with its CHECKSIG or CHECKSIGADD


class Slot(NamedTuple):
    """A hole for the keys at these positions of the descriptor."""

    hole: Hole
    positions: tuple[int, ...]


Template = tuple[bytes | Slot, ...]

_CHECKSIG = b"\xac"
_CHECKSIGADD = b"\xba"


_PUSH = tuple([bytes((size,)) for size in range(76)])  # the direct pushes, by their size


def push_key(key: bytes) -> bytes:
    """The push of a key of 32, 33 or 65 bytes: always a direct push."""
    return _PUSH[len(key)] + key


def _filled(slot: Slot, keys: tuple[bytes, ...]) -> bytes:
    hole, positions = slot
    if hole is Hole.KEY:
        return push_key(keys[positions[0]])
    if hole is Hole.KEY_HASH:
        return b"\x14" + hash160(keys[positions[0]])
    pushes = map(push_key, sorted([keys[position] for position in positions]))
    if hole is Hole.SORTED:
        return b"".join(pushes)
    first = next(pushes)
    return first + _CHECKSIG + b"".join([push + _CHECKSIGADD for push in pushes])


def fill(template: Template, keys: tuple[bytes, ...]) -> bytes:
    """The script for these keys, given by their position in the descriptor."""
    return b"".join(
        [part if type(part) is bytes else _filled(part, keys) for part in template]  # type: ignore[arg-type]
    )


def compact(parts: list[bytes | Slot]) -> Template:
    """The template of these parts with neighbouring bytes joined."""
    joined: list[bytes | Slot] = []
    for part in parts:
        last = joined[-1] if joined else None
        if part == b"":
            continue
        if isinstance(part, bytes) and isinstance(last, bytes):
            joined[-1] = last + part
        else:
            joined.append(part)
    return tuple(joined)
