"""Taking single keys out of an exported OpenPGP file (RFC 9580, section 4), so that gpg is given no others.

gpg's time for importing keys grows with the square of their number. What is taken out here is not believed:
gpg reads it afterwards, and the fingerprints it names are compared.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

from coldsign.errors import MalformedError

_PUBLIC_KEY: Final = 6  # the packet that begins a key
_FOUR_BYTES: Final = 0xFF  # a length octet: the length is in the four after it
# For each key version: what is hashed before the packet's body, how many octets its length has, and with what.
_HASHED: Final = {4: (0x99, 2, "sha1"), 5: (0x9A, 4, "sha256"), 6: (0x9B, 4, "sha256")}


def take(exported: bytes, wanted: frozenset[str]) -> bytes:
    """The wanted keys with all that belongs to them, in their order.

    Args:
        exported: Keys as ``gpg --export`` gives them, not armored.
        wanted: Fingerprints of primary keys, upper-case hex.

    Raises:
        MalformedError: It is no sequence of packets of known length.
    """
    taken: list[bytes] = []
    is_wanted = False
    for tag, start, body, end in _packets(exported):
        if tag == _PUBLIC_KEY:
            is_wanted = _fingerprint(exported[body:end]) in wanted
        if is_wanted:
            taken.append(exported[start:end])
    return b"".join(taken)


def _packets(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Tag, start, start of the body, and end of each packet."""
    start = 0
    while start < len(data):
        tag, body, size = _header(data, start)
        end = body + size
        if end > len(data):
            raise MalformedError(f"OpenPGP: the packet at offset {start} is cut short")
        yield tag, start, body, end
        start = end


def _header(data: bytes, start: int) -> tuple[int, int, int]:
    first, at = data[start], start + 1
    head = data[at : at + 5].ljust(5, b"\0")
    if first & 0xC0 == 0xC0:
        tag, size = first & 0x3F, head[0]
        if size < 192:
            return tag, at + 1, size
        if size < 224:
            return tag, at + 2, (size - 192 << 8) + head[1] + 192
        if size == _FOUR_BYTES:
            return tag, at + 5, int.from_bytes(head[1:], "big")
    elif first & 0xC0 == 0x80 and first & 3 < 3:
        octets = 1 << (first & 3)
        return first >> 2 & 0xF, at + octets, int.from_bytes(head[:octets], "big")
    raise MalformedError(f"OpenPGP: the packet at offset {start} has no length that is known")


def _fingerprint(body: bytes) -> str:
    """Of a key by its packet's body; empty where its version is unknown."""
    marks = _HASHED.get(body[0] if body else 0)
    if marks is None:
        return ""
    mark, octets, name = marks
    prefix = bytes([mark]) + (len(body) & (1 << 8 * octets) - 1).to_bytes(octets, "big")
    return hashlib.new(name, prefix + body, usedforsecurity=True).hexdigest().upper()
