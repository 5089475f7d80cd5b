"""Files and standard input: what they hold, by content and never by name."""

from coldsign.errors import MalformedError
from coldsign.qr.joiner import Joiner, read_frame
from coldsign.qr.payload import MAX_MESSAGE, Payload, PayloadKind, is_text
from coldsign.qr.single import single

# A text file of QR texts repeats a message at most as BBQr hex does (twice its size), and a person's
# recording of an animation repeats the loop; past this it is no transport file.
MAX_FILE = 16 * MAX_MESSAGE
MAX_LINES = 100_000
_FRAMES = (b"ur:", b"UR:", b"B$")
_ONE_LINERS = (b"cHNidP", b"70736274ff", b"70736274FF")


def recognise(data: bytes, want: frozenset[PayloadKind] | None = None) -> Payload:
    """The payload of a file: binary PSBT, base64, hex, base43, one QR text, or several, one a line.

    Anything else is a payload of kind wallet, seed, text or bytes, for the caller to judge.

    Args:
        data: The whole file.
        want: The kinds asked for, where the caller knows; others are then foreign codes among the lines.

    Raises:
        MalformedError: Too large or blank, or it begins as one of these forms and is damaged or incomplete.
    """
    if data.startswith(b"psbt\xff"):
        return single(data)
    if len(data) > MAX_FILE:
        raise MalformedError(f"{len(data)} bytes; at most {MAX_FILE} are read")
    text = data.removesuffix(b"\n").removesuffix(b"\r")
    if not is_text(text):
        return single(data, want)
    lines = [line for line in text.splitlines() if line]
    if not text.strip():
        raise MalformedError("nothing but blank lines")
    if any(is_frame(line) for line in lines[:MAX_LINES]):
        return _join(lines, want)
    if text.startswith(_ONE_LINERS) and len(text.splitlines()) > 1:
        raise MalformedError("a PSBT in base64 or hex is one line; more lines follow it")
    return single(text if len(lines) == 1 else data, want)


def is_frame(line: bytes) -> bool:
    """Whether a line begins as a code of a dialect with parts."""
    numbered = line[:1] == b"p" and line[1:2].isdigit() and b"of" in line[:8]
    return line.startswith(_FRAMES) or numbered


def _join(lines: list[bytes], want: frozenset[PayloadKind] | None) -> Payload:
    if len(lines) > MAX_LINES:
        raise MalformedError(f"{len(lines)} lines of QR texts; at most {MAX_LINES} are read")
    if len(lines) == 1:
        found = read_frame(lines[0], want)
        if isinstance(found, Payload):
            return found
    joiner = Joiner(want)
    for line in lines:
        joiner.feed(line)
    return joiner.require()
