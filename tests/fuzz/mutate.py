"""Mutations of PSBTs: of bytes, and of the maps and pairs they are made of."""

from random import Random

from coldsign.errors import MalformedError
from coldsign.primitives.cursor import var_bytes
from coldsign.psbt.model import MAGIC, Psbt, joined

ODD = (b"", b"\0", b"\1", b"\xfc", b"\xfd", b"\xfe", b"\xff", b"\xfd\1\0", b"\xff" * 9, bytes(4))
Raw = tuple[bytes, bytes]


def holds(data: bytes) -> bool:
    """The contract of the parser: a value that writes the same bytes, or MalformedError; nothing else."""
    try:
        psbt = Psbt.parse(data)
    except MalformedError:
        return False
    if psbt.serialize() != data or joined(psbt.maps()) != data:
        raise AssertionError(f"parsed, but written otherwise: {data.hex()}")
    return True


def split(data: bytes) -> list[list[Raw]]:
    """The maps of a PSBT as raw keys and values."""
    return [[(key.serialize(), value) for key, value in m.pairs] for m in Psbt.parse(data).maps()]


def join(maps: list[list[Raw]]) -> bytes:
    body = [b"".join(var_bytes(k) + var_bytes(v) for k, v in pairs) + b"\0" for pairs in maps]
    return MAGIC + b"".join(body)


class Mutator:
    """Makes mutants of a corpus, the same ones for the same seed."""

    def __init__(self, corpus: list[bytes], seed: int) -> None:
        self.random = Random(seed)
        self.corpus = corpus
        self.parts = [split(data) for data in corpus]
        self.pairs = [pair for maps in self.parts for pairs in maps for pair in pairs]

    def mutant(self) -> bytes:
        random = self.random
        data = (
            bytearray(random.choice(self.corpus))
            if random.random() < 0.5
            else bytearray(self._structured())
        )
        for _ in range(random.choice((0, 1, 1, 2, 4))):
            self._bytes(data)
        return bytes(data)

    def _bytes(self, data: bytearray) -> None:
        random = self.random
        at = random.randrange(len(data) + 1)
        kind = random.randrange(6)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << random.randrange(8)
        elif kind == 1 and at < len(data):
            data[at] = random.randrange(256)
        elif kind == 2:
            data[at:at] = random.choice(ODD)
        elif kind == 3:
            del data[at : at + random.choice((1, 1, 2, 4, 32))]
        elif kind == 4:
            other = random.choice(self.corpus)
            start = random.randrange(len(other))
            data[at : at + random.randrange(64)] = other[start : start + random.randrange(64)]
        else:
            del data[at:]

    def _structured(self) -> bytes:
        random = self.random
        maps = [list(pairs) for pairs in random.choice(self.parts)]
        for _ in range(random.choice((1, 1, 2, 3))):
            self._pair(maps, random.choice(maps))
        return join(maps)

    def _pair(self, maps: list[list[Raw]], pairs: list[Raw]) -> None:
        random = self.random
        kind = random.randrange(7)
        at = random.randrange(len(pairs)) if pairs else -1
        if at < 0 or kind == 0:
            pairs.insert(max(at, 0), random.choice(self.pairs))
        elif kind == 1:
            pairs.insert(at, pairs[at])
        elif kind == 2:
            del pairs[at]
        elif kind == 3:
            pairs[at] = (pairs[at][0], random.choice(self.pairs)[1])
        elif kind == 4:
            pairs[at] = (bytes((random.randrange(256),)) + pairs[at][0][1:], pairs[at][1])
        elif kind == 5:
            pairs[at] = (pairs[at][0], self._short(pairs[at][1]))
        else:
            one, other = random.randrange(len(maps)), random.randrange(len(maps))
            maps[one], maps[other] = maps[other], maps[one]

    def _short(self, value: bytes) -> bytes:
        data = bytearray(value)
        self._bytes(data)
        return bytes(data)
