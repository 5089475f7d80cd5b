"""A ceremony file: the steps of a signing session, written down beforehand and followed in order.

TOML, every key known:

    title = "Withdrawals of 22 November"

    [[step]]
    ask = "Is every network cable out of this laptop?"

    [[step]]
    run = ["inspect", "batch.psbt", "--wallet", "vault", "--manifest", "batch.csv"]

    [[step]]
    run = ["sign", "batch.psbt", "--wallet", "vault", "--key", "alice", "--out", "signed.psbt"]
    exit = 0
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from coldsign.errors import MalformedError
from coldsign.primitives.hashes import sha256
from coldsign.primitives.text import printable

FILE_CAP: Final = 1 << 20  # bytes; a ceremony has some dozen steps
_MOST_STEPS: Final = 200
_MOST_WORDS: Final = 100  # arguments of one command
_LONGEST: Final = 1000  # characters of a question or an argument
# A ceremony in a ceremony would hide steps from its transcript.
_FORBIDDEN: Final = frozenset({"ceremony"})
_OPTIONS_WITH_VALUE: Final = frozenset({"--network", "--home"})


@dataclass(frozen=True, slots=True)
class Ask:
    """A question about the world that a person answers with "yes"."""

    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """One coldsign command.

    Attributes:
        arguments: Its command line, after the program's name.
        exit_code: The exit code it must end with.
    """

    arguments: tuple[str, ...]
    exit_code: int


@dataclass(frozen=True, slots=True)
class Ceremony:
    """A ceremony file, understood.

    Attributes:
        title: What it is for.
        steps: In order.
        digest: SHA-256 of the file.
    """

    title: str
    steps: tuple[Ask | Run, ...]
    digest: bytes

    @classmethod
    def parse(cls, data: bytes) -> "Ceremony":
        """Read a ceremony file.

        Raises:
            MalformedError: It is not TOML, or a key is unknown or of the wrong kind.
        """
        try:
            document = tomllib.loads(data.decode("utf-8"))
        except (ValueError, RecursionError) as error:  # also of an integer with too many digits
            reason = printable(str(error).lower(), limit=200)
            raise MalformedError(f"ceremony file: not TOML: {reason}") from None
        _demand_keys(document, {"title", "step"}, "ceremony file")
        steps = document.get("step")
        if not isinstance(steps, list) or not 1 <= len(steps) <= _MOST_STEPS:
            raise MalformedError(f"ceremony file: 1 to {_MOST_STEPS} tables [[step]] are due")
        title = _text(document.get("title"), "title")
        return cls(title, tuple([_step(step, n) for n, step in enumerate(steps, 1)]), sha256(data))


def _step(table: object, number: int) -> Ask | Run:
    where = f"step {number}"
    if not isinstance(table, dict):
        raise MalformedError(f"ceremony file: {where} is no table")
    if table.keys().isdisjoint({"ask", "run"}):
        raise MalformedError(f"ceremony file: {where} has neither ask nor run")
    if "ask" in table:
        _demand_keys(table, {"ask"}, where)
        return Ask(_text(table["ask"], where))
    _demand_keys(table, {"run", "exit"}, where)
    words = table["run"]
    if not isinstance(words, list) or not 1 <= len(words) <= _MOST_WORDS:
        raise MalformedError(
            f"ceremony file: {where}: run is a list of 1 to {_MOST_WORDS} words",
            hint='each in quotes: run = ["journal", "verify"]',
        )
    arguments = tuple([_text(word, where) for word in words])
    if _command(arguments) in _FORBIDDEN:
        raise MalformedError(f"ceremony file: {where} starts another ceremony")
    code = table.get("exit", 0)
    if type(code) is not int or not 0 <= code <= 8:
        raise MalformedError(f"ceremony file: {where}: exit is a code from 0 to 8")
    return Run(arguments, code)


def _command(arguments: tuple[str, ...]) -> str:
    """The command among the arguments, behind the options that may stand in front of it."""
    words = iter(arguments)
    for word in words:
        if not word.startswith("-"):
            return word
        if word in _OPTIONS_WITH_VALUE:
            next(words, None)
    return ""


def _demand_keys(table: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        known_here = ", ".join(sorted(known))
        fault = f"{printable(unknown[0])} is not a key here, where known are: {known_here}"
        raise MalformedError(f"{where}: {fault}")


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST or "\0" in value:
        raise MalformedError(
            f"{where}: a text of 1 to {_LONGEST} characters, none of them NUL, is due"
        )
    return value
