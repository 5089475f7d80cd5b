"""Mutations of PSBTs: of bytes, of the maps and pairs they are made of, and of the transaction in them.

What is changed inside is made to fit again: lengths are written anew, and a changed previous transaction moves its
outpoint along, so that proofs hold and the code behind them is reached.

Nothing of coldsign is used here: under a coverage-guided fuzzer its code is instrumented, several times slower, and
must only count what the input reaches.
"""

from collections.abc import Callable
from random import Random

from tests.fuzz.wire import (
    PREVIOUS,
    TXID,
    UNSIGNED,
    WITNESS,
    Coin,
    Maps,
    Out,
    Raw,
    Tx,
    join,
    read_tx,
    split,
    write_out,
    write_tx,
)

ODD = (b"", b"\0", b"\1", b"\xfc", b"\xfd", b"\xfe", b"\xff", b"\xfd\1\0", b"\xff" * 9, bytes(4))
NUMBERS = (0, 1, 2, 3, 0xFC, 0xFD, 499_999_999, 500_000_000, 0x7FFF_FFFF, 0xFFFF_FFFE, 0xFFFF_FFFF)
AMOUNTS = (0, 1, 293, 294, 330, 546, 10**8, 21 * 10**14, 21 * 10**14 + 1, -1, 2**63 - 1)


class Mutator:
    """Makes mutants of PSBTs, the same ones for the same seed.

    Args:
        corpus: What pairs and pieces are taken from.
        seed: For the random choices.
        bend: Changes a value's bytes; a coverage-guided fuzzer brings its own.
    """

    def __init__(
        self,
        corpus: list[bytes],
        seed: int,
        bend: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.random = Random(seed)
        self.corpus = corpus
        self.parts = [maps for data in corpus if (maps := split(data))]
        self.pairs = [pair for maps in self.parts for pairs in maps for pair in pairs]
        self._bend = bend or self._bent

    def mutant(self) -> bytes:
        """A mutant of one of the corpus."""
        random = self.random
        data = random.choice(self.corpus)
        if self.parts and random.random() < 0.6:
            data = self.structured(random.choice(self.parts))
            if random.random() < 0.7:
                return data
        for _ in range(random.choice((0, 1, 1, 2, 4))):
            data = self._bent(data)
        return data

    def structured(self, given: Maps) -> bytes:
        """A mutant of these maps that still has the form of a PSBT."""
        random = self.random
        maps = [list(pairs) for pairs in given]
        for _ in range(random.choice((1, 1, 2, 3))):
            if random.random() < 0.3:
                self._transaction(maps)
            else:
                self._pair(maps, random.choice(maps))
        if random.random() < 0.7:
            self._fit(maps)
        return join(maps)

    def _bent(self, given: bytes) -> bytes:
        random = self.random
        data = bytearray(given)
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
        return bytes(data)

    def _pair(self, maps: Maps, pairs: list[Raw]) -> None:
        random = self.random
        kind = random.randrange(8)
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
            pairs[at] = (pairs[at][0], self._bend(pairs[at][1]))
        elif kind == 6:
            pairs[at] = (pairs[at][0][:1] + self._bend(pairs[at][0][1:]), pairs[at][1])
        else:
            one, other = random.randrange(len(maps)), random.randrange(len(maps))
            maps[one], maps[other] = maps[other], maps[one]

    def _transaction(self, maps: Maps) -> None:
        """Change one field of the unsigned transaction, or of a previous one."""
        where = self.random.choice(maps)
        for at, (key, value) in enumerate(where):
            if key in {UNSIGNED, PREVIOUS}:
                if tx := read_tx(value):
                    where[at] = (key, write_tx(self._changed(tx)))
                return

    def _changed(self, tx: Tx) -> Tx:
        random = self.random
        inputs, outputs = tx.inputs, tx.outputs
        version, locktime = tx.version, tx.locktime
        kind = random.randrange(10)
        if kind == 0:
            version = random.choice((0, 1, 2, 3, -1))
        elif kind == 1:
            locktime = random.choice(NUMBERS)
        elif kind <= 3 and inputs:
            at = random.randrange(len(inputs))
            inputs[at] = self._input(inputs[at])
        elif kind <= 6 and outputs:
            at = random.randrange(len(outputs))
            outputs[at] = self._output(outputs[at], outputs)
        elif kind == 7 and outputs:
            random.shuffle(outputs)
        elif kind == 8 and inputs:
            inputs.append(random.choice(inputs))
        elif outputs:
            del outputs[random.randrange(len(outputs))]
        return Tx(version, inputs, outputs, locktime)

    def _input(self, txin: Coin) -> Coin:
        random = self.random
        kind = random.randrange(3)
        if kind == 0:
            return txin._replace(sequence=random.choice(NUMBERS))
        if kind == 1:
            return txin._replace(vout=random.choice(NUMBERS))
        return txin._replace(script_sig=self._bend(txin.script_sig))

    def _output(self, out: Out, others: list[Out]) -> Out:
        random = self.random
        kind = random.randrange(4)
        if kind == 0:
            return Out(random.choice(AMOUNTS), out.script)
        if kind == 1:
            step = random.choice((-100_000, -1000, -1, 1, 1000, 100_000))
            return Out(min(max(out.sats + step, 0), 2**63 - 1), out.script)
        if kind == 2:
            return Out(out.sats, random.choice(others).script)
        return Out(out.sats, self._bend(out.script))

    def _fit(self, maps: Maps) -> None:
        """Point the inputs at the previous transactions that are now there."""
        place = next((at for at, (key, _) in enumerate(maps[0]) if key == UNSIGNED), None)
        tx = None if place is None else read_tx(maps[0][place][1])
        for index, pairs in enumerate(maps[1 : 1 + len(tx.inputs)] if tx else maps[1:]):
            given = next((value for key, value in pairs if key == PREVIOUS), b"")
            previous = read_tx(given) if given else None
            if previous is None:
                continue
            txid = previous.txid()
            if tx is None:
                pairs[:] = [(k, txid if k == TXID else v) for k, v in pairs]
                continue
            vout = tx.inputs[index].vout
            tx.inputs[index] = tx.inputs[index]._replace(txid=txid)
            if vout < len(previous.outputs):
                honest = write_out(previous.outputs[vout])
                pairs[:] = [(k, honest if k == WITNESS else v) for k, v in pairs]
        if tx:
            maps[0][place] = (UNSIGNED, write_tx(tx))
