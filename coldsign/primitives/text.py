"""Untrusted text made safe to show: on a terminal, in an error, in a name."""

MAX_NAME = 64
"""Names of keys and wallets: they become file names and columns on a small screen."""
NAME_RULE = f"1 to {MAX_NAME} plain letters, digits and signs; no slash, no dot or dash in front"
"""What ``is_safe_name`` asks for, for a hint."""


def _escaped(char: str) -> str:
    code = ord(char)
    if 0x20 <= code < 0x7F and char != "\\":
        return char
    if char == "\\":
        return "\\\\"
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{{{code:x}}}"


def printable(text: str | bytes, limit: int = 64) -> str:
    r"""One line of printable ASCII that stands for any text or bytes.

    Printable ASCII stays, a backslash doubles, a byte becomes ``\xNN`` and another
    character ``\u{…}``. No escape is ever cut in two.

    Args:
        text: Untrusted text or bytes.
        limit: At most this many characters of the source are shown, and how many bytes are not.
    """
    head = text[:limit]
    if isinstance(head, bytes):
        shown = "".join(_escaped(chr(b)) if b < 0x80 else f"\\x{b:02x}" for b in head)
    else:
        shown = "".join(map(_escaped, head))
    tail = text[limit:]
    if not tail:
        return shown
    left_out = len(tail if isinstance(tail, bytes) else tail.encode("utf-8", "surrogatepass"))
    return f"{shown}... ({left_out} bytes more)"


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number of things: ``1 input``, ``2 inputs``, ``3 entries``.

    Args:
        number: How many.
        noun: Of one of them.
        plural: Of several, where that is not the noun with an s.
    """
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def other_form(data: bytes) -> str:
    """What a file is that is no UTF-8 text, by its first bytes; empty where it may be one.

    The text is taken to begin with an ASCII character, so UTF-16 is known without its mark too.
    """
    if data.startswith((b"\xff\xfe\0\0", b"\0\0")):
        return "UTF-32 text"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:2]:
        return "UTF-16 text"
    return "a spreadsheet or another archive" if data.startswith(b"PK\3\4") else ""


def is_safe_name(name: str) -> bool:
    """Whether a name can be a file's, a column's and an argument's without surprise.

    It is 1 to 64 characters of printable ASCII without slashes, has no space at its ends and does
    not begin with a dot or a dash.
    """
    return (
        1 <= len(name) <= MAX_NAME
        and all(0x20 <= ord(char) < 0x7F and char not in "/\\" for char in name)
        and name == name.strip()
        and name[0] not in ".-"
    )
