"""Every print and every prompt of coldsign.

The rules:

* Standard output carries results and nothing else; what is meant for a person goes to standard error.
* With ``--json`` standard output is exactly one JSON document.
* Text that came from outside was escaped where it was read (``primitives.text.printable``). Nothing here trusts
  that: whatever could move a cursor or hide a character is escaped once more before it reaches the terminal.
* No markup, no emoji names and no highlighting: a line is printed as it is. Colour repeats what the words say.
* A question is asked only at a terminal, with "no" as the answer of an empty line. Keys typed before the question
  was on the screen are thrown away.
"""

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import IO

from coldsign.cli.hints import for_scripts
from coldsign.cli.signals import STOPPED
from coldsign.cli.tty import drop_typeahead, is_there, keyboard, unseen
from coldsign.errors import DeclinedError, MalformedError, UsageError

# Line roles of a report (review/render.py) and of our own messages, and how each is coloured: the numbers of a
# terminal's SGR sequence. Written by hand, because importing rich takes longer than the whole review.
_BOLD, _DIM, _RED, _GREEN, _YELLOW, _CYAN = "1", "2", "31", "32", "33", "36"
STYLES: Mapping[str, str] = {
    "title": _BOLD,
    "heading": _BOLD,
    "address": _BOLD,
    "amount": _BOLD,
    "refuse": f"{_BOLD};{_RED}",
    "confirm": f"{_BOLD};{_YELLOW}",
    "note": _DIM,
    "code": f"{_BOLD};{_CYAN}",
    "error": f"{_BOLD};{_RED}",
    "hint": _CYAN,
    "good": _GREEN,
}
_TRIES = 3  # to type the same secret twice
_FILE_WIDTH = 1000  # columns of a table in a file or a pipe, where nothing is folded
_NARROWEST = 20  # columns; below, words are cut anyway
# Errors that hold no secret: one says six words, of the review code; one comes before a library that redacting needs.
_NEVER_SECRET = frozenset({"unexpected-review", "library-missing"})
_NOT_A_PERSON = "nobody is at this terminal to answer"


class Screen:
    """Where one run prints and asks."""

    def __init__(self, *, stdout: IO[str] | None = None, stderr: IO[str] | None = None) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self._document: dict[str, object] | None = None
        self.json = False
        self.color = not os.environ.get("NO_COLOR")
        self.stdin_is_source = False
        self.kept = ""

    @property
    def stdout(self) -> IO[str]:
        """Where results go."""
        return self._stdout or sys.stdout

    @property
    def stderr(self) -> IO[str]:
        """Where words for the person go."""
        return self._stderr or sys.stderr

    def use_json(self) -> None:
        """Write one JSON document instead of people's text."""
        self.json = True

    def use_no_color(self) -> None:
        """Print without colour."""
        self.color = False

    # --- printing -----------------------------------------------------------------------------------------------

    def result(self, text: str, role: str = "") -> None:
        """One line (or block) of the command's result, on standard output; silent with ``--json``."""
        if not self.json:
            self._print("stdout", text, role)

    def raw(self, text: str) -> None:
        """A result for another program, exactly as it is."""
        stream = self.stdout
        stream.write(text)
        stream.flush()

    def document(self, value: Mapping[str, object]) -> None:
        """The one JSON document of a ``--json`` run, as far as it is known; the last one counts."""
        self._document = dict(value)

    def finish(self) -> None:
        """Write the JSON document, if one is due; the last thing of a run."""
        if self.json and self._document is not None:
            import json

            self.raw(json.dumps(self._document, indent=2, ensure_ascii=True) + "\n")

    def tell(self, text: str, role: str = "") -> None:
        """Something for the person, on standard error."""
        self._print("stderr", text, role)

    def keep(self, text: str) -> None:
        """Something good to know that pages, which clear the terminal, begin with again (``kept``)."""
        self.kept = text
        self.tell(text, "good")

    def say(self, sentence: str, role: str = "") -> None:
        """A sentence for the person, folded between words at the terminal's width."""
        import shutil
        import textwrap

        columns = shutil.get_terminal_size().columns
        for line in textwrap.wrap(sentence, max(_NARROWEST, columns - 1)) or [""]:
            self.tell(line, role)

    def error(self, code: str, message: str, hint: str) -> None:
        """The one ``error:`` line of a failed run, and its hint."""
        if code not in _NEVER_SECRET:
            from coldsign.cli.redact import redact

            message = redact(message)
        fault = {"error": {"code": code, "message": message, "hint": hint}}
        self._document = (self._document or {}) | fault
        with contextlib.suppress(OSError):  # who cannot be told has the exit code
            self._print("stderr", f"error: {_guard(message)}", "error")
            if hint:
                self._print("stderr", f"hint: {_guard(hint)}", "hint")

    def control(self, sequence: str) -> None:
        """One of our own terminal sequences (clear, cursor), to a terminal that knows them and to nothing else."""
        target = self.stderr
        if _understands(target):
            target.write(sequence)
            target.flush()

    @property
    def moves(self) -> bool:
        """Whether ``control`` reaches a terminal, so that a line can be written over."""
        return _understands(self.stderr)

    def draws(self, characters: str) -> bool:
        """Whether ``control`` reaches a terminal, and its character set has these characters."""
        try:
            characters.encode(getattr(self.stderr, "encoding", None) or "ascii")
        except UnicodeEncodeError:
            return False
        return self.moves

    def _print(self, stream: str, text: str, role: str) -> None:
        """Print lines that are wrapped by nobody: a terminal folds them, and nothing is cut."""
        safe = "\n".join(_guard(line) for line in text.split("\n"))
        target = self.stdout if stream == "stdout" else self.stderr
        style = STYLES.get(role, "")
        if style and self.color and _understands(target):
            safe = "\n".join(f"\x1b[{style}m{line}\x1b[0m" for line in safe.split("\n"))
        target.write(safe + "\n")
        target.flush()

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table of short things (names, fingerprints) on standard output: never of addresses, which rich may cut."""
        if self.json:
            return
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for row in rows:
            table.add_row(*(Text(_guard(cell)) for cell in row))
        target = self.stdout
        console = Console(
            file=target,
            markup=False,
            highlight=False,
            emoji=False,
            no_color=not (self.color and target.isatty()),
            width=None if target.isatty() else _FILE_WIDTH,
        )
        console.print(table)

    # --- asking -------------------------------------------------------------------------------------------------

    @property
    def person_present(self) -> bool:
        """Whether a person can be asked: a terminal on both sides, and answers not from a pipe."""
        if not self.stderr.isatty():
            return False
        return sys.stdin.isatty() or (self.stdin_is_source and is_there())

    @property
    def result_is_read(self) -> bool:
        """Whether standard output is the terminal of a person who can turn pages."""
        return self.person_present and self.stdout.isatty()

    def need_person(self, hint: str = "") -> None:
        """Refuse to go on where nobody can be asked.

        Args:
            hint: What to do instead, where no option can stand in for the person.

        Raises:
            DeclinedError: Standard input or standard error is not a terminal.
        """
        if not self.person_present:
            raise DeclinedError(_NOT_A_PERSON, hint=hint or for_scripts(), code="no-person")

    def ask(self, question: str, *, role: str = "") -> str:
        """One line typed by the person; what was typed before the question is thrown away.

        Raises:
            DeclinedError: Nobody is at a terminal, or the person stopped.
        """
        self.need_person()
        self.say(question, role)
        with keyboard() as terminal:
            drop_typeahead(terminal)
            self._prompt("> ")
            try:
                answer = terminal.readline()
            except KeyboardInterrupt:
                answer = ""
        if not answer.endswith("\n"):
            self._prompt("\n")
            raise stopped()
        return answer.strip()

    def _prompt(self, text: str) -> None:
        target = self.stderr
        target.write(text)
        target.flush()

    def agrees(self, question: str, word: str) -> bool:
        """Whether the person typed exactly ``word``; anything else, and an empty line, is a no."""
        sentence = f"{question} Type '{word}' to agree, anything else to stop."
        return self.ask(sentence.lstrip()) == word

    def secret(self, prompt: str, *, twice: bool = False) -> str:
        """A secret typed without echo.

        Args:
            prompt: What for; a remark in brackets is left out the second time.
            twice: Have it typed again, and both again where they differ, up to three times.

        Raises:
            DeclinedError: Nobody is at a terminal, or the person stopped.
            MalformedError: What was typed is no text.
            UsageError: The second time something else was typed, every time.
        """
        self.need_person()
        if not twice:
            return self._hidden(prompt)
        with unseen():
            for _ in range(_TRIES):
                first = self._hidden(prompt)
                if self._hidden(f"{prompt.partition(' (')[0]} (again)") == first:
                    return first
                self.say("the two entries differ; type both again", "confirm")
        raise UsageError("the two entries differ", hint="nothing was stored; start again")

    def _hidden(self, prompt: str) -> str:
        import getpass

        try:
            return getpass.getpass(f"{prompt}: ")
        except UnicodeDecodeError:
            raise MalformedError(
                "what was typed is not UTF-8 text", code="secret-encoding"
            ) from None
        except (EOFError, KeyboardInterrupt):
            self._prompt("\n")
            raise stopped() from None


def stopped() -> DeclinedError:
    """What a person says who presses Ctrl-C or Ctrl-D instead of answering."""
    return DeclinedError(STOPPED, hint="nothing was signed or changed", code="stopped")


def _guard(line: str) -> str:
    """The last line of defence: one line with nothing in it that acts on a terminal."""
    if line.isascii() and line.isprintable():
        return line
    from coldsign.primitives.text import printable

    return printable(line, limit=1_000_000)


def _understands(target: IO[str]) -> bool:
    """Whether a stream is a terminal that knows control sequences."""
    return target.isatty() and os.environ.get("TERM", "dumb") != "dumb"
