"""Addresses made to be mistaken for another: the same beginning and end, another middle.

People compare the ends. An attacker grinds keys until the ends fit, so two different addresses with
the same ends are not chance: among a thousand payments that happens once in ten thousand batches.
"""

from collections.abc import Callable, Iterable

from coldsign.primitives.script import witness_program

HEAD, TAIL = 4, 4
"""Characters of the address after its prefix, as wallets show them when they shorten one."""
PROGRAM_ENDS = 3
"""Bytes at each end of the hash or key inside the script."""

Ends = tuple[str, str] | tuple[bytes, bytes]
Index = dict[Ends, list[tuple[str, bytes]]]


def _payload(address: str) -> str:
    """The characters after what all addresses of the kind share."""
    head, one, tail = address.rpartition("1")
    return tail if one and len(head) in {2, 4} and head.isalpha() else address[1:]


def _program(script: bytes) -> bytes:
    if (witness := witness_program(script)) is not None:
        return witness[1]
    return script[3:23] if len(script) == 25 else script[2:22]


def ends(address: str, script: bytes) -> tuple[Ends, Ends]:
    """The two things two look-alikes have in common: the ends of the text, and of the program."""
    payload, program = _payload(address), _program(script)
    size = len(script)
    return (
        (payload[:HEAD], payload[-TAIL:]),
        (bytes((size % 256,)) + program[:PROGRAM_ENDS], program[-PROGRAM_ENDS:]),
    )


def index(addresses: Iterable[tuple[str, bytes]], *, most: int = 1) -> Index:
    """The first different addresses and scripts for each pair of ends, as many as are asked for."""
    found: Index = {}
    for address, script in addresses:
        for pair in ends(address, script):
            alike = found.setdefault(pair, [])
            if len(alike) < most and (address, script) not in alike:
                alike.append((address, script))
    return found


def twin(known: Index, address: str, script: bytes) -> str | None:
    """A known address that looks like this one and is another."""
    for pair in ends(address, script):
        for other, its_script in known.get(pair, ()):
            if its_script != script:
                return other
    return None


def resembling(scripts: Iterable[bytes]) -> Callable[[bytes], bool]:
    """A quick test whether a script's address could begin like one of these.

    An address begins like another only if the programs' first 15 bits are equal (bech32) or the
    programs are neighbours (base58); so a long memory is searched without writing out addresses. An
    address of another length may begin and end alike too.
    """
    near: set[int] = set()
    for script in scripts:
        head = int.from_bytes(_program(script)[:2], "big")
        near.update((head - 1, head, head + 1))
    return lambda script: int.from_bytes(_program(script)[:2], "big") in near
