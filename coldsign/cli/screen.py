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

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

from coldsign.errors import DeclinedError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

# Line roles of a report (review/render.py) and of our own messages, and how each is coloured.
STYLES: Mapping[str, str] = {
    "title": "bold",
    "heading": "bold",
    "address": "bold",
    "amount": "bold",
    "refuse": "bold red",
    "confirm": "bold yellow",
    "note": "dim",
    "code": "bold cyan",
    "error": "bold red",
    "hint": "cyan",
    "good": "green",
}
_NARROWEST = 20  # columns; below, words are cut anyway
_NOT_A_PERSON = "nobody is at this terminal to answer"
_SCRIPT_HINT = (
    "a script passes what a person would type: see --expect, --accept, --yes and --secret-file"
)


class Screen:
    """Where one run prints and asks."""

    def __init__(self, *, stdout: IO[str] | None = None, stderr: IO[str] | None = None) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self._consoles: dict[str, Console] = {}
        self._document: dict[str, object] | None = None
        self.json = False
        self.color = not os.environ.get("NO_COLOR")
        self.stdin_is_source = False

    def use_json(self) -> None:
        """Write one JSON document instead of people's text."""
        self.json = True

    def use_no_color(self) -> None:
        """Print without colour."""
        self.color = False
        self._consoles.clear()

    # --- printing -----------------------------------------------------------------------------------------------

    def result(self, text: str, role: str = "") -> None:
        """One line (or block) of the command's result, on standard output; silent with ``--json``."""
        if not self.json:
            self._print("stdout", text, role)

    def raw(self, text: str) -> None:
        """A result for another program, exactly as it is."""
        stream = self._stdout or sys.stdout
        stream.write(text)
        stream.flush()

    def document(self, value: Mapping[str, object]) -> None:
        """The one JSON document of a ``--json`` run, as far as it is known; the last one counts."""
        self._document = dict(value)

    def finish(self) -> None:
        """Write the JSON document, if one is due; the last thing of a run."""
        if self.json and self._document is not None:
            self.raw(json.dumps(self._document, indent=2, ensure_ascii=True) + "\n")

    def tell(self, text: str, role: str = "") -> None:
        """Something for the person, on standard error."""
        self._print("stderr", text, role)

    def say(self, sentence: str, role: str = "") -> None:
        """A sentence for the person, folded between words at the terminal's width."""
        columns = shutil.get_terminal_size().columns
        for line in textwrap.wrap(sentence, max(_NARROWEST, columns - 1)) or [""]:
            self.tell(line, role)

    def error(self, code: str, message: str, hint: str) -> None:
        """The one ``error:`` line of a failed run, and its hint."""
        fault = {"error": {"code": code, "message": message, "hint": hint}}
        self._document = (self._document or {}) | fault
        self._print("stderr", f"error: {message}", "error")
        if hint:
            self._print("stderr", f"hint: {hint}", "hint")

    def control(self, sequence: str) -> None:
        """One of our own terminal sequences (clear, cursor), to a terminal that knows them and to nothing else."""
        target = self._stderr or sys.stderr
        if target.isatty() and os.environ.get("TERM", "dumb") != "dumb":
            target.write(sequence)
            target.flush()

    def _print(self, stream: str, text: str, role: str) -> None:
        """Print lines that are wrapped by nobody: a terminal folds them, and nothing is cut."""
        safe = "\n".join(_guard(line) for line in text.split("\n"))
        target = (
            (self._stdout or sys.stdout) if stream == "stdout" else (self._stderr or sys.stderr)
        )
        style = STYLES.get(role, "")
        if not (style and self.color and target.isatty()):
            target.write(safe + "\n")
            target.flush()
            return
        from rich.text import Text

        self._console(stream, target).print(Text(safe, style=style), soft_wrap=True)

    def _console(self, stream: str, target: IO[str]) -> "Console":
        if stream not in self._consoles:
            from rich.console import Console

            self._consoles[stream] = Console(
                file=target, markup=False, highlight=False, emoji=False
            )
        return self._consoles[stream]

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
        target = self._stdout or sys.stdout
        console = Console(
            file=target,
            markup=False,
            highlight=False,
            emoji=False,
            no_color=not (self.color and target.isatty()),
        )
        console.print(table)

    # --- asking -------------------------------------------------------------------------------------------------

    @property
    def person_present(self) -> bool:
        """Whether a person can be asked: a terminal on both sides, and answers not from a pipe."""
        if not (self._stderr or sys.stderr).isatty():
            return False
        return sys.stdin.isatty() or (self.stdin_is_source and _controlling_terminal())

    @property
    def result_is_read(self) -> bool:
        """Whether standard output is the terminal of a person who can turn pages."""
        return self.person_present and (self._stdout or sys.stdout).isatty()

    def need_person(self) -> None:
        """Refuse to go on where nobody can be asked.

        Raises:
            DeclinedError: Standard input or standard error is not a terminal.
        """
        if not self.person_present:
            raise DeclinedError(_NOT_A_PERSON, hint=_SCRIPT_HINT, code="no-person")

    def ask(self, question: str, *, role: str = "") -> str:
        """One line typed by the person; what was typed before the question is thrown away."""
        self.need_person()
        self.say(question, role)
        (self._stderr or sys.stderr).write("> ")
        (self._stderr or sys.stderr).flush()
        with _terminal_input() as terminal:
            _drop_typeahead(terminal)
            answer = terminal.readline()
        if not answer:
            raise DeclinedError("stopped before the end", hint="nothing was signed", code="stopped")
        return answer.strip()

    def agrees(self, question: str, word: str) -> bool:
        """Whether the person typed exactly ``word``; anything else, and an empty line, is a no."""
        return self.ask(f"{question} Type '{word}' to agree, anything else to stop.") == word

    def secret(self, prompt: str, *, twice: bool = False) -> str:
        """A secret typed without echo.

        Raises:
            DeclinedError: Nobody is at a terminal.
            UsageError: The second time something else was typed.
        """
        import getpass

        self.need_person()
        first = getpass.getpass(f"{prompt}: ")
        if twice and getpass.getpass(f"{prompt} (again): ") != first:
            raise UsageError("the two entries differ", hint="nothing was stored; start again")
        return first


def _guard(line: str) -> str:
    """The last line of defence: one line with nothing in it that acts on a terminal."""
    if line.isascii() and line.isprintable():
        return line
    from coldsign.primitives.text import printable

    return printable(line, limit=1_000_000)


def _controlling_terminal() -> bool:
    try:
        with open("/dev/tty"):  # noqa: PTH123 - a device, not a file
            return True
    except OSError:
        return False


def _terminal_input() -> IO[str]:
    """The person's keyboard: the controlling terminal, which a pipe on standard input cannot replace."""
    return open("/dev/tty", encoding="utf-8", errors="replace")  # noqa: PTH123 - a device


def _drop_typeahead(terminal: IO[Any]) -> None:
    import termios

    termios.tcflush(terminal.fileno(), termios.TCIFLUSH)
