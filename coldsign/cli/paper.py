"""Hand over a text that another machine reads: to a file, to QR pictures, to the terminal as QR, or into a pipe."""

import sys
from pathlib import Path

from coldsign.ceremony.reply import Answer
from coldsign.cli.deliver import PICTURES, deliver_text
from coldsign.cli.options import Settings
from coldsign.primitives.text import printable
from coldsign.qr.payload import Dialect, PayloadKind


def deliver_paper(
    settings: Settings, text: str, out: Path | None, *, force: bool, codes: Answer | None = None
) -> None:
    """Write a text where it was asked for.

    Args:
        settings: Of this run.
        text: What goes into a file or a pipe.
        out: Where to.
        force: Whether a file of that name may be replaced.
        codes: What goes into QR codes; the text, where nothing is given.

    Raises:
        UsageError: The file exists, or the text is too long for a picture of that kind.
        SelfCheckError: A QR picture reads back as something else.
    """
    screen = settings.screen
    plain = Answer(text.encode("ascii"), Dialect.BBQR, "", chosen=True, kind=PayloadKind.TEXT)
    answer = codes or plain
    if out is not None and (out.suffix.lower() in PICTURES or out.is_dir()):
        from coldsign.qr.write import save

        save(answer.frames(), out, force=force)
        screen.tell(f"written to {printable(str(out), limit=200)}", "good")
    elif out is None and sys.stdout.isatty() and screen.person_present and not screen.json:
        from coldsign.cli.show import show_frames

        show_frames(screen, answer)
    else:
        deliver_text(screen, text.rstrip("\n"), out, force=force)
