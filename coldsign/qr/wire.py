"""What the decoder child and its parent say to each other through pipes.

A message is one type byte, a length of four bytes, and that many bytes. The child is not trusted: the parent takes
no message longer than its type can be.
"""

from collections.abc import Callable
from enum import IntEnum

from coldsign.errors import MalformedError

MAX_CODE = 7089  # digits of the densest QR code, which holds fewer of anything else
MAX_PREVIEW = 4 + 320 * 240
MAX_PICTURE = 64 * 1024 * 1024  # bytes of one picture file; an animation of 1,000 codes has 8 MB

# Pixels looked at in one reading, each means at its weight (``eyes``). A telephone's film in 4K, two minutes at
# thirty a second, has 30 thousand million; a webcam's hour in 720p, at five, 17. At the worst that is ten minutes.
MAX_WORK = 48_000_000_000
TOO_MUCH = f"more to look at than {MAX_WORK // 10**9} gigapixels"
LESS = "give a shorter film, or fewer or smaller pictures"


class PictureError(ValueError):
    """A picture, film or camera at fault, in the child; the text is our own and is told to the person."""


class Say(IntEnum):
    """The types of messages."""

    READY = 0
    PICTURE = 1  # parent: a picture file's bytes
    VIDEO = 2  # parent: read the film on this file descriptor (two bytes)
    CAMERA = 3  # parent: watch the camera already open
    CHECK = 4  # parent: a picture of our own making, to be read back
    CODE = 10  # child: the bytes of one code
    LOOK = 11  # child: one frame is done, and what work it was (eight bytes)
    PREVIEW = 12  # child: width, height (two bytes each) and grey pixels
    FAULT = 13  # child: what was wrong with the picture, as text
    DONE = 14  # child: the request is done


_LIMITS = {
    Say.READY: 1,
    Say.PICTURE: MAX_PICTURE,
    Say.CHECK: MAX_PICTURE,
    Say.VIDEO: 2,
    Say.CAMERA: 0,
    Say.CODE: MAX_CODE,
    Say.LOOK: 8,
    Say.PREVIEW: MAX_PREVIEW,
    Say.FAULT: 200,
    Say.DONE: 0,
}


def pack(say: Say, body: bytes = b"") -> bytes:
    """One message."""
    return bytes([say]) + len(body).to_bytes(4, "big") + body


def unpack(read: Callable[[int], bytes]) -> tuple[Say, bytes] | None:
    """The next message, or nothing at the end of the pipe.

    Args:
        read: Reads exactly that many bytes, fewer only at the end.

    Raises:
        MalformedError: Not a message.
    """
    head = read(5)
    if not head:
        return None
    size = int.from_bytes(head[1:], "big")
    if len(head) < 5 or head[0] not in _LIMITS or size > _LIMITS[Say(head[0])]:
        raise MalformedError("the picture decoder answered nonsense")
    body = read(size)
    if len(body) != size:
        raise MalformedError("the picture decoder stopped in the middle of an answer")
    return Say(head[0]), body
