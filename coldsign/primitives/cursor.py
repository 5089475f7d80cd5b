"""The one guarded reader of untrusted bytes, and the CompactSize that it reads, both ways."""

from coldsign.errors import MalformedError

MAX_BYTES = 32 * 1024 * 1024
"""No length field may claim more: a PSBT has a few megabytes, and Core's MAX_SIZE is 32 MiB."""


def compact_size(value: int) -> bytes:
    """Encode a count in the only form the reader accepts: the shortest one.

    Raises:
        ValueError: The count is negative or does not fit 64 bits: a caller's mistake.
    """
    if 0 <= value < 0xFD:
        return bytes((value,))
    if 0 <= value <= 0xFFFF:
        return b"\xfd" + value.to_bytes(2, "little")
    if 0 <= value <= 0xFFFF_FFFF:
        return b"\xfe" + value.to_bytes(4, "little")
    if 0 <= value <= 0xFFFF_FFFF_FFFF_FFFF:
        return b"\xff" + value.to_bytes(8, "little")
    raise ValueError(f"{value} is not a CompactSize")


def var_bytes(data: bytes) -> bytes:
    """Prefix bytes with their length as a CompactSize."""
    return compact_size(len(data)) + data


class Cursor:
    """Reads forward through one buffer; a short read, excess or odd form is a ``MalformedError``.

    Args:
        data: The untrusted bytes.
        what: What they claim to be; named in every error.
    """

    __slots__ = ("_data", "_end", "offset", "what")

    def __init__(self, data: bytes, what: str = "data") -> None:
        self._data = data
        self._end = len(data)
        self.offset = 0
        self.what = what

    @property
    def remaining(self) -> int:
        """Bytes not read yet."""
        return self._end - self.offset

    def error(self, problem: str) -> MalformedError:
        """An error that says what was being read and where."""
        return MalformedError(f"{self.what}: {problem} at offset {self.offset}")

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes.

        Raises:
            MalformedError: Fewer are left.
        """
        start = self.offset
        stop = start + size
        if size < 0 or stop > self._end:
            raise self.error(f"{size} bytes wanted, {self._end - start} left")
        self.offset = stop
        return self._data[start:stop]

    def u8(self) -> int:
        """One byte."""
        return self.read(1)[0]

    def i64(self) -> int:
        """Eight bytes, little endian, signed."""
        return int.from_bytes(self.read(8), "little", signed=True)

    def compact_size(self) -> int:
        """A count in its shortest form.

        Raises:
            MalformedError: It is cut short, or a shorter form exists.
        """
        start = self.offset
        if start < self._end and (first := self._data[start]) < 0xFD:
            self.offset = start + 1
            return first
        first = self.u8()
        width = 1 << (first - 0xFC)
        value = int.from_bytes(self.read(width), "little")
        if value < (0xFD if width == 2 else 1 << (4 * width)):
            self.offset = start
            raise self.error(f"non-minimal CompactSize of {value}")
        return value

    def var_bytes(self, cap: int = MAX_BYTES) -> bytes:
        """Bytes that say their own length first.

        Raises:
            MalformedError: The length is above ``cap``, or above what is left.
        """
        start = self.offset
        size = self.compact_size()
        if size > cap:
            self.offset = start
            raise self.error(f"length {size} is above the limit of {cap}")
        return self.read(size)

    def finish(self) -> None:
        """Say that nothing more is expected.

        Raises:
            MalformedError: Bytes are left.
        """
        if self.offset != self._end:
            raise self.error(f"{self.remaining} bytes too many")
