"""A paper that a command names: a file as it is, or a text that crossed as QR codes.

An approval or a manifest may come as the file that was written, or as pictures, a folder or a film
of QR codes, or as a text file of QR texts, one a line. Several papers may be in one folder.
"""

import hashlib
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from coldsign.ceremony.intake import AGAIN, expect
from coldsign.errors import MalformedError
from coldsign.primitives.storage import read_untrusted, readable
from coldsign.qr.assembly import session
from coldsign.qr.joiner import Joiner, read_frame
from coldsign.qr.payload import Payload, PayloadKind
from coldsign.qr.read import is_visual, read_pictures

_WANT: Final = frozenset({PayloadKind.TEXT, PayloadKind.BYTES})
_QR_TEXT: Final = re.compile(rb"\s*(?:(?i:ur):|B\$|p\d+of\d+ )")
_STDIN: Final = "-"


def read_papers_at(source: str, cap: int, *, what: str) -> tuple[bytes, ...]:
    """Every paper that a source holds, in the order in which they are complete.

    Args:
        source: A file of any form, a folder, or ``-`` for standard input.
        cap: The most bytes of one of them.
        what: For messages: ``"approval"``.

    Raises:
        UsageError: There is nothing of that name.
        UnfitError: It may not be read.
        MalformedError: It is empty or too large, or QR codes that are damaged, incomplete or no paper.
    """
    path = Path(source)
    if source != _STDIN and is_visual(readable(path)):
        return _joined(read_pictures([path]), what)
    data = read_untrusted(sys.stdin.buffer if source == _STDIN else path, cap, what=what)
    if not data:
        raise MalformedError(f"the {what} is empty", hint=AGAIN)
    if _QR_TEXT.match(data):
        return _joined(filter(None, data.splitlines()), what)
    return (data,)


def read_paper_at(source: str, cap: int, *, what: str) -> bytes:
    """The one paper that a source holds.

    Raises:
        MalformedError: As :func:`read_papers_at`, or there are several.
        UsageError: It cannot be read.
    """
    first, *others = read_papers_at(source, cap, what=what)
    if others:
        raise MalformedError(f"{len(others) + 1} texts were seen where one {what} is due")
    return first


def signature_beside(source: str, cap: int, *, what: str) -> bytes | None:
    """The detached signature that lies beside a file under its name with ``.asc``, if one does."""
    beside = Path(source + ".asc")
    if source == _STDIN or Path(source).is_dir() or not beside.exists():
        return None
    return read_untrusted(beside, cap, what=f"{what}'s signature")


def _joined(codes: Iterable[bytes], what: str) -> tuple[bytes, ...]:
    """The messages in some codes, each joined for itself; repeats are welcome."""
    seen: set[bytes] = set()
    growing: dict[tuple[object, ...], Joiner] = {}
    whole: set[tuple[object, ...]] = set()
    found: dict[bytes, None] = {}
    for code in codes:
        digest = hashlib.sha256(code).digest()
        if digest in seen:
            continue
        seen.add(digest)
        piece = read_frame(code, _WANT)
        key = (digest,) if isinstance(piece, Payload) else session(piece)
        joiner = growing.setdefault(key, Joiner(_WANT))
        joiner.feed(code)
        if joiner.progress.done or isinstance(piece, Payload):
            found[expect(joiner.require(), _WANT).data] = None
            whole.add(key)
            del growing[key]
    for key, joiner in growing.items():
        # A film goes on showing new mixed parts of a UR that is whole already.
        if key not in whole or key[:1] != ("ur",):
            joiner.require()
    if not found:
        raise MalformedError(f"no QR code of the {what} was seen")
    return tuple(found)
