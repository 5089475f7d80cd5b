"""``coldsign ceremony run``: a scripted ceremony, step by step, with a transcript."""

import io
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import click

from coldsign.ceremony.desk import Desk
from coldsign.ceremony.script import FILE_CAP, Ask, Ceremony, Run
from coldsign.cli.deliver import demand_file
from coldsign.cli.options import ColdGroup, Settings, force_option, pass_settings, path_type
from coldsign.cli.screen import Screen
from coldsign.controls.entry import EntryKind
from coldsign.errors import DeclinedError, MalformedError, RefusedError, hinting
from coldsign.primitives.hashes import sha256
from coldsign.primitives.storage import read_untrusted, write_output
from coldsign.primitives.text import printable


@dataclass(slots=True)
class _Session:
    """One run of a ceremony."""

    settings: Settings
    desk: Desk
    confirmed: bool
    transcript: Path | None
    force: bool
    lines: list[str] = field(default_factory=list)

    def note(self, line: str) -> None:
        """A line of the transcript, shown too."""
        self.lines.append(line)
        self.settings.screen.tell(line, "heading")


class _Tee(io.StringIO):
    """What a step prints, shown and kept."""

    def __init__(self, shown: IO[str]) -> None:
        super().__init__()
        self._shown = shown

    def write(self, text: str) -> int:
        self._shown.write(text)
        return super().write(text)

    def flush(self) -> None:
        self._shown.flush()

    def isatty(self) -> bool:
        return self._shown.isatty()


@click.group(cls=ColdGroup)
def ceremony() -> None:
    """Follow a ceremony that was written down beforehand."""


@ceremony.command()
@click.argument("file", type=path_type)
@click.option("--transcript", type=path_type, metavar="PATH", help="Write it here.")
@force_option
@click.option("--confirmed", is_flag=True, help="Every question was answered with yes beforehand.")
@pass_settings
def run(
    settings: Settings,
    /,
    file: Path,
    transcript: Path | None,
    *,
    confirmed: bool,
    force: bool,
) -> None:
    """Run the steps of a ceremony file in order. It stops at the first that goes wrong."""
    demand_file(transcript, force=force)
    plan = _read(file)
    session = _Session(settings, settings.desk(), confirmed, transcript, force)
    if not confirmed and any(isinstance(step, Ask) for step in plan.steps):
        settings.screen.need_person()
    session.note(f"ceremony: {printable(plan.title, limit=200)}")
    session.note(f"file sha256 {plan.digest.hex()}")
    session.note(f"begun {session.desk.now():%Y-%m-%dT%H:%M:%SZ}")
    done = 0
    try:
        for number, step in enumerate(plan.steps, 1):
            _step(session, number, len(plan.steps), step)
            done = number
        session.note("every step ended as it should")
    finally:
        _close(session, plan, done)


def _read(file: Path) -> Ceremony:
    data = read_untrusted(file, FILE_CAP, what="ceremony file")
    with hinting("correct the file: docs/custody.md shows a whole one", MalformedError):
        return Ceremony.parse(data)


def _step(session: _Session, number: int, total: int, step: Ask | Run) -> None:
    if isinstance(step, Ask):
        _ask(session, f"step {number} of {total}: {printable(step.text, limit=1000)}")
    else:
        _run(session, f"step {number} of {total}", step)


def _ask(session: _Session, question: str) -> None:
    session.note(question)
    if session.confirmed:
        session.note("  yes (confirmed beforehand)")
    elif session.settings.screen.agrees("", "yes"):
        session.note("  yes")
    else:
        session.note("  no")
        raise DeclinedError("the ceremony was stopped at a question", code="stopped")


def _run(session: _Session, where: str, step: Run) -> None:
    from coldsign.cli.app import run as run_command

    session.note(f"{where}: coldsign {printable(shlex.join(step.arguments), limit=4000)}")
    shown = session.settings.screen
    # With --json standard output is the ceremony's own document and nothing else.
    out, err = _Tee(shown.stderr if shown.json else shown.stdout), _Tee(shown.stderr)
    screen = Screen(stdout=out, stderr=err)
    screen.color = False
    home = ["--network", session.settings.network_name, "--home", str(session.desk.home)]
    code = run_command([*home, *step.arguments], screen=screen)
    printed = (out.getvalue() + err.getvalue()).splitlines()
    session.lines += [f"  | {line}" for line in printed]
    session.note(f"  exit {code}; SHA-256 of the output:")
    session.note(f"  {sha256(out.getvalue().encode()).hex()}")
    if code != step.exit_code:
        raise RefusedError(
            f"{where} ended with exit code {code}, not {step.exit_code}",
            hint="the ceremony ends here; nothing after this step was done",
            code="ceremony-stopped",
        )


def _close(session: _Session, plan: Ceremony, done: int) -> None:
    """The transcript and the journal's record, also of a ceremony that was stopped."""
    text = "".join(f"{line}\n" for line in session.lines).encode()
    body = {
        "title": printable(plan.title, limit=200),
        "file": plan.digest.hex(),
        "steps": len(plan.steps),
        "done": done,
        "transcript": sha256(text).hex(),
    }
    session.desk.journal.append(EntryKind.CEREMONY, body, now=session.desk.now())
    session.settings.screen.document(body)
    if session.transcript is not None:
        write_output(session.transcript, text, force=session.force)
        shown = printable(str(session.transcript), limit=200)
        session.settings.screen.tell(f"transcript: {shown}")
