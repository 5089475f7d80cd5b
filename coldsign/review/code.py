"""The review code: six words that stand for one decision, for people to read to each other.

It is SHA-256 over this encoding, version 1, of which the first 66 bits are written as six words of
the BIP-39 list. ``lv`` is a CompactSize length and the bytes.

    lv("coldsign review code 1")
    lv(network name)                      ASCII
    lv(descriptor)                        canonical text with its checksum
    lv(unsigned transaction)              without witnesses, as its txid hashes it
    CompactSize(number of inputs), then for each:
        1 byte    how the amount is known: 1 previous transaction, 2 taproot, 3 claimed, 0 not
        8 bytes   the amount, signed little endian; 0 where it is not known
    CompactSize(number of outputs), then for each:
        1 byte    its class: 1 payment, 2 change, 3 self, 4 data, 5 unknown
    lv(manifest digest)                   empty where no manifest is used

Whoever makes both of two transactions finds two with the same words in some 2^33 trials, minutes of one
computer. A script that reads a PSBT twice compares the whole digest instead.
"""

import struct

from coldsign.primitives.cursor import compact_size, var_bytes
from coldsign.primitives.hashes import sha256
from coldsign.primitives.words import in_words
from coldsign.review.context import Manifest
from coldsign.review.facts import Facts
from coldsign.review.items import OutputKind
from coldsign.review.prevouts import Proof

VERSION = b"coldsign review code 1"
WORDS = 6
_BITS = 11 * WORDS

_PROOF = {Proof.ABSENT: 0, Proof.PREVIOUS: 1, Proof.TAPROOT: 2, Proof.CLAIMED: 3}
_KIND = {
    OutputKind.PAYMENT: 1,
    OutputKind.CHANGE: 2,
    OutputKind.SELF: 3,
    OutputKind.DATA: 4,
    OutputKind.UNKNOWN: 5,
}


def canonical(facts: Facts, manifest: Manifest | None) -> bytes:
    """Everything the decision rests on, as bytes."""
    parts = [
        var_bytes(VERSION),
        var_bytes(facts.network.name.encode()),
        var_bytes(str(facts.wallet.descriptor).encode()),
        var_bytes(facts.tx.serialize_without_witness()),
        compact_size(len(facts.inputs)),
    ]
    parts += [
        struct.pack("<Bq", _PROOF[known.prevout.proof], known.amount or 0) for known in facts.inputs
    ]
    parts.append(compact_size(len(facts.outputs)))
    parts.append(bytes([_KIND[output.kind] for output in facts.outputs]))
    parts.append(var_bytes(manifest.digest if manifest is not None else b""))
    return b"".join(parts)


def review_digest(facts: Facts, manifest: Manifest | None) -> bytes:
    """The whole SHA-256 of this decision, which no two share."""
    return sha256(canonical(facts, manifest))


def review_code(facts: Facts, manifest: Manifest | None) -> tuple[str, ...]:
    """The six words of this decision."""
    digest = int.from_bytes(review_digest(facts, manifest), "big")
    return in_words(digest >> (256 - _BITS), WORDS)
