"""The multipart fountain code of URs (BCR-2024-001): parts, their decoder and the mixing of fragments.

The decoder solves a linear system over GF(2) by elimination, so every part that is independent of those
before counts; peers' decoders only strip parts that contain known fragments and need a third more looks.
"""

import zlib
from dataclasses import dataclass

from coldsign.errors import MalformedError
from coldsign.primitives.cbor import ARRAY, UINT, read_head, write_head
from coldsign.qr.payload import MAX_MESSAGE
from coldsign.qr.ur import cbor
from coldsign.qr.ur.chooser import Xoshiro, choose_degree, choose_fragments, shuffled

# 4 MiB in fragments of 400 bytes, or 1 MB in fragments of 100. Past it choosing and elimination cost whole
# seconds a frame, which is the attack (one 266-character frame with 20,000,000 cost a peer 1.1 GB).
MAX_FRAGMENTS = 10_000
# Steps of one joining. A PSBT of 1,000 inputs that a peer shows in parts of 400 bytes, of which the reader misses all
# plain ones, takes 2,900,000, and one second; twice as much is made to.
MAX_WORK = 6_000_000
_DRAW = 4  # steps that drawing one fragment of a mixed part takes; xoring two parts is one
_U32 = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Part:
    """One frame of a fountain message: a mix of fragments.

    Attributes:
        number: Sequence number from 1; up to ``count`` the part is one plain fragment.
        count: How many fragments the message has.
        size: The message's length in bytes.
        checksum: CRC-32 of the message.
        data: The fragments of this part, xored.
    """

    number: int
    count: int
    size: int
    checksum: int
    data: bytes

    @classmethod
    def parse(cls, raw: bytes) -> "Part":
        """A part from its CBOR array of five.

        Raises:
            MalformedError: Not that array, or numbers that contradict each other or the caps.
        """
        head = read_head(raw)
        if (head.major, head.value) != (ARRAY, 5):
            raise MalformedError("a multipart frame is not a cbor array of five")
        numbers: list[int] = []
        for _ in range(4):
            head = read_head(raw, head.offset)
            if head.major != UINT:
                raise MalformedError("a multipart frame's header is not made of numbers")
            numbers.append(head.value)
        number, count, size, checksum = numbers
        part = cls(number, count, size, checksum, cbor.unwrap_bytes(raw[head.offset :]))
        part._check()
        return part

    def _check(self) -> None:
        if not 1 <= self.count <= MAX_FRAGMENTS:
            raise MalformedError(
                f"a message of {self.count} parts; at most {MAX_FRAGMENTS} are read"
            )
        if not 1 <= self.number <= _U32 or self.checksum > _U32:
            raise MalformedError("a multipart frame's number or checksum exceeds 32 bits")
        if self.size > MAX_MESSAGE:
            raise MalformedError(f"a message of {self.size} bytes; at most {MAX_MESSAGE} are read")
        length = len(self.data)
        if not (self.count - 1) * length < self.size <= self.count * length:
            raise MalformedError(
                f"{self.count} parts of {length} bytes cannot make a message of {self.size} bytes"
            )

    def serialize(self) -> bytes:
        """The part as its CBOR array."""
        numbers = (self.number, self.count, self.size, self.checksum)
        head = write_head(ARRAY, 5)
        return head + b"".join(write_head(UINT, n) for n in numbers) + cbor.wrap_bytes(self.data)

    @property
    def session(self) -> tuple[int, int, int, int]:
        """What all parts of one message share."""
        return (self.count, self.size, self.checksum, len(self.data))


class Mixer:
    """Makes the parts of one message.

    Args:
        message: The whole message (CBOR).
        length: Bytes in a fragment; the last one is padded with zeros.
    """

    __slots__ = ("_fragments", "_length", "checksum", "count", "size")

    def __init__(self, message: bytes, length: int) -> None:
        self._length = length
        self.size = len(message)
        self.count = -(-len(message) // length)
        self.checksum = zlib.crc32(message)
        padded = message.ljust(self.count * length, b"\0")
        self._fragments = [
            int.from_bytes(padded[i : i + length], "big") for i in range(0, len(padded), length)
        ]

    def indexes(self, number: int) -> tuple[int, ...]:
        """The fragments that part ``number`` mixes."""
        return choose_fragments(number, self.count, self.checksum)

    def part(self, number: int) -> Part:
        """The part with that sequence number."""
        mixed = 0
        for index in self.indexes(number):
            mixed ^= self._fragments[index]
        data = mixed.to_bytes(self._length, "big")
        return Part(number, self.count, self.size, self.checksum, data)


class Budget:
    """The work that the parts of one joining may still cost, whatever messages they say they are of."""

    __slots__ = ("left",)

    def __init__(self, steps: int = MAX_WORK) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Take note of work.

        Raises:
            MalformedError: It is too much.
        """
        self.left -= steps
        if self.left < 0:
            raise MalformedError("parts that cost more work than those of any message that is read")


class Solver:
    """Collects the parts of one session until the message is determined.

    A row is one integer: the mask of its fragments above the xored data, so one xor eliminates both. Mixed parts wait
    until there are enough parts to give the message: before that they are worth no work, least of all forged ones.

    Args:
        first: Any part of the session.
        budget: The work it may cost.
    """

    __slots__ = ("_bits", "_budget", "_rows", "_waiting", "count", "session")

    def __init__(self, first: Part, budget: Budget) -> None:
        self.session = first.session
        self.count = first.count
        self._bits = len(first.data) * 8
        self._budget = budget
        self._rows: dict[int, int] = {}
        self._waiting: dict[int, Part] = {}

    @property
    def rank(self) -> int:
        """How many parts were seen that are independent, as far as is known; all are only when that is."""
        return len(self._rows) + len(self._waiting)

    def add(self, part: Part) -> None:
        """Take one part of this session.

        Raises:
            MalformedError: It contradicts the parts before it, or they cost too much work.
        """
        if part.number <= part.count:
            self._eliminate(1 << part.number - 1, part.data)
        elif self._waiting.setdefault(part.number, part).data != part.data:
            raise MalformedError("parts of one message contradict each other")
        while self._waiting and self.rank >= self.count:
            _, waiting = self._waiting.popitem()
            self._eliminate(self._mixed(waiting), waiting.data)

    def _mixed(self, part: Part) -> int:
        """The set of the fragments that a part mixes."""
        rng = Xoshiro(part.number.to_bytes(4, "big") + part.checksum.to_bytes(4, "big"))
        degree = choose_degree(part.count, rng)
        self._budget.spend(_DRAW * degree)
        bits = bytearray(part.count // 8 + 1)
        for fragment in shuffled(range(part.count), rng, degree):
            bits[fragment >> 3] |= 1 << (fragment & 7)
        return int.from_bytes(bits, "little")

    def _eliminate(self, mask: int, data: bytes) -> None:
        row = mask << self._bits | int.from_bytes(data, "big")
        rows, bits = self._rows, self._bits
        steps = 0
        while (length := row.bit_length()) > bits:
            pivot = rows.get(length)
            if pivot is None:
                rows[length] = row
                break
            row ^= pivot
            steps += 1
        self._budget.spend(steps)
        if row and length <= bits:
            raise MalformedError("parts of one message contradict each other")

    def message(self) -> bytes:
        """The whole message; to be called once ``rank`` is ``count``.

        Raises:
            MalformedError: The message's checksum is wrong, or its padding is not zero.
        """
        low = (1 << self._bits) - 1
        solved: list[int] = []
        for length in sorted(self._rows):
            row = self._rows[length]
            data, mask = row & low, (row >> self._bits) ^ (1 << len(solved))
            while mask:
                index = mask.bit_length() - 1
                data ^= solved[index]
                mask ^= 1 << index
            solved.append(data)
        size, checksum = self.session[1], self.session[2]
        joined = b"".join(data.to_bytes(self._bits // 8, "big") for data in solved)
        if any(joined[size:]) or zlib.crc32(joined[:size]) != checksum:
            raise MalformedError("the checksum of the joined message is wrong")
        return joined[:size]
