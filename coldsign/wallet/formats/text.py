"""Descriptors as text: one with its checksum, or a receive and a change descriptor that belong together."""

import re
from dataclasses import replace
from typing import Final

from coldsign.errors import MalformedError
from coldsign.primitives.network import Network
from coldsign.wallet.descriptor import Descriptor
from coldsign.wallet.formats.imported import Imported
from coldsign.wallet.keyexpr import KeyExpression

MAX_LINES: Final = 64
"""Sparrow's export has nine: three descriptors with a comment before and a blank line after each."""

READABLE: Final = (
    "descriptor, BSMS, BIP-388, Coldcard, Caravan, Specter, Sparrow and Electrum files can be read"
)
"""For the hint where a file is none of them."""
_FUNCTION: Final = re.compile(r"[a-z_]+\(")  # how every descriptor begins (BIP-380)
_SEALED: Final = ("QklFMQ", "QklFMg")  # base64 of BIE1 and BIE2, Electrum's encrypted storage
_KEY: Final = re.compile(r"(?:\[[^]]{0,200}\])?[a-zA-Z]pub[0-9A-Za-z]{20}")


def parse(text: str, network: Network) -> Imported:
    """Read one descriptor, or several lines as Sparrow and Bitcoin Core users keep them.

    Lines that begin with # are comments. Beside a multipath descriptor, its two halves may stand;
    without it, the receive and the change descriptor together are the wallet.

    Raises:
        MalformedError: No descriptor, or several that do not belong together.
    """
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not 1 <= len(lines) <= MAX_LINES:
        raise MalformedError("wallet file: no descriptor in it", hint=READABLE)
    if not _FUNCTION.match(lines[0]):
        raise _no_descriptor(lines[0])
    found = [Descriptor.parse(line, network) for line in lines]
    if len(found) == 1:
        return Imported(found[0], None, "a descriptor")
    if len(found) == 2:
        return Imported(pair(*found), None, "a receive and a change descriptor")
    if len(found) == 3 and pair(*found[1:]) == found[0]:
        return Imported(found[0], None, "a descriptor and its two branches")
    raise MalformedError(
        f"wallet file: {len(found)} descriptors that are not one wallet",
        hint="give one descriptor, or the receive and the change descriptor of one wallet",
    )


def _no_descriptor(line: str) -> MalformedError:
    if _KEY.match(line):
        return MalformedError(
            "wallet file: an extended public key alone is no wallet",
            hint="its coordinator exports the descriptor, which says what scripts its keys stand in",
        )
    if line.startswith(_SEALED):
        return MalformedError(
            "wallet file: an Electrum file that is encrypted",
            hint="save a copy of it without its password",
        )
    if line.startswith("addwallet "):
        return MalformedError(
            "wallet file: Specter's text for a Specter-DIY, which has no checksum",
            hint="export the wallet's JSON file from Specter instead",
        )
    return MalformedError("wallet file: this text describes no wallet", hint=READABLE)


def pair(receive: Descriptor, change: Descriptor) -> Descriptor:
    """The multipath descriptor of a receive and a change descriptor (BIP-389).

    Raises:
        MalformedError: They are not the two branches of one wallet.
    """
    same = len(receive.keys) == len(change.keys)
    keys = tuple(map(_joined, receive.keys, change.keys)) if same else (None,)
    known = tuple(key for key in keys if key is not None)
    joined = replace(receive, keys=known)
    is_one = len(known) == len(keys) and joined == replace(change, keys=known)
    if not is_one or receive == change:
        raise MalformedError(
            "wallet file: two descriptors that differ in more than their branch",
            hint="give the receive and the change descriptor of one wallet, in this order",
        )
    return Descriptor.parse(str(joined), receive.network)


def _joined(one: KeyExpression, other: KeyExpression) -> KeyExpression | None:
    if one == other:
        return one
    joined = replace(one, branches=one.branches + other.branches)
    same = replace(other, branches=joined.branches) == joined
    shape = [len(tail) for tail in joined.branches]
    if not same or len(joined.branches) != 2 or len(set(shape)) != 1:
        return None
    differing = [a != b for a, b in zip(*joined.branches, strict=True)]
    return joined if sum(differing) == 1 else None


def as_receive_branch(descriptor: Descriptor) -> Descriptor:
    """The wallet whose receive branch this is, as programs mean it that write only ``/0/*``.

    Raises:
        MalformedError: A key of it does not end in ``/0/*``.
    """
    if descriptor.branch_count == 2:
        return descriptor
    keys = []
    for number, key in enumerate(descriptor.keys, 1):
        tail = key.branches[0]
        if not key.ranged or tail[-1:] != (0,):
            raise MalformedError(f"wallet file: key {number} does not end in /0/*")
        keys.append(replace(key, branches=(tail, (*tail[:-1], 1))))
    return Descriptor.parse(str(replace(descriptor, keys=tuple(keys))), descriptor.network)
