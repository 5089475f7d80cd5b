"""Bytes that must not be printed and are overwritten when they are no longer needed.

What this can promise: a secret held here never shows up in ``repr``, ``str``, a format string or
a pickle, and its memory is overwritten on exit. What CPython cannot promise: copies made by
callees (C libraries, ``hmac``), by the allocator or by a ``str`` on its way in are out of reach.
The process is therefore not dumpable, writes no core, and ends soon after it signed (see
``coldsign.primitives.process``).
"""

from typing import NoReturn, Self

from coldsign.primitives.process import lock_memory

MAX_SECRET = 1 << 16  # no seed, share or key text is longer: more is a mistake of the caller


def wipe(buffer: bytes | bytearray) -> None:
    """Overwrite a buffer with zeros, in place.

    An immutable ``bytes`` is overwritten too, through its address (CPython): call this only for
    an object that this code made from a secret and that nobody else holds. Objects of one byte or
    less are shared by the interpreter and are left alone.
    """
    if isinstance(buffer, bytearray):
        buffer[:] = bytes(len(buffer))
    elif len(buffer) > 1:
        import ctypes

        # bytes.__basicsize__ counts the closing NUL, so the payload starts one byte earlier.
        ctypes.memset(id(buffer) + bytes.__basicsize__ - 1, 0, len(buffer))


class NotCopied:
    """What holds a secret: neither ``pickle`` nor ``copy`` makes a second one that nobody wipes."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled or copied")


class Secret(NotCopied):
    """A secret of a few bytes; a context manager that overwrites it on exit.

    Args:
        data: The secret. A ``bytearray`` is taken over and will be overwritten, ``bytes`` are
            copied.
    """

    __slots__ = ("_data",)

    def __init__(self, data: bytes | bytearray) -> None:
        if len(data) > MAX_SECRET:
            raise ValueError("a secret of this size is a mistake")
        self._data = data if isinstance(data, bytearray) else bytearray(data)
        # Out of swap where the system allows it; the doctor says where it does not.
        lock_memory(self._data)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The UTF-8 bytes of a text (which itself cannot be overwritten)."""
        return cls(bytearray(text, "utf-8"))

    def reveal(self) -> bytes:
        """A copy of the secret; the caller keeps it as short as possible."""
        return bytes(self._data)

    def text(self) -> str:
        """The secret as text, for an interface that takes nothing else."""
        return self._data.decode("utf-8")

    @property
    def buffer(self) -> bytearray:
        """The live buffer, for callees that read a buffer without copying it."""
        return self._data

    def wipe(self) -> None:
        """Overwrite the secret and forget its length."""
        wipe(self._data)
        self._data = bytearray()

    def __len__(self) -> int:
        return len(self._data)

    def __bool__(self) -> bool:
        return bool(self._data)

    def __repr__(self) -> str:
        return "Secret(…)"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()
