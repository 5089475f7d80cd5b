"""A keyholder's laptop in a folder: coldsign run in this process, or in a terminal."""

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from coldsign.cli.app import cli, run
from coldsign.cli.screen import Screen
from tests.cli.terminal import Terminal

DATA = Path(__file__).resolve().parent.parent / "data"
PASSPHRASE = "canary-of-the-key-file"


@dataclass(frozen=True)
class Outcome:
    """One finished run."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document that standard output must be."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def errors(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("error: ")]

    @property
    def hints(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("hint: ")]


def named_options(hint: str) -> set[str]:
    """The options that a hint names for the command that ran: not those of a command line that it quotes."""
    own = [part for part in re.split("[;:,]", hint) if not re.search(r"\b(coldsign|gpg) ", part)]
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", " ".join(own)))


def options_of(arguments: Sequence[str]) -> set[str]:
    """The options of the command that a command line names."""
    command: click.Command = cli
    found = {"--version"}
    for word in arguments:
        found |= {name for option in command.params for name in option.opts}
        if isinstance(command, click.Group):
            command = command.get_command(click.Context(command), word) or command
    return found | {name for option in command.params for name in option.opts}


class Laptop:
    """A folder with a home in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.terminals: list[Terminal] = []

    def run(self, *arguments: str, network: str = "regtest") -> Outcome:
        """Run one command in this process, where nobody is at a terminal."""
        out, err = io.StringIO(), io.StringIO()
        words = ["--network", network, "--home", str(self.home), *arguments]
        code = run(words, screen=Screen(stdout=out, stderr=err))
        outcome = Outcome(code, out.getvalue(), err.getvalue())
        for hint in outcome.hints:
            assert named_options(hint) <= options_of(arguments), hint
        return outcome

    def good(self, *arguments: str) -> Outcome:
        """Run one command that must end well."""
        outcome = self.run(*arguments)
        assert outcome.code == 0, outcome.err
        return outcome

    def terminal(self, *arguments: str, **options: Any) -> Terminal:
        """Run one command of the real program in a terminal."""
        opened = Terminal("--network", "regtest", *arguments, folder=self.folder, **options)
        self.terminals.append(opened)
        return opened

    def write(self, name: str, content: str | bytes) -> str:
        """A file for the keyholder only; returns its path."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def equip(self, fixture: str, *, wallet: str, key: str | None, files: str) -> None:
        """Import the first cosigner's key of a recorded spend, and register its wallet."""
        found = json.loads((DATA / "regtest" / f"{fixture}.json").read_text())
        words = self.write(f"{files}.words", found["cosigners"][0]["mnemonic"] + "\n")
        phrase = self.write("passphrase", PASSPHRASE + "\n")
        self.write(f"{files}.txt", found["psbt"] + "\n")
        text = self.write(f"{files}.wallet", found["descriptor"] + "\n")
        add = ["wallet", "add", wallet, text, "--yes"]
        if key is not None:
            unlock = ("--passphrase-file", phrase)
            self.good("key", "import", key, "--from", "mnemonic", "--secret-file", words, *unlock)
            add += ["--key", key, *unlock]
        self.good(*add)

    def journal(self) -> list[dict[str, Any]]:
        """The journal's entries, after its chain was verified."""
        assert self.run("journal", "verify").code == 0
        shown: list[dict[str, Any]] = self.good(
            "--json", "journal", "show", "--last", "999"
        ).document["entries"]
        return shown

    def kinds(self) -> list[str]:
        """What the journal recorded after the set-up."""
        return [entry["kind"] for entry in self.journal() if entry["kind"] != "registered"]

    def files(self) -> Mapping[str, bytes]:
        """Every file but the journal's, to see that nothing was written."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not path.name.startswith("journal")
        }
